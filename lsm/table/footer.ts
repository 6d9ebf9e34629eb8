/**
 * The end of a table, where reading it begins: it tells where the sections lie. The bytes are told in format.ts.
 */
import { readU16, readU32, writeU16, writeU32, type Bytes } from '../base/bytes.js';
import { codecName } from './codec.js';
import { FOOTER_BYTES, SECTION_FOOTER, TABLE_FORMAT, TABLE_MAGIC } from './format.js';
import { checkPiece } from './piece.js';

/** Places of the sections in `TableLayout`. */
export const PLACE_TOMBSTONES = 0;
export const PLACE_BLOB_IDS = 1;
export const PLACE_FILTER = 2;
export const PLACE_INDEX = 3;
const PLACES = 4;

/** Where the parts of a table lie. Offsets are in the table, lengths in bytes on disk; length 0: no such section. */
export class TableLayout {
  constructor(
    readonly codec: number,
    readonly blockCount: number,
    readonly entryCount: number,
    readonly offsets: readonly number[],
    readonly lengths: readonly number[],
  ) {}

  /** Where the blocks end. */
  get dataEnd(): number {
    return this.offsets[PLACE_TOMBSTONES]!;
  }
}

/** Writes the body of a footer at `at`, which is that of the piece. */
export function writeFooter(into: Bytes, at: number, layout: TableLayout): void {
  into.set(TABLE_MAGIC, at + 12);
  writeU16(into, at + 20, TABLE_FORMAT);
  into[at + 22] = layout.codec;
  into[at + 23] = 0;
  writeU32(into, at + 24, layout.blockCount);
  writeU32(into, at + 28, layout.entryCount);
  for (let place = 0; place < PLACES; place++) {
    writeU32(into, at + 32 + place * 8, layout.offsets[place]!);
    writeU32(into, at + 36 + place * 8, layout.lengths[place]!);
  }
}

/**
 * Reads the footer at `at`.
 * @param offset  of the footer in the table
 * @returns the layout, or what is wrong
 */
export function readFooter(bytes: Bytes, at: number, tableId: number, offset: number): TableLayout | string {
  for (let i = 0; i < TABLE_MAGIC.length; i++) {
    if (bytes[at + 12 + i] !== TABLE_MAGIC[i]) return 'not that of a table';
  }
  const what = checkPiece(bytes, at, FOOTER_BYTES, tableId, offset, false);
  if (what !== '') return what;
  if (bytes[at + 10] !== SECTION_FOOTER) return `kind ${SECTION_FOOTER} expected, got ${bytes[at + 10]}`;
  const format = readU16(bytes, at + 20);
  if (format !== TABLE_FORMAT) return `format ${TABLE_FORMAT} expected, got ${format}`;
  if (codecName(bytes[at + 22]!) === undefined) return `a codec expected, got ${bytes[at + 22]}`;
  const blockCount = readU32(bytes, at + 24);
  const entryCount = readU32(bytes, at + 28);
  const offsets: number[] = [];
  const lengths: number[] = [];
  let end = readU32(bytes, at + 32);
  for (let place = 0; place < PLACES; place++) {
    offsets.push(readU32(bytes, at + 32 + place * 8));
    lengths.push(readU32(bytes, at + 36 + place * 8));
    if (offsets[place] !== end) return 'the sections do not follow each other';
    end += lengths[place]!;
  }
  if (end !== offset) return 'the sections do not end where the footer begins';
  if (blockCount > entryCount || (blockCount === 0) !== (lengths[PLACE_INDEX] === 0)) {
    return `${blockCount} blocks cannot be`;
  }
  return new TableLayout(bytes[at + 22]!, blockCount, entryCount, offsets, lengths);
}
