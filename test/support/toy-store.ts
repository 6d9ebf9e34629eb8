/**
 * A store that is deliberately simple and, on honest files, crash safe: the crash laboratory is tested on it, since a
 * laboratory that finds nothing must be known to find something.
 *
 * All entries are in memory. A commit appends a record to the log; a flush writes every entry to the store's file:
 *   log    `PATH-log-000000000007`: records of  crc u32 | length u32 | ops   (crc over all later bytes, seeded with the number)
 *   file   two meta slots of 4096 bytes, then states at offsets they tell; a slot is
 *          crc u32 | version u48 | first log u48 | offset u48 | length u32 | crc of the state u32
 * Order of a flush: log synced, next log made, state written, file synced, slot written, file synced, old log removed.
 */
import { compareBytes, readU32, readU48, writeU32, writeU48, type Bytes } from '../../lsm/base/bytes.js';
import { crc32 } from '../../lsm/base/checksum.js';
import type { Env } from '../../lsm/env/env.js';
import type { File } from '../../lsm/env/file-system.js';
import { corrupt, LsmError } from '../../lsm/errors.js';
import type { LsmOptions, ResolvedOptions } from '../../lsm/options.js';
import { resolveOptions } from '../../lsm/options.js';
import type { KeyRange, Load, LoadOptions, ValueSource, WriteOptions } from '../../lsm/ordered-kv.js';
import type { CrashStore, CrashTransaction, Writable } from '../crash/crash-store.js';
import type { Finding } from './subject.js';

const SLOT_BYTES = 4096;
const FIRST_STATE = 2 * SLOT_BYTES;
const SLOT_USED = 30;
export const RECORD_HEAD = 8;

/** An operation: two fields, either may be absent. */
type ToyOp = readonly [kind: 'put' | 'delete' | 'range', a: Bytes | undefined, b: Bytes | undefined];
const KINDS = ['delete', 'put', 'range'] as const;

class OpList implements Writable {
  ops: ToyOp[] = [];

  put(key: Bytes, value: Bytes): void {
    this.ops.push(['put', key, value]);
  }

  delete(key: Bytes): void {
    this.ops.push(['delete', key, undefined]);
  }

  deleteRange(range: KeyRange): void {
    this.ops.push(['range', range.low, range.high]);
  }
}

class ToyTransaction extends OpList implements CrashTransaction {
  constructor(private readonly store: ToyStore) {
    super();
  }

  async putStream(key: Bytes, source: ValueSource): Promise<void> {
    this.put(key, await gather(source));
  }

  savepoint(): number {
    return this.ops.length;
  }

  rollbackTo(savepoint: number): void {
    this.ops.length = savepoint;
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  async commit(options?: WriteOptions): Promise<number> {
    await this.store.write(this, options);
    return 1;
  }

  rollback(): void {
    this.ops = [];
  }
}

interface Meta {
  version: number;
  firstLog: number;
  offset: number;
  length: number;
  crc: number;
}

export class ToyStore implements CrashStore<OpList> {
  private readonly entries = new Map<string, readonly [Bytes, Bytes]>();
  private readonly env: Env;
  private readonly file: File;
  private readonly options: ResolvedOptions;
  private meta: Meta = { version: 0, firstLog: 1, offset: FIRST_STATE, length: 0, crc: 0 };
  private log!: File;
  private logNumber = 1;
  private logLength = 0;
  private isDirty = false;
  private failure: LsmError | undefined = undefined;

  /** @param options  needs `env` */
  static async open(path: string, options: LsmOptions & { env?: Env }): Promise<ToyStore> {
    const { env, ...rest } = options;
    const files = env!.files;
    const isNew = !files.exists(path);
    const store = new ToyStore(
      path,
      env!,
      resolveOptions(rest),
      files.open(path, isNew ? 'create' : 'write'),
    );
    if (!isNew) store.recover();
    await store.flush();
    return store;
  }

  private constructor(
    readonly path: string,
    env: Env,
    options: ResolvedOptions,
    file: File,
  ) {
    this.env = env;
    this.options = options;
    this.file = file;
  }

  batch(): OpList {
    return new OpList();
  }

  begin(): ToyTransaction {
    return new ToyTransaction(this);
  }

  load(options: LoadOptions = {}): Load {
    const batch = this.batch();
    const seen = new Set<string>();
    let count = 0;
    return {
      put: (key, keyLength, value, valueLength) => {
        count++;
        seen.add(key.subarray(0, keyLength).join());
        batch.put(key.slice(0, keyLength), value.slice(0, valueLength));
      },
      settle: async () => undefined,
      commit: async () => {
        if (options.isDistinct === true && seen.size < count) return false;
        await this.write(batch, { sync: true });
        return true;
      },
      rollback: () => undefined,
    };
  }

  put(key: Bytes, value: Bytes, options?: WriteOptions): Promise<void> {
    const batch = this.batch();
    batch.put(key, value);
    return this.write(batch, options);
  }

  delete(key: Bytes, options?: WriteOptions): Promise<void> {
    const batch = this.batch();
    batch.delete(key);
    return this.write(batch, options);
  }

  deleteRange(range: KeyRange, options?: WriteOptions): Promise<void> {
    const batch = this.batch();
    batch.deleteRange(range);
    return this.write(batch, options);
  }

  async putStream(key: Bytes, source: ValueSource, options?: WriteOptions): Promise<void> {
    await this.put(key, await gather(source), options);
  }

  async write(batch: OpList, options?: WriteOptions): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const record = encodeRecord(batch.ops, this.logNumber);
    this.log.write(record, 0, record.length, this.logLength);
    this.logLength += record.length;
    for (const op of batch.ops) this.apply(op);
    if (options?.sync ?? this.options.durability === 'full') await this.guard(() => this.log.sync());
    else if (!this.isDirty) {
      this.isDirty = true;
      this.env.clock.after(this.options.syncIntervalMs, () => {
        this.isDirty = false;
        this.guard(() => this.log.sync()).catch(() => undefined);
      });
    }
  }

  snapshot(): { release(): void } {
    return { release: () => undefined };
  }

  scan(): { next(): boolean; key(): Bytes; value(): Bytes; close(): void } {
    const all = [...this.entries.values()];
    let at = -1;
    return {
      next: () => ++at < all.length,
      key: () => all[at]![0],
      value: () => all[at]![1],
      close: () => undefined,
    };
  }

  /** Writes every entry to the file, and begins the next log. Blocks: a toy may. */
  flush(): Promise<void> {
    return this.guard(() => {
      const { files } = this.env;
      const oldLog = this.log as File | undefined;
      oldLog?.syncNow();
      this.logNumber = this.newLogNumber();
      this.log = files.open(this.logPath(this.logNumber), 'create');
      this.logLength = 0;
      files.syncDirectory(this.path);
      const state = encodeOps([...this.entries.values()].map(([key, value]) => ['put', key, value] as const));
      const offset =
        this.meta.offset >= FIRST_STATE + state.length ? FIRST_STATE : this.meta.offset + this.meta.length;
      this.file.write(state, 0, state.length, offset);
      this.file.syncNow();
      const crc = crc32(state, 0, state.length);
      const version = this.meta.version + 1;
      this.meta = { version, firstLog: this.logNumber, offset, length: state.length, crc };
      const slot = encodeSlot(this.meta);
      this.file.write(slot, 0, slot.length, (version % 2) * SLOT_BYTES);
      this.file.syncNow();
      this.removeLogs(this.logNumber);
      oldLog?.close();
      files.syncDirectory(this.path);
    });
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  mergeAll(): Promise<void> {
    return this.flush();
  }

  compact(): Promise<void> {
    return this.flush();
  }

  check(): Promise<Finding[]> {
    return Promise.resolve([]);
  }

  async close(): Promise<void> {
    if (this.failure === undefined) {
      await this.flush();
      this.removeLogs(Infinity);
      this.env.files.syncDirectory(this.path);
    }
    this.log.close();
    this.file.close();
  }

  /** After a failure of what makes writes durable the store takes no more of them. */
  private async guard(run: () => Promise<void> | void): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.failure ??= new LsmError('a sync failed, the store is read-only', 'ReadOnly', undefined, error);
      throw error;
    }
  }

  private recover(): void {
    const slots = [0, SLOT_BYTES].map((at) => decodeSlot(readAll(this.file, at, SLOT_USED)));
    for (const slot of slots) if (slot !== undefined && slot.version > this.meta.version) this.meta = slot;
    const { offset, length, crc } = this.meta;
    const state = readAll(this.file, offset, length);
    if (state.length < length || crc32(state, 0, length) !== crc) {
      throw corrupt('the state does not have its checksum', this.path, offset);
    }
    for (const op of decodeOps(state)) this.apply(op);
    for (let n = this.meta.firstLog; this.env.files.exists(this.logPath(n)); n++) {
      const log = this.env.files.open(this.logPath(n), 'read');
      for (const ops of decodeRecords(readAll(log, 0, log.size()), n)) ops.forEach((op) => this.apply(op));
      log.close();
    }
  }

  /** Removes the logs below a number; the oldest first, so that those left are always the newest. */
  private removeLogs(below: number): void {
    const { files } = this.env;
    for (const name of files.siblings(`${this.path}-log-`).sort()) {
      const n = Number(name.slice(-12));
      if (n < below) files.remove(this.logPath(n));
    }
  }

  private newLogNumber(): number {
    let n = Math.max(this.logNumber, this.meta.firstLog);
    while (this.env.files.exists(this.logPath(n))) n++;
    return n;
  }

  private logPath(n: number): string {
    return `${this.path}-log-${String(n).padStart(12, '0')}`;
  }

  private apply([kind, a, b]: ToyOp): void {
    if (kind === 'put') this.entries.set(nameOf(a!), [a!.slice(), b!.slice()]);
    else if (kind === 'delete') this.entries.delete(nameOf(a!));
    else {
      for (const [name, [key]] of this.entries) {
        const isBelow = a !== undefined && compareBytes(key, a) < 0;
        if (!isBelow && (b === undefined || compareBytes(key, b) < 0)) this.entries.delete(name);
      }
    }
  }
}

function nameOf(key: Bytes): string {
  return Buffer.from(key).toString('latin1');
}

async function gather(source: ValueSource): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

function readAll(file: File, at: number, length: number): Bytes {
  const bytes = new Uint8Array(length);
  return bytes.subarray(0, file.read(bytes, 0, length, at));
}

/** Each op: kind u8, then two fields, each 1 + length as u32 (0: absent) and bytes. */
function encodeOps(ops: readonly ToyOp[]): Bytes {
  const parts: Uint8Array[] = [];
  for (const [kind, a, b] of ops) {
    parts.push(Uint8Array.of(KINDS.indexOf(kind)));
    for (const field of [a, b]) {
      const head = new Uint8Array(4);
      writeU32(head, 0, field === undefined ? 0 : field.length + 1);
      parts.push(head, field ?? new Uint8Array(0));
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}

function* decodeOps(bytes: Bytes): Generator<ToyOp> {
  for (let at = 0; at < bytes.length;) {
    const kind = KINDS[bytes[at++]! % 3]!;
    const fields: (Bytes | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      const length = readU32(bytes, at);
      at += 4;
      fields.push(length === 0 ? undefined : bytes.subarray(at, at + length - 1));
      at += Math.max(0, length - 1);
    }
    yield [kind, fields[0], fields[1]];
  }
}

function encodeRecord(ops: readonly ToyOp[], logNumber: number): Bytes {
  const payload = encodeOps(ops);
  const record = new Uint8Array(RECORD_HEAD + payload.length);
  writeU32(record, 4, payload.length);
  record.set(payload, RECORD_HEAD);
  writeU32(record, 0, crc32(record, 4, record.length - 4, logNumber));
  return record;
}

function* decodeRecords(bytes: Bytes, logNumber: number): Generator<ToyOp[]> {
  for (let at = 0; at + RECORD_HEAD <= bytes.length;) {
    const end = at + RECORD_HEAD + readU32(bytes, at + 4);
    if (end > bytes.length || crc32(bytes, at + 4, end - at - 4, logNumber) !== readU32(bytes, at)) return;
    yield [...decodeOps(bytes.slice(at + RECORD_HEAD, end))];
    at = end;
  }
}

/** Gives every record of a log the checksum of the bytes it has: what a reader that does not verify would see. */
export function repairToyLog(bytes: Bytes, logNumber: number): void {
  for (let at = 0; at + RECORD_HEAD < bytes.length;) {
    const end = at + RECORD_HEAD + readU32(bytes, at + 4);
    if (end > bytes.length || end === at + RECORD_HEAD) return;
    writeU32(bytes, at, crc32(bytes, at + 4, end - at - 4, logNumber));
    at = end;
  }
}

function encodeSlot(meta: Meta): Bytes {
  const slot = new Uint8Array(SLOT_USED);
  writeU48(slot, 4, meta.version);
  writeU48(slot, 10, meta.firstLog);
  writeU48(slot, 16, meta.offset);
  writeU32(slot, 22, meta.length);
  writeU32(slot, 26, meta.crc);
  writeU32(slot, 0, crc32(slot, 4, SLOT_USED - 4));
  return slot;
}

function decodeSlot(slot: Bytes): Meta | undefined {
  if (slot.length < SLOT_USED || crc32(slot, 4, SLOT_USED - 4) !== readU32(slot, 0)) return undefined;
  return {
    version: readU48(slot, 4),
    firstLog: readU48(slot, 10),
    offset: readU48(slot, 16),
    length: readU32(slot, 22),
    crc: readU32(slot, 26),
  };
}
