/**
 * The mixes of the Yahoo! Cloud Serving Benchmark: records of 1 KB (ten fields of 100 bytes), keys chosen by a zipfian
 * distribution. Source: Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", 2010; Gray et al., "Quickly
 * Generating Billion-Record Synthetic Databases", 1994.
 */
import type { Collection, Db, Document } from 'mongodb';
import { ALL, type ServerWorkload, type Share } from './workloads.js';

const RECORDS = 10_000;
const OPERATIONS = 12_000;
const CLIENTS = 32;
const FIELDS = 10;
const FIELD_BYTES = 100;
const ZIPF = 0.99;
const MOST_SCANNED = 100;

/** Numbers from 0 to 1, the same each time. */
function numbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Ranks of which low ones come often. */
class Zipfian {
  private readonly zeta: number;
  private readonly alpha = 1 / (1 - ZIPF);
  private readonly eta: number;

  constructor(private readonly items: number) {
    let zeta = 0;
    for (let i = 1; i <= items; i++) zeta += 1 / i ** ZIPF;
    this.zeta = zeta;
    this.eta = (1 - (2 / items) ** (1 - ZIPF)) / (1 - (1 + 0.5 ** ZIPF) / zeta);
  }

  rank(random: number): number {
    const scaled = random * this.zeta;
    if (scaled < 1) return 0;
    if (scaled < 1 + 0.5 ** ZIPF) return 1;
    return Math.floor(this.items * (this.eta * random - this.eta + 1) ** this.alpha) % this.items;
  }
}

const ZIPFIAN = new Zipfian(RECORDS);

/** Spreads neighbouring ranks over all keys. */
const keyOf = (number: number): string =>
  `user${String(Math.imul(number + 1, 0x9e3779b1) >>> 0).padStart(10, '0')}`;

function fieldText(random: () => number): string {
  const start = Math.floor(random() * 2 ** 30).toString(36);
  return start.padEnd(FIELD_BYTES, 'abcdefghijklmnopqrstuvwxyz0123456789');
}

function recordOf(number: number, random: () => number): Document {
  const record: Document = { _id: keyOf(number) };
  for (let i = 0; i < FIELDS; i++) record[`field${i}`] = fieldText(random);
  return record;
}

async function fill(db: Db): Promise<void> {
  const records = db.collection<Document>('usertable');
  await records.drop();
  const random = numbers(7);
  for (let from = 0; from < RECORDS; from += 1000)
    await records.insertMany(Array.from({ length: 1000 }, (_, i) => recordOf(from + i, random)));
}

type Step = (records: Collection<Document>, state: State) => Promise<unknown>;

/** Of one run. */
class State {
  readonly random: () => number;
  inserted: number;

  constructor(
    readonly round: number,
    private readonly share: Share,
  ) {
    this.random = numbers(round * 1000 + 17 + share.part * 7717);
    this.inserted = RECORDS * (round + 1) + share.part;
  }

  /** The number of a record that nobody else inserts. */
  nextNumber(): number {
    const number = this.inserted;
    this.inserted += this.share.parts;
    return number;
  }

  someKey(): string {
    return keyOf(ZIPFIAN.rank(this.random()));
  }

  newestKey(): string {
    const back = ZIPFIAN.rank(this.random());
    const number = this.inserted - this.share.parts * (1 + back);
    return keyOf(number >= RECORDS * (this.round + 1) ? number : back);
  }
}

const one = (_id: string): Document => ({ _id });

async function readKey(records: Collection<Document>, key: string): Promise<void> {
  if ((await records.findOne(one(key))) === null) throw new Error(`no record ${key}`);
}

const read: Step = (records, state) => readKey(records, state.someKey());
const readLatest: Step = async (records, state) => {
  await records.findOne(one(state.newestKey())); // the newest may be on its way in
};
const updateKey = (records: Collection<Document>, key: string, random: () => number): Promise<unknown> =>
  records.updateOne(one(key), { $set: { [`field${Math.floor(random() * FIELDS)}`]: fieldText(random) } });
const update: Step = (records, state) => updateKey(records, state.someKey(), state.random);
const insert: Step = (records, state) => records.insertOne(recordOf(state.nextNumber(), state.random));
const readAndUpdate: Step = async (records, state) => {
  const key = state.someKey();
  await readKey(records, key);
  await updateKey(records, key, state.random);
};
const scan: Step = (records, state) =>
  records
    .find({ _id: { $gte: state.someKey() } } as Document)
    .sort({ _id: 1 })
    .limit(1 + Math.floor(state.random() * MOST_SCANNED))
    .toArray();

/** @param share  of `rest`; the others are `usual` */
function mix(letter: string, what: string, usual: Step, rest: Step, share: number): ServerWorkload {
  return {
    name: `ycsb${letter}`,
    question: `How fast is mix ${letter}: ${what}?`,
    wanted: 1.5,
    unit: 'operations',
    isSpread: true,
    prepare: fill,
    async run(db, round, mine = ALL) {
      const records = db.collection<Document>('usertable');
      const state = new State(round, mine);
      const own = OPERATIONS / mine.parts;
      let next = 0;
      const loop = async (): Promise<void> => {
        while (next++ < own) await (state.random() < share ? rest : usual)(records, state);
      };
      await Promise.all(Array.from({ length: CLIENTS / mine.parts }, loop));
      return own;
    },
  };
}

export const YCSB: readonly ServerWorkload[] = [
  mix('A', 'half reads, half updates', read, update, 0.5),
  mix('B', '95 % reads, 5 % updates', read, update, 0.05),
  mix('C', 'reads', read, read, 0),
  mix('D', '95 % reads of the latest, 5 % inserts', readLatest, insert, 0.05),
  mix('E', '95 % scans of up to 100, 5 % inserts', scan, insert, 0.05),
  mix('F', 'half reads, half reads with an update', read, readAndUpdate, 0.5),
];
