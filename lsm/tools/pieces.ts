/**
 * What a table consists of, piece by piece, and what lies at a byte of the file: for people who follow an error to its
 * place. Damaged pieces are shown as far as they decode.
 */
import { readU32, readU48, type Bytes } from '../base/bytes.js';
import { KIND_BLOB, KIND_DELETE } from '../key/entry-kind.js';
import { BlockCursor } from '../table/block-cursor.js';
import { ValueScratch, codecName, packsBlocks, unpackValue } from '../table/codec.js';
import { readFooter, type TableLayout } from '../table/footer.js';
import { FOOTER_BYTES, PIECE_HEADER_BYTES, type TableRangeTombstone } from '../table/format.js';
import { checkPiece } from '../table/piece.js';
import type { TableReader } from '../table/table-reader.js';
import { LsmError } from '../errors.js';

export type PieceKind = 'block' | 'tombstones' | 'blobs' | 'filter' | 'index' | 'footer';

const SECTIONS: readonly PieceKind[] = ['tombstones', 'blobs', 'filter', 'index'];

export interface PieceDump {
  readonly table: number;
  readonly kind: PieceKind;
  /** Number of a block in its table; -1 for other pieces. */
  readonly block: number;
  /** Of the piece in the file. */
  readonly offset: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** Entries of a block as the index says; 0 for other pieces. */
  readonly entries: number;
  /** What is wrong with the checksum or the header, or ''. */
  readonly problem: string;
}

export interface PieceList {
  readonly pieces: readonly PieceDump[];
  /** Why pieces are missing from the list, or ''. */
  readonly problem: string;
}

export interface ShownEntry {
  readonly key: Bytes;
  readonly kind: 'delete' | 'raw' | 'lz4' | 'blob';
  readonly seq: number;
  /** Of the stored value, from the start of the plain block. */
  readonly valueOffset: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  /** For the user; of a blob its descriptor; undefined when it does not unpack, or the key is deleted. */
  readonly value: Bytes | undefined;
}

export interface ShownPiece extends PieceDump {
  /** The checksum as stored, and the header's other fields. */
  readonly header: {
    readonly crc: number;
    readonly table: number;
    readonly kind: number;
    readonly flags: number;
  };
  /** As on disk. */
  readonly raw: Bytes;
  readonly codec: string;
  /** Bytes of the block once opened and unpacked; 0 for other pieces. */
  readonly plainBytes: number;
  /** Of a block: those that decode. */
  readonly list: readonly ShownEntry[];
  readonly tombstones: readonly TableRangeTombstone[];
  readonly blobIds: readonly number[];
  /** Of the index: the key after each block but the last. */
  readonly separators: readonly Bytes[];
}

const KIND_NAMES = ['delete', 'raw', 'lz4', 'blob'] as const;

/** The pieces of a table in the order of the file. Throws nothing for damage. */
export function listPieces(reader: TableReader): PieceList {
  const { meta } = reader;
  const footerAt = meta.dataBytes - FOOTER_BYTES;
  if (footerAt < 0) return { pieces: [], problem: 'the table is shorter than its footer' };
  const footer = new Uint8Array(FOOTER_BYTES);
  const got = reader.file.read(footer, 0, FOOTER_BYTES, meta.offset + footerAt);
  if (got < FOOTER_BYTES) return { pieces: [], problem: 'the file ends before the footer of the table' };
  const layout = readFooter(footer, 0, meta.id, footerAt);
  if (typeof layout === 'string') {
    const piece = {
      ...pieceAt(reader, 'footer', -1, footerAt, FOOTER_BYTES, 0),
      problem: `footer: ${layout}`,
    };
    return { pieces: [piece], problem: piece.problem };
  }
  let problem = '';
  const pieces: PieceDump[] = [];
  try {
    pieces.push(...blockPieces(reader));
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    problem = `the blocks cannot be told apart: ${error.message}`;
  }
  pieces.push(...sectionPieces(reader, layout));
  pieces.push(pieceAt(reader, 'footer', -1, footerAt, FOOTER_BYTES, 0));
  return { pieces, problem };
}

function blockPieces(reader: TableReader): PieceDump[] {
  const index = reader.needIndex();
  const pieces: PieceDump[] = [];
  for (let block = 0; block < index.blockCount; block++) {
    const entries = index.entriesBefore[block + 1]! - index.entriesBefore[block]!;
    pieces.push(pieceAt(reader, 'block', block, index.offsets[block]!, index.blockLength(block), entries));
  }
  return pieces;
}

function sectionPieces(reader: TableReader, { offsets, lengths }: TableLayout): PieceDump[] {
  const pieces: PieceDump[] = [];
  SECTIONS.forEach((kind, place) => {
    if (lengths[place]! > 0) pieces.push(pieceAt(reader, kind, -1, offsets[place]!, lengths[place]!, 0));
  });
  return pieces;
}

/** @param offset  in the table */
function pieceAt(
  reader: TableReader,
  kind: PieceKind,
  block: number,
  offset: number,
  bytes: number,
  entries: number,
): PieceDump {
  const { meta, cipher, file } = reader;
  const piece = new Uint8Array(bytes);
  const got = file.read(piece, 0, bytes, meta.offset + offset);
  // The footer is never sealed, so that reading can begin with it.
  const isSealed = cipher !== undefined && kind !== 'footer';
  let problem = got < bytes ? 'the file ends inside it' : '';
  if (problem === '') problem = checkPiece(piece, 0, bytes, meta.id, offset, isSealed);
  return { table: meta.id, kind, block, offset: meta.offset + offset, bytes, entries, problem };
}

/** A piece with all that decodes of it. Throws nothing for damage. */
export function showPiece(reader: TableReader, piece: PieceDump): ShownPiece {
  const raw = new Uint8Array(piece.bytes);
  reader.file.read(raw, 0, piece.bytes, piece.offset);
  const header = {
    crc: readU32(raw, 0),
    table: readU48(raw, 4),
    kind: raw[10] ?? 0,
    flags: raw[11] ?? 0,
  };
  const codec = piece.kind === 'block' ? (codecName(header.kind) ?? `unknown (${header.kind})`) : '';
  const shown = { plainBytes: 0, list: [], tombstones: [], blobIds: [], separators: [] };
  const all = { ...piece, header, raw, codec, ...shown };
  try {
    if (piece.kind === 'block') return { ...all, ...showBlock(reader, piece, raw) };
    if (piece.problem !== '') return all;
    if (piece.kind === 'tombstones') return { ...all, tombstones: reader.rangeTombstones() };
    if (piece.kind === 'blobs') return { ...all, blobIds: reader.blobIds() };
    if (piece.kind === 'index') return { ...all, separators: separatorsOf(reader) };
    return all;
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    return { ...all, problem: piece.problem || error.message };
  }
}

function separatorsOf(reader: TableReader): Bytes[] {
  const index = reader.needIndex();
  const separators: Bytes[] = [];
  for (let block = 0; block + 1 < index.blockCount; block++) separators.push(index.separator(block));
  return separators;
}

type BlockPart = Pick<ShownPiece, 'plainBytes' | 'list' | 'problem'>;

function showBlock(reader: TableReader, piece: PieceDump, raw: Bytes): BlockPart {
  if (piece.problem === '') {
    const loader = reader.newLoader();
    reader.decodeBlock(piece.block, raw, 0, loader);
    return decodeEntries(reader, piece, loader.bytes, loader.base, loader.length);
  }
  // A damaged block whose body is plain may still tell something.
  const isPlain = reader.cipher === undefined && raw.length > PIECE_HEADER_BYTES && !packsBlocks(raw[10]!);
  return isPlain
    ? decodeEntries(reader, piece, raw, 0, raw.length)
    : { plainBytes: 0, list: [], problem: piece.problem };
}

function decodeEntries(
  reader: TableReader,
  piece: PieceDump,
  bytes: Bytes,
  base: number,
  length: number,
): BlockPart {
  const list: ShownEntry[] = [];
  const cursor = new BlockCursor();
  const scratch = new ValueScratch();
  let { problem } = piece;
  try {
    cursor.openBlock(bytes, base, length, reader.fileName, piece.offset);
    for (cursor.first(); cursor.isValid; cursor.next()) list.push(entryAt(cursor, base, scratch));
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    problem = problem === '' ? error.message : `${problem}; decoding stopped: ${error.message}`;
  }
  return { plainBytes: length, list, problem };
}

function entryAt(cursor: BlockCursor, base: number, scratch: ValueScratch): ShownEntry {
  const { kind, seq, keyBytes, keyLength, valueBytes, valueOffset, storedLength, rawLength } = cursor;
  const hasValue =
    kind !== KIND_DELETE &&
    unpackValue(
      kind,
      valueBytes,
      valueOffset,
      storedLength,
      kind === KIND_BLOB ? storedLength : rawLength,
      scratch,
    );
  return {
    key: keyBytes.slice(0, keyLength),
    kind: KIND_NAMES[kind] ?? 'raw',
    seq,
    valueOffset: valueOffset - base,
    storedBytes: storedLength,
    rawBytes: rawLength,
    value: hasValue ? scratch.bytes.slice(scratch.offset, scratch.offset + scratch.length) : undefined,
  };
}
