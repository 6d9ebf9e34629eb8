/**
 * A store whose memtables are full holds writes back until one is flushed. Reads do not see those, so no write may be
 * decided before they are applied.
 */
import { expect } from 'chai';
import { MEMORY_PATH, openLsm, type LsmStore } from '../../../lsm/index.js';
import { EngineWriter } from './engine-writer.js';

const ROUNDS = 60;

describe('writes that meet a store which holds writes back', () => {
  let kv: LsmStore;
  let writer: EngineWriter;
  let sawHeldBack = false;

  beforeEach(async () => {
    kv = await openLsm(MEMORY_PATH, { memtableBytes: 16_384 });
    writer = new EngineWriter(kv);
    await writer.index({ key: { u: 1 }, name: 'u', unique: true, sparse: true });
    sawHeldBack = false;
  });
  afterEach(async () => {
    expect(sawHeldBack).to.equal(true);
    expect(writer.problems()).to.deep.equal([]);
    await kv.close();
  });

  /** Begins a write that takes up half a memtable, and one after it. @returns when both are done */
  async function crowd(round: number, write: () => Promise<unknown>): Promise<void> {
    const large = writer.insert({ _id: `large ${round}`, text: 'x'.repeat(8000) });
    const other = write();
    sawHeldBack ||= !kv.isUpToDate;
    await Promise.all([large, other]);
  }

  const inRounds = (write: (round: number) => Promise<unknown>): Promise<unknown> =>
    Promise.all(Array.from({ length: ROUNDS }, (_, round) => crowd(round, () => write(round))));

  const UPDATES = [
    ['by _id', { _id: 'counter' }],
    ['by a filter', { kind: 'counter' }],
  ] as const;
  for (const [how, q] of UPDATES)
    it(`lose no increment (${how})`, async () => {
      await writer.insert({ _id: 'counter', kind: 'counter', n: 0 });
      await inRounds(() => writer.update([{ q, u: { $inc: { n: 1 } } }]));
      expect(await writer.documents({ _id: 'counter' })).to.deep.equal([
        { _id: 'counter', kind: 'counter', n: ROUNDS },
      ]);
    });

  it('store a unique value once', async () => {
    let inserted = 0;
    await inRounds((round) =>
      writer.insert({ _id: round, u: 'one' }).then(
        () => inserted++,
        () => undefined,
      ),
    );
    expect(inserted).to.equal(1);
    expect(await writer.documents({ u: 'one' })).to.have.length(1);
  });

  it('give one document to each findAndModify', async () => {
    await writer.insert(...Array.from({ length: ROUNDS }, (_, i) => ({ _id: i, isFree: true })));
    await inRounds(() =>
      writer.findAndModify({ q: { isFree: true }, u: { $set: { isFree: false } }, sort: { _id: 1 } }),
    );
    expect(await writer.documents({ isFree: true })).to.deep.equal([]);
  });

  it('see what the statements before them in the same request have written', async () => {
    await inRounds(async (round) => {
      const { failures } = await writer.update([
        { q: { _id: round }, u: { $set: { text: 'y'.repeat(6000), kind: round } }, upsert: true },
        { q: { kind: round }, u: { $set: { isSeen: true } }, multi: true },
      ]);
      expect(failures).to.deep.equal([]);
    });
    expect(await writer.documents({ isSeen: true })).to.have.length(ROUNDS);
  });
});
