/** `compact`: the file in place, as short as can be, beside writers and readers. */
import { expect } from 'chai';
import { statSync } from 'node:fs';
import { relocateAll } from '../../../lsm/engine/relocate.js';
import type { LsmStore } from '../../../lsm/index.js';
import { tablesOf } from '../../../lsm/manifest/version.js';
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
  LAB_PATH,
  Model,
  SMALL,
  useStage,
  valueAt,
} from '../store-fixture.js';

/** Entries, tables and holes all over the file. */
async function scatter(store: LsmStore, { blobs = false } = {}): Promise<Model> {
  const model = new Model();
  const random = new SeededRandom(5);
  for (let round = 0; round < 8; round++) {
    await fillKeys(store, 400, { from: random.int(1000), seed: round * 1000, model });
    for (let n = 0; blobs && n < 6; n++) {
      const key = keyAt(random.int(12), 'large-');
      const value = valueAt(round * 31 + n, 2048 + random.int(60_000));
      await store.put(key, value);
      model.put(key, value);
    }
    const low = random.int(1200);
    const range = { low: keyAt(low), high: keyAt(low + 150) };
    await store.deleteRange(range);
    model.deleteRange(range);
    await store.settle();
  }
  return model;
}

describe('compact', () => {
  const stage = useStage();

  for (const blobs of [false, true]) {
    it(`leaves no free space inside, and the contents as they were${blobs ? ', large values among them' : ''}`, async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk);
      const model = await scatter(store, { blobs });
      await store.compact();
      const { space, fileBytes } = store.stats();
      expect(space.freeBytes, 'free').to.equal(0);
      expect(space.awaitingBytes + space.lentBytes, 'in transit').to.equal(0);
      expect(fileBytes).to.be.within(space.endBytes - 4096, space.endBytes);
      expectSame(contents(store), model.contents());
      await expectSound(store);
      await store.close();
      expect(disk.contents(LAB_PATH)!.length).to.be.at.most(space.endBytes);
      const again = await stage.openOn(disk);
      expectSame(contents(again), model.contents());
      await expectSound(again);
    });
  }

  it('can be repeated, without growing the file', async () => {
    const store = await stage.openOn(new FaultyFileSystem());
    const model = await scatter(store, { blobs: true });
    await store.compact();
    const { endBytes } = store.stats().space;
    for (let n = 0; n < 3; n++) {
      await store.compact();
      expect(store.stats().space.endBytes).to.be.at.most(endBytes);
    }
    expectSame(contents(store), model.contents());
  });

  it('of an empty store leaves next to nothing', async () => {
    const store = await stage.open(stage.path());
    await store.compact();
    await fillKeys(store, 2000);
    await store.deleteRange({});
    await store.compact();
    expect(statSync(stage.path()).size).to.be.at.most(81_920);
    await expectSound(store);
  });

  it('lets a reader of an old moment keep its own, and finishes when that is gone', async () => {
    const store = await stage.openOn(new FaultyFileSystem(), { ...SMALL, cacheBytes: 0 });
    const model = await scatter(store, { blobs: true });
    const snapshot = store.snapshot();
    const before = model.contents();
    const cursor = snapshot.scan();
    for (let n = 0; n < 30; n++) cursor.next();
    const blob = snapshot.scanPrefix(bytes('large-'));
    blob.next();
    const reader = blob.openValue();
    const whole = blob.value();
    await fillKeys(store, 500, { seed: 77, model });
    await store.deleteRange({ low: bytes('large-'), high: bytes('large.') });
    model.deleteRange({ low: bytes('large-'), high: bytes('large.') });

    await store.compact();
    expectSame(contents(snapshot), before);
    expectSame(contents(store), model.contents());
    const piece = new Uint8Array(whole.length);
    expect(reader.read(piece, 0, piece.length, 0)).to.equal(whole.length);
    expect(piece).to.deep.equal(whole);
    let left = 0;
    while (cursor.next()) left++;
    expect(left).to.equal(before.size - 30);
    await expectSound(store);

    for (const end of [cursor, blob, reader]) end.close();
    snapshot.release();
    await store.compact();
    expect(store.stats().space.freeBytes).to.equal(0);
    expectSame(contents(store), model.contents());
    await expectSound(store);
  });

  it('runs beside writers, who lose nothing', async () => {
    const store = await stage.open(stage.path(), { ...SMALL, worker: true });
    const model = await scatter(store, { blobs: true });
    let isDone = false;
    const work = store.compact().then(() => (isDone = true));
    for (let n = 0; !isDone || n < 200; n++) {
      const key = keyAt(n % 500);
      const value = valueAt(n + 10_000, n % 20 === 0 ? 5000 : 80);
      await store.put(key, value);
      model.put(key, value);
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await work;
    expectSame(contents(store), model.contents());
    await expectSound(store);
    await store.compact();
    expect(store.stats().space.freeBytes).to.equal(0);
    expectSame(contents(store), model.contents());
  });

  it('twice at once is done one after the other', async () => {
    const store = await stage.openOn(new FaultyFileSystem());
    const model = await scatter(store, { blobs: true });
    await Promise.all([store.mergeAll(), store.compact(), store.compact()]);
    expectSame(contents(store), model.contents());
    await expectSound(store);
    expect(store.stats().space.freeBytes + store.stats().space.lentBytes).to.equal(0);
  });

  it('that fails at any write or sync leaves the store as it was', async function () {
    this.timeout(20_000);
    const origin = new FaultyFileSystem();
    const maker = await stage.openOn(origin, { ...SMALL, autoMerge: false });
    const model = await scatter(maker, { blobs: true });
    await maker.mergeAll();
    await fillKeys(maker, 100, { from: 5000, model });
    const wanted = model.contents();
    for (const operation of ['write', 'sync', 'truncate'] as const) {
      for (let n = 1; n <= 40; n += operation === 'write' ? 4 : 3) {
        const disk = origin.processCrash();
        const store = await stage.openOn(disk, { ...SMALL, autoMerge: false });
        await store.flush();
        disk.failAt(operation, n, 'EIO');
        await store.compact().catch((error: { code: string }) => {
          expect(['Io', 'ReadOnly']).to.include(error.code);
        });
        disk.clearFaults();
        expectSame(contents(store), wanted, `${operation} ${n}:`);
        const after = disk.processCrash();
        await store.close();
        const again = await stage.openOn(after);
        expectSame(contents(again), wanted, `${operation} ${n}, reopened:`);
        await expectSound(again);
        await again.close();
      }
    }
  });

  it('keeps a file at one extent after another when nothing is pinned', async () => {
    const store = await stage.openOn(new FaultyFileSystem());
    await scatter(store);
    await store.compact();
    const segments = inside(store).open.manifest.extents.partition();
    expect(segments.map(({ state }) => state)).to.deep.equal(['live']);
  });
});

describe('a table that moves', () => {
  const stage = useStage();

  it('keeps its blocks in the cache', async () => {
    const store = await stage.open(stage.path(), { ...SMALL, cacheBytes: 1 << 20 });
    const model = new Model();
    await fillKeys(store, 1000, { model });
    await store.settle();
    await store.deleteRange({ low: keyAt(0), high: keyAt(500) });
    model.deleteRange({ low: keyAt(0), high: keyAt(500) });
    await inside(store).drops.idle();
    const lookAtAll = (): void => {
      for (let n = 500; n < 1000; n++) expect(store.get(keyAt(n)), `key ${n}`).to.deep.equal(valueAt(n, 100));
    };
    lookAtAll();
    const { misses } = store.stats().cache;
    const places = [...tablesOf(inside(store).live.version)].map(({ id, offset }) => ({ id, offset }));
    await relocateAll(inside(store).relocation);
    const moved = [...tablesOf(inside(store).live.version)].filter(
      ({ id, offset }) => places.find((place) => place.id === id)!.offset !== offset,
    );
    expect(moved.length).to.be.above(0);
    lookAtAll();
    expect(store.stats().cache.misses).to.equal(misses);
    expectSame(contents(store), model.contents());
    await expectSound(store);
  });
});
