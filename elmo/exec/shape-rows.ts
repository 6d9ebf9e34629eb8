/** What a find shows of its rows beside or instead of their fields: entries, record ids, what they sort by. */
import { INT64, OBJECT } from '../bson/types.js';
import { int64OfNumber, Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { ROW, type Pulled, type RowMetadata } from '../operation/row-source.js';
import type { RowSource } from '../operation/row-source.js';
import { Passing } from './row-stages.js';
import type { SortKeys } from './sort-key.js';

const EMPTY = new Uint8Array([5, 0, 0, 0, 0]);

/** The entries in the place of the documents; {} for those found without an index. */
export class ReturnKeys extends Passing {
  private key: Uint8Array = EMPTY;

  override get bytes(): Uint8Array {
    return this.key;
  }
  override get at(): number {
    return 0;
  }

  pull(): Pulled {
    const pulled = this.source.pull();
    if (pulled === ROW) this.key = this.source.metadata?.indexKey ?? EMPTY;
    return pulled;
  }
}

/** Makes known what a row sorts by, as {$meta: 'sortKey'} shows it: an array. */
export class AddSortKeys extends Passing {
  private current: RowMetadata = {};

  constructor(
    source: RowSource,
    private readonly keys: SortKeys,
  ) {
    super(source);
  }

  override get metadata(): RowMetadata {
    return this.current;
  }

  pull(): Pulled {
    const { source } = this;
    const pulled = source.pull();
    if (pulled !== ROW) return pulled;
    const writer = new BsonWriter();
    const start = writer.beginDocument();
    this.keys.valuesOf(source.bytes, source.at).forEach((value, i) => {
      writer.writeIndex(value.type, i);
      writer.writeRange(value.bytes, value.at, value.end);
    });
    writer.endDocument(start);
    this.current = { ...source.metadata, sortKey: writer.toBytes() };
    return ROW;
  }
}

const RECORD_ID = new TextEncoder().encode('$recordId');

/** Adds the record id to each row. */
export class ShowRecordIds extends Passing {
  private readonly writer = new BsonWriter();

  override get bytes(): Uint8Array {
    return this.writer.bytes;
  }
  override get at(): number {
    return 0;
  }

  pull(): Pulled {
    const { source, writer } = this;
    const pulled = source.pull();
    if (pulled !== ROW) return pulled;
    const { end } = new Value(OBJECT, source.bytes, source.at);
    const id = int64OfNumber(source.recordId);
    writer.clear();
    const start = writer.beginDocument();
    writer.writeRange(source.bytes, source.at + 4, end - 1);
    writer.writeName(INT64, RECORD_ID);
    writer.writeRange(id.bytes, id.at, id.end);
    writer.endDocument(start);
    return ROW;
  }
}
