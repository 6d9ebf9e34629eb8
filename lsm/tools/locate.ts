/** What lies at a byte of the file: from the place that an error names to the thing that is damaged. */
import { listPieces, type PieceDump } from './pieces.js';
import { describeSpace, type SpaceSegment } from './space-dump.js';
import type { StoreFile } from './store-file.js';

export interface Located {
  readonly offset: number;
  /** For people: 'block 3 of table 7', 'free space', … */
  readonly what: string;
  /** Where that begins in the file, and how long it is. */
  readonly start: number;
  readonly bytes: number;
  /** Of a table: the piece that has the byte. */
  readonly piece: PieceDump | undefined;
}

/** @throws LsmError when the manifest cannot be read */
export function locate(file: StoreFile, offset: number): Located {
  const segment = describeSpace(file).segments.find(
    (candidate) => offset >= candidate.offset && offset < candidate.offset + candidate.bytes,
  );
  const at = (what: string, start: number, bytes: number, piece?: PieceDump): Located => ({
    offset,
    what,
    start,
    bytes,
    piece,
  });
  if (segment === undefined) return at('past the end of the file', offset, 0);
  const { offset: start, bytes, use } = segment;
  if (use === 'free') return at('free space', start, bytes);
  if (use === 'meta') return at(`meta slot ${offset < 4096 ? 0 : 1}`, offset < 4096 ? 0 : 4096, 4096);
  if (use === 'table') return inTable(file, segment, offset, at);
  if (use === 'manifest') {
    const index = (file.manifest?.records ?? []).findIndex(
      (record) => offset >= record.offset && offset < record.offset + record.bytes,
    );
    const record = file.manifest?.records[index];
    if (record === undefined) return at('the unused end of the manifest', start, bytes);
    return at(`record ${index} of the manifest`, record.offset, record.bytes);
  }
  return at(`blob ${segment.id}${use === 'blob' ? '' : ', of which only a log tells'}`, start, bytes);
}

function inTable(
  file: StoreFile,
  segment: SpaceSegment,
  offset: number,
  at: (what: string, start: number, bytes: number, piece?: PieceDump) => Located,
): Located {
  const reader = file.table(segment.id);
  const end = reader.meta.offset + reader.meta.dataBytes;
  if (offset >= end) {
    return at(`the unused end of table ${segment.id}`, end, segment.offset + segment.bytes - end);
  }
  const piece = listPieces(reader).pieces.find(
    (candidate) => offset >= candidate.offset && offset < candidate.offset + candidate.bytes,
  );
  if (piece === undefined) return at(`table ${segment.id}`, segment.offset, segment.bytes);
  const name = piece.kind === 'block' ? `block ${piece.block}` : piece.kind;
  return at(`${name} of table ${segment.id}`, piece.offset, piece.bytes, piece);
}
