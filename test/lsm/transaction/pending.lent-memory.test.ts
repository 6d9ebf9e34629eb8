/** What a transaction larger than its memory takes from the cache, and gives back. */
import { expect } from 'chai';
import type { Transaction } from '../../../lsm/index.js';
import { contents, expectSame, inside, keyAt, Model, refusal, useStage, valueAt } from '../store-fixture.js';

const SETTLE_EVERY = 50;

/** Puts entries [from, to), waiting for room now and then. */
async function putMany(tx: Transaction, from: number, to: number, model?: Model): Promise<void> {
  for (let n = from; n < to; n++) {
    const value = valueAt(n + from, 100);
    tx.put(keyAt(n), value);
    model?.put(keyAt(n), value);
    if (n % SETTLE_EVERY === 0) await tx.settle();
  }
}

describe('the memory of a large transaction', () => {
  const stage = useStage();

  it('comes from the cache, and goes back when it is over', async () => {
    for (const worker of [false, true]) {
      const store = await stage.open(stage.path(), { worker, transactionBytes: 64 * 1024 });
      const lent = (): number => store.stats().cache.lentBytes;
      const small = store.begin();
      small.put(keyAt(1), valueAt(1, 1000));
      small.rollback();
      expect(lent(), 'for a small one').to.equal(0);
      for (const end of ['commit', 'rollback'] as const) {
        const tx = store.begin();
        await putMany(tx, 0, 2000);
        // with what writing its tables takes
        expect(lent(), `before the ${end}`).to.equal(48 << 20);
        await tx.rest();
        expect(lent(), 'while it is read').to.equal(48 << 20);
        const other = store.begin();
        other.put(keyAt(1), valueAt(1, 1000));
        await tx[end]();
        other.rollback();
        expect(lent(), `after the ${end}`).to.equal(0);
      }
      const load = store.load();
      for (let n = 0; n < 2000; n++) {
        load.put(keyAt(n), keyAt(n).length, valueAt(n, 100), 100);
        if (n % 50 === 0) await load.settle();
      }
      expect(lent(), 'for a load').to.equal(48 << 20);
      await load.commit();
      expect(lent(), 'after the load').to.equal(0);
      await store.close();
    }
  });

  it('is not asked for by a load that is written at once: the cache keeps its blocks', async () => {
    const store = await stage.open(stage.path(), { worker: true, transactionBytes: 64 * 1024 });
    const { cache } = inside(store);
    const lend = cache.lend.bind(cache);
    const lent: number[] = [];
    cache.lend = (bytes) => {
      lent.push(bytes);
      lend(bytes);
    };
    for (const count of [100, 500]) {
      const load = store.load();
      for (let n = 0; n < count; n++) load.put(keyAt(n), keyAt(n).length, valueAt(n, 100), 100);
      await load.settle();
      await load.commit();
    }
    expect(lent).to.deep.equal([]);
    await store.close();
  });

  it('is less when it rests: nothing is under way, the thread has ended; and it goes on when it is told to', async () => {
    const store = await stage.open(stage.path(), {
      worker: true,
      transactionBytes: 4096,
      transactionRuns: 2,
    });
    const model = new Model();
    const tx = store.begin({ label: 'resting', isLarge: true });
    await putMany(tx, 0, 1000, model);
    await tx.rest();
    const tables = store.stats().transactions[0]!.pendingTables;
    await new Promise(setImmediate);
    expect(store.stats().transactions[0]!.pendingTables).to.equal(tables);
    expect(inside(store).runner).to.have.nested.property('there.isStarted', false);
    expectSame(contents(tx), model.contents());
    await putMany(tx, 500, 1500, model);
    await tx.rest();
    expectSame(contents(tx), model.contents());
    tx.rollback();
    await refusal(() => tx.rest(), 'Closed');
    await store.close();
  });
});
