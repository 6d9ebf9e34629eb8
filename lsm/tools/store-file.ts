/**
 * A store's file opened for looking, not for serving: nothing is written, and damage is no reason to stop. What can be
 * read is at hand (meta slots, then the manifest's records up to the first bad one, then tables), what cannot is among
 * `problems`. Nobody else may have the file open, because tables would move under the reader's eyes.
 */
import { FIRST_EXTENT } from '../base/extent.js';
import { readU48, type Bytes } from '../base/bytes.js';
import { BlobReader } from '../blob/blob-reader.js';
import { decodeBlobDescriptor, type BlobDescriptor } from '../blob/descriptor.js';
import { BlockCache } from '../cache/block-cache.js';
import { cipherOf } from '../engine/open-file.js';
import type { Cipher } from '../env/cipher.js';
import type { Env } from '../env/env.js';
import type { File } from '../env/file-system.js';
import { checkUnlocked, resolvePath } from '../env/lock.js';
import { systemEnv } from '../env/system-env.js';
import { LsmError } from '../errors.js';
import type { ManifestState } from '../manifest/manifest-state.js';
import { decodeMeta, isWholeSlot, readMeta, type Meta } from '../manifest/meta-slots.js';
import { tablesOf } from '../manifest/version.js';
import type { LsmOptions } from '../options.js';
import { TableReader } from '../table/table-reader.js';
import { attempt, fileProblem, type FileProblem } from './findings.js';
import { readLogs, type LogDump } from './logs.js';
import { readManifest, type ManifestDump } from './manifest-dump.js';

const SLOT_BYTES = FIRST_EXTENT / 2;
const CACHE_BYTES = 8 * 1024 * 1024;

export interface DiagnosisOptions {
  /** 32 bytes, or a passphrase. */
  readonly encryptionKey?: LsmOptions['encryptionKey'];
  /** Reads the manifest of this meta slot, 0 or 1, instead of that of the newest whole one. */
  readonly slot?: number | undefined;
  readonly env?: Env;
}

export interface SlotDump {
  readonly slot: number;
  /** Of the slot in the file. */
  readonly offset: number;
  /** Matches its checksum. */
  readonly isWhole: boolean;
  /** The one whose manifest is shown. */
  readonly isUsed: boolean;
  /** Its fields; of a slot that is not whole they may be anything. undefined: they make no sense. */
  readonly meta: Meta | undefined;
  /** What is wrong with it, or ''. */
  readonly problem: string;
}

/**
 * @throws LsmError NotFound, NotAStore, Locked when somebody has it open, BadOptions, Io; damage and a wrong key are
 *   among `problems` instead
 */
export function openStoreFile(path: string, options: DiagnosisOptions = {}): StoreFile {
  const env = options.env ?? systemEnv();
  const realPath = env.files.isShared ? resolvePath(path) : path;
  checkUnlocked(env, realPath);
  const file = env.files.open(realPath, 'read');
  try {
    return new StoreFile(realPath, env, file, options);
  } catch (error) {
    file.close();
    throw error instanceof NotAStore ? error.cause : error;
  }
}

export class StoreFile {
  readonly fileBytes: number;
  readonly slots: readonly SlotDump[];
  /** Of the slot in use. */
  readonly meta: Meta | undefined;
  readonly cipher: Cipher | undefined;
  readonly manifest: ManifestDump | undefined;
  /** What keeps the file from being read in full, in the order of reading. */
  readonly problems: readonly FileProblem[];
  private readonly cache: BlockCache;
  private readonly readers = new Map<number, TableReader>();
  private logList: readonly LogDump[] | undefined = undefined;

  /** Use `openStoreFile`. */
  constructor(
    readonly path: string,
    readonly env: Env,
    readonly file: File,
    options: DiagnosisOptions,
  ) {
    const problems: FileProblem[] = [];
    this.fileBytes = file.size();
    const newest = attempt('MetaLost', problems, () => newestMeta(file));
    this.slots = readSlots(file, newest, options.slot);
    const used = this.slots.find(({ isUsed }) => isUsed)?.meta;
    this.meta = used;
    this.cache = new BlockCache(CACHE_BYTES, used?.blockBytes ?? 8192);
    let cipher: Cipher | undefined;
    let hasKey = false;
    if (used !== undefined) {
      try {
        const { encryptionKey } = options;
        cipher = cipherOf(path, env, { encryptionKey }, used).cipher;
        hasKey = true;
      } catch (error) {
        if (!(error instanceof LsmError)) throw error;
        problems.push(fileProblem('KeyWrong', error));
      }
    }
    this.cipher = cipher;
    this.manifest = used === undefined || !hasKey ? undefined : readManifest(file, used, cipher);
    if (this.manifest !== undefined) problems.push(...this.manifest.problems);
    this.problems = problems;
  }

  /** What the manifest says, as far as it can be read. @throws LsmError when nothing of it can be */
  get state(): ManifestState {
    const state = this.manifest?.state;
    if (state !== undefined) return state;
    const problem = this.problems[0];
    const code = problem?.code === 'KeyWrong' ? 'WrongKey' : 'Corrupt';
    throw new LsmError(problem?.message ?? `${this.path} has no manifest`, code, problem?.at);
  }

  /** Logs beside the file, oldest first. */
  get logs(): readonly LogDump[] {
    this.logList ??= this.meta === undefined ? [] : readLogs(this, this.meta);
    return this.logList;
  }

  /** @throws LsmError NotFound */
  table(id: number): TableReader {
    let reader = this.readers.get(id);
    if (reader !== undefined) return reader;
    for (const meta of tablesOf(this.state.version)) {
      if (meta.id !== id) continue;
      reader = new TableReader(this.file, meta, this.cache, this.cipher);
      this.readers.set(id, reader);
      return reader;
    }
    throw new LsmError(`${this.path} has no table ${id} in version ${this.state.version.number}`, 'NotFound');
  }

  /** A value outside the tables, where the manifest says that it lies. @throws LsmError Corrupt */
  blob(bytes: Bytes, offset: number, length: number): { descriptor: BlobDescriptor; reader: BlobReader } {
    const decoded = decodeBlobDescriptor(bytes, offset, length, this.path);
    const extents = this.state.blobs.get(decoded.id);
    const descriptor = extents === undefined ? decoded : { ...decoded, extents };
    return { descriptor, reader: new BlobReader(this.file, descriptor, this.cipher) };
  }

  close(): void {
    this.file.close();
  }
}

/** @throws LsmError NotAStore; NewerFormat and Corrupt, which are problems */
function newestMeta(file: File): Meta {
  let meta: Meta | undefined;
  try {
    meta = readMeta(file);
  } catch (error) {
    if (error instanceof LsmError && error.code === 'NotAStore') throw new NotAStore(error);
    throw error;
  }
  if (meta !== undefined) return meta;
  const why = new LsmError(`${file.path} is empty: there is no store in it yet`, 'NotAStore', {
    file: file.path,
  });
  throw new NotAStore(why);
}

/** Not a problem of a store, but the end of the looking. */
class NotAStore extends Error {
  constructor(override readonly cause: LsmError) {
    super(cause.message);
  }
}

function readSlots(file: File, newest: Meta | undefined, wanted: number | undefined): SlotDump[] {
  const bytes = new Uint8Array(FIRST_EXTENT);
  file.read(bytes, 0, FIRST_EXTENT, 0);
  return [0, 1].map((slot) => {
    const isWhole = isWholeSlot(bytes, slot);
    const problems: FileProblem[] = [];
    const meta = attempt('MetaLost', problems, () => decodeMeta(bytes, slot, file.path));
    const sequence = readU48(bytes, slot * SLOT_BYTES + 16);
    const isUsed =
      meta !== undefined && (wanted === undefined ? newest?.sequence === sequence : wanted === slot);
    let problem = problems[0]?.message ?? '';
    if (!isWhole) problem = isBlank(bytes, slot) ? 'never written, or erased' : 'does not match its checksum';
    return {
      slot,
      offset: slot * SLOT_BYTES,
      isWhole,
      isUsed: isUsed && (isWhole || wanted === slot),
      meta,
      problem,
    };
  });
}

function isBlank(bytes: Bytes, slot: number): boolean {
  return bytes.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES).every((byte) => byte === 0);
}
