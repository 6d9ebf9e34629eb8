/** What merges cost, as the store's statistics tell it: bytes rewritten for each byte that came one level down. */
import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import type { LsmStore } from '../../../lsm/index.js';
import { contents, fillKeys, keyAt, SMALL, useStage, valueAt } from '../store-fixture.js';

const COUNT = 6000;

function rewrittenPerPromoted(store: LsmStore): number {
  let rewritten = 0;
  let promoted = 0;
  for (const { bytesOut, bytesPromoted } of store.stats().merges) {
    rewritten += bytesOut;
    promoted += bytesPromoted;
  }
  expect(promoted).to.be.greaterThan(0);
  return rewritten / promoted;
}

describe('the cost of merges', () => {
  const stage = useStage();

  it('is next to nothing for keys that ascend: their tables move as they are', async () => {
    const store = await stage.open(stage.path(), SMALL);
    await fillKeys(store, COUNT);
    await store.settle();
    expect(rewrittenPerPromoted(store)).to.be.below(0.2);
    expect(contents(store).size).to.equal(COUNT);
  });

  it('is bounded for keys in random order', async () => {
    const store = await stage.open(stage.path(), SMALL);
    const batch = store.batch();
    for (let n = 0; n < COUNT; n++) {
      batch.put(keyAt((n * 2_654_435_761) % 4_294_967_296), valueAt(n));
      if (batch.byteLength < 4096) continue;
      await store.write(batch);
      batch.clear();
    }
    await store.write(batch);
    await store.settle();
    expect(rewrittenPerPromoted(store)).to.be.within(0.5, 20);
    expect(contents(store).size).to.equal(COUNT);
  });

  it('comes when hardly anything is written, in a thread of its own, before whoever reads pays for many runs', async () => {
    const store = await stage.open(stage.path(), { ...SMALL, worker: true, levelZeroRuns: 16 });
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 60; n++) await store.put(keyAt(n * 7), valueAt(round * 100 + n));
      await store.flush();
    }
    expect(levelZeroRuns(store)).to.equal(3);
    while (store.stats().merges.length === 0) await setTimeout(20);
    expect(store.stats().merges.map(({ reason }) => reason)).to.deep.equal(['quiet']);
    expect(levelZeroRuns(store)).to.equal(0);
    expect(contents(store).size).to.equal(60);
    expect(store.get(keyAt(7))).to.deep.equal(valueAt(201));
  });

  it('brings what it merged in quiet into the cache, where what that replaces was', async () => {
    for (const wasRead of [true, false]) {
      const options = { ...SMALL, worker: true, levelZeroRuns: 16, cacheBytes: 1 << 20 };
      const store = await stage.open(stage.path(`${wasRead}.elmo`), options);
      for (let round = 0; round < 2; round++) {
        for (let n = round; n < 300; n += 2) await store.put(keyAt(n), valueAt(n));
        await store.flush();
      }
      const lookAtAll = (): void => {
        for (let n = 0; n < 300; n++) expect(store.has(keyAt(n)), `key ${n}`).to.equal(true);
      };
      if (wasRead) lookAtAll();
      while (store.stats().merges.length === 0) await setTimeout(20);
      await setTimeout(200);
      const { misses } = store.stats().cache;
      lookAtAll();
      expect(store.stats().cache.misses > misses, 'blocks were missing').to.equal(!wasRead);
    }
  });

  function levelZeroRuns(store: LsmStore): number {
    return store.stats().levels.find(({ level }) => level === 0)?.runs ?? 0;
  }
});
