/**
 * The frame around every block and section of a table: checksum, table id, kind, and the seal of an encrypted file.
 * The layout is told in format.ts.
 */
import { readU48, readU32, writeU32, writeU48, type Bytes } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import type { Cipher } from '../env/cipher.js';
import { FLAG_SEALED, PIECE_HEADER_BYTES } from './format.js';

const aad: Bytes = new Uint8Array(12);

/** What the cipher ties a piece to. Valid until the next call. */
function placeOf(tableId: number, offset: number): Bytes {
  writeU48(aad, 0, tableId);
  writeU48(aad, 6, offset);
  return aad;
}

/** Bytes of a piece whose body has `bodyLength` bytes. */
export function pieceBytes(bodyLength: number, cipher: Cipher | undefined): number {
  return PIECE_HEADER_BYTES + bodyLength + (cipher === undefined ? 0 : cipher.overhead);
}

/**
 * Completes the piece at `into[at…]`, whose body lies plain behind the room for the header; seals it in place.
 * @param offset  of the piece in the table
 * @returns bytes of the piece: `pieceBytes`, for which there must be room
 */
export function finishPiece(
  into: Bytes,
  at: number,
  bodyLength: number,
  tableId: number,
  offset: number,
  kind: number,
  flags: number,
  cipher: Cipher | undefined,
): number {
  const body = at + PIECE_HEADER_BYTES;
  let length = PIECE_HEADER_BYTES + bodyLength;
  if (cipher !== undefined) {
    length = PIECE_HEADER_BYTES + cipher.seal(into, body, bodyLength, into, body, placeOf(tableId, offset));
    flags |= FLAG_SEALED;
  }
  writeU48(into, at + 4, tableId);
  into[at + 10] = kind;
  into[at + 11] = flags;
  writeU32(into, at, crc32(into, at + 4, length - 4, offset));
  return length;
}

/**
 * Checks what every physical read must check.
 * @param offset  of the piece in the table
 * @returns what is wrong with the piece, or '' when nothing is
 */
export function checkPiece(
  bytes: Bytes,
  at: number,
  length: number,
  tableId: number,
  offset: number,
  isSealed: boolean,
): string {
  if (length < PIECE_HEADER_BYTES) return `a piece of ${length} bytes is shorter than its header`;
  const expected = readU32(bytes, at);
  const actual = crc32(bytes, at + 4, length - 4, offset);
  if (actual !== expected) return `checksum ${hex(expected)} expected, got ${hex(actual)}`;
  const id = readU48(bytes, at + 4);
  if (id !== tableId) return `a piece of table ${tableId} expected, got one of table ${id}`;
  if (((bytes[at + 11]! & FLAG_SEALED) !== 0) !== isSealed) {
    return isSealed
      ? 'an encrypted piece expected, got a plain one'
      : 'a plain piece expected, got an encrypted one';
  }
  return '';
}

/**
 * Opens the sealed body of a checked piece into `into[intoAt…]` (which may be the piece itself).
 * @returns bytes of the plain body, or -1 when it does not authenticate
 */
export function openSealed(
  bytes: Bytes,
  at: number,
  length: number,
  tableId: number,
  offset: number,
  into: Bytes,
  intoAt: number,
  cipher: Cipher,
): number {
  const sealed = length - PIECE_HEADER_BYTES;
  if (sealed < cipher.overhead) return -1;
  return cipher.open(bytes, at + PIECE_HEADER_BYTES, sealed, into, intoAt, placeOf(tableId, offset));
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
