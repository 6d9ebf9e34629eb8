import { expect } from 'chai';
import { MemoryKv } from '../../../lsm/index.js';
import { documentValue, plainJs, valueOf } from '../../../elmo/bson/value.js';
import { parseCollation } from '../../../elmo/collation/parse.js';
import { SortRows } from '../../../elmo/exec/sort.js';
import { SortKeys } from '../../../elmo/exec/sort-key.js';
import { parseSort } from '../../../elmo/exec/sort-pattern.js';
import { Operation } from '../../../elmo/operation/operation.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../../elmo/operation/row-source.js';
import { SeededRandom } from '../../support/seeded-random.js';

const raw = (document: object): Uint8Array => valueOf(document).keep().bytes;

let ticks = 0;
const clock = {
  wallMs: () => 0,
  nowMs: () => ++ticks / 100,
  turn: () => Promise.resolve(),
};

/** Rows of documents, whose record ids are their places from 1. */
class Documents implements RowSource {
  readonly at = 0;
  readonly metadata = undefined;
  private next = 0;
  constructor(private readonly documents: readonly object[]) {}
  get bytes(): Uint8Array {
    return raw(this.documents[this.next - 1]!);
  }
  get recordId(): number {
    return this.next;
  }
  pull(): Pulled {
    if (this.next === this.documents.length) return END;
    this.next++;
    return ROW;
  }
  close(): void {
    // it holds nothing
  }
}

interface Sorting {
  readonly limit?: number;
  readonly maxBytes?: number;
  readonly allowsDisk?: boolean;
  readonly collation?: object;
}

interface Sorted {
  readonly ids: readonly number[];
  readonly recordIds: readonly number[];
  readonly usedDisk: boolean;
}

async function sorted(documents: readonly object[], pattern: object, sorting: Sorting = {}): Promise<Sorted> {
  const operation = new Operation(clock, {});
  const collation = sorting.collation === undefined ? undefined : parseCollation(raw(sorting.collation));
  const rows = new SortRows(new Documents(documents), new SortKeys(parseSort(raw(pattern)), collation), {
    kv: new MemoryKv(),
    operation,
    limit: sorting.limit ?? 0,
    allowsDisk: sorting.allowsDisk ?? true,
    ...(sorting.maxBytes === undefined ? {} : { maxBytes: sorting.maxBytes }),
  });
  const ids: number[] = [];
  const recordIds: number[] = [];
  for (;;) {
    const pulled = rows.pull();
    if (pulled === PAUSE) await operation.turn();
    else if (pulled === END || (sorting.limit !== undefined && ids.length === sorting.limit)) break;
    else {
      ids.push((plainJs(documentValue(rows.bytes, rows.at)) as { _id: number })._id);
      recordIds.push(rows.recordId);
    }
  }
  const { usedDisk } = rows.stats;
  rows.close();
  return { ids, recordIds, usedDisk };
}

const WORDS = ['a', 'B', 'c', 'A', 'b', 'C', 'é', 'e', 'Z', ''];

function randomDocuments(count: number): object[] {
  const random = new SeededRandom(7);
  return Array.from({ length: count }, (_, _id) => ({
    _id,
    a: random.next() % 50,
    s: WORDS[random.next() % WORDS.length],
    pad: 'x'.repeat(random.next() % 60),
  }));
}

describe('SortRows', () => {
  const documents = randomDocuments(500);
  for (const [why, pattern, collation] of [
    ['numbers', { a: 1 }, undefined],
    ['several fields', { a: -1, s: 1 }, undefined],
    ['strings by a collation', { s: 1 }, { locale: 'en', strength: 2 }],
    ['strings by a collation, from the end', { s: -1, a: 1 }, { locale: 'en' }],
  ] as const) {
    const options = collation === undefined ? {} : { collation };
    it(`sorts ${why} on disk as in memory`, async () => {
      const inMemory = await sorted(documents, pattern, options);
      const onDisk = await sorted(documents, pattern, { ...options, maxBytes: 10_000 });
      expect(inMemory.usedDisk).to.equal(false);
      expect(onDisk.usedDisk).to.equal(true);
      expect(onDisk.ids).to.deep.equal(inMemory.ids);
      expect(onDisk.recordIds).to.deep.equal(onDisk.ids.map((id) => id + 1));
    });
    it(`keeps the first few of ${why}, in memory and on disk`, async () => {
      const whole = await sorted(documents, pattern, options);
      for (const maxBytes of [1_000_000, 5_000]) {
        const few = await sorted(documents, pattern, { ...options, maxBytes, limit: 40 });
        expect(few.ids).to.deep.equal(whole.ids.slice(0, 40));
        expect(few.usedDisk).to.equal(maxBytes === 5_000);
      }
    });
  }

  it('leaves rows that compare equal in the order they came', async () => {
    const { ids } = await sorted([{ _id: 3 }, { _id: 1 }, { _id: 2, a: null }], { a: 1 });
    expect(ids).to.deep.equal([3, 1, 2]);
  });

  it('refuses more than fits into memory where the disk is not allowed', async () => {
    const code = await sorted(documents, { a: 1 }, { maxBytes: 10_000, allowsDisk: false }).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
    expect(code).to.equal(292);
  });
});
