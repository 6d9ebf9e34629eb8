/** Deleting a range: one tombstone, whole tables freed at once, no merge. */
import { expect } from 'chai';
import { MEMORY_PATH, type LsmStore, type OpenOptions } from '../../../lsm/index.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  fillKeys,
  inside,
  keyAt,
  Model,
  SMALL,
  useStage,
} from '../store-fixture.js';

describe('deleting a range', () => {
  const stage = useStage();

  it('of a million entries writes a tombstone of a few bytes, and frees their tables without a merge', async function () {
    this.timeout(20_000);
    const store = await stage.open(MEMORY_PATH, {
      worker: false,
      autoMerge: false,
      codec: 'none',
      memtableBytes: 8 << 20,
      tableBytes: 262_144,
    });
    const key = new Uint8Array(6);
    const value = new Uint8Array(2);
    key[0] = 5;
    const batch = store.batch();
    const COUNT = 1_000_000;
    batch.put(bytes('\x04before'), value);
    for (let n = 0; n < COUNT; n++) {
      key[2] = n >>> 24;
      key[3] = n >>> 16;
      key[4] = n >>> 8;
      key[5] = n;
      batch.put(key, value);
      if (batch.byteLength < 262_144) continue;
      await store.write(batch);
      batch.clear();
    }
    await store.write(batch);
    await store.flush();
    const before = store.stats();
    expect(before.space.liveBytes).to.be.above(5_000_000);

    const start = process.cpuUsage();
    await store.deleteRange({ low: bytes('\x05'), high: bytes('\x06') });
    const { user, system } = process.cpuUsage(start);
    expect(store.stats().writes.bytes - before.writes.bytes, 'bytes written').to.be.below(20);
    expect((user + system) / 1000, 'ms of processor time').to.be.below(100);
    expect(contents(store).size).to.equal(1);
    await inside(store).drops.idle();
    await inside(store).live.quiet();
    inside(store).quietTrim.flush();
    const after = store.stats();
    expect(after.merges).to.deep.equal(before.merges);
    // What shares a table with a neighbour stays.
    expect(after.space.liveBytes, 'live').to.be.below(before.space.liveBytes * 0.25);
    expect(after.fileBytes, 'of the file').to.be.below(before.fileBytes * 0.3);
    await expectSound(store);
    await store.mergeAll();
    expect(contents(store).size).to.equal(1);
    expect(store.stats().levels.reduce((sum, { entries }) => sum + entries, 0)).to.equal(1);
  });

  for (const [what, begin] of [
    ['a snapshot', (store: LsmStore) => store.snapshot()],
    ['a transaction', (store: LsmStore) => store.begin()],
  ] as const) {
    it(`stays for ${what} that began before its tables went, when it is flushed after`, async () => {
      const store = await stage.open(MEMORY_PATH, { ...SMALL, autoMerge: false });
      await store.put(bytes('k'), bytes('old'));
      await store.flush();
      const deleted = store.deleteRange({ low: bytes('a'), high: bytes('z') });
      const reader = begin(store);
      expect(reader.get(bytes('k'))).to.equal(undefined);
      await deleted;
      await store.settle();
      expect(reader.get(bytes('k'))).to.equal(undefined);
      if ('release' in reader) reader.release();
      else reader.rollback();
    });
  }

  it('a deletion of a single key stays too, when its table went with a later deletion of a range', async () => {
    const store = await stage.open(MEMORY_PATH, { ...SMALL, autoMerge: false });
    await store.put(bytes('k'), bytes('old'));
    await store.flush();
    await store.delete(bytes('k'));
    const reader = store.snapshot();
    await store.deleteRange({ low: bytes('a'), high: bytes('z') });
    await store.settle();
    expect(reader.get(bytes('k'))).to.equal(undefined);
    reader.release();
  });

  it('frees its large values with their tables', async () => {
    const store = await stage.open(MEMORY_PATH, { ...SMALL, autoMerge: false });
    await fillKeys(store, 50, { prefix: 'large-', length: 20_000 });
    await store.flush();
    expect(store.stats().blobs.count).to.equal(50);
    await store.deleteRange({ low: bytes('large-'), high: bytes('large.') });
    await inside(store).drops.idle();
    expect(store.stats().blobs).to.deep.equal({ count: 0, bytes: 0 });
    await expectSound(store);
  });

  it('leaves to a snapshot what it sees', async () => {
    const store = await stage.open(MEMORY_PATH, { ...SMALL, cacheBytes: 0 });
    const model = new Model();
    await fillKeys(store, 2000, { model });
    await fillKeys(store, 5, { prefix: 'large-', length: 20_000, model });
    await store.flush();
    const snapshot = store.snapshot();
    const cursor = store.scan();
    cursor.next();
    await store.deleteRange({});
    await store.settle();
    await fillKeys(store, 2000, { seed: 50 });
    await store.mergeAll();
    expectSame(contents(snapshot), model.contents());
    for (let n = 1; n < 2005; n++) expect(cursor.next()).to.equal(true);
    expect(cursor.next()).to.equal(false);
    snapshot.release();
    cursor.close();
    await expectSound(store);
  });

  it('keeps to its order among other writes when nobody waits for any', async () => {
    const store = await stage.open(MEMORY_PATH);
    const model = new Model();
    const writes: Promise<void>[] = [];
    for (let round = 0; round < 40; round++) {
      writes.push(fillKeys(store, 20, { from: round * 10, seed: round * 100, model }));
      await Promise.resolve();
      const range = { low: keyAt(round * 10), high: keyAt(round * 10 + 7) };
      writes.push(store.deleteRange(range));
      model.deleteRange(range);
    }
    await Promise.all(writes);
    expectSame(contents(store), model.contents());
    await store.settle();
    expectSame(contents(store), model.contents());
  });

  it('survives a power cut whole or not at all, with the tables it freed', async () => {
    const random = new SeededRandom(21);
    const options: OpenOptions = { ...SMALL, autoMerge: false };
    for (let run = 0; run < 12; run++) {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, options);
      const model = new Model();
      await fillKeys(store, 400, { model });
      await store.flush();
      const before = model.contents();
      // In the same batch as something else: the tables must not go without it.
      const batch = store
        .batch()
        .put(bytes('witness'), bytes('1'))
        .deleteRange({ high: keyAt(380) });
      model.put(bytes('witness'), bytes('1'));
      model.deleteRange({ high: keyAt(380) });
      await store.write(batch);
      for (let turn = 0; turn < run; turn++) await new Promise((resolve) => setImmediate(resolve));
      const again = await stage.openOn(disk.powerCut(random), options);
      const found = contents(again);
      expectSame(found, found.has('witness') ? model.contents() : before, `after ${run} turns:`);
      await expectSound(again);
      await again.close();
      await store.close();
    }
  });
});
