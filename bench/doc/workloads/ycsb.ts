/** The workloads A to F of the Yahoo! Cloud Serving Benchmark on records of 1 KB. */
import { mix } from '../../data.js';
import { fieldText, flatRecord, RECORD_FIELDS, recordId, Zipfian } from '../data.js';
import type { Awaitable } from '../peer.js';
import { mustBe, pace, type DocContext, type DocWorkload } from '../workload.js';

type Kind = 'read' | 'update' | 'insert' | 'scan' | 'modify';

interface Mix {
  readonly name: string;
  readonly words: string;
  /** Of 100 calls, how many are of the second kind; the others of the first. */
  readonly kinds: readonly [Kind, Kind];
  readonly second: number;
  /** Reads prefer what was inserted last. */
  readonly readsLatest?: boolean;
}

const MIXES: readonly Mix[] = [
  { name: 'A', words: 'half reads, half updates', kinds: ['read', 'update'], second: 50 },
  { name: 'B', words: '95 % reads, 5 % updates', kinds: ['read', 'update'], second: 5 },
  { name: 'C', words: 'reads', kinds: ['read', 'read'], second: 0 },
  {
    name: 'D',
    words: '95 % reads of the latest, 5 % inserts',
    kinds: ['read', 'insert'],
    second: 5,
    readsLatest: true,
  },
  { name: 'E', words: '95 % short scans, 5 % inserts', kinds: ['scan', 'insert'], second: 5 },
  { name: 'F', words: 'half reads, half read and changed', kinds: ['read', 'modify'], second: 50 },
];

/** Records of the collection: a scale for the machine, not the point of the comparison. */
const RECORDS = 50_000;
const MOST_SCANNED = 100;

interface Call {
  readonly kind: Kind;
  readonly id: string;
  readonly field: string;
  readonly text: string;
  readonly count: number;
  readonly record: object;
}

async function load({ peer, counters, documents }: DocContext): Promise<number> {
  const known = counters.get('records');
  if (known !== undefined) return known;
  const count = Math.min(RECORDS, documents);
  await peer.newRecords();
  for (let i = 0; i < count; i += 1000)
    await peer.insertRecords(
      Array.from({ length: Math.min(1000, count - i) }, (_, n) => peer.nativeRecord(flatRecord(i + n))),
    );
  await peer.settle();
  counters.set('records', count);
  return count;
}

function callOf(context: DocContext, kind: Kind, id: string, n: number): Call {
  const { peer, counters } = context;
  const which = mix(n, 21) % RECORD_FIELDS;
  let record: object = {};
  if (kind === 'insert') {
    const next = counters.get('records')!;
    counters.set('records', next + 1);
    record = peer.nativeRecord(flatRecord(next));
  }
  const text = kind === 'update' || kind === 'modify' ? fieldText(n, which, context.round + 1) : '';
  return { kind, id, field: `field${which}`, text, count: 1 + (mix(n, 22) % MOST_SCANNED), record };
}

function ycsb({ name, words, kinds, second, readsLatest }: Mix): DocWorkload {
  return {
    name: `YCSB ${name}`,
    question: `${words}, on records of 1 KB`,
    unit: '/s',
    better: 'more',
    goals: [{ than: 'sqlite', times: 1.2 }],
    run: async (context) => {
      const { peer, counters, round } = context;
      const loaded = await load(context);
      const zipfian = new Zipfian(Math.min(loaded, RECORDS), round * 7_919_191 + name.charCodeAt(0));
      const calls: Readonly<Record<Kind, (call: Call) => Awaitable<unknown>>> = {
        read: ({ id }) => peer.readRecord(id),
        scan: ({ id, count }) => peer.scanRecords(id, count),
        insert: ({ record }) => peer.insertRecord(record),
        update: ({ id, field, text }) => peer.updateRecord(id, field, text),
        modify: async ({ id, field, text }) => {
          const found = peer.readRecord(id);
          if (found instanceof Promise) await found;
          await peer.updateRecord(id, field, text);
        },
      };
      return pace(context, {
        chunk: name === 'E' ? 20 : 500,
        make: (n) => {
          const kind = kinds[zipfian.random() * 100 < second ? 1 : 0];
          // A chunk's inserts are made before any of its calls: the latest are those before the chunk.
          const i = readsLatest
            ? Math.max(0, counters.get('records')! - 501 - zipfian.rank())
            : zipfian.next();
          return callOf(context, kind, recordId(i), n + round * 100_000);
        },
        call: (call) => calls[call.kind](call),
        check: ({ kind, id, count }, result) => {
          if (kind === 'read') mustBe(fieldsOf(result), RECORD_FIELDS, `fields of ${id}`);
          if (kind === 'scan') mustBe((result as unknown[]).length > 0 || count === 0, true, 'scanned');
        },
      });
    },
  };
}

function fieldsOf(found: unknown): number {
  return Object.keys((found ?? {}) as object).filter((field) => field.startsWith('field')).length;
}

export const YCSB: readonly DocWorkload[] = MIXES.map(ycsb);
