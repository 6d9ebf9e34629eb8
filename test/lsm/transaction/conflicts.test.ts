/**
 * First committer wins, wherever the winner's write has got to meanwhile: in memory, flushed, merged, moved. Flushes and
 * merges alone are no conflict. The rows of `test/contract/conflicts.contract.ts` hold here too, at each of these places.
 */
import { expect } from 'chai';
import { MEMORY_PATH, type LsmStore, type OpenOptions, type Transaction } from '../../../lsm/index.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { bytes, expectSound, fillKeys, keyAt, refusal, SMALL, useStage, valueAt } from '../store-fixture.js';

const OPTIONS: OpenOptions = { ...SMALL, transactionBytes: 4096, transactionRuns: 2 };

type Act = (store: LsmStore) => Promise<unknown>;
type Claim = (tx: Transaction) => unknown;

const put =
  (n: number): Act & Claim =>
  (to: LsmStore | Transaction) =>
    to.put(keyAt(n), bytes('changed')) as Promise<void>;
const remove =
  (n: number): Act & Claim =>
  (to: LsmStore | Transaction) =>
    to.delete(keyAt(n)) as Promise<void>;
const removeRange =
  (low: number, high: number): Act & Claim =>
  (to: LsmStore | Transaction) =>
    to.deleteRange({ low: keyAt(low), high: keyAt(high) }) as Promise<void>;
const declare =
  (n: number): Claim =>
  (tx) =>
    tx.declareRead(keyAt(n));
const declareRange =
  (low: number, high: number): Claim =>
  (tx) =>
    tx.declareReadRange({ low: keyAt(low), high: keyAt(high) });
const commitOf =
  (fill: (tx: Transaction) => unknown): Act =>
  async (store) => {
    const tx = store.begin();
    fill(tx);
    await tx.commit();
  };

/** Keys 0 to 199 are there; 200 and above are not. */
const ROWS: readonly (readonly [what: string, claim: Claim, act: Act, conflicts: boolean])[] = [
  ['put and put', put(50), put(50), true],
  ['put and put of a new key', put(250), put(250), true],
  ['put and put of another key', put(50), put(51), false],
  ['put and deletion', put(50), remove(50), true],
  ['put and deletion of what is not there', put(250), remove(250), true],
  ['deletion and put', remove(50), put(50), true],
  ['deletion and deletion', remove(50), remove(50), true],
  ['put and a range deletion over it', put(50), removeRange(40, 60), true],
  ['put of a new key and a range deletion over it', put(250), removeRange(240, 260), true],
  ['put and a range deletion beside it', put(50), removeRange(51, 60), false],
  ['put and a range deletion that ends at it', put(50), removeRange(40, 50), false],
  ['range deletion and a put in it', removeRange(40, 60), put(50), true],
  ['range deletion and a put of a new key in it', removeRange(240, 260), put(250), true],
  ['range deletion and a deletion in it', removeRange(40, 60), remove(50), true],
  ['range deletion and a put at its end', removeRange(40, 60), put(60), false],
  ['range deletions that overlap', removeRange(40, 60), removeRange(50, 70), true],
  ['range deletions that touch', removeRange(40, 60), removeRange(60, 70), false],
  ['declared read and put', declare(50), put(50), true],
  ['declared read of what is not there, and put', declare(250), put(250), true],
  ['declared read and deletion', declare(50), remove(50), true],
  ['declared read and a range deletion over it', declare(50), removeRange(40, 60), true],
  ['declared read and put of a neighbour', declare(50), put(49), false],
  ['declared range and a put in it', declareRange(40, 60), put(50), true],
  ['declared range and a new key in it', declareRange(240, 260), put(250), true],
  ['declared range and a deletion in it', declareRange(40, 60), remove(50), true],
  ['declared range and a range deletion over all', declareRange(40, 60), removeRange(0, 300), true],
  ['declared range and a put at its end', declareRange(40, 60), put(60), false],
  ['put and the put of another transaction', put(50), commitOf((tx) => tx.put(keyAt(50), bytes('x'))), true],
  [
    'put and a large transaction over it',
    put(50),
    commitOf((tx) => {
      for (let n = 0; n < 150; n++) tx.put(keyAt(n), valueAt(n));
    }),
    true,
  ],
  [
    'put and a large transaction beside it',
    put(180),
    commitOf((tx) => {
      for (let n = 0; n < 150; n++) tx.put(keyAt(n), valueAt(n));
    }),
    false,
  ],
  [
    'put and a large transaction that deletes it in a range',
    put(180),
    commitOf((tx) => {
      for (let n = 0; n < 150; n++) tx.put(keyAt(n), valueAt(n));
      tx.deleteRange({ low: keyAt(170), high: keyAt(190) });
    }),
    true,
  ],
];

const PLACES: readonly (readonly [where: string, move: (store: LsmStore) => Promise<void>])[] = [
  ['in memory', () => Promise.resolve()],
  ['flushed', (store) => store.flush()],
  ['merged', (store) => store.mergeAll()],
  [
    'merged twice, with other writes',
    async (store) => {
      await store.mergeAll();
      await fillKeys(store, 100, { from: 1000 });
      await store.mergeAll();
    },
  ],
  [
    'flushed, and hidden under many flushes',
    async (store) => {
      for (let n = 0; n < 6; n++) {
        await fillKeys(store, 30, { from: 1000 + n * 10 });
        await store.flush();
      }
    },
  ],
  ['moved by a compaction', (store) => store.compact()],
];

describe('conflicts', () => {
  const stage = useStage();

  for (const [where, move] of PLACES) {
    describe(`with a write that is ${where}`, () => {
      for (const isLarge of [false, true]) {
        for (const [what, claim, act, conflicts] of ROWS) {
          it(`${what}${isLarge ? ', in a large transaction' : ''}: ${conflicts ? 'WriteConflict' : 'none'}`, async () => {
            const store = await stage.open(MEMORY_PATH, OPTIONS);
            await fillKeys(store, 200);
            await store.mergeAll();
            const tx = store.begin();
            await claim(tx);
            if (isLarge) {
              for (let n = 0; n < 80; n++) tx.put(keyAt(n, 'own-'), valueAt(n));
              await tx.settle();
            }
            tx.put(bytes('own'), bytes('1'));
            await act(store);
            await move(store);
            if (conflicts) await refusal(() => tx.commit(), 'WriteConflict');
            else await tx.commit();
            expect(store.has(bytes('own')), 'all or nothing').to.equal(!conflicts);
            expect(store.has(keyAt(79, 'own-'))).to.equal(isLarge && !conflicts);
          });
        }
      }
    });
  }

  it('are none with what flushes, merges and compactions do', async () => {
    const store = await stage.open(MEMORY_PATH, OPTIONS);
    await fillKeys(store, 300);
    await store.deleteRange({ low: keyAt(10), high: keyAt(20) });
    const tx = store.begin();
    for (let n = 0; n < 300; n += 3) tx.put(keyAt(n), bytes('own'));
    tx.declareReadRange({});
    tx.deleteRange({ low: keyAt(200) });
    for (const work of [
      () => store.flush(),
      () => store.settle(),
      () => store.mergeAll(),
      () => store.compact(),
    ]) {
      await work();
    }
    expect(tx.hasConflict(keyAt(3))).to.equal(false);
    await tx.commit();
    expect(store.get(keyAt(3))).to.deep.equal(bytes('own'));
    await expectSound(store);
  });

  it('are found exactly, whatever merges meanwhile: against a plain list of writes', async () => {
    for (let seed = 1; seed <= 6; seed++) {
      const random = new SeededRandom(seed);
      const store = await stage.open(MEMORY_PATH, OPTIONS);
      await fillKeys(store, 100);
      /** When each key was last changed. */
      const changed = new Map<number, number>();
      let now = 0;
      const open: { tx: Transaction; since: number; keys: Set<number> }[] = [];
      for (let step = 0; step < 300; step++) {
        const dice = random.int(100);
        if (dice < 15 || open.length === 0) open.push({ tx: store.begin(), since: now, keys: new Set() });
        else if (dice < 45) {
          const { tx, keys } = random.pick(open);
          const n = random.int(120);
          keys.add(n);
          if (random.chance(50)) tx.put(keyAt(n), valueAt(step, 300));
          else if (random.chance(50)) tx.delete(keyAt(n));
          else tx.declareRead(keyAt(n));
        } else if (dice < 60) {
          const n = random.int(120);
          now++;
          changed.set(n, now);
          if (random.chance(50)) await store.put(keyAt(n), valueAt(step));
          else await store.delete(keyAt(n));
        } else if (dice < 65) {
          const low = random.int(120);
          const high = low + random.int(10);
          now++;
          for (let n = low; n < high; n++) changed.set(n, now);
          await store.deleteRange({ low: keyAt(low), high: keyAt(high) });
        } else if (dice < 80) {
          const [{ tx, since, keys }] = open.splice(random.int(open.length), 1) as [(typeof open)[number]];
          const conflicts = [...keys].some((n) => (changed.get(n) ?? 0) > since);
          for (const n of keys) {
            expect(tx.hasConflict(keyAt(n)), `seed ${seed}, step ${step}, key ${n}`).to.equal(
              (changed.get(n) ?? 0) > since,
            );
          }
          if (conflicts) await refusal(() => tx.commit(), 'WriteConflict');
          else {
            await tx.commit();
            // Begun before it, the others would have conflicts that the list does not tell of.
            open.splice(0).forEach((other) => other.tx.rollback());
          }
        } else {
          const work = [
            () => store.flush(),
            () => store.settle(),
            () => store.mergeAll(),
            () => store.compact(),
          ];
          await random.pick(work)();
        }
      }
      for (const { tx } of open) tx.rollback();
      await expectSound(store);
    }
  });
});
