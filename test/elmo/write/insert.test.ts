import { expect } from 'chai';
import { Engine } from '../../../elmo/engine/engine.js';
import { MemoryKv } from '../../../lsm/index.js';
import { namespaceOf, raw } from '../aggregate/engine-runner.js';

const namespace = namespaceOf('t');

/** An engine whose clock says at each look that `stepMs` have passed; turns of the event loop are counted. */
function open(stepMs: number) {
  let now = 0;
  let turns = 0;
  const clock = {
    wallMs: () => 1_700_000_000_000,
    nowMs: () => (now += stepMs),
    turn: () => (turns++, Promise.resolve()),
  };
  const engine = new Engine(new MemoryKv(), clock as never, { fill: () => undefined } as never);
  return { engine, turns: () => turns };
}

const documents = (count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => raw({ _id: from + i }));

describe('an insert of many documents', () => {
  it('lets others run after each stretch of time, and stores all', async () => {
    const { engine, turns } = open(9);
    const result = await engine.insert({ namespace, documents: documents(640), isOrdered: true });
    expect([result.inserted, result.failures, turns()]).to.deep.equal([640, [], 10]);
    expect(await engine.count({ namespace })).to.equal(640);
  });

  it('goes on in one stretch while there is time', async () => {
    const { engine, turns } = open(0);
    await engine.insert({ namespace, documents: documents(640), isOrdered: true });
    expect(turns()).to.equal(0);
  });

  it('keeps what came before the end of its time, and holds nothing back', async () => {
    const { engine } = open(9);
    const late = engine.insert({ namespace, documents: documents(640), isOrdered: true, maxTimeMs: 40 });
    expect(await late.catch((error: { code: number }) => error.code)).to.equal(50);
    const stored = await engine.count({ namespace });
    expect(stored % 64).to.equal(0);
    expect(stored).to.be.within(64, 576);
    const again = await engine.insert({ namespace, documents: documents(640), isOrdered: false });
    expect([again.inserted, again.failures.length]).to.deep.equal([640 - stored, stored]);
  });
});
