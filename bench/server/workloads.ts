/** What clients do with a server, each answering one question. */
import type { Collection, Db, Document } from 'mongodb';
import { YCSB } from './ycsb.js';

export interface ServerWorkload {
  readonly name: string;
  readonly question: string;
  /** How many times the reference is wanted. */
  readonly wanted: number;
  /** What one unit of the result is: 'reads', 'documents' … */
  readonly unit: string;
  /** Fills what `run` works on; not timed. */
  prepare?(db: Db): Promise<void>;
  /** Whether its clients are spread over several processes. */
  readonly isSpread?: boolean;
  /** @returns how many units were done */
  run(db: Db, round: number, share?: Share): Promise<number>;
}

/** What one of several processes does of a workload. */
export interface Share {
  readonly part: number;
  readonly parts: number;
}

export const ALL: Share = { part: 0, parts: 1 };

const DOCUMENTS = 10_000;
const CYCLES = 1000;

function documentOf(i: number): Document {
  return {
    _id: i,
    name: `customer ${i}`,
    group: i % 100,
    amount: (i * 7919) % 10_007,
    tags: ['a', 'b', `t${i % 13}`],
    address: { street: `street ${i % 977}`, city: `city ${i % 53}` },
    note: 'x'.repeat(150),
  };
}

async function fill(db: Db): Promise<void> {
  const collection = db.collection<Document>('customers');
  await collection.drop();
  for (let from = 0; from < DOCUMENTS; from += 1000)
    await collection.insertMany(Array.from({ length: 1000 }, (_, i) => documentOf(from + i)));
}

function expectCount(found: number, wanted: number): void {
  if (found !== wanted) throw new Error(`wrong answer: ${found}, expected ${wanted}`);
}

/** So many loops side by side, so many calls altogether. */
export async function sideBySide(
  clients: number,
  count: number,
  call: (i: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: clients }, loop));
  return count;
}

function findOnes(clients: number, count: number): ServerWorkload {
  return {
    name: `findOne${clients}`,
    question: `How many documents by _id do ${clients} clients get?`,
    wanted: 2,
    unit: 'reads',
    isSpread: clients > 1,
    prepare: fill,
    run(db, _round, { part, parts } = ALL) {
      const collection = db.collection<Document>('customers');
      return sideBySide(clients / parts, count / parts, async (i) => {
        const _id = ((i * parts + part) * 7919) % DOCUMENTS;
        const found = await collection.findOne({ _id } as Document);
        expectCount(Number(found?.['_id']), _id);
      });
    },
  };
}

const repeated =
  (times: number, run: (collection: Collection, i: number) => Promise<number>) =>
  async (db: Db): Promise<number> => {
    let units = 0;
    for (let i = 0; i < times; i++) units += await run(db.collection('customers'), i);
    return units;
  };

export const SERVER_WORKLOADS: readonly ServerWorkload[] = [
  findOnes(1, 4000),
  findOnes(32, 20_000),
  {
    name: 'find1000',
    question: 'How many documents a second come out of finds of 1,000?',
    wanted: 1.5,
    unit: 'documents',
    prepare: fill,
    run: repeated(40, async (collection, i) => {
      const low = (i * 211) % (DOCUMENTS - 1000);
      const found = await collection.find({ _id: { $gte: low, $lt: low + 1000 } } as Document).toArray();
      expectCount(found.length, 1000);
      return found.length;
    }),
  },
  {
    name: 'insertMany',
    question: 'How many documents a second go in, 1,000 at a time?',
    wanted: 1,
    unit: 'documents',
    async run(db, round) {
      const collection = db.collection<Document>(`inserted${round}`);
      for (let from = 0; from < 30_000; from += 1000)
        await collection.insertMany(Array.from({ length: 1000 }, (_, i) => documentOf(from + i)));
      expectCount(await collection.countDocuments(), 30_000);
      await collection.drop();
      return 30_000;
    },
  },
  {
    name: 'scan',
    question: 'How many documents a second does a filter without an index look at?',
    wanted: 2,
    unit: 'documents',
    prepare: fill,
    run: repeated(40, async (collection, i) => {
      const found = await collection
        .find({ amount: { $lt: 100 + (i % 3) }, 'address.city': { $ne: 'none' } })
        .toArray();
      if (found.length === 0) throw new Error('nothing found');
      return DOCUMENTS;
    }),
  },
  {
    name: 'group',
    question: 'How many documents a second are grouped?',
    wanted: 2,
    unit: 'documents',
    prepare: fill,
    run: repeated(30, async (collection) => {
      const groups = await collection
        .aggregate([
          {
            $group: { _id: '$group', n: { $sum: 1 }, total: { $sum: '$amount' }, most: { $max: '$amount' } },
          },
        ])
        .toArray();
      expectCount(groups.length, 100);
      return DOCUMENTS;
    }),
  },
  ...YCSB,
  {
    name: 'dropCycle',
    question: 'How often a second can a test suite drop its database, create a collection and insert?',
    wanted: 5,
    unit: 'cycles',
    async run(db) {
      const own = db.client.db(`${db.databaseName}_cycle`);
      for (let i = 0; i < CYCLES; i++) {
        await own.dropDatabase();
        await own.createCollection('c');
        await own.collection('c').insertOne({ i });
      }
      await own.dropDatabase();
      return CYCLES;
    },
  },
];
