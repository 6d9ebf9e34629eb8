/**
 * The documents every peer is given: orders of about 490 bytes with nested objects, arrays and dates, the users who made
 * them, and flat records of 1 KB for YCSB. Seeded and addressed by number, so that any answer can be computed again.
 */
import { mix } from '../data.js';

export const STATUSES = ['new', 'paid', 'packed', 'shipped', 'delivered'] as const;
export const USERS = 10_000;
const COUNTRIES = 20;
const CITIES = 1000;
const TAGS = 2000;
const FIRST_AT = Date.UTC(2024, 0, 1);
/** One order every 100 seconds. */
const STEP_MS = 100_000;

export interface Item {
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
}

export interface Order {
  /** 24 hexadecimal digits, ascending; peers make of it what they take for an `_id`. */
  readonly id: string;
  readonly number: string;
  readonly userId: number;
  readonly status: string;
  readonly createdAt: Date;
  readonly revision: number;
  readonly total: number;
  readonly shipping: {
    readonly name: string;
    readonly street: string;
    readonly city: string;
    readonly country: string;
  };
  readonly items: readonly Item[];
  readonly tags: readonly string[];
}

export interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

export const orderId = (i: number): string =>
  `${(0x65000000 + (i >>> 8)).toString(16)}0011223344${(i + 0x100000).toString(16).padStart(6, '0')}`;
export const orderNumber = (i: number): string => `ORD-${String(i).padStart(10, '0')}`;
export const createdAt = (i: number): Date => new Date(FIRST_AT + i * STEP_MS);
export const statusOf = (i: number, seed: number): string => STATUSES[mix(i, seed + 1) % STATUSES.length]!;
export const totalOf = (i: number, seed: number): number => (mix(i, seed + 2) % 1_000_000) / 100;
export const userIdOf = (i: number, seed: number): number => mix(i, seed + 3) % USERS;
export const countryOf = (i: number, seed: number): string => country(mix(i, seed + 4));
export const cityOf = (i: number, seed: number): string => city(mix(i, seed + 5));
export const country = (n: number): string => `Country ${String.fromCharCode(65 + (n % COUNTRIES))}`;
export const city = (n: number): string => `City of ${String(n % CITIES).padStart(4, '0')}`;
export const tag = (n: number): string => `tag-${n % TAGS}`;
export const tagsOf = (i: number, seed: number): string[] => [6, 7].map((salt) => tag(mix(i, seed + salt)));

export function order(i: number, seed: number): Order {
  const userId = userIdOf(i, seed);
  const h = mix(i, seed + 8);
  return {
    id: orderId(i),
    number: orderNumber(i),
    userId,
    status: statusOf(i, seed),
    createdAt: createdAt(i),
    revision: 0,
    total: totalOf(i, seed),
    shipping: {
      name: `Person Number ${userId}`,
      street: `${h % 500} Example Street`,
      city: cityOf(i, seed),
      country: countryOf(i, seed),
    },
    items: [0, 1, 2].map((n) => ({
      sku: `SKU-${String(mix(h, n) % 100_000).padStart(6, '0')}`,
      quantity: 1 + (mix(h, n + 3) % 5),
      price: (mix(h, n + 6) % 100_000) / 100,
    })),
    tags: tagsOf(i, seed),
  };
}

export function user(id: number): User {
  return { id, name: `Person Number ${id}`, email: `person.${id}@example.org` };
}

export const RECORD_FIELDS = 10;
export const FIELD_BYTES = 100;

/** A record of YCSB: `field0` to `field9`, 100 characters each. */
export interface FlatRecord {
  readonly id: string;
  readonly [field: string]: string;
}

export const recordId = (i: number): string => `user${String(mix(i, 77)).padStart(10, '0')}${i}`;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Letters and digits without a pattern. */
export function fieldText(i: number, field: number, generation: number): string {
  let state = mix(i, field * 1009 + generation) | 1;
  let text = '';
  while (text.length < FIELD_BYTES) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += LETTERS[state & 63]! + LETTERS[(state >>> 8) & 63]! + LETTERS[(state >>> 16) & 63]!;
  }
  return text.slice(0, FIELD_BYTES);
}

export function flatRecord(i: number): FlatRecord {
  const made: Record<string, string> = {};
  for (let field = 0; field < RECORD_FIELDS; field++) made[`field${field}`] = fieldText(i, field, 0);
  return { id: recordId(i), ...made };
}

/**
 * Numbers of [0, count), few of them often: the zipfian distribution of YCSB (constant 0.99), scattered over the range.
 * Source: Gray et al., "Quickly Generating Billion-Record Synthetic Databases".
 */
export class Zipfian {
  private readonly zetaN: number;
  private readonly eta: number;
  private readonly alpha: number;
  private state: number;

  constructor(
    readonly count: number,
    seed: number,
    theta = 0.99,
  ) {
    let zeta = 0;
    for (let i = 1; i <= count; i++) zeta += 1 / i ** theta;
    this.zetaN = zeta;
    this.alpha = 1 / (1 - theta);
    this.eta = (1 - (2 / count) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
    this.state = seed;
  }

  /** In [0, 1). */
  random(): number {
    this.state = (this.state + 1) | 0;
    return mix(this.state, 0x5eed) / 2 ** 32;
  }

  /** The rank: 0 is the most frequent. */
  rank(): number {
    const u = this.random();
    const uz = u * this.zetaN;
    if (uz < 1) return 0;
    if (uz < 1 + 0.5 ** 0.99) return 1;
    return Math.min(this.count - 1, Math.floor(this.count * (this.eta * u - this.eta + 1) ** this.alpha));
  }

  next(): number {
    return mix(this.rank(), 3) % this.count;
  }
}
