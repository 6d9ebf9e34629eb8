/** The file as a whole: every byte has one owner after every step, and the file shrinks when its contents do. */
import { expect } from 'chai';
import { statSync } from 'node:fs';
import { MEMORY_PATH, type LsmStore, type OpenOptions, type Transaction } from '../../../lsm/index.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
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

const ROWS: readonly (readonly [name: string, seed: number, options: OpenOptions])[] = [
  ['small sizes', 1, SMALL],
  ['one-run levels', 2, { ...SMALL, levelZeroRuns: 1, slowdownRuns: 2, transactionRuns: 2 }],
  ['no merges but those asked for', 3, { ...SMALL, autoMerge: false }],
  ['encrypted', 4, { ...SMALL, encryptionKey: 'a passphrase' }],
];

describe('the space of a store', () => {
  const stage = useStage();

  for (const [name, seed, options] of ROWS) {
    it(`has one owner for each byte after each of 250 random steps (${name})`, async () => {
      const random = new SeededRandom(seed);
      let disk = new FaultyFileSystem();
      let store = await stage.openOn(disk, options);
      const model = new Model();
      let ends: (() => void)[] = [];

      const someValue = (n: number): Uint8Array =>
        valueAt(n, random.pick([0, 10, 100, 100, 1000, 2048, 20_000]));
      const steps: readonly (readonly [weight: number, step: (n: number) => Promise<void> | void])[] = [
        [
          30,
          async (n) => {
            const batch = store.batch();
            for (let i = 0; i < 40; i++) {
              const key = keyAt(random.int(800));
              const value = someValue(n * 100 + i);
              batch.put(key, value);
              model.put(key, value);
            }
            await store.write(batch);
          },
        ],
        [8, async (n) => fillKeys(store, 300, { from: random.int(800), seed: n * 1000, model })],
        [
          6,
          async () => {
            const low = random.int(800);
            const range = { low: keyAt(low), high: keyAt(low + random.int(300)) };
            await store.deleteRange(range);
            model.deleteRange(range);
          },
        ],
        [
          10,
          async (n) => {
            const tx = store.begin();
            const own = new Model(model);
            await fillTransaction(tx, own, n, random);
            if (random.chance(50)) {
              await tx.commit();
              await fillTransactionInto(model, n);
            } else tx.rollback();
          },
        ],
        [3, () => store.flush()],
        [3, () => store.settle()],
        [1, () => store.mergeAll()],
        [1, () => store.compact()],
        [
          5,
          () => {
            const snapshot = store.snapshot();
            ends.push(() => snapshot.release());
          },
        ],
        [5, () => ends.splice(0, 2).forEach((end) => end())],
        [
          2,
          async () => {
            ends = [];
            await store.close();
            expect(disk.paths()).to.deep.equal([LAB_PATH]);
            store = await stage.openOn(disk, options);
          },
        ],
        [
          1,
          async () => {
            ends = [];
            disk = disk.processCrash();
            await store.close();
            store = await stage.openOn(disk, options);
          },
        ],
      ];
      const weights = steps.reduce((sum, [weight]) => sum + weight, 0);

      /** What a transaction writes is told by its number, so that the model can take it over at the commit. */
      async function fillTransaction(
        tx: Transaction,
        own: Model,
        n: number,
        dice: SeededRandom,
      ): Promise<void> {
        for (const [key, value] of writesOf(n)) {
          tx.put(key, value);
          own.put(key, value);
          if (dice.chance(2)) await tx.settle();
        }
        expectSame(contents(tx), own.contents());
      }
      async function fillTransactionInto(to: Model, n: number): Promise<void> {
        for (const [key, value] of writesOf(n)) to.put(key, value);
      }
      function* writesOf(n: number): Generator<[Uint8Array, Uint8Array]> {
        const count = (n * 37) % 200;
        for (let i = 0; i < count; i++) {
          yield [keyAt((n * 13 + i * 5) % 800), valueAt(n * 1000 + i, i % 50 === 0 ? 5000 : 100)];
        }
      }

      for (let n = 0; n < 250; n++) {
        let at = random.int(weights);
        const [, step] = steps.find(([weight]) => (at -= weight) < 0)!;
        await step(n);
        await expectSound(store, n % 10 === 0);
      }
      expectSame(contents(store), model.contents());
      ends.forEach((end) => end());
      await store.settle();
      expectSame(contents(store), model.contents());
      await expectSound(store);
      const { space } = store.stats();
      expect(space.lentBytes, 'lent to nobody').to.equal(0);
    });
  }

  it('shrinks by itself when nine tenths of the contents are deleted, those written last', async () => {
    const store = await stage.open(stage.path());
    await fillKeys(store, 3000);
    await store.settle();
    await fillKeys(store, 27_000, { from: 3000 });
    await store.settle();
    const before = statSync(stage.path()).size;
    expect(before).to.be.above(3_000_000);
    await store.deleteRange({ low: keyAt(3000) });
    await store.settle();
    expect(statSync(stage.path()).size, 'of the open file').to.be.below(before * 0.35);
    await store.close();
    expect(statSync(stage.path()).size, 'of the closed file').to.be.below(before * 0.35);
    const again = await stage.open(stage.path());
    expect(contents(again).size).to.equal(3000);
    await expectSound(again);
  });

  it('when what is left lies at the end of the file, shrinks as soon as it is asked to', async () => {
    const store = await stage.open(stage.path());
    await fillKeys(store, 30_000);
    await store.settle();
    const before = statSync(stage.path()).size;
    await store.deleteRange({ high: keyAt(27_000) });
    await store.settle();
    expect(store.stats().space.freeBytes, 'free, inside').to.be.above(before * 0.7);
    await store.compact();
    expect(statSync(stage.path()).size, 'of the compact file').to.be.below(before * 0.15);
    expect(contents(store).size).to.equal(3000);
    await expectSound(store);
  });

  it('shrinks when single keys are deleted, too', async () => {
    const store = await stage.open(MEMORY_PATH);
    await fillKeys(store, 10_000);
    await store.settle();
    const before = store.stats().fileBytes;
    const batch = store.batch();
    for (let n = 0; n < 10_000; n++) if (n % 10 !== 0) batch.delete(keyAt(n));
    await store.write(batch);
    await store.mergeAll();
    await store.compact();
    expect(store.stats().fileBytes).to.be.below(before * 0.25);
    expect(contents(store).size).to.equal(1000);
  });

  it('is bounded when one file is loaded and emptied twenty times, and the time as well', async function () {
    this.timeout(20_000);
    const store = await stage.open(stage.path(), { ...SMALL, memtableBytes: 262_144, tableBytes: 131_072 });
    const COUNT = 8000;
    const times: number[] = [];
    let largest = 0;
    let first = 0;
    for (let round = 0; round < 20; round++) {
      const start = performance.now();
      await fillKeys(store, COUNT, { seed: round * COUNT });
      await store.settle();
      expect(contents(store).size).to.equal(COUNT);
      await store.deleteRange({});
      await store.settle();
      times.push(performance.now() - start);
      largest = Math.max(largest, store.stats().space.endBytes);
      if (round === 0) first = largest;
    }
    expect(contents(store).size).to.equal(0);
    expect(largest, 'bytes of the file').to.be.at.most(first * 2.5);
    const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
    expect(median(times.slice(-5)), 'ms a round').to.be.below(2.5 * median(times.slice(0, 5)) + 50);
    await expectSound(store);
    await store.close();
    expect(statSync(stage.path()).size, 'of the empty file').to.be.below(200_000);
  });

  it('is bounded under sixteen writers that overwrite the same keys', async () => {
    const store = await stage.open(stage.path(), { ...SMALL, worker: true, memtableBytes: 65_536 });
    const KEYS = 200;
    const one = async (writer: number): Promise<void> => {
      for (let round = 0; round < 12; round++) {
        for (let n = writer; n < KEYS * 16; n += 16)
          await store.put(keyAt(n), valueAt(round * 7919 + n, 120));
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, writer) => one(writer)));
    await store.settle();
    const data = KEYS * 16 * 140;
    expect(store.stats().space.endBytes, `for ${data} bytes of entries`).to.be.below(10 * data);
    expect(contents(store).size).to.equal(KEYS * 16);
    await expectSound(store);
    await store.compact();
    expect(store.stats().fileBytes).to.be.below(1.5 * data);
  });

  it('that was lent to a job which failed is free again', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk, { ...SMALL, autoMerge: false });
    const model = new Model();
    await fillKeys(store, 600, { model });
    await store.flush();
    for (const n of [1, 2, 3, 5]) {
      disk.failAt('write', n, 'EIO');
      await store.mergeAll().catch(() => undefined);
      disk.clearFaults();
      await expectSound(store);
      expect(store.stats().space.lentBytes, `after a failure of write ${n}`).to.equal(0);
    }
    await store.mergeAll();
    expectSame(contents(store), model.contents());
  });

  it('does not leak through ten thousand small transactions', async () => {
    const store = await stage.open(MEMORY_PATH, { ...SMALL, memtableBytes: 1 << 20 });
    for (let n = 0; n < 10_000; n++) {
      const tx = store.begin();
      tx.put(keyAt(n % 10), valueAt(n, 20));
      if (n % 3 === 0) tx.rollback();
      else await tx.commit();
    }
    const { pins, transactions, space } = store.stats();
    expect([pins.count, transactions.length, space.lentBytes]).to.deep.equal([0, 0, 0]);
    expect(inside(store).holds.count).to.equal(0);
  });

  it('of large values that were overwritten or deleted is free again', async () => {
    const store: LsmStore = await stage.open(MEMORY_PATH);
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < 20; n++) await store.put(keyAt(n), valueAt(round * 20 + n, 50_000));
      await store.settle();
      await store.mergeAll();
    }
    expect(store.stats().blobs.count).to.equal(20);
    await store.compact();
    expect(store.stats().fileBytes).to.be.below(20 * 50_000 * 1.2);
    await store.deleteRange({});
    await store.mergeAll();
    await store.compact();
    expect(store.stats().blobs.count).to.equal(0);
    expect(store.stats().fileBytes).to.be.below(100_000);
    await expectSound(store);
  });
});
