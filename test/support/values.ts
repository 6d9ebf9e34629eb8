/**
 * Keys and values by name. A name is a short string that says how to make the bytes, so that a program of steps is plain
 * data: it prints, shrinks and can be kept in a file.
 *
 *   key names   family:n       value names   kind:seed:length
 *     a:7   1 to 3 bytes, dense              e          empty
 *     d:7   16 decimal digits                r:5:100    random bytes
 *     p:7   40 shared bytes, then 4          c:5:100    half of it compresses
 *     z:7   0x00, 0x01 and 0xff only         t:5:100    words, compresses well
 *     u:7   like a URL
 *     h:7   65,536 bytes
 * The same name is the same bytes for ever.
 */
import type { Bytes } from '../../lsm/base/bytes.js';

/** A source of seeded choices. */
export interface Dice {
  /** A whole number of [0, below). */
  int(below: number): number;
}

export type KeyName = string;
export type ValueName = string;

const MAX_KEY_BYTES = 65_536;
const HOSTS = ['example.org', 'docs.example.org', 'a.example', 'very-long-host-name.example.net'];
const WORDS = ['river', 'stone', 'letter', 'green', 'of', 'the', 'window', 'seven', 'north', 'quiet'];

const keys = new Map<KeyName, Bytes>();
const values = new Map<ValueName, Bytes>();
let valueBytesKept = 0;
const VALUE_BYTES_KEPT = 8 << 20;

/** @returns the key of a name; the caller does not change it */
export function keyOf(name: KeyName): Bytes {
  let key = keys.get(name);
  if (key === undefined) {
    key = makeKey(name);
    keys.set(name, key);
  }
  return key;
}

/** @returns the value of a name; the caller does not change it */
export function valueOf(name: ValueName): Bytes {
  let value = values.get(name);
  if (value === undefined) {
    value = makeValue(name);
    if (valueBytesKept + value.length > VALUE_BYTES_KEPT) {
      values.clear();
      valueBytesKept = 0;
    }
    values.set(name, value);
    valueBytesKept += value.length;
  }
  return value;
}

/** A key name out of about `universe` of each family; mostly of the families whose keys collide and neighbour. */
export function pickKey(dice: Dice, universe = 24): KeyName {
  const n = dice.int(universe);
  const roll = dice.int(1000);
  if (roll < 450) return `a:${n}`;
  if (roll < 650) return `d:${n}`;
  if (roll < 780) return `p:${n}`;
  if (roll < 900) return `z:${n}`;
  if (roll < 997) return `u:${n}`;
  return `h:${n % 3}`;
}

/**
 * A value name; `bigBytes` bounds the long ones, which are `bigPercent` of all and long enough to be blobs under small
 * `blobBytes`.
 */
export function pickValue(dice: Dice, bigBytes = 5000, bigPercent = 8): ValueName {
  const seed = dice.int(1000);
  const roll = dice.int(100);
  if (roll < 6) return 'e';
  const isBig = roll >= 100 - bigPercent;
  const length = isBig ? 300 + dice.int(bigBytes) : roll < 70 ? 1 + dice.int(60) : 60 + dice.int(240);
  return `${'rct'[dice.int(3)]!}:${seed}:${length}`;
}

function makeKey(name: KeyName): Bytes {
  const [family, digits] = name.split(':');
  const n = Number(digits);
  switch (family) {
    case 'a':
      return ascii(n.toString(3).slice(-3));
    case 'd':
      return ascii(String(n * 7919).padStart(16, '0'));
    case 'p':
      return concat(ascii('a/long/prefix/that/many/keys/have/common'), bigEndian(n * 2654435));
    case 'z':
      return Uint8Array.from((n + 1).toString(3), (digit) => [0x00, 0x01, 0xff][Number(digit)]!);
    case 'u':
      return ascii(`https://${HOSTS[n % 4]!}/articles/${n % 7}/page-${n}.html`);
    case 'h': {
      const key = new Uint8Array(MAX_KEY_BYTES).fill(0x68);
      key[MAX_KEY_BYTES - 1] = n;
      return key;
    }
    default:
      throw new Error(`no such key name: ${name}`);
  }
}

function makeValue(name: ValueName): Bytes {
  if (name === 'e') return new Uint8Array(0);
  const [kind, seedDigits, lengthDigits] = name.split(':');
  const length = Number(lengthDigits);
  const noise = new Noise(Number(seedDigits) + length * 1009);
  const value = new Uint8Array(length);
  switch (kind) {
    case 'r':
      for (let i = 0; i < length; i++) value[i] = noise.next();
      return value;
    case 'c': {
      const half = Math.ceil(length / 2);
      for (let i = 0; i < half; i++) value[i] = noise.next();
      value.copyWithin(half, 0, length - half);
      return value;
    }
    case 't': {
      let at = 0;
      while (at < length) {
        for (const letter of `${WORDS[noise.next() % WORDS.length]!} `) {
          if (at < length) value[at++] = letter.charCodeAt(0);
        }
      }
      return value;
    }
    default:
      throw new Error(`no such value name: ${name}`);
  }
}

/** A small fixed generator of its own, so that the bytes of a name never change. */
class Noise {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  }

  /** A byte. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return (Math.imul(x, 0x2c1b3c6d) >>> 13) & 0xff;
  }
}

function ascii(text: string): Bytes {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function bigEndian(n: number): Bytes {
  return Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
}

function concat(a: Bytes, b: Bytes): Bytes {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
