/**
 * Makes blocks plain: checks their checksum, opens the seal and unpacks them. Results are in registers.
 */
import { NO_BYTES, readU32, type Bytes } from '../base/bytes.js';
import type { Cipher } from '../env/cipher.js';
import { corrupt, type LsmError } from '../errors.js';
import { MAX_KEY_BYTES } from '../options.js';
import { canUnpackTo, CODEC_ZSTD, packsBlocks, unpackBlock } from './codec.js';
import { BLOCK_HEADER_BYTES, FLAG_SEALED, FLAG_SEQS, PIECE_HEADER_BYTES } from './format.js';
import { checkPiece, openSealed } from './piece.js';

/** No block is longer than that of the longest key with the longest inline value, and some numbers. */
const MAX_BODY_BYTES = 16 * 1024 * 1024 + 2 * MAX_KEY_BYTES + 4096;

/** Bytes on their way from a file; shared by all loaders, each use ends before the next begins. */
let stage: Bytes = NO_BYTES;

export class BlockLoader {
  /** After `decode`: the plain block is `bytes[base, base + length)`. */
  bytes: Bytes = NO_BYTES;
  base = 0;
  length = 0;
  /** After `open`: bytes of the block's body once it is unpacked. */
  plainLength = 0;
  /** After `open`: where the body lies, packed by `bodyCodec` if that packs blocks. */
  private bodyAt = 0;
  private bodyLength = 0;
  private bodyCodec = 0;
  private flags = 0;
  private offset = 0;
  private plain: Bytes = NO_BYTES;

  /** @param position  of the table in the file, for errors */
  constructor(
    private readonly tableId: number,
    private readonly position: number,
    private readonly cipher: Cipher | undefined,
    private readonly file: string,
  ) {}

  /** Whether blocks of such a table are plain on disk. */
  isDirect(codec: number): boolean {
    return this.cipher === undefined && !packsBlocks(codec);
  }

  /** A buffer for bytes on their way from the file; valid until the next call on any loader. */
  staging(length: number): Bytes {
    if (stage.length < length) stage = new Uint8Array(Math.max(length, stage.length * 2));
    return stage;
  }

  private check(bytes: Bytes, at: number, length: number, offset: number): void {
    const what = checkPiece(bytes, at, length, this.tableId, offset, this.cipher !== undefined);
    if (what !== '') throw this.damaged(what, offset);
    const codec = bytes[at + 10]!;
    if (codec > CODEC_ZSTD) throw this.damaged(`a codec expected, got ${codec}`, offset);
    if ((bytes[at + 11]! & ~(FLAG_SEQS | FLAG_SEALED)) !== 0) throw this.damaged('unknown flags', offset);
  }

  /** Checks a block of a table whose blocks are plain on disk. @throws LsmError Corrupt */
  checkDirect(bytes: Bytes, at: number, length: number, offset: number): void {
    this.check(bytes, at, length, offset);
    if (packsBlocks(bytes[at + 10]!)) throw this.damaged('a plain block expected, got a packed one', offset);
  }

  /**
   * Checks a block and opens its seal, in place; `plainLength` tells how long its body will be.
   * @param codec  that of the table: its blocks are packed by it, or not at all
   * @returns the bytes to pass to `unpack`
   */
  open(codec: number, bytes: Bytes, at: number, length: number, offset: number): Bytes {
    this.check(bytes, at, length, offset);
    const body = at + PIECE_HEADER_BYTES;
    let bodyLength = length - PIECE_HEADER_BYTES;
    if (this.cipher !== undefined) {
      bodyLength = openSealed(bytes, at, length, this.tableId, offset, bytes, body, this.cipher);
      if (bodyLength < 0) throw this.damaged('it does not authenticate', offset);
    }
    this.bodyAt = body;
    this.bodyLength = bodyLength;
    this.bodyCodec = bytes[at + 10]!;
    this.flags = bytes[at + 11]!;
    this.offset = offset;
    this.plainLength = bodyLength;
    if (packsBlocks(this.bodyCodec)) {
      if (this.bodyCodec !== codec)
        throw this.damaged(`codec ${codec} expected, got ${this.bodyCodec}`, offset);
      if (bodyLength < 4) throw this.damaged('a packed block is too short', offset);
      const plainLength = readU32(bytes, body);
      if (
        plainLength > MAX_BODY_BYTES ||
        plainLength < BLOCK_HEADER_BYTES - PIECE_HEADER_BYTES ||
        !canUnpackTo(this.bodyCodec, bodyLength - 4, plainLength)
      ) {
        throw this.damaged(`a block cannot have ${plainLength} bytes`, offset);
      }
      this.plainLength = plainLength;
    }
    return bytes;
  }

  /** Writes the plain block that was opened, with room for a piece's header, to `into[at…]`. */
  unpack(body: Bytes, into: Bytes, at: number): void {
    const { bodyAt, bodyLength, bodyCodec, plainLength } = this;
    into[at + 10] = bodyCodec;
    into[at + 11] = this.flags;
    if (!packsBlocks(bodyCodec)) {
      into.set(body.subarray(bodyAt, bodyAt + bodyLength), at + PIECE_HEADER_BYTES);
      return;
    }
    const to = at + PIECE_HEADER_BYTES;
    const length = unpackBlock(bodyCodec, body, bodyAt + 4, bodyLength - 4, into, to, plainLength);
    if (length !== plainLength) throw this.damaged('its packed bytes are malformed', this.offset);
  }

  /** Makes a block plain: in place, or in a buffer of the loader's own when it is packed. */
  decode(codec: number, bytes: Bytes, at: number, length: number, offset: number): void {
    if (this.isDirect(codec)) {
      this.checkDirect(bytes, at, length, offset);
      this.bytes = bytes;
      this.base = at;
      this.length = length;
      return;
    }
    // The bytes given may be decoded again: their seal is opened in a copy.
    const copy = this.staging(length);
    copy.set(bytes.subarray(at, at + length));
    const body = this.open(codec, copy, 0, length, offset);
    this.length = PIECE_HEADER_BYTES + this.plainLength;
    if (this.plain.length < this.length) {
      this.plain = new Uint8Array(Math.max(this.length, this.plain.length * 2));
    }
    this.bytes = this.plain;
    this.base = 0;
    this.unpack(body, this.plain, 0);
  }

  private damaged(what: string, offset: number): LsmError {
    return corrupt(`block of table ${this.tableId}: ${what}`, this.file, this.position + offset);
  }
}
