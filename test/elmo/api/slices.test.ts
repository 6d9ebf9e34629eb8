import { expect } from 'chai';
import { mapInSlices } from '../../../elmo/api/slices.js';

describe('elmo/api/slices', () => {
  const clockOf = (
    stepMs: number,
  ): { turns: number; wallMs(): number; nowMs(): number; turn(): Promise<void> } => {
    let now = 0;
    return {
      turns: 0,
      wallMs: () => 0,
      nowMs: () => (now += stepMs),
      turn() {
        this.turns++;
        return Promise.resolve();
      },
    };
  };
  const numbers = Array.from({ length: 1000 }, (_, i) => i);

  it('makes something of each item, in order', async () => {
    expect(await mapInSlices(numbers, (n) => n * 2, clockOf(0))).to.deep.equal(numbers.map((n) => n * 2));
    expect(await mapInSlices([], (n) => n, clockOf(0))).to.deep.equal([]);
  });

  it('gives the event loop a turn whenever it has worked for 8 ms', async () => {
    const slow = clockOf(9);
    await mapInSlices(numbers, (n) => n, slow);
    expect(slow.turns).to.equal(15);
    const quick = clockOf(0.01);
    await mapInSlices(numbers, (n) => n, quick);
    expect(quick.turns).to.equal(0);
  });

  it('ends with what one item throws', async () => {
    const refuse = (n: number): number => {
      if (n === 500) throw new RangeError('no');
      return n;
    };
    const error = await mapInSlices(numbers, refuse, clockOf(9)).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RangeError);
  });
});
