/**
 * Plays the steps of a program on a store and says, in a line of text each, what could be seen: two stores that keep the
 * same contract give the same lines.
 *
 * What the contract leaves open is not looked at: sequence numbers, estimates, whether a value is a blob, and where a
 * cursor stands after it ran off an end.
 */
import { crc32 } from '../../lsm/base/checksum.js';
import { equalBytes, type Bytes } from '../../lsm/base/bytes.js';
import { LsmError } from '../../lsm/errors.js';
import type { Cursor, KeyRange, OrderedKv, ReadView, Snapshot, Transaction } from '../../lsm/ordered-kv.js';
import type { Move, Op, Step, View } from '../support/programs.js';
import { keyOf, valueOf, type KeyName, type ValueName } from '../support/values.js';

/** What the source of a broken stream throws. */
export class SourceBroke extends Error {}

export class Player {
  readonly #snapshots = new Map<View, Snapshot>();
  readonly #transactions = new Map<View, Transaction>();
  readonly #marks = new Map<View, Map<number, number>>();
  #held: Promise<string>[] = [];

  constructor(public kv: OrderedKv) {}

  /** Plays one step of reading or writing. Steps about files do nothing here but end what a closing store ends. */
  async play(step: Step): Promise<string> {
    const before = step.do === 'write' && step.hold ? '' : await this.#join();
    let seen: string;
    try {
      seen = await this.#play(step);
    } catch (error) {
      seen = describeError(error);
    }
    return before + seen;
  }

  /** Releases every snapshot and rolls every transaction back, as one must before closing a store. */
  async letGo(): Promise<void> {
    await this.#join();
    for (const snapshot of this.#snapshots.values()) snapshot.release();
    for (const transaction of this.#transactions.values()) transaction.rollback();
    this.forget();
  }

  /** Drops all slots without a word to the store: it has crashed. */
  forget(): void {
    this.#snapshots.clear();
    this.#transactions.clear();
    this.#marks.clear();
    this.#held = [];
  }

  /** Everything the store holds, in one line per entry. */
  everything(backward = false): string {
    const cursor = this.kv.scan({}, backward ? 'backward' : 'forward');
    let seen = '';
    while (cursor.next()) seen += `${entryAt(cursor)}\n`;
    cursor.close();
    return seen;
  }

  async #join(): Promise<string> {
    if (this.#held.length === 0) return '';
    const held = this.#held;
    this.#held = [];
    return `(${(await Promise.all(held)).join(' ')}) `;
  }

  async #play(step: Step): Promise<string> {
    switch (step.do) {
      case 'write':
        return this.#write(step.at, step.op, step.sync, step.hold);
      case 'batch': {
        const batch = this.kv.batch();
        for (const op of step.ops) apply(batch, op);
        await this.kv.write(batch, { sync: step.sync });
        return 'written';
      }
      case 'load':
        return (await loadAll(this.kv, step)) ? 'loaded' : 'keys are not distinct';
      case 'stream': {
        const key = keyOf(step.key);
        const source = chunksOf(step.value, step.chunk, step.breaks);
        if (step.at === 'store') await this.kv.putStream(key, source, { sync: step.sync });
        else {
          const transaction = this.#transactions.get(step.at);
          if (transaction === undefined) return 'no slot';
          await transaction.putStream(key, source);
        }
        return 'streamed';
      }
      case 'get': {
        const view = this.#view(step.at);
        return view === undefined ? 'no slot' : getIn(view, step.key);
      }
      case 'read': {
        const view = this.#view(step.at);
        return view === undefined ? 'no slot' : readIn(view, step.key, step.from, step.piece);
      }
      case 'scan': {
        const view = this.#view(step.at);
        return view === undefined ? 'no slot' : scanIn(view, step);
      }
      case 'snapshot':
        this.#snapshots.get(step.slot)?.release();
        this.#snapshots.set(step.slot, this.kv.snapshot());
        return 'taken';
      case 'release':
        this.#snapshots.get(step.slot)?.release();
        this.#snapshots.delete(step.slot);
        return 'released';
      case 'begin':
        if (this.#transactions.has(step.slot)) return 'busy';
        this.#transactions.set(step.slot, this.kv.begin({ label: step.slot }));
        this.#marks.set(step.slot, new Map());
        return 'begun';
      case 'declare':
      case 'savepoint':
      case 'rollbackTo':
      case 'releaseSavepoint':
      case 'settleTransaction':
      case 'commit':
      case 'rollback':
        return this.#inTransaction(step);
      case 'reopen':
      case 'crash':
      case 'flush':
      case 'settle':
      case 'mergeAll':
      case 'compact':
      case 'join':
      case 'tick':
        return 'done';
    }
  }

  #write(at: View, op: Op, sync?: boolean, hold?: boolean): Promise<string> | string {
    if (at !== 'store') {
      const transaction = this.#transactions.get(at);
      if (transaction === undefined) return 'no slot';
      apply(transaction, op);
      return 'noted';
    }
    const written = writeOne(this.kv, op, sync).then(() => 'written', describeError);
    if (!hold) return written;
    this.#held.push(written);
    return 'held';
  }

  async #inTransaction(step: Step & { slot: View }): Promise<string> {
    const transaction = this.#transactions.get(step.slot);
    const marks = this.#marks.get(step.slot);
    if (transaction === undefined || marks === undefined) return 'no slot';
    switch (step.do) {
      case 'declare':
        if (step.high === undefined) transaction.declareRead(keyOf(step.low));
        else transaction.declareReadRange({ low: keyOf(step.low), high: keyOf(step.high) });
        return `declared ${transaction.hasConflict(keyOf(step.low))}`;
      case 'savepoint':
        marks.set(step.mark, transaction.savepoint());
        return 'marked';
      case 'rollbackTo': {
        const mark = marks.get(step.mark);
        if (mark === undefined) return 'no mark';
        transaction.rollbackTo(mark);
        // Marks set after it are gone with what they marked.
        for (const [name, other] of marks) if (other > mark) marks.delete(name);
        return 'rolled back to it';
      }
      case 'releaseSavepoint': {
        const mark = marks.get(step.mark);
        if (mark === undefined) return 'no mark';
        transaction.releaseSavepoint(mark);
        for (const [name, other] of marks) if (other >= mark) marks.delete(name);
        return 'mark released';
      }
      case 'settleTransaction':
        await transaction.settle();
        return 'settled';
      case 'commit':
      case 'rollback':
        this.#transactions.delete(step.slot);
        if (step.do === 'rollback') transaction.rollback();
        else await transaction.commit({ sync: step.sync });
        return step.do;
      default:
        return 'done';
    }
  }

  #view(at: View): ReadView | undefined {
    if (at === 'store') return this.kv;
    return at.startsWith('s') ? this.#snapshots.get(at) : this.#transactions.get(at);
  }
}

/** What batches and transactions have in common. */
interface Writable {
  put(key: Bytes, value: Bytes): unknown;
  delete(key: Bytes): unknown;
  deleteRange(range: KeyRange): unknown;
}

export function apply(to: Writable, op: Op): void {
  if (op[0] === 'put') to.put(keyOf(op[1]), valueOf(op[2]));
  else if (op[0] === 'delete') to.delete(keyOf(op[1]));
  else to.deleteRange(rangeOf(op[1], op[2]));
}

/** @returns whether it was committed: what must be distinct may not be */
export async function loadAll(
  kv: Pick<OrderedKv, 'load'>,
  { puts, isDistinct }: Step & { do: 'load' },
): Promise<boolean> {
  const load = kv.load({ isDistinct });
  for (const [, key, value] of puts) {
    load.put(keyOf(key), keyOf(key).length, valueOf(value), valueOf(value).length);
    await load.settle();
  }
  return load.commit();
}

export function writeOne(kv: OrderedKv, op: Op, sync?: boolean): Promise<void> {
  try {
    if (op[0] === 'put') return kv.put(keyOf(op[1]), valueOf(op[2]), { sync });
    if (op[0] === 'delete') return kv.delete(keyOf(op[1]), { sync });
    return kv.deleteRange(rangeOf(op[1], op[2]), { sync });
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

export function rangeOf(low: KeyName | null | undefined, high: KeyName | null | undefined): KeyRange {
  return {
    ...(low == null ? {} : { low: keyOf(low) }),
    ...(high == null ? {} : { high: keyOf(high) }),
  };
}

/** A value in pieces of `chunk` bytes; a broken source throws half-way. */
export async function* chunksOf(value: ValueName, chunk: number, breaks?: boolean): AsyncIterable<Bytes> {
  const bytes = valueOf(value);
  for (let at = 0; at < bytes.length; at += chunk) {
    if (breaks && at >= bytes.length / 2) break;
    yield bytes.slice(at, at + chunk);
    await Promise.resolve();
  }
  if (breaks) throw new SourceBroke('the source broke');
}

function getIn(view: ReadView, name: KeyName): string {
  const key = keyOf(name);
  const value = view.get(key);
  const info = view.describe(key);
  const flaws: string[] = [];
  if (view.has(key) !== (value !== undefined)) flaws.push('has disagrees');
  if (info?.length !== value?.length) flaws.push(`describe says ${info?.length}`);
  if (view.lookup(key) !== (value !== undefined)) flaws.push('lookup disagrees');
  else if (value !== undefined) {
    const there = view.valueBytes.subarray(view.valueOffset, view.valueOffset + view.valueLength);
    if (!equalBytes(there, value)) flaws.push('the registers of lookup differ');
  }
  return [value === undefined ? 'absent' : digest(value), ...flaws].join('; ');
}

function readIn(view: ReadView, name: KeyName, from: number, piece: number): string {
  const reader = view.openValue(keyOf(name));
  if (reader === undefined) return 'absent';
  const into = new Uint8Array(piece + 2);
  let crc = 0;
  let position = from;
  for (;;) {
    const n = reader.read(into, 1, piece, position);
    if (n === 0) break;
    crc = crc32(into, 1, n, crc);
    position += n;
  }
  const seen = `${reader.length}, from ${from}: ${Math.max(0, position - from)} bytes, ${crc.toString(16)}`;
  reader.close();
  return into[0] === 0 && into[piece + 1] === 0 ? seen : `${seen}; wrote outside the range`;
}

function scanIn(view: ReadView, step: Step & { do: 'scan' }): string {
  const cursor = view.scan(rangeOf(step.low, step.high), step.backward ? 'backward' : 'forward');
  try {
    return step.moves.map((move, i) => makeMove(cursor, move, i === 0)).join(' | ');
  } finally {
    cursor.close();
  }
}

function makeMove(cursor: Cursor, move: Move, isFirst: boolean): string {
  if (move[0] === 'seek') {
    const found = cursor.seek(keyOf(move[1]), move[2]);
    return found === cursor.isValid ? entryAt(cursor) : `seek says ${found}, isValid ${cursor.isValid}`;
  }
  let seen = '';
  for (let n = move[1]; n > 0; n--) {
    const fresh = isFirst && n === move[1] && move[0] === 'next';
    if (!fresh && !cursor.isValid) break;
    if (move[0] === 'next') cursor.next();
    else cursor.previous();
    seen += `${entryAt(cursor)},`;
  }
  return seen;
}

function entryAt(cursor: Cursor): string {
  if (!cursor.isValid) return '-';
  const key = cursor.key();
  if (!equalBytes(key, cursor.keyBytes.subarray(0, cursor.keyLength))) return 'key() and keyBytes differ';
  const length = cursor.valueLength;
  const value = cursor.value();
  cursor.loadValue();
  const there = cursor.valueBytes.subarray(cursor.valueOffset, cursor.valueOffset + cursor.valueLength);
  if (length !== value.length || !equalBytes(value, there)) return 'value() and the registers differ';
  return `${digest(key, true)}=${digest(value)}`;
}

function digest(bytes: Bytes, withHead = false): string {
  const head = withHead ? `${Array.from(bytes.subarray(0, 8), hexByte).join('')}~` : '';
  return `${head}${bytes.length}:${crc32(bytes, 0, bytes.length).toString(16)}`;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function describeError(error: unknown): string {
  if (error instanceof LsmError) return `!${error.code}`;
  if (error instanceof SourceBroke) return '!source';
  return `!! ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
