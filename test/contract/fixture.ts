/** What the parts of the contract suite share: a fresh store for each test, and words for keys, values and refusals. */
import { expect } from 'chai';
import { LsmError, type LsmErrorCode } from '../../lsm/errors.js';
import type { Bytes, Cursor, Direction, KeyRange, OrderedKv, ReadView } from '../../lsm/ordered-kv.js';

/** A store under test, empty at first. */
export interface OpenedKv {
  readonly kv: OrderedKv;
  /** Ends the test's use of it: closes the store if it is open, and removes what it left. */
  close(): Promise<void>;
}

export type OpenKv = () => Promise<OpenedKv>;

/** The store of the running test. */
export interface Fixture {
  readonly kv: OrderedKv;
}

/**
 * Opens a store before each test of the enclosing `describe`, and closes it after.
 * @param atEnd  what must hold of the store after each test
 */
export function freshStore(open: OpenKv, atEnd?: (kv: OrderedKv) => void): Fixture {
  let opened: OpenedKv | undefined;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(async () => {
    const ended = opened;
    opened = undefined;
    try {
      if (ended !== undefined) atEnd?.(ended.kv);
    } finally {
      await ended?.close();
    }
  });
  return {
    get kv(): OrderedKv {
      if (opened === undefined) throw new Error('no test is running');
      return opened.kv;
    },
  };
}

/** A key or value from text (one byte a character, so '\xff' is the byte 255). */
export function b(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function show(bytes: Bytes | undefined): string | undefined {
  return bytes === undefined ? undefined : String.fromCharCode(...bytes);
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(length: number, seed: number): Bytes {
  const bytes = new Uint8Array(length);
  let state = (seed + 1) * 0x9e37_79b1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Equality that fails with a line rather than with megabytes of difference. */
export function expectBytes(got: Bytes | undefined, expected: Bytes | undefined): void {
  if (got === undefined || expected === undefined) {
    expect(got === undefined, 'is absent').to.equal(expected === undefined);
    return;
  }
  expect(got.length, 'length').to.equal(expected.length);
  const at = got.findIndex((byte, i) => byte !== expected[i]);
  expect(at, 'first byte that differs').to.equal(-1);
}

export async function fill(kv: OrderedKv, entries: Readonly<Record<string, string>>): Promise<void> {
  const batch = kv.batch();
  for (const [key, value] of Object.entries(entries)) batch.put(b(key), b(value));
  await kv.write(batch);
}

export function range(low?: string, high?: string): KeyRange {
  return { ...(low === undefined ? {} : { low: b(low) }), ...(high === undefined ? {} : { high: b(high) }) };
}

/** The entries of a range, as 'key=value'. */
export function entries(view: ReadView, within: KeyRange = {}, direction: Direction = 'forward'): string[] {
  return drain(view.scan(within, direction));
}

/** What is left of a scan, as 'key=value'; closes the cursor. */
export function drain(cursor: Cursor): string[] {
  const found: string[] = [];
  while (cursor.next()) found.push(here(cursor)!);
  cursor.close();
  return found;
}

/** The entry at a cursor, as 'key=value'. */
export function here(cursor: Cursor): string | undefined {
  if (!cursor.isValid) return undefined;
  const key = show(cursor.keyBytes.subarray(0, cursor.keyLength));
  expect(show(cursor.key())).to.equal(key);
  cursor.loadValue();
  const { valueBytes, valueOffset, valueLength } = cursor;
  return `${key}=${show(valueBytes.subarray(valueOffset, valueOffset + valueLength))}`;
}

/** Runs what must be refused, at once or in its promise. */
export async function expectCode(code: LsmErrorCode, run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    expect(error.code).to.equal(code);
    expect(error.message.length).to.be.greaterThan(10);
    return;
  }
  expect.fail(`expected a refusal with code ${code}`);
}
