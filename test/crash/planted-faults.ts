/**
 * Faults planted between a store and its disk, each the like of a bug that an engine could have. The laboratory must
 * find every one of them soon; the store needs no hook for it.
 */
import type { Bytes } from '../../lsm/base/bytes.js';
import type { File, FileSystem, OpenMode } from '../../lsm/env/file-system.js';
import type { FaultyFileSystem } from '../support/faulty-files.js';
import { STORE_PATH } from '../support/lab-env.js';
import type { PlantedFault } from './laboratory.js';

/** Below this offset of the store's file lie its meta slots. */
const META_BYTES = 8192;

/** Gives every record of a log, in place, the checksum of the bytes it has. */
export type RepairLog = (log: Bytes, logNumber: number) => void;

/** @param repairLog  knows the format of the store's log */
export function plantedFaults(repairLog: RepairLog): PlantedFault[] {
  return [
    {
      name: 'the log is never synced',
      findableWithin: 100,
      whileRunning: (disk) => {
        disk.skipSyncs = isLog;
        return disk;
      },
    },
    {
      name: 'the directory is never synced',
      findableWithin: 100,
      whileRunning: (disk) => {
        disk.skipDirectorySyncs = () => true;
        return disk;
      },
    },
    {
      name: 'no sync between the data and the meta slot',
      findableWithin: 100,
      whileRunning: (disk) => new WrappedFiles(disk, (file) => new OneSyncFile(file)),
    },
    {
      name: 'the meta slot is written before what it points at',
      findableWithin: 100,
      whileRunning: (disk) => new WrappedFiles(disk, (file) => new MetaFirstFile(file)),
    },
    {
      name: 'no sync after the meta slot',
      findableWithin: 100,
      whileRunning: (disk) => new WrappedFiles(disk, (file) => new UnsyncedMetaFile(file)),
    },
    {
      // Shows only when a record is torn in the middle, its head kept, and something behind it.
      name: 'recovery does not verify the checksums of the log',
      findableWithin: 100,
      whileRecovering: (disk) =>
        new WrappedFiles(disk, undefined, (file) => new RepairedFile(file, repairLog)),
    },
  ];
}

function isLog(path: string): boolean {
  return path !== STORE_PATH && path.includes('-log');
}

/** A file that hands everything on; the planted ones change one thing. */
class HandingOn implements File {
  constructor(protected readonly inner: File) {}

  get path(): string {
    return this.inner.path;
  }

  read(into: Bytes, offset: number, length: number, position: number): number {
    return this.inner.read(into, offset, length, position);
  }

  write(from: Bytes, offset: number, length: number, position: number): void {
    this.inner.write(from, offset, length, position);
  }

  sync(): Promise<void> {
    return this.inner.sync();
  }

  syncNow(): void {
    this.inner.syncNow();
  }

  size(): number {
    return this.inner.size();
  }

  truncate(length: number): void {
    this.inner.truncate(length);
  }

  close(): void {
    this.inner.close();
  }
}

/** Syncs only when a meta slot was written since the last one: the sync that should separate them is missing. */
class OneSyncFile extends HandingOn {
  #hasMeta = false;

  override write(from: Bytes, offset: number, length: number, position: number): void {
    super.write(from, offset, length, position);
    if (position < META_BYTES) this.#hasMeta = true;
  }

  override sync(): Promise<void> {
    return this.#takeMeta() ? super.sync() : Promise.resolve();
  }

  override syncNow(): void {
    if (this.#takeMeta()) super.syncNow();
  }

  #takeMeta(): boolean {
    const had = this.#hasMeta;
    this.#hasMeta = false;
    return had;
  }
}

/** The other way round: the sync that should make a meta slot durable is missing. */
class UnsyncedMetaFile extends HandingOn {
  #hasMeta = false;

  override write(from: Bytes, offset: number, length: number, position: number): void {
    super.write(from, offset, length, position);
    if (position < META_BYTES) this.#hasMeta = true;
  }

  override sync(): Promise<void> {
    return this.#takeMeta() ? Promise.resolve() : super.sync();
  }

  override syncNow(): void {
    if (!this.#takeMeta()) super.syncNow();
  }

  #takeMeta(): boolean {
    const had = this.#hasMeta;
    this.#hasMeta = false;
    return had;
  }
}

/** Keeps data to itself until a meta slot has been written and synced. */
class MetaFirstFile extends HandingOn {
  #kept: { position: number; bytes: Bytes }[] = [];

  override write(from: Bytes, offset: number, length: number, position: number): void {
    if (position >= META_BYTES) {
      this.#kept.push({ position, bytes: from.slice(offset, offset + length) });
      return;
    }
    super.write(from, offset, length, position);
    super.syncNow();
    this.#letGo();
  }

  override read(into: Bytes, offset: number, length: number, position: number): number {
    const end = Math.min(position + length, this.size());
    const n = Math.max(0, end - position);
    into.fill(0, offset, offset + n);
    super.read(into, offset, length, position);
    for (const kept of this.#kept) {
      const from = Math.max(position, kept.position);
      const to = Math.min(end, kept.position + kept.bytes.length);
      if (from < to) {
        into.set(kept.bytes.subarray(from - kept.position, to - kept.position), offset + from - position);
      }
    }
    return n;
  }

  override size(): number {
    return this.#kept.reduce(
      (size, { position, bytes }) => Math.max(size, position + bytes.length),
      super.size(),
    );
  }

  override truncate(length: number): void {
    this.#letGo();
    super.truncate(length);
  }

  override close(): void {
    this.#letGo();
    super.close();
  }

  #letGo(): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const { position, bytes } of kept) super.write(bytes, 0, bytes.length, position);
  }
}

/** A log whose every record passes its check. */
class RepairedFile extends HandingOn {
  readonly #repair: RepairLog;

  constructor(inner: File, repair: RepairLog) {
    super(inner);
    this.#repair = repair;
  }

  override read(into: Bytes, offset: number, length: number, position: number): number {
    const bytes = new Uint8Array(this.inner.size());
    this.inner.read(bytes, 0, bytes.length, 0);
    this.#repair(bytes, Number(/(\d+)$/.exec(this.path)?.[1] ?? 0));
    const part = bytes.subarray(Math.min(position, bytes.length), position + length);
    into.set(part, offset);
    return part.length;
  }
}

/** A file system whose store file, or whose logs, are wrapped. */
class WrappedFiles implements FileSystem {
  readonly isShared = false;
  readonly isVolatile = false;

  constructor(
    private readonly inner: FaultyFileSystem,
    private readonly wrapStore?: (file: File) => File,
    private readonly wrapLog?: (file: File) => File,
  ) {}

  open(path: string, mode: OpenMode): File {
    const file = this.inner.open(path, mode);
    const wrap = path === STORE_PATH ? this.wrapStore : isLog(path) ? this.wrapLog : undefined;
    return wrap === undefined ? file : wrap(file);
  }

  exists(path: string): boolean {
    return this.inner.exists(path);
  }

  remove(path: string): void {
    this.inner.remove(path);
  }

  removeLater(path: string): Promise<void> {
    return this.inner.removeLater(path);
  }

  rename(from: string, to: string): void {
    this.inner.rename(from, to);
  }

  siblings(path: string): string[] {
    return this.inner.siblings(path);
  }

  syncDirectory(path: string): void {
    this.inner.syncDirectory(path);
  }

  syncDirectoryLater(path: string): Promise<void> {
    return this.inner.syncDirectoryLater(path);
  }
}
