/**
 * The stores that are measured side by side, behind one interface. Each adapter uses the fastest calls its store
 * documents for the purpose; caches are 64 MiB where the store has one.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tally } from './data.js';

export const PEER_NAMES = ['elmo', 'leveldb', 'lmdb', 'sqlite'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

export const CACHE_BYTES = 64 * 1024 * 1024;

export interface PeerOptions {
  /** Every commit on stable storage, for stores that take this once and for all. */
  readonly syncEveryCommit: boolean;
}

export interface ScanOptions {
  readonly reverse: boolean;
  /** Key and value as bytes the caller may keep; otherwise whatever the store's cheapest documented way gives. */
  readonly copies: boolean;
}

type Awaitable<T> = T | Promise<T>;

/**
 * Methods answer at once where the store can. Buffers given to a call may be filled anew when it has resolved.
 */
export interface KvPeer {
  readonly name: PeerName;
  /** How safe `batch` and `put` are, how safe `putSync` is. */
  readonly durability: string;
  /** Bytes of the kind the store likes best. */
  allocate(bytes: number): Uint8Array;
  /** Puts, all or nothing; survives the death of the process. */
  batch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): Awaitable<unknown>;
  put(key: Uint8Array, value: Uint8Array): Awaitable<unknown>;
  /** Resolves when the put survives a power cut. */
  putSync(key: Uint8Array, value: Uint8Array): Awaitable<unknown>;
  /** The value, for the caller to keep. */
  get(key: Uint8Array): Uint8Array | undefined;
  scan(tally: Tally, options: ScanOptions): Awaitable<void>;
  /** Up to `count` entries from `from` on. */
  range(from: Uint8Array, count: number, tally: Tally): Awaitable<void>;
  /** Deletes the keys of [low, high). */
  deleteRange(low: Uint8Array, high: Uint8Array): Awaitable<unknown>;
  /** Stores a value that arrives in chunks; stores without streams gather it first. */
  putStream(key: Uint8Array, chunks: Iterable<Uint8Array>, byteLength: number): Awaitable<unknown>;
  /** Hands the value on in chunks; stores without streams read it whole. */
  readStream(key: Uint8Array, visit: (chunk: Uint8Array) => void): Awaitable<void>;
  /** Reads a piece out of the middle of a value. @returns bytes read */
  readAt(key: Uint8Array, position: number, into: Uint8Array): number;
  /** Resolves when all background work is done. */
  settle(): Promise<void>;
  /** The same, with everything merged into one run where a store has several: as it is read best. */
  settleMerged(): Promise<void>;
  close(): Promise<void>;
}

/** The folder that holds the project's package.json. */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const { name } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string };
      if (name === 'elmodb') return folder;
    }
    const above = dirname(folder);
    if (above === folder) throw new Error('the project folder was not found');
    folder = above;
  }
}

const PACKAGES: Record<Exclude<PeerName, 'elmo'>, string> = {
  leveldb: 'classic-level',
  lmdb: 'lmdb',
  sqlite: 'better-sqlite3',
};

/** Loads a peer's package from bench/node_modules. */
export function loadPackage(name: string): unknown {
  return createRequire(join(projectFolder(), 'bench', 'package.json'))(name) as unknown;
}

/** @returns the version of a peer, or undefined when it is not installed */
export function peerVersion(name: PeerName): string | undefined {
  const folder = projectFolder();
  const file =
    name === 'elmo'
      ? join(folder, 'package.json')
      : join(folder, 'bench', 'node_modules', PACKAGES[name], 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Opens a peer's store in a folder of its own; only that peer's code is loaded. */
export async function openPeer(name: PeerName, folder: string, options: PeerOptions): Promise<KvPeer> {
  switch (name) {
    case 'elmo':
      return (await import('./lsm/elmo-peer.js')).openElmoPeer(folder, options);
    case 'leveldb':
      return (await import('./lsm/leveldb-peer.js')).openLeveldbPeer(folder);
    case 'lmdb':
      return (await import('./lsm/lmdb-peer.js')).openLmdbPeer(folder);
    case 'sqlite':
      return (await import('./lsm/sqlite-peer.js')).openSqlitePeer(folder, options);
  }
}

/** Bytes the files of a folder take on the disk. */
export function sizeOnDisk(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const { size, blocks } = statSync(join(entry.parentPath, entry.name));
    bytes += blocks > 0 ? Math.min(size, blocks * 512) : size;
  }
  return bytes;
}
