import { expect } from 'chai';
import { Operation } from '../../../elmo/operation/operation.js';

/** Time that passes when it is told to. */
class Clock {
  now = 0;
  turns = 0;
  wallMs(): number {
    return this.now;
  }
  nowMs(): number {
    return this.now;
  }
  turn(): Promise<void> {
    this.turns++;
    return Promise.resolve();
  }
}

describe('Operation.turn', () => {
  function started(): { clock: Clock; operation: Operation } {
    const clock = new Clock();
    return { clock, operation: new Operation(clock, { sliceMs: 8 }) };
  }

  it('gives the event loop its turn, and begins a slice of time', async () => {
    const { clock, operation } = started();
    clock.now = 9;
    expect(operation.look()).to.equal(true);
    await operation.turn();
    expect(clock.turns).to.equal(1);
    expect(operation.look()).to.equal(false);
  });

  it('awaits what is pending, which may be there at once: the slice goes on, no longer than others', async () => {
    const { clock, operation } = started();
    for (const now of [3, 6]) {
      clock.now = now;
      operation.pending = Promise.resolve();
      expect(operation.look()).to.equal(true);
      await operation.turn();
      expect([operation.look(), clock.turns]).to.deep.equal([false, 0]);
    }
    clock.now = 9;
    operation.pending = Promise.resolve();
    await operation.turn();
    expect(clock.turns).to.equal(1);
    clock.now = 16;
    expect(operation.look()).to.equal(false);
  });

  it('throws what makes that fail', async () => {
    const { operation } = started();
    operation.pending = Promise.reject(new Error('no room'));
    const failure = await operation.turn().catch((error: Error) => error.message);
    expect(failure).to.equal('no room');
    expect(operation.pending).to.equal(undefined);
  });
});
