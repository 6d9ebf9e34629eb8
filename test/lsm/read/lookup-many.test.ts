import { expect } from 'chai';
import { BATCH_KEYS, LookupBatch, openLsm, type LsmStore, type ReadView } from '../../../lsm/index.js';
import { noise } from '../../contract/fixture.js';

const COUNT = 4000;
const key = (n: number): Uint8Array => new TextEncoder().encode(`key ${String(n).padStart(6, '0')}`);

/** Looks up keys from `from` on, `step` apart, together. @returns how many values were found */
function compare(view: ReadView, from: number, step: number, size: number): number {
  const batch = new LookupBatch();
  const keys = Array.from({ length: size }, (_, i) => key((from + i * step) % (COUNT + 50)));
  for (const each of keys) batch.add(each, 0, each.length);
  view.lookupMany(batch);
  expect(batch.isFresh).to.equal(true);
  const found = batch.valueAt.subarray(0, size).filter((at) => at >= 0).length;
  for (const [i, each] of keys.entries()) {
    const expected = view.get(each); // reads, so that what was found may leave the cache
    const at = batch.valueAt[i]!;
    if (at < 0 || !batch.isFresh) continue;
    const value = batch.bytes[i]!.subarray(at, at + batch.lengths[i]!);
    expect(expected !== undefined && Buffer.compare(value, expected) === 0, `key ${i}`).to.equal(true);
  }
  return found;
}

function compareAll(view: ReadView): number {
  let found = 0;
  for (let from = 0; from < COUNT; from += 61) found += compare(view, from, 67, BATCH_KEYS);
  return found;
}

async function write(store: LsmStore, version: number, from: number, step: number): Promise<void> {
  const batch = store.batch();
  for (let n = from; n < COUNT; n += step)
    batch.put(key(n), n % 40 === 0 ? new Uint8Array(5000).fill(version) : noise((n * 37) % 600, n + version));
  await store.write(batch);
}

describe('lookups of many keys', () => {
  it('find the newest version a view sees, or leave the key to be looked up by itself', async function () {
    this.timeout(60_000);
    const store = await openLsm(':memory:', { cacheBytes: 8 << 20 });
    expect(compareAll(store), 'of nothing').to.equal(0);
    await write(store, 1, 0, 1);
    await store.flush();
    await store.mergeAll();
    compareAll(store);
    const first = store.snapshot();
    const all = compareAll(first);
    expect(all, 'of one run').to.be.above(COUNT * 0.8);
    await write(store, 2, 3, 9);
    for (let n = 5; n < COUNT; n += 41) await store.delete(key(n));
    expect(compareAll(store), 'beside a memtable').to.be.within(COUNT * 0.5, all - 100);
    await store.flush();
    compareAll(store);
    expect(compareAll(store), 'of several runs').to.be.above(COUNT * 0.7);
    const second = store.snapshot();
    await write(store, 3, 0, 2);
    await store.flush();
    for (const view of [first, second, store]) compareAll(view);
    const before = compareAll(store);
    await store.deleteRange({ low: key(100), high: key(900) });
    for (const where of ['in the memtable', 'in a table']) {
      expect(compareAll(store), `beside the deletion of a range ${where}`).to.be.within(
        before * 0.6,
        before * 0.9,
      );
      expect(compareAll(first)).to.be.above(COUNT * 0.5);
      await write(store, 4, 0, 90);
      await store.flush();
      for (const view of [first, second]) compareAll(view);
    }
    second.release();
    first.release();
    await store.close();
  });

  it('find nothing wrong where the cache holds neither the blocks nor the indexes of all tables', async function () {
    this.timeout(60_000);
    for (const cacheBytes of [0, 64 * 1024, 512 * 1024]) {
      const store = await openLsm(':memory:', { cacheBytes, tableBytes: 16 * 1024, blockBytes: 1024 });
      await write(store, 1, 0, 1);
      await store.flush();
      await store.mergeAll();
      await write(store, 2, 3, 9);
      await store.flush();
      for (let round = 0; round < 2; round++) compareAll(store);
      await store.close();
    }
  });

  it('tell when what they found has left the cache', async () => {
    const store = await openLsm(':memory:', { cacheBytes: 256 * 1024 });
    await write(store, 1, 0, 1);
    await store.flush();
    await store.mergeAll();
    for (let round = 0; round < 3; round++) compareAll(store);
    const batch = new LookupBatch();
    store.get(key(100));
    batch.add(key(100), 0, 10);
    store.lookupMany(batch);
    expect([batch.valueAt[0]! >= 0, batch.isFresh]).to.deep.equal([true, true]);
    for (let n = 0; n < COUNT; n += 7) store.get(key(n));
    expect(batch.isFresh).to.equal(false);
    await store.close();
  });

  it('of blocks that are not in the cache are left, and read none', async () => {
    const store = await openLsm(':memory:', { cacheBytes: 8 << 20 });
    await write(store, 1, 0, 1);
    await store.flush();
    const { misses } = store.stats().cache;
    const batch = new LookupBatch();
    for (let n = 0; n < BATCH_KEYS; n++) batch.add(key(n * 60), 0, 10);
    store.lookupMany(batch);
    expect(store.stats().cache.misses).to.equal(misses);
    expect([...batch.valueAt]).to.deep.equal(new Array(BATCH_KEYS).fill(-1));
    await store.close();
  });
});
