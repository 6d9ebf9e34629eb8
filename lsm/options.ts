/**
 * Every option of the engine in one place: unit, default, range, effect. Checked once, at open.
 */
import { LsmError } from './errors.js';

/** How a block's or a value's bytes are packed. Numbers are in the code of table/codec.ts. */
export type CodecName = 'none' | 'lz4' | 'lz4-block' | 'deflate' | 'zstd';

/** `full`: a write is on stable storage before it is acknowledged. `interval`: within `syncIntervalMs`. */
export type DurabilityMode = 'full' | 'interval';

export interface LsmOptions {
  /** Create the file when it does not exist. Default true. */
  createIfMissing?: boolean;
  /** Fail when the file exists. Default false. */
  errorIfExists?: boolean;
  /** Open for reading: never writes, not even a lock or a recovery. Default false. */
  readOnly?: boolean;
  /**
   * When a write is acknowledged: 'full': when it is on the disk; 'interval': at once, and on the disk within `syncIntervalMs`.
   * It survives a crash of the process in either mode. Default 'interval'.
   */
  durability?: DurabilityMode;
  /** Milliseconds between syncs of the log in mode 'interval'. Default 100; 1 to 60,000. */
  syncIntervalMs?: number;
  /** Bytes of blocks, indexes and filters kept in memory. Default 64 MiB; 0 (nothing kept) to 16 GiB. */
  cacheBytes?: number;
  /** Bytes of new entries kept in memory before a flush; up to three such memtables exist. Default 16 MiB; 4 KiB to 1 GiB. */
  memtableBytes?: number;
  /** Target bytes of a block in a table, after packing. Default 8 KiB; 256 to 65,536. Bigger packs better, smaller reads faster. */
  blockBytes?: number;
  /** Target bytes of a table. Default 4 MiB; 4 KiB to 256 MiB. */
  tableBytes?: number;
  /** How new tables are packed. 'lz4': each value by itself, so that a get unpacks one value. Default 'lz4'. */
  codec?: CodecName;
  /** Bits a key in the tables' bloom filters. Default 10 (1 % false positives); 0 (no filter) to 32. */
  bloomBitsPerKey?: number;
  /** Values of this many bytes and more lie outside the tables, in extents of their own. Default 32 KiB; 64 to 16 MiB. */
  blobBytes?: number;
  /** Runs in level 0 that start a merge. Default 4; 1 to 64. */
  levelZeroRuns?: number;
  /** Runs in level 0 from which writers are slowed; at three times as many they wait. Default 10; 2 to 256. */
  slowdownRuns?: number;
  /** How many times bigger a level is than the one above it. Default 8; 2 to 32. */
  levelFactor?: number;
  /** Target bytes of level 1. Default 4 x memtableBytes; 4 KiB up. */
  levelOneBytes?: number;
  /** Merge, flush and compress in a worker thread; false: in time slices on this one. Default true. */
  worker?: boolean;
  /** Merge in the background by itself. Default true. */
  autoMerge?: boolean;
  /** Bytes of a transaction's own entries in memory; more are flushed to a pending table. Default 8 MiB; 4 KiB to 1 GiB. */
  transactionBytes?: number;
  /** Pending tables of one transaction that are merged into one. Default 4; 2 to 64. */
  transactionRuns?: number;
  /** 32 bytes, or a passphrase: the file is (to be) encrypted with AES-256-GCM. Default none. */
  encryptionKey?: Uint8Array | string;
  /** Milliseconds a computation may hold the event loop before it yields. Default 8; 1 to 1,000. */
  sliceMs?: number;
}

/** Options with every default filled in. */
export interface ResolvedOptions extends Required<Omit<LsmOptions, 'encryptionKey'>> {
  encryptionKey: Uint8Array | string | undefined;
}

/** The longest key, in bytes. */
export const MAX_KEY_BYTES = 65_536;
/** The longest value, in bytes. */
export const MAX_VALUE_BYTES = 2 ** 31;
/** A log, a memtable or a table never passes this many bytes (offsets in them are 31-bit). */
export const MAX_ARENA_BYTES = 2 ** 30;

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const NUMBERS: Record<string, readonly [fallback: number, low: number, high: number]> = {
  syncIntervalMs: [100, 1, 60_000],
  cacheBytes: [64 * MIB, 0, 16 * GIB],
  memtableBytes: [16 * MIB, 4 * KIB, GIB],
  blockBytes: [8 * KIB, 256, 65_536],
  tableBytes: [4 * MIB, 4 * KIB, 256 * MIB],
  bloomBitsPerKey: [10, 0, 32],
  blobBytes: [32 * KIB, 64, 16 * MIB],
  levelZeroRuns: [4, 1, 64],
  slowdownRuns: [10, 2, 256],
  levelFactor: [8, 2, 32],
  levelOneBytes: [0, 4 * KIB, 1024 * GIB],
  transactionBytes: [8 * MIB, 4 * KIB, GIB],
  transactionRuns: [4, 2, 64],
  sliceMs: [8, 1, 1000],
};
const BOOLEANS: Record<string, boolean> = {
  createIfMissing: true,
  errorIfExists: false,
  readOnly: false,
  worker: true,
  autoMerge: true,
};
const CHOICES: Record<string, readonly string[]> = {
  durability: ['interval', 'full'],
  codec: ['lz4', 'none', 'lz4-block', 'deflate', 'zstd'],
};

/** @throws LsmError BadOptions naming the option, what was expected and what was got */
export function resolveOptions(options: LsmOptions = {}): ResolvedOptions {
  const resolved: Record<string, unknown> = { encryptionKey: undefined };
  for (const [name, [fallback]] of Object.entries(NUMBERS)) resolved[name] = fallback;
  for (const [name, fallback] of Object.entries(BOOLEANS)) resolved[name] = fallback;
  for (const [name, [fallback]] of Object.entries(CHOICES)) resolved[name] = fallback;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    resolved[name] = checkOption(name, value);
  }
  if (options.levelOneBytes === undefined)
    resolved['levelOneBytes'] = 4 * (resolved['memtableBytes'] as number);
  return resolved as unknown as ResolvedOptions;
}

function checkOption(name: string, value: unknown): unknown {
  const refuse = (expected: string): LsmError =>
    new LsmError(`option ${name} must be ${expected}, got ${describe(value)}`, 'BadOptions');
  if (name === 'encryptionKey') {
    if (value instanceof Uint8Array ? value.length === 32 : typeof value === 'string' && value.length > 0)
      return value;
    throw refuse('32 bytes or a non-empty string');
  }
  if (name in NUMBERS) {
    const [, low, high] = NUMBERS[name]!;
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    throw refuse(`a whole number from ${low} to ${high}`);
  }
  if (name in BOOLEANS) {
    if (typeof value === 'boolean') return value;
    throw refuse('true or false');
  }
  if (name in CHOICES) {
    if (CHOICES[name]!.includes(value as string)) return value;
    throw refuse(`one of ${CHOICES[name]!.join(', ')}`);
  }
  const known = [...Object.keys(NUMBERS), ...Object.keys(BOOLEANS), ...Object.keys(CHOICES), 'encryptionKey'];
  throw new LsmError(`unknown option ${name}; the options are ${known.sort().join(', ')}`, 'BadOptions');
}

/** A value for people; never the bytes of a key. */
function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'string' ? `a string of ${value.length} characters` : String(value);
}
