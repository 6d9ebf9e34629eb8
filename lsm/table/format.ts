/**
 * The bytes of a table. A table lies in one extent, in this order:
 *   data blocks back to back | range tombstones | blob ids | filter | block index | footer
 * Each of these is a *piece*; a section that would be empty is left out. Offsets below are from the table's start.
 *
 * Piece:
 *   offset  size  field
 *        0     4  crc      u32le  CRC-32 of every later byte of the piece as on disk, continued from the piece's offset
 *                                 in the table: a piece read from, or written to, the wrong place does not pass
 *        4     6  table    u48le  id of the table
 *       10     1  kind     of a block: the id of its codec (codec.ts); of a section: 16 to 20 (below)
 *       11     1  flags    1 = the entries carry sequence numbers, 128 = the body is sealed
 *       12     n  body     plain; or packed; or, in an encrypted file, either of them sealed by the cipher, with
 *                          table u48le | offset of the piece u48le as additional data
 *   Packed (codecs lz4-block, deflate, zstd): length of the plain body u32le | packed bytes.
 *
 * Block, plain (offsets from the start of the piece; `blockBytes` limits the whole, unless it holds a single entry):
 *       12     2  entryCount    u16le
 *       14     2  prefixLength  u16le
 *       16     4  valuesLength  u32le
 *       20     4  keysLength    u32le
 *       24     v  values        stored values, in the order of the entries, with nothing between
 *          p  prefix     the bytes that all keys of the block begin with
 *        8 g  directory  for each group of 16 entries: head, 4 bytes: the first key's bytes after the prefix, padded with
 *                        zeros | offset of the group in `keys` u16le | offset of its values in `values` u16le
 *          k  keys       for each entry:
 *               shared   varint  bytes after the prefix shared with the key before; 0 for the first of a group
 *               suffix   varint  bytes of the key after those
 *               meta     varint  storedLength * 4 + kind
 *               [raw     varint  length of the value unpacked; for KIND_LZ4]
 *               [seq     varint  when the flag says so]
 *               suffix bytes
 *   Entries ascend by key; versions of one key follow each other, newest first.
 *
 *   Example, table 1, codec none, offset 0: 'ab' = 'x', 'ac' deleted:
 *     d9 37 f1 66  01 00 00 00 00 00  00  00 |
 *     02 00  01 00  01 00 00 00  08 00 00 00 | 78 | 61 | 62 00 00 00  00 00  00 00 | 00 01 05 62 | 00 01 00 63
 *
 * Sections:
 *   16 range tombstones  count varint, then each: seq varint | lowLength varint | low | highLength + 1 varint, or 0 for an
 *                        open end | high
 *   17 blob ids          count varint, then ascending ids as differences to the one before, varints
 *   18 filter            see bloom.ts
 *   19 block index       see table-index.ts
 *   20 footer            always plain, the last 64 bytes of the table:
 *       12     8  magic         65 6c 6d 6f 20 74 62 6c  'elmo tbl'
 *       20     2  format        u16le  1
 *       22     1  codec         id
 *       23     1  zero
 *       24     4  blockCount    u32le
 *       28     4  entryCount    u32le
 *       32    32  places        offset u32le and length u32le of: range tombstones, blob ids, filter, block index; the first is
 *                 the end of the blocks; length 0: no such section
 *
 * On disk since format 1: never renumber; a change is a new format number.
 */
export const TABLE_FORMAT = 1;
export const TABLE_MAGIC: readonly number[] = [0x65, 0x6c, 0x6d, 0x6f, 0x20, 0x74, 0x62, 0x6c];

export const PIECE_HEADER_BYTES = 12;
export const BLOCK_HEADER_BYTES = 24;
export const DIRECTORY_ENTRY_BYTES = 8;
export const FOOTER_BYTES = 64;
/** Entries of a group: delta-coded among themselves. A power of two. */
export const GROUP_ENTRIES = 16;

export const FLAG_SEQS = 1;
export const FLAG_SEALED = 128;

export const SECTION_TOMBSTONES = 16;
export const SECTION_BLOB_IDS = 17;
export const SECTION_FILTER = 18;
export const SECTION_INDEX = 19;
export const SECTION_FOOTER = 20;

/** A deletion of every key of [low, high) by the write `seq`. An empty low is open, and so is an absent high. */
export interface TableRangeTombstone {
  readonly low: Uint8Array;
  readonly high: Uint8Array | undefined;
  readonly seq: number;
}
