/**
 * The records of a collection by what they have at one path, where a column tells it of each of them: to make the entries
 * of an index no record is then read, and entries come in their order.
 */
import type { Load } from '../../lsm/index.js';
import { isCoded, MOST_RECORDS, NO_VALUE, PAGE_IDS } from '../columns/codes.js';
import type { Column } from '../columns/column.js';
import type { CollectionState } from '../catalog/collection-state.js';
import { appendRecordId, recordIdLength } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import type { Operation } from '../operation/operation.js';
import type { OpenCollection } from './open-collection.js';
import type { OpenIndex } from './open-index.js';

class RecordsByValue {
  /** Ids of the records with code NO_VALUE + n: from `starts[n]` to `starts[n + 1]`, ascending. */
  readonly ids: Uint32Array;
  readonly starts: Uint32Array;

  private constructor(
    readonly column: Column,
    pages: readonly Uint16Array[],
  ) {
    const codes = column.codeEnd - NO_VALUE;
    const starts = new Uint32Array(codes + 2);
    for (const page of pages)
      for (let i = 0; i < PAGE_IDS; i++) if (page[i]! >= NO_VALUE) starts[page[i]! - NO_VALUE + 2]!++;
    for (let n = 1; n < starts.length; n++) starts[n]! += starts[n - 1]!;
    const ids = new Uint32Array(starts[codes + 1]!);
    pages.forEach((page, number) => {
      for (let i = 0; i < PAGE_IDS; i++)
        if (page[i]! >= NO_VALUE) ids[starts[page[i]! - NO_VALUE + 1]!++] = number * PAGE_IDS + i;
    });
    this.ids = ids;
    this.starts = starts;
  }

  /** How many values there are, that of no value included. */
  get values(): number {
    return this.starts.length - 2;
  }

  /** A document that has value n at the path, and nothing else. */
  documentOf(n: number): Uint8Array {
    return this.column.documentOf(NO_VALUE + n);
  }

  /**
   * @param seq  of the view whose records are wanted
   * @returns undefined: of some records it is not known
   */
  static of({ columns, highestId }: CollectionState, path: string, seq: number): RecordsByValue | undefined {
    const column = columns.column(path);
    if (column === undefined || column.isWide || highestId >= MOST_RECORDS) return undefined;
    const pages: Uint16Array[] = [];
    for (let number = 0; number * PAGE_IDS <= highestId; number++) {
      const page = columns.pages[number];
      const codes = page?.codes[column.slot];
      if (page?.isWhole[column.slot] !== true || page.readableFrom > seq || !isCoded(codes)) return undefined;
      pages.push(codes);
    }
    return new RecordsByValue(column, pages);
  }
}

interface EntryStart {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Records by what they have at the path of an index, in the order of its keys. */
export class CodedLoad {
  /** Numbers of values, in that order. */
  private readonly order: Uint32Array;
  private readonly starts: readonly (EntryStart | undefined)[];
  private readonly writer = new KeyWriter();
  /** Number of the value at hand in the order. */
  private at = 0;
  /** Records of it that were taken. */
  private taken = 0;

  private constructor(
    private readonly index: OpenIndex,
    private readonly records: RecordsByValue,
  ) {
    const { values, starts } = records;
    const found: (EntryStart | undefined)[] = [];
    for (let n = 0; n < values; n++) found.push(starts[n] === starts[n + 1] ? undefined : this.entryStart(n));
    this.starts = found;
    this.order = Uint32Array.from(found.keys()).sort((a, b) =>
      Buffer.compare(found[a]?.key ?? NO_BYTES, found[b]?.key ?? NO_BYTES),
    );
  }

  /**
   * @param seq  of the view whose records are wanted
   * @returns undefined: the records have to be read
   */
  static of({ state }: OpenCollection, index: OpenIndex, seq: number): CodedLoad | undefined {
    const { fields, partialFilter } = index.spec;
    const [field, ...others] = fields;
    if (field === undefined || field.kind === 'wildcard' || others.length > 0) return undefined;
    if (partialFilter !== undefined) return undefined;
    const records = RecordsByValue.of(state, field.path, seq);
    return records === undefined ? undefined : new CodedLoad(index, records);
  }

  /** What the entries of all records with a value begin with, if they have one each that ends in their ids. */
  private entryStart(n: number): EntryStart | undefined {
    const { index, records } = this;
    const { after } = index;
    index.collect(records.documentOf(n), 0, 0, after);
    if (after.count !== 1 || index.spec.isUnique) return undefined;
    return { key: after.key(0).slice(0, -recordIdLength(0)), value: after.value(0) };
  }

  /** Puts entries for a slice of time. @returns whether there are no more */
  gather(load: Load, operation: Operation, progress: { documents: number }): boolean {
    const { index, order, records, writer } = this;
    const { ids, starts } = records;
    for (; this.at < order.length; this.at++, this.taken = 0) {
      const n = order[this.at]!;
      const start = this.starts[n];
      const end = starts[n + 1]!;
      writer.clear();
      if (start !== undefined) writer.appendBytes(start.key, 0, start.key.length);
      const prefix = writer.length;
      for (let i = starts[n]! + this.taken; i < end; i++, this.taken++) {
        if (operation.shouldPause()) return false;
        if (start === undefined) index.collectInto(records.documentOf(n), 0, ids[i]!, load);
        else {
          writer.length = prefix;
          appendRecordId(writer, ids[i]!);
          load.put(writer.bytes, writer.length, start.value, start.value.length);
        }
        progress.documents++;
      }
    }
    return true;
  }
}
