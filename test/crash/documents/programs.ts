/** Programs of commands on three collections, so short that every call to the disk can be a cut. */
import type { Document } from '../../../elmo/bson/package.js';
import type { LsmOptions } from '../../../lsm/options.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** Commands that are acknowledged together: one, or those of a transaction. */
export interface LabStep {
  readonly commands: readonly Document[];
  /** Whether it is there wholly or not at all; else each of its documents is. */
  readonly isAtomic: boolean;
  /** Whether its acknowledgement says that it survives a power cut. */
  readonly isDurable: boolean;
  readonly maintenance?: 'flush' | 'merge';
}

export interface DocumentProgram {
  readonly seed: number;
  readonly options: LsmOptions;
  readonly steps: readonly LabStep[];
}

const SMALL: LsmOptions = {
  worker: false,
  memtableBytes: 8192,
  blockBytes: 512,
  tableBytes: 4096,
  cacheBytes: 16_384,
  levelFactor: 2,
  levelOneBytes: 8192,
  levelZeroRuns: 2,
  slowdownRuns: 8,
  blobBytes: 2000,
  transactionBytes: 4096,
  transactionRuns: 2,
};

const COLLECTIONS = ['a', 'b', 'c'];
const KEYS: readonly Document[] = [{ n: 1 }, { n: -1, s: 1 }, { tags: 1 }, { 'o.x': 1 }, { s: 'hashed' }];
const LSID = { id: new Uint8Array(16).fill(7) };

function documentOf(random: SeededRandom, id: number): Document {
  return {
    _id: id,
    n: random.int(20),
    s: 'x'.repeat(random.chance(6) ? 3000 : random.int(30)),
    tags: Array.from({ length: random.int(4) }, () => random.int(5)),
    o: { x: random.int(9) },
  };
}

function write(random: SeededRandom, nextId: () => number): Document {
  const name = random.pick(COLLECTIONS);
  const roll = random.int(100);
  if (roll < 45)
    return {
      insert: name,
      documents: Array.from({ length: 1 + random.int(4) }, () => documentOf(random, nextId())),
    };
  const q = random.chance(50) ? { n: { $lt: random.int(12) } } : { tags: random.int(5) };
  if (roll < 80)
    return {
      update: name,
      updates: [
        {
          q,
          u: random.pick<Document>([
            { $inc: { n: 3 } },
            { $push: { tags: random.int(5) } },
            { $set: { 'o.x': 1, s: 'y' } },
            { $unset: { o: 1 } },
          ]),
          multi: random.chance(60),
        },
      ],
    };
  return { delete: name, deletes: [{ q, limit: random.int(2) }] };
}

function define(random: SeededRandom): Document {
  const name = random.pick(COLLECTIONS);
  const roll = random.int(100);
  if (roll < 50) {
    const key = random.pick(KEYS);
    return { createIndexes: name, indexes: [{ key, name: Object.keys(key).join('_') }] };
  }
  if (roll < 70) return { dropIndexes: name, index: '*' };
  if (roll < 85) return { drop: name };
  return {
    renameCollection: `lab.${name}`,
    to: `lab.${random.pick(COLLECTIONS.filter((other) => other !== name))}`,
    dropTarget: true,
    $db: 'admin',
  };
}

/** The program a seed stands for. */
export function documentProgram(seed: number): DocumentProgram {
  const random = new SeededRandom(seed);
  let id = 0;
  let txnNumber = 0;
  const nextId = (): number => ++id;
  const step = (): LabStep => {
    const roll = random.int(100);
    const isDurable = random.chance(40);
    const concern = isDurable ? { writeConcern: { w: 1, j: true } } : {};
    if (roll < 8)
      return {
        commands: [],
        isAtomic: true,
        isDurable: false,
        maintenance: random.pick(['flush', 'merge'] as const),
      };
    if (roll < 22) return { commands: [{ ...define(random), ...concern }], isAtomic: true, isDurable };
    if (roll < 45) {
      txnNumber++;
      const facts = { lsid: LSID, txnNumber: BigInt(txnNumber), autocommit: false };
      const writes = Array.from({ length: 2 + random.int(4) }, (_, i) => ({
        ...write(random, nextId),
        ...facts,
        ...(i === 0 ? { startTransaction: true } : {}),
      }));
      const end = random.chance(80) ? { commitTransaction: 1, ...concern } : { abortTransaction: 1 };
      return { commands: [...writes, { ...end, ...facts, $db: 'admin' }], isAtomic: true, isDurable };
    }
    return { commands: [{ ...write(random, nextId), ...concern }], isAtomic: false, isDurable };
  };
  const prepare = COLLECTIONS.map((name): LabStep => ({
    commands: [
      {
        createIndexes: name,
        indexes: [
          { key: { n: 1 }, name: 'n' },
          { key: { tags: 1 }, name: 'tags' },
        ],
      },
    ],
    isAtomic: true,
    isDurable: false,
  }));
  const options = random.chance(25) ? { ...SMALL, durability: 'full' as const } : SMALL;
  return { seed, options, steps: [...prepare, ...Array.from({ length: 8 + random.int(20) }, step)] };
}
