/** What merges cost, as the store's statistics tell it: bytes rewritten for each byte that came one level down. */
import { expect } from 'chai';
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
});
