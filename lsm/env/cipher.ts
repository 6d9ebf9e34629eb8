/**
 * Encryption of what lies on disk: AES-256-GCM, one nonce and one tag for each piece (a block, a log record, a chunk of
 * a blob).
 *
 * Sealed bytes:
 *   offset  size  field
 *        0    12  nonce       random; never repeated under one key
 *       12     n  ciphertext  as long as the plain bytes
 *     12+n    16  tag         authenticates ciphertext and `aad`
 * `aad` says where a piece belongs, so that a piece moved to another place does not open.
 *
 * Random nonces of 96 bits: after 2^32 pieces under one key the chance of any repetition is below 2^-32.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  scryptSync,
  type KeyObject,
} from 'node:crypto';
import type { Bytes } from '../base/bytes.js';
import { invariant } from '../base/invariant.js';
import type { Random } from './env.js';

export interface Cipher {
  /** Bytes by which sealed bytes are longer than plain ones. */
  readonly overhead: number;
  /**
   * Seals `plain[offset, offset + length)` into `into[at…]`; the two may be the same bytes.
   * @returns bytes written: length + overhead
   */
  seal(plain: Bytes, offset: number, length: number, into: Bytes, at: number, aad: Bytes): number;
  /**
   * Opens `sealed[offset, offset + length)` into `into[at…]`; the two may be the same bytes.
   * @returns bytes written, or -1 (and nothing written) when the bytes, the key or `aad` are not those of `seal`
   */
  open(sealed: Bytes, offset: number, length: number, into: Bytes, at: number, aad: Bytes): number;
}

/** Bytes of a key of the cipher, and of a raw key given by the user. */
export const KEY_BYTES = 32;
/** Bytes of the salt kept in the file. */
export const SALT_BYTES = 16;
/** Bytes of `keyCheck`. */
export const KEY_CHECK_BYTES = 16;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

export class Aes256GcmCipher implements Cipher {
  readonly overhead = NONCE_BYTES + TAG_BYTES;
  private readonly key: KeyObject;
  private readonly random: Random;
  private readonly nonce: Uint8Array;

  /**
   * @param key     32 bytes, as `deriveKey` gives them
   * @param random  where nonces come from
   */
  constructor(key: Bytes, random: Random) {
    invariant(key.length === KEY_BYTES, 'a cipher key has 32 bytes');
    this.key = createSecretKey(key);
    this.random = random;
    this.nonce = new Uint8Array(NONCE_BYTES);
  }

  seal(plain: Bytes, offset: number, length: number, into: Bytes, at: number, aad: Bytes): number {
    this.random.fill(this.nonce);
    const cipher = createCipheriv(ALGORITHM, this.key, this.nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad);
    const body = cipher.update(plain.subarray(offset, offset + length));
    cipher.final();
    into.set(this.nonce, at);
    into.set(body, at + NONCE_BYTES);
    into.set(cipher.getAuthTag(), at + NONCE_BYTES + length);
    return length + this.overhead;
  }

  open(sealed: Bytes, offset: number, length: number, into: Bytes, at: number, aad: Bytes): number {
    const plainLength = length - this.overhead;
    if (plainLength < 0) return -1;
    const bodyAt = offset + NONCE_BYTES;
    const tagAt = bodyAt + plainLength;
    const nonce = sealed.subarray(offset, bodyAt);
    const decipher = createDecipheriv(ALGORITHM, this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(tagAt, tagAt + TAG_BYTES));
    const body = decipher.update(sealed.subarray(bodyAt, tagAt));
    try {
      decipher.final();
    } catch {
      return -1;
    }
    into.set(body, at);
    return plainLength;
  }
}

/**
 * The key of one file, from what the user gave: 32 raw bytes (HKDF-SHA-256), or a passphrase (scrypt, N = 2^15, r = 8,
 * p = 1: about 100 ms and 32 MiB; the passphrase is taken in Unicode form NFKC). The salt is kept in the file.
 * Part of the format: other parameters are a new format number.
 */
export function deriveKey(key: Uint8Array | string, salt: Bytes): Bytes {
  if (typeof key === 'string') {
    const derived = scryptSync(key.normalize('NFKC'), salt, KEY_BYTES, {
      N: 2 ** 15,
      r: 8,
      p: 1,
      maxmem: 64 * 1024 * 1024,
    });
    return new Uint8Array(derived.buffer, derived.byteOffset, derived.length);
  }
  return new Uint8Array(hkdfSync('sha256', key, salt, 'elmo file key', KEY_BYTES));
}

/** 16 bytes to keep in the file, by which a wrong key is recognised; they tell nothing of the key. */
export function keyCheck(key: Bytes): Bytes {
  const digest = createHmac('sha256', key).update('elmo key check').digest();
  return new Uint8Array(digest.subarray(0, KEY_CHECK_BYTES));
}
