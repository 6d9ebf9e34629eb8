import { expect } from 'chai';
import { openLsm, type LookupBatch, type LsmStore, type Snapshot } from '../../../lsm/index.js';
import { readInt32 } from '../../../elmo/bson/read.js';
import { Fetch } from '../../../elmo/exec/fetch.js';
import type { RecordIdSource } from '../../../elmo/exec/index-scan.js';
import { appendRecordKey } from '../../../elmo/keys/key-layout.js';
import { KeyWriter } from '../../../elmo/keys/value-encoding.js';
import { END, ROW, type Pulled } from '../../../elmo/operation/row-source.js';
import type { Matcher } from '../../../elmo/query/filter.js';

const KEYSPACE = 20;
const RECORDS = 200;

/** A document of one int32, which is the record's id. */
function documentOf(id: number): Uint8Array {
  const bytes = Buffer.from([12, 0, 0, 0, 0x10, 0x6e, 0, 0, 0, 0, 0, 0]);
  bytes.writeInt32LE(id, 7);
  return bytes;
}

/** Ids as an index would give them. */
class Ids implements RecordIdSource {
  recordId = -1;
  private next = 0;

  constructor(private readonly ids: readonly number[]) {}

  pull(): Pulled {
    if (this.next === this.ids.length) return END;
    this.recordId = this.ids[this.next++]!;
    return ROW;
  }

  peek(into: Float64Array, most: number): number {
    const known = this.ids.slice(this.next - 1, this.next - 1 + most);
    into.set(known);
    return known.length;
  }

  close(): void {}
}

describe('fetching records', () => {
  let store: LsmStore;
  let view: Snapshot;
  /** How many records were looked up together each time. */
  let batches: number[];

  before(async () => {
    store = await openLsm(':memory:');
    const batch = store.batch();
    const key = new KeyWriter();
    for (let id = 0; id < RECORDS; id++) {
      key.clear();
      appendRecordKey(key, KEYSPACE, id);
      batch.put(key.toBytes(), documentOf(id));
    }
    await store.write(batch);
    await store.flush();
  });
  after(() => store.close());
  beforeEach(() => {
    view = store.snapshot();
    batches = [];
    const lookupMany = view.lookupMany.bind(view);
    view.lookupMany = (batch: LookupBatch) => {
      batches.push(batch.count);
      lookupMany(batch);
    };
  });
  afterEach(() => view.release());

  const ids = Array.from({ length: 120 }, (_, i) => (i * 7) % RECORDS);

  function rowsOf(fetch: Fetch, most: number): number[] {
    const rows: number[] = [];
    while (rows.length < most && fetch.pull() === ROW) rows.push(readInt32(fetch.bytes, fetch.at + 7));
    fetch.close();
    return rows;
  }

  it('gives the documents of the ids, in their order', () => {
    expect(rowsOf(new Fetch(new Ids(ids), view, KEYSPACE, {}), Infinity)).to.deep.equal(ids);
  });

  it('looks up few records first, then more together', () => {
    rowsOf(new Fetch(new Ids(ids), view, KEYSPACE, {}), 60);
    expect(batches).to.deep.equal([4, 8, 16, 16, 16]);
  });

  it('looks up no more records than are wanted', () => {
    expect(rowsOf(new Fetch(new Ids(ids), view, KEYSPACE, { wanted: 20 }), 20)).to.deep.equal(
      ids.slice(0, 20),
    );
    expect(batches).to.deep.equal([16, 4]);
  });

  it('does not know how many it needs where a filter is left to be asked', () => {
    const odd: Matcher = { matchedIndex: -1, matches: (bytes, at) => readInt32(bytes, at + 7) % 2 === 1 };
    const found = rowsOf(new Fetch(new Ids(ids), view, KEYSPACE, { matcher: odd, wanted: 5 }), 5);
    expect(found).to.deep.equal(ids.filter((id) => id % 2 === 1).slice(0, 5));
    expect(batches).to.deep.equal([4, 8]);
  });

  it('goes on if more is asked of it than was said', () => {
    expect(rowsOf(new Fetch(new Ids(ids), view, KEYSPACE, { wanted: 3 }), 50)).to.deep.equal(
      ids.slice(0, 50),
    );
  });
});
