/** The document databases that are measured side by side, behind one interface; each by the fastest calls it documents. */
import { connect } from 'node:net';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../peers.js';
import type { FlatRecord, Order, User } from './data.js';

export const DOC_PEERS = ['elmo', 'sqlite-json', 'sqlite-jsonb', 'nedb', 'lokijs', 'reference'] as const;
export type DocPeerName = (typeof DOC_PEERS)[number];

/** The reference engine, when one listens: the environment's ELMO_REFERENCE ("host:port"). */
export const REFERENCE = process.env['ELMO_REFERENCE'] ?? '127.0.0.1:27117';
export const CACHE_BYTES = 64 * 1024 * 1024;

export type Awaitable<T> = T | Promise<T>;

/** A document as the peer gives it; `plain` tells what order it is. */
export type Native = object;

export interface Revenue {
  readonly country: string;
  readonly orders: number;
  readonly revenue: number;
}

/** Methods answer at once where the peer can; those a peer does not offer are absent. */
export interface DocPeer {
  readonly durability: string;
  /** The document and the key as a user of the peer would hold them. */
  native(order: Order): Native;
  key(id: string): unknown;
  /** Back, for comparison: dates as Date, the id as text. */
  plain(found: Native): Order;
  /** An empty collection of orders with its indexes: number (unique), status + createdAt, userId, total. */
  newOrders(): Awaitable<unknown>;
  fillUsers(users: readonly User[]): Awaitable<unknown>;
  insertMany(documents: readonly Native[]): Awaitable<unknown>;
  findById(key: unknown): Awaitable<Native | null | undefined>;
  findByNumber(number: string): Awaitable<Native | null | undefined>;
  /** The 20 newest of a status created before a date. */
  latest(status: string, before: Date): Awaitable<readonly Native[]>;
  /** Those of a status, created in [from, to), shipped to a country, which no index knows. */
  filtered(status: string, from: Date, to: Date, country: string): Awaitable<readonly Native[]>;
  /** How many have a total in [low, high). */
  countTotals(low: number, high: number): Awaitable<number>;
  /** Orders and their sums per country, the greatest first, by a filter that all pass and no index answers. */
  revenue?(): Awaitable<readonly Revenue[]>;
  byCity(city: string): Awaitable<readonly Native[]>;
  byTag(tag: string): Awaitable<readonly Native[]>;
  /** As `latest`, each order with its user. */
  withUsers?(status: string, before: Date): Awaitable<readonly Native[]>;
  userNameOf?(joined: Native): string;
  /** On shipping.city. */
  createIndex(): Awaitable<unknown>;
  dropIndex(): Awaitable<unknown>;
  /** Adds one to revision, sets status (which an index knows). @returns how many were changed */
  update(key: unknown, status: string): Awaitable<number>;
  insert(document: Native): Awaitable<unknown>;
  remove(key: unknown): Awaitable<number>;
  insertDurable?(document: Native): Awaitable<unknown>;

  newRecords(): Awaitable<unknown>;
  nativeRecord(record: FlatRecord): Native;
  insertRecords(records: readonly Native[]): Awaitable<unknown>;
  insertRecord(record: Native): Awaitable<unknown>;
  readRecord(id: string): Awaitable<Native | null | undefined>;
  updateRecord(id: string, field: string, text: string): Awaitable<unknown>;
  /** Up to `count` records from `id` on, in order. */
  scanRecords(id: string, count: number): Awaitable<readonly Native[]>;

  /** Resolves when background work is done. */
  settle(): Awaitable<unknown>;
  close(): Awaitable<unknown>;
}

/** The name of elmo's file in a peer's folder. */
export const ELMO_FILE = 'bench.elmo';

/** Opens a peer in a folder of its own; only that peer's code is loaded. */
export async function openDocPeer(name: DocPeerName, folder: string): Promise<DocPeer> {
  switch (name) {
    case 'elmo':
      return (await import('./peers/elmo-peer.js')).openElmoPeer(folder);
    case 'reference':
      return (await import('./peers/reference-peer.js')).openReferencePeer();
    case 'sqlite-json':
      return (await import('./peers/sqlite-peer.js')).openSqlitePeer(folder, 'json');
    case 'sqlite-jsonb':
      return (await import('./peers/sqlite-peer.js')).openSqlitePeer(folder, 'jsonb');
    case 'nedb':
      return (await import('./peers/nedb-peer.js')).openNedbPeer(folder);
    case 'lokijs':
      return (await import('./peers/loki-peer.js')).openLokiPeer(folder);
  }
}

const PACKAGES: Readonly<Record<Exclude<DocPeerName, 'elmo' | 'reference'>, string>> = {
  'sqlite-json': 'better-sqlite3',
  'sqlite-jsonb': 'better-sqlite3',
  nedb: '@seald-io/nedb',
  lokijs: 'lokijs',
};

/** @returns what it is called in the report, or undefined when it is not there */
export async function docPeerVersion(name: DocPeerName): Promise<string | undefined> {
  if (name === 'reference') return (await listens(REFERENCE)) ? 'over its socket' : undefined;
  const file =
    name === 'elmo'
      ? join(projectFolder(), 'package.json')
      : join(projectFolder(), 'bench', 'node_modules', PACKAGES[name], 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function listens(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
