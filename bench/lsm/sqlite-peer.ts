/**
 * SQLite (better-sqlite3): a table WITHOUT ROWID keyed by the bytes, write-ahead log, 64 MiB of page cache, statements
 * prepared once. `synchronous` is NORMAL (the log is synced at checkpoints), FULL where each commit must be durable.
 */
import { join } from 'node:path';
import type { Tally } from '../data.js';
import { CACHE_BYTES, loadPackage, type KvPeer, type PeerOptions, type ScanOptions } from '../peers.js';
import { gather, visitWhole } from './whole-values.js';

type Row = [key: Uint8Array, value: Uint8Array];

interface Statement {
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  iterate(...values: unknown[]): Iterable<unknown>;
  raw(): this;
  pluck(): this;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): Statement;
  close(): void;
}

export function openSqlitePeer(folder: string, options: PeerOptions): KvPeer {
  const Database = loadPackage('better-sqlite3') as new (path: string) => Sqlite;
  const db = new Database(join(folder, 'bench.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${options.syncEveryCommit ? 'FULL' : 'NORMAL'}`);
  db.pragma(`cache_size = ${-CACHE_BYTES / 1024}`);
  db.exec('CREATE TABLE IF NOT EXISTS kv (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID');
  return new SqlitePeer(db, options);
}

class SqlitePeer implements KvPeer {
  readonly name = 'sqlite';
  readonly durability: string;
  private readonly begin: Statement;
  private readonly commit: Statement;
  private readonly insert: Statement;
  private readonly select: Statement;
  private readonly piece: Statement;
  private readonly forward: Statement;
  private readonly backward: Statement;
  private readonly from: Statement;
  private readonly erase: Statement;

  constructor(
    private readonly db: Sqlite,
    private readonly options: PeerOptions,
  ) {
    this.durability =
      'log written before the answer, synced at checkpoints (NORMAL); sync: at each commit (FULL)';
    this.begin = db.prepare('BEGIN IMMEDIATE');
    this.commit = db.prepare('COMMIT');
    this.insert = db.prepare('INSERT INTO kv VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v');
    this.select = db.prepare('SELECT v FROM kv WHERE k = ?').pluck();
    this.piece = db.prepare('SELECT substr(v, ?, ?) FROM kv WHERE k = ?').pluck();
    this.forward = db.prepare('SELECT k, v FROM kv ORDER BY k').raw();
    this.backward = db.prepare('SELECT k, v FROM kv ORDER BY k DESC').raw();
    this.from = db.prepare('SELECT k, v FROM kv WHERE k >= ? ORDER BY k LIMIT ?').raw();
    this.erase = db.prepare('DELETE FROM kv WHERE k >= ? AND k < ?');
  }

  allocate(bytes: number): Uint8Array {
    return Buffer.alloc(bytes);
  }

  batch(keys: readonly Uint8Array[], values: readonly Uint8Array[], count: number): void {
    this.begin.run();
    for (let i = 0; i < count; i++) this.insert.run(keys[i]!, values[i]!);
    this.commit.run();
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.insert.run(key, value);
  }

  putSync(key: Uint8Array, value: Uint8Array): void {
    if (!this.options.syncEveryCommit) throw new Error('opened without a sync at every commit');
    this.insert.run(key, value);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.select.get(key) as Uint8Array | undefined;
  }

  scan(tally: Tally, { reverse }: ScanOptions): void {
    const statement = reverse ? this.backward : this.forward;
    for (const row of statement.iterate()) {
      const [key, value] = row as Row;
      tally.add(key, 0, key.length, value, 0, value.length);
    }
  }

  range(from: Uint8Array, count: number, tally: Tally): void {
    for (const row of this.from.iterate(from, count)) {
      const [key, value] = row as Row;
      tally.add(key, 0, key.length, value, 0, value.length);
    }
  }

  deleteRange(low: Uint8Array, high: Uint8Array): void {
    this.erase.run(low, high);
  }

  putStream(key: Uint8Array, chunks: Iterable<Uint8Array>, byteLength: number): void {
    this.insert.run(key, gather(chunks, Buffer.allocUnsafe(byteLength)));
  }

  readStream(key: Uint8Array, visit: (chunk: Uint8Array) => void): void {
    visitWhole(this.get(key), visit);
  }

  readAt(key: Uint8Array, position: number, into: Uint8Array): number {
    const piece = this.piece.get(position + 1, into.length, key) as Uint8Array;
    into.set(piece);
    return piece.length;
  }

  settle(): Promise<void> {
    this.db.pragma('wal_checkpoint(TRUNCATE)');
    return Promise.resolve();
  }

  settleMerged(): Promise<void> {
    return this.settle();
  }

  close(): Promise<void> {
    this.db.close();
    return Promise.resolve();
  }
}
