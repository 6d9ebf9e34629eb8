/**
 * The manifest in the file: takes edits one at a time and makes each durable, all or nothing.
 *
 * The order is what makes it safe:
 *   1. the record is written behind the valid ones, or a whole state into a new extent when they leave no room;
 *   2. sync: with the record, all that was written to the file before, tables and blobs, is durable;
 *   3. the meta slot whose turn it is is written, pointing at the record;
 *   4. sync: from here on the edit is true. Then the state changes, and in the same stretch the space map: what the
 *      edit adds is published, what it removes is retired with the version the edit made.
 * So whoever adds a table or a blob has written it before it calls `append`, and need not sync.
 *
 * An error before step 2 leaves everything as it was, and a later edit may succeed. After a failed sync nobody knows
 * what is on disk: the log takes no more edits, and the store is to become read-only (`SyncFailure`).
 */
import { writeU48 } from '../base/bytes.js';
import { crc32 } from '../base/checksum.js';
import { FIRST_EXTENT, extentBytesFor, type Extent } from '../base/extent.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { LsmError, corrupt, ioError } from '../errors.js';
import { ExtentMap } from '../space/extents.js';
import { RECORD_EDIT, RECORD_STATE, decodeRecord, encodeRecord } from './format.js';
import { ManifestState, type VersionChange } from './manifest-state.js';
import {
  FORMAT,
  MIN_MANIFEST_BYTES,
  STORE_ID_BYTES,
  eraseMeta,
  hasBothSlots,
  writeMeta,
  type ManifestPointer,
  type Meta,
  type StoreIdentity,
} from './meta-slots.js';
import type { Version } from './version.js';
import type { VersionEdit } from './version-edit.js';

/** A manifest of fewer bytes is read quickly, however many edits it has. */
const SHORT_BYTES = 4096;
/** So many times as long as the state it comes to, a manifest is worth writing anew. */
const WORTH_REWRITING = 2;

/** What was written may or may not be on disk: nothing may be written any more. `code` is that of the cause. */
export class SyncFailure extends LsmError {
  readonly isSyncFailure = true;

  constructor(file: string, cause: unknown) {
    const error = ioError('sync', file, cause);
    super(`${error.message}; what is on disk is not known`, error.code, error.at, cause);
  }
}

/** Whether an error means that the store is to become read-only. */
export function isSyncFailure(error: unknown): error is SyncFailure {
  return error instanceof SyncFailure;
}

export class ManifestLog {
  /** What every version to come will not write again: the file's identity, and the slot that is valid now. */
  private current: Meta;
  private failure: SyncFailure | undefined = undefined;
  /** Settles when every edit so far has; never rejects. */
  private tail: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: File,
    meta: Meta,
    /** Changes only while an `append` makes it; to be read, not written. */
    readonly state: ManifestState,
    /** Where things lie in the file. */
    readonly extents: ExtentMap,
    private readonly cipher: Cipher | undefined,
  ) {
    this.current = meta;
  }

  /**
   * Makes an empty store of a new file. When it resolves the store is there for good; when the power goes before,
   * `readMeta` finds no store.
   * @param file  empty, or one of which `readMeta` says that its creation was cut off
   */
  static async create(file: File, identity: StoreIdentity, cipher?: Cipher): Promise<ManifestLog> {
    if (file.size() > 0) file.truncate(0);
    const extents = new ExtentMap(FIRST_EXTENT);
    const state = new ManifestState();
    const edit = state.complete({});
    state.apply(edit, state.check(edit));
    const seed = seedOf(identity, edit.version);
    const record = encodeRecord(RECORD_STATE, edit, seed, cipher);
    state.manifest = extents.allocate(MIN_MANIFEST_BYTES);
    const meta: Meta = {
      ...identity,
      format: FORMAT,
      minReader: FORMAT,
      sequence: 2,
      version: edit.version,
      firstLog: edit.firstLog,
      isClean: false,
      manifest: { extent: state.manifest, validBytes: record.length, seed },
    };
    writeToNewExtent(file, state.manifest, record);
    await file.sync();
    writeMeta(file, meta);
    await file.sync();
    // The second slot, so that a lost slot and a creation that was cut off never look alike.
    const second = { ...meta, sequence: meta.sequence + 1 };
    writeMeta(file, second);
    await file.sync();
    extents.publish(state.manifest);
    return new ManifestLog(file, second, state, extents, cipher);
  }

  /**
   * Reads the manifest `meta` points at. Writes nothing.
   * @throws LsmError Corrupt with the position of the record, or when two live extents overlap
   */
  static open(file: File, meta: Meta, cipher?: Cipher): ManifestLog {
    const { extent, validBytes, seed } = meta.manifest;
    const size = file.size();
    if (extent.offset + validBytes > size) {
      throw corrupt(
        `the manifest has ${validBytes} bytes, but the file ends at ${size}`,
        file.path,
        extent.offset,
      );
    }
    const bytes = new Uint8Array(validBytes);
    const got = file.read(bytes, 0, validBytes, extent.offset);
    if (got < validBytes) throw corrupt('the file ends inside the manifest', file.path, extent.offset + got);

    const state = new ManifestState();
    for (let at = 0; at < validBytes;) {
      const position = extent.offset + at;
      const refuse = (what: string): Error =>
        corrupt(`a manifest record does not fit: ${what}`, file.path, position);
      const record = decodeRecord(bytes, at, validBytes, seed, cipher, file.path, extent.offset);
      if ((record.kind === RECORD_STATE) !== (at === 0)) throw refuse('its kind is not that of its place');
      state.apply(record.edit, state.check(record.edit, refuse));
      at += record.length;
    }
    if (state.version.number !== meta.version) {
      const what = `the manifest ends at version ${state.version.number}, the meta slot says ${meta.version}`;
      throw corrupt(what, file.path, extent.offset);
    }
    state.manifest = extent;
    const extents = ExtentMap.fromLive(state.liveExtents(), size, file.path);
    return new ManifestLog(file, meta, state, extents, cipher);
  }

  /** The meta slot that is valid now. */
  get meta(): Meta {
    return this.current;
  }

  /** Why no edit can be made any more. */
  get failed(): SyncFailure | undefined {
    return this.failure;
  }

  /**
   * Makes a change true. Changes are made in the order of the calls, each to the version that the one before left.
   * Missing numbers stay as they are; numbers never go back; ids that are added push `nextTableId` and `nextBlobId` up.
   * @returns the new version; its number is what `release` of the space map needs as the durable one
   * @throws LsmError DiskFull, Io: nothing has changed, what the change was to add is still lent
   * @throws SyncFailure  what is on disk is not known; no further change is taken
   */
  append(change: VersionChange): Promise<Version> {
    return this.enqueue(() => this.appendNow(change, false));
  }

  /** Moves the manifest to the lowest place it fits in, as short as can be: to shrink the file. */
  rewrite(): Promise<Version> {
    return this.enqueue(() => this.appendNow({}, true));
  }

  /**
   * Whether the next open would be quicker if the state stood there instead of the edits that led to it: of 60 edits that
   * name each of 100 tables seven times over it takes 8 ms of processor time to read, of the state 1.
   */
  get isWorthRewriting(): boolean {
    const { validBytes } = this.current.manifest;
    if (validBytes <= SHORT_BYTES) return false;
    const state = this.state.wholeAfter(this.state.complete({}), this.state.version);
    const record = encodeRecord(RECORD_STATE, state, this.current.manifest.seed, this.cipher);
    return validBytes > WORTH_REWRITING * record.length;
  }

  /** Notes on disk whether the store was closed in order. The next `append` takes the note back. */
  markClean(isClean: boolean): Promise<void> {
    return this.enqueue(async () => {
      await this.syncFile();
      await this.switchMeta({ ...this.current, sequence: this.current.sequence + 1, isClean });
    });
  }

  /**
   * Makes sure of the slot that counts, after a process that ended without closing: it may have been written and not synced,
   * or synced in vain, and what it calls obsolete must not be touched before. A creation that was cut off is brought to its
   * end.
   */
  confirm(): Promise<void> {
    return this.enqueue(async () => {
      writeMeta(this.file, this.current);
      await this.syncFile();
      if (hasBothSlots(this.file)) return;
      await this.switchMeta({ ...this.current, sequence: this.current.sequence + 1 });
    });
  }

  /** Resolves when every change asked for so far has been made, or has failed. */
  async settled(): Promise<void> {
    await this.tail;
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const run = this.tail.then(() => {
      if (this.failure) throw this.failure;
      return work();
    });
    this.tail = run.catch(() => undefined);
    return run;
  }

  private async appendNow(change: VersionChange, isRewrite: boolean): Promise<Version> {
    const edit = this.state.complete(change);
    const next = this.state.check(edit);
    const old = this.current.manifest;
    const pointer = isRewrite ? this.writeWhole(edit, next) : this.writeEdit(edit, next);
    const hasMoved = pointer.extent.offset !== old.extent.offset;
    await this.syncFile();
    const { version, firstLog } = edit;
    const sequence = this.current.sequence + 1;
    try {
      await this.switchMeta({
        ...this.current,
        sequence,
        version,
        firstLog,
        isClean: false,
        manifest: pointer,
      });
    } catch (error) {
      if (hasMoved && !isSyncFailure(error)) this.extents.giveBack(pointer.extent);
      throw error;
    }

    const space = this.state.spaceChange(edit);
    this.state.apply(edit, next);
    for (const extent of space.published) this.extents.publish(extent);
    for (const extent of space.retired) this.extents.retire(extent, version);
    if (hasMoved) {
      this.extents.publish(pointer.extent);
      this.extents.retire(old.extent, version);
      this.state.manifest = pointer.extent;
    }
    return next;
  }

  /** Step 1: writes the record behind the others where there is room. */
  private writeEdit(edit: VersionEdit, next: Version): ManifestPointer {
    const { extent, validBytes, seed } = this.current.manifest;
    const record = encodeRecord(RECORD_EDIT, edit, seed, this.cipher);
    if (validBytes + record.length > extent.bytes) return this.writeWhole(edit, next);
    this.file.write(record, 0, record.length, extent.offset + validBytes);
    return { extent, validBytes: validBytes + record.length, seed };
  }

  /** Step 1: writes the whole state after `edit` into a new extent with as much room again. */
  private writeWhole(edit: VersionEdit, next: Version): ManifestPointer {
    const seed = seedOf(this.current, edit.version);
    const record = encodeRecord(RECORD_STATE, this.state.wholeAfter(edit, next), seed, this.cipher);
    const extent = this.extents.allocate(Math.max(MIN_MANIFEST_BYTES, extentBytesFor(record.length * 2)));
    try {
      writeToNewExtent(this.file, extent, record);
    } catch (error) {
      this.extents.giveBack(extent);
      throw error;
    }
    return { extent, validBytes: record.length, seed };
  }

  /** Steps 3 and 4. */
  private async switchMeta(meta: Meta): Promise<void> {
    try {
      writeMeta(this.file, meta);
    } catch (error) {
      // Part of it may have been written, or all: make sure that it does not count, or else stop.
      try {
        eraseMeta(this.file, meta.sequence);
      } catch (cause) {
        throw this.fail(cause);
      }
      await this.syncFile();
      throw error;
    }
    await this.syncFile();
    this.current = meta;
  }

  private async syncFile(): Promise<void> {
    try {
      await this.file.sync();
    } catch (cause) {
      throw this.fail(cause);
    }
  }

  private fail(cause: unknown): SyncFailure {
    this.failure ??= new SyncFailure(this.file.path, cause);
    return this.failure;
  }
}

/** Writes from the start of an extent, and makes the file reach to its end. */
function writeToNewExtent(file: File, extent: Extent, record: Uint8Array): void {
  file.write(record, 0, record.length, extent.offset);
  if (file.size() < extent.offset + extent.bytes) {
    file.write(new Uint8Array(1), 0, 1, extent.offset + extent.bytes - 1);
  }
}

/** Another one for each store and version. */
export function seedOf(identity: StoreIdentity, version: number): number {
  const bytes = new Uint8Array(STORE_ID_BYTES + 6);
  bytes.set(identity.storeId.subarray(0, STORE_ID_BYTES));
  writeU48(bytes, STORE_ID_BYTES, version);
  return crc32(bytes, 0, bytes.length);
}
