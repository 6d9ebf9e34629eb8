/**
 * Files for the crash laboratory: a disk that loses what was not synced, fails on demand, and stops at a chosen call.
 *
 * Each file keeps its durable bytes (as of the last sync that ended) apart from the operations since; each name in a
 * directory likewise, until `syncDirectory`. From that come the images of a disk after a disaster:
 *   powerCut      each unsynced write and truncation kept, lost or torn by sectors of 512 bytes, each by itself; or all
 *                 kept but for one sector, as of a disk that wrote in an order of its own and was nearly done; or only the
 *                 newest kept, as of one that wrote the last first;
 *                 of the unsynced creations, renames and removals of a directory a prefix is kept
 *   processCrash  the system lives on: everything is kept, and what was not synced is still not synced
 * Both leave this file system as it was, so that one cut can give many images. All is repeatable: chance enters only
 * through the random source handed to `powerCut`.
 *
 * A sync that fails makes nothing durable, then or later (the system forgets which pages were dirty), as on Linux.
 */
import { dirname } from 'node:path';
import type { Bytes } from '../../lsm/base/bytes.js';
import type { File, FileSystem, OpenMode } from '../../lsm/env/file-system.js';
import { MemoryBytes, namesBeside } from '../../lsm/env/memory-files.js';
import { SystemError } from '../../lsm/env/system-error.js';
import { ioError, LsmError } from '../../lsm/errors.js';
import type { SeededRandom } from './seeded-random.js';

/** Thrown by every call from the cut on. The engine never sees one in production. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';

  /** @param isTheCut  whether this is the call the power was cut at, not one after it */
  constructor(readonly isTheCut: boolean) {
    super('the power was cut');
  }
}

export type FileOperation =
  'read' | 'write' | 'sync' | 'truncate' | 'open' | 'create' | 'remove' | 'rename' | 'syncDirectory';
export type FaultCode = 'ENOSPC' | 'EIO';

export interface FaultyOptions {
  /** Bytes all files together may have; growth past it is `ENOSPC`. Default: no limit. */
  capacityBytes?: number;
}

const SECTOR_BYTES = 512;

interface PendingWrite {
  readonly kind: 'write';
  readonly position: number;
  readonly bytes: Bytes;
  /** A sync over it failed: no later sync will make it durable. */
  isForgotten: boolean;
}

interface PendingTruncate {
  readonly kind: 'truncate';
  readonly length: number;
  isForgotten: boolean;
}

type PendingChange = PendingWrite | PendingTruncate;

/** A name given to a file, or taken away (`body` undefined). A rename is one change of two names. */
interface NameChange {
  readonly directory: string;
  readonly names: readonly (readonly [path: string, body: FileBody | undefined])[];
}

interface Fault {
  readonly operation: FileOperation | 'any';
  readonly code: FaultCode;
  /** Calls of the operation before the fault. */
  callsLeft: number;
  timesLeft: number;
}

function copyBytes(from: MemoryBytes): MemoryBytes {
  const copy = new MemoryBytes();
  const chunk = new Uint8Array(Math.min(from.length, 65_536));
  for (let at = 0; at < from.length; at += chunk.length) {
    copy.write(chunk, 0, from.read(chunk, 0, chunk.length, at), at);
  }
  copy.truncate(from.length);
  return copy;
}

/** Chooses a rate of loss first, so that images with nearly everything and nearly nothing are as frequent as mixed ones. */
function applyTorn(to: MemoryBytes, write: PendingWrite, random: SeededRandom): void {
  const keptPercent = random.pick([0, 10, 50, 90, 100]);
  const end = write.position + write.bytes.length;
  for (let at = write.position; at < end;) {
    const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (random.chance(keptPercent)) to.write(write.bytes, at - write.position, next - at, at);
    at = next;
  }
}

/**
 * A sector that one of the writes touches; undefined when there is no write. As often as not one inside a write that began
 * before it: what begins well and is broken further on is harder to tell from what is whole.
 */
function pickSector(changes: readonly PendingChange[], random: SeededRandom): number | undefined {
  const sectors = new Set<number>();
  const inner = new Set<number>();
  for (const change of changes) {
    if (change.kind !== 'write') continue;
    const end = change.position + change.bytes.length;
    for (let sector = Math.floor(change.position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      sectors.add(sector);
      if (sector * SECTOR_BYTES > change.position) inner.add(sector);
    }
  }
  if (sectors.size === 0) return undefined;
  return random.pick([...(inner.size > 0 && random.chance(50) ? inner : sectors)]);
}

/** The change, but for what it does to one sector. */
function applyAround(to: MemoryBytes, change: PendingChange, sector: number): void {
  if (change.kind === 'truncate') {
    applyChange(to, change);
    return;
  }
  const { bytes, position } = change;
  const before = Math.min(Math.max(sector * SECTOR_BYTES - position, 0), bytes.length);
  const after = Math.min(Math.max((sector + 1) * SECTOR_BYTES - position, 0), bytes.length);
  to.write(bytes, 0, before, position);
  if (after < bytes.length) to.write(bytes, after, bytes.length - after, position + after);
}

function applyChange(to: MemoryBytes, change: PendingChange): void {
  if (change.kind === 'write') to.write(change.bytes, 0, change.bytes.length, change.position);
  else to.truncate(change.length);
}

/** Each change kept, lost or torn by itself; how many are lost is chosen first. */
function applyByChance(to: MemoryBytes, changes: readonly PendingChange[], random: SeededRandom): void {
  const lostPercent = random.pick([0, 10, 50, 90, 100]);
  for (const change of changes) {
    if (random.chance(lostPercent)) continue;
    if (change.kind === 'write' && random.chance(50)) applyTorn(to, change, random);
    else applyChange(to, change);
  }
}

/** What a name stands for: bytes, durable and current, and the way from the one to the other. */
class FileBody {
  durable = new MemoryBytes();
  current = new MemoryBytes();
  pending: PendingChange[] = [];
  /** The write the power was cut at: no one has seen it, an image may. */
  cutWrite: PendingWrite | undefined = undefined;

  change(change: PendingChange): void {
    applyChange(this.current, change);
    this.pending.push(change);
  }

  /** Ends a sync over `covered`, leaving out what another sync has made durable since, or failed to. */
  makeDurable(covered: readonly PendingChange[]): void {
    const isCovered = new Set(covered);
    const durable = this.pending.filter((change) => isCovered.has(change) && !change.isForgotten);
    for (const change of durable) applyChange(this.durable, change);
    const last = durable.length === 0 ? -1 : this.pending.lastIndexOf(durable[durable.length - 1]!);
    // a forgotten change must not come back over a later one that is durable
    this.pending = this.pending.filter(
      (change, i) => i > last || !(change.isForgotten || isCovered.has(change)),
    );
  }

  afterPowerCut(random: SeededRandom): FileBody {
    const body = new FileBody();
    body.durable = copyBytes(this.durable);
    const changes = this.cutWrite === undefined ? this.pending : [...this.pending, this.cutWrite];
    const order = random.int(4);
    const lostSector = order < 2 ? pickSector(changes, random) : undefined;
    if (lostSector !== undefined) {
      for (const change of changes) applyAround(body.durable, change, lostSector);
    } else if (order === 2) {
      const newest = changes.length - 1 - (random.chance(50) ? 0 : random.int(changes.length));
      for (const change of changes.slice(Math.max(0, newest))) applyChange(body.durable, change);
    } else applyByChance(body.durable, changes, random);
    body.current = copyBytes(body.durable);
    return body;
  }

  clone(): FileBody {
    const body = new FileBody();
    body.durable = copyBytes(this.durable);
    body.current = copyBytes(this.current);
    body.pending = this.pending.map((change) => ({ ...change }));
    return body;
  }
}

class FaultyFile implements File {
  private isOpen = true;

  constructor(
    readonly path: string,
    private readonly files: FaultyFileSystem,
    private readonly body: FileBody,
    private readonly isWritable: boolean,
  ) {}

  read(into: Bytes, offset: number, length: number, position: number): number {
    this.checkOpen();
    this.files.enter('read', this.path);
    return this.body.current.read(into, offset, length, position);
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    this.checkWritable('write');
    const bytes = from.slice(offset, offset + length);
    const write: PendingWrite = { kind: 'write', position, bytes, isForgotten: false };
    const keep = (count: number): void => {
      if (count > 0) this.body.change({ ...write, bytes: bytes.subarray(0, count) });
    };
    try {
      this.files.enter('write', this.path, position < this.body.current.length ? 'overwrite' : 'write');
    } catch (error) {
      // a write that fails may have been written in part; one that was cut may be torn, which only an image shows
      if (error instanceof PowerCut) {
        if (error.isTheCut) this.body.cutWrite = write;
      } else keep(length >>> 1);
      throw error;
    }
    const room = this.files.roomBytes();
    const growth = position + length - this.body.current.length;
    if (growth > room) {
      keep(Math.max(0, length - (growth - room)));
      throw ioError('write', this.path, new SystemError('ENOSPC'), position);
    }
    this.body.change(write);
  }

  async sync(): Promise<void> {
    const finish = this.beginSync();
    await new Promise((resolve) => setImmediate(resolve));
    finish();
  }

  syncNow(): void {
    this.beginSync()();
  }

  size(): number {
    this.checkOpen();
    this.files.checkPower();
    return this.body.current.length;
  }

  truncate(length: number): void {
    this.checkWritable('truncate');
    this.files.enter('truncate', this.path);
    if (length - this.body.current.length > this.files.roomBytes()) {
      throw ioError('truncate', this.path, new SystemError('ENOSPC'), length);
    }
    this.body.change({ kind: 'truncate', length, isForgotten: false });
  }

  close(): void {
    this.isOpen = false;
  }

  /** Takes the changes a sync covers; the function returned ends it. */
  private beginSync(): () => void {
    this.checkOpen();
    const covered = this.body.pending.slice();
    try {
      this.files.enter('sync', this.path);
    } catch (error) {
      if (!(error instanceof PowerCut)) for (const change of covered) change.isForgotten = true;
      throw error;
    }
    const isSkipped = this.files.skipSyncs(this.path);
    return () => {
      this.files.checkPower();
      if (!isSkipped) this.body.makeDurable(covered);
    };
  }

  private checkOpen(): void {
    if (!this.isOpen) throw new LsmError(`${this.path} is closed`, 'Closed', { file: this.path });
  }

  private checkWritable(operation: string): void {
    this.checkOpen();
    if (!this.isWritable) throw ioError(operation, this.path, new SystemError('EROFS'));
  }
}

const MUTATING: ReadonlySet<FileOperation> = new Set<FileOperation>([
  'write',
  'sync',
  'truncate',
  'create',
  'remove',
  'rename',
  'syncDirectory',
]);

export class FaultyFileSystem implements FileSystem {
  readonly isShared = false;
  readonly isVolatile = false;
  /** Mutating calls so far: write, sync, truncate, create, remove, rename, syncDirectory. */
  calls = 0;
  /** Every call so far, by operation. */
  readonly counts: Record<FileOperation, number> = {
    read: 0,
    write: 0,
    sync: 0,
    truncate: 0,
    open: 0,
    create: 0,
    remove: 0,
    rename: 0,
    syncDirectory: 0,
  };
  /**
   * What each mutating call was, in order: `write /db.elmo`; a write over bytes that are there is an `overwrite`. Kept when
   * set to an array.
   */
  journal: string[] | undefined = undefined;
  /** A planted fault: a sync of such a path claims success and makes nothing durable. */
  skipSyncs: (path: string) => boolean = () => false;
  /** A planted fault: the same for the directory of a path. */
  skipDirectorySyncs: (path: string) => boolean = () => false;
  capacityBytes: number;

  private names = new Map<string, FileBody>();
  private durableNames = new Map<string, FileBody>();
  private pendingNames: NameChange[] = [];
  private faults: Fault[] = [];
  private cutCall = Infinity;
  private isCut = false;

  constructor(options: FaultyOptions = {}) {
    this.capacityBytes = options.capacityBytes ?? Infinity;
  }

  open(path: string, mode: OpenMode): File {
    this.enter(mode === 'create' ? 'create' : 'open', path);
    let body = this.names.get(path);
    if (mode === 'create') {
      if (body !== undefined) throw ioError('create', path, new SystemError('EEXIST'));
      body = new FileBody();
      this.changeNames(path, [[path, body]]);
    }
    if (body === undefined) throw ioError('open', path, new SystemError('ENOENT'));
    return new FaultyFile(path, this, body, mode !== 'read');
  }

  exists(path: string): boolean {
    this.checkPower();
    return this.names.has(path);
  }

  remove(path: string): void {
    this.enter('remove', path);
    if (this.names.has(path)) this.changeNames(path, [[path, undefined]]);
  }

  async removeLater(path: string): Promise<void> {
    this.remove(path);
  }

  rename(from: string, to: string): void {
    this.enter('rename', from);
    const body = this.names.get(from);
    if (body === undefined) throw ioError('rename', from, new SystemError('ENOENT'));
    this.changeNames(to, [
      [from, undefined],
      [to, body],
    ]);
  }

  siblings(path: string): string[] {
    this.checkPower();
    return namesBeside(this.names.keys(), path);
  }

  syncDirectory(path: string): void {
    this.enter('syncDirectory', path);
    if (this.skipDirectorySyncs(path)) return;
    const directory = dirname(path);
    const isCovered = (change: NameChange): boolean => change.directory === directory;
    for (const change of this.pendingNames.filter(isCovered)) applyNames(this.durableNames, change);
    this.pendingNames = this.pendingNames.filter((change) => !isCovered(change));
  }

  async syncDirectoryLater(path: string): Promise<void> {
    this.syncDirectory(path);
  }

  /**
   * Makes calls fail: of the calls of `operation` from now on, the `n`-th (1: the next) and, with `times`, those after
   * it. A failed write leaves its first half; a failed sync makes nothing durable.
   */
  failAt(operation: FileOperation | 'any', n: number, code: FaultCode, times = 1): void {
    this.faults.push({ operation, code, callsLeft: n - 1, timesLeft: times });
  }

  clearFaults(): void {
    this.faults = [];
  }

  /** Cuts the power at the `n`-th mutating call, counted as in `calls`: it and every call after it throw `PowerCut`. */
  cutAt(n: number): void {
    this.cutCall = n;
  }

  get hasPower(): boolean {
    return !this.isCut;
  }

  /** The disk after a power cut at this moment. */
  powerCut(random: SeededRandom): FaultyFileSystem {
    const names = new Map(this.durableNames);
    const byDirectory = new Map<string, NameChange[]>();
    for (const change of this.pendingNames) {
      const list = byDirectory.get(change.directory);
      if (list === undefined) byDirectory.set(change.directory, [change]);
      else list.push(change);
    }
    for (const changes of byDirectory.values()) {
      for (const change of changes.slice(0, random.int(changes.length + 1))) applyNames(names, change);
    }
    const after = new FaultyFileSystem({ capacityBytes: this.capacityBytes });
    const bodies = new Map<FileBody, FileBody>();
    for (const [path, body] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const kept = bodies.get(body) ?? body.afterPowerCut(random);
      bodies.set(body, kept);
      after.names.set(path, kept);
      after.durableNames.set(path, kept);
    }
    return after;
  }

  /** The files after a crash of the process at this moment: a call that was cut did not happen, all before it did. */
  processCrash(): FaultyFileSystem {
    const after = new FaultyFileSystem({ capacityBytes: this.capacityBytes });
    const bodies = new Map<FileBody, FileBody>();
    const cloneOf = (body: FileBody): FileBody => {
      const clone = bodies.get(body) ?? body.clone();
      bodies.set(body, clone);
      return clone;
    };
    for (const [path, body] of this.names) after.names.set(path, cloneOf(body));
    for (const [path, body] of this.durableNames) after.durableNames.set(path, cloneOf(body));
    after.pendingNames = this.pendingNames.map(({ directory, names }) => ({
      directory,
      names: names.map(([path, body]) => [path, body === undefined ? undefined : cloneOf(body)] as const),
    }));
    return after;
  }

  /** A file's bytes, or undefined; for looking, counts as no call. */
  contents(path: string): Uint8Array | undefined {
    return bytesOf(this.names.get(path)?.current);
  }

  /** A file's bytes that surely survive a power cut, or undefined. */
  durableContents(path: string): Uint8Array | undefined {
    return bytesOf(this.durableNames.get(path)?.durable);
  }

  /** Replaces a file's bytes, durably; for planting damage, counts as no call. */
  plant(path: string, bytes: Uint8Array): void {
    const body = new FileBody();
    body.durable.write(bytes, 0, bytes.length, 0);
    body.current.write(bytes, 0, bytes.length, 0);
    this.names.set(path, body);
    this.durableNames.set(path, body);
  }

  /** Paths of all files, ascending. */
  paths(): string[] {
    return [...this.names.keys()].sort();
  }

  /**
   * Counts a call; throws if it is to fail. For the files of this file system.
   * @param kind  what the journal calls it
   */
  enter(operation: FileOperation, path: string, kind: string = operation): void {
    this.checkPower();
    this.counts[operation]++;
    if (MUTATING.has(operation)) {
      this.calls++;
      this.journal?.push(`${kind} ${path}`);
      if (this.calls >= this.cutCall) {
        this.isCut = true;
        throw new PowerCut(true);
      }
    }
    for (const fault of this.faults) {
      if (!covers(fault.operation, operation)) continue;
      if (fault.callsLeft > 0) fault.callsLeft--;
      else if (fault.timesLeft > 0) {
        fault.timesLeft--;
        throw ioError(operation, path, new SystemError(fault.code));
      }
    }
  }

  checkPower(): void {
    if (this.isCut) throw new PowerCut(false);
  }

  /** Bytes by which files may still grow. */
  roomBytes(): number {
    if (this.capacityBytes === Infinity) return Infinity;
    let used = 0;
    for (const body of new Set(this.names.values())) used += body.current.length;
    return Math.max(0, this.capacityBytes - used);
  }

  private changeNames(path: string, names: NameChange['names']): void {
    const change: NameChange = { directory: dirname(path), names };
    applyNames(this.names, change);
    this.pendingNames.push(change);
  }
}

/** A fault of `open` is one of `create` too. */
function covers(planned: FileOperation | 'any', operation: FileOperation): boolean {
  return planned === 'any' || planned === operation || (planned === 'open' && operation === 'create');
}

function applyNames(to: Map<string, FileBody>, change: NameChange): void {
  for (const [path, body] of change.names) {
    if (body === undefined) to.delete(path);
    else to.set(path, body);
  }
}

function bytesOf(from: MemoryBytes | undefined): Uint8Array | undefined {
  if (from === undefined) return undefined;
  const bytes = new Uint8Array(from.length);
  from.read(bytes, 0, bytes.length, 0);
  return bytes;
}
