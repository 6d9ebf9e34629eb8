/**
 * SQLite (better-sqlite3): a table of documents as JSON text, or as JSONB, with indexes on expressions; write-ahead log,
 * 64 MiB of page cache, statements prepared once. Dates are ISO texts, which is what JSON gives.
 */
import { join } from 'node:path';
import { loadPackage } from '../../peers.js';
import type { FlatRecord, Order, User } from '../data.js';
import { CACHE_BYTES, type DocPeer, type Native, type Revenue } from '../peer.js';

interface Statement {
  run(...values: unknown[]): { changes: number };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  raw(): this;
  pluck(): this;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): Statement;
  close(): void;
}

type Form = 'json' | 'jsonb';

export function openSqlitePeer(folder: string, form: Form): DocPeer {
  const Database = loadPackage('better-sqlite3') as new (path: string) => Sqlite;
  const db = new Database(join(folder, 'bench.sqlite'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.pragma(`cache_size = ${-CACHE_BYTES / 1024}`);
  for (const table of ['orders', 'users', 'records'])
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (id ${table === 'users' ? 'INTEGER' : 'TEXT'} PRIMARY KEY, doc)`,
    );
  return new SqlitePeer(db, form);
}

/** Statements by their text, prepared once. */
class Statements {
  private readonly known = new Map<string, Statement>();

  constructor(private readonly db: Sqlite) {}

  of(text: string): Statement {
    let statement = this.known.get(text);
    if (statement === undefined) this.known.set(text, (statement = this.db.prepare(text)));
    return statement;
  }

  pluck(text: string): Statement {
    return this.of(text).pluck();
  }
}

interface StoredOrder extends Omit<Order, 'createdAt'> {
  readonly createdAt: string;
}

const parse = (text: unknown): Native => JSON.parse(text as string) as Native;

class SqlitePeer implements DocPeer {
  readonly durability =
    'in the log when answered (WAL, synchronous=NORMAL): survives the death of the process; durable: synchronous=FULL';
  private readonly statements: Statements;
  /** The document as text. */
  private readonly doc: string;
  /** A given text as it is stored. */
  private readonly given: string;
  private readonly set: string;
  private readonly orderById: Statement;
  private readonly orderByNumber: Statement;
  private readonly recordById: Statement;
  private isFull = false;

  constructor(
    private readonly db: Sqlite,
    form: Form,
  ) {
    this.statements = new Statements(db);
    this.doc = form === 'json' ? 'doc' : 'json(doc)';
    this.given = form === 'json' ? '?' : 'jsonb(?)';
    this.set = form === 'json' ? 'json_set' : 'jsonb_set';
    this.orderById = this.statements.pluck(`SELECT ${this.doc} FROM orders WHERE id = ?`);
    this.orderByNumber = this.statements.pluck(`SELECT ${this.doc} FROM orders WHERE doc->>'$.number' = ?`);
    this.recordById = this.statements.pluck(`SELECT ${this.doc} FROM records WHERE id = ?`);
  }

  native(order: Order): Native {
    return order;
  }

  key(id: string): unknown {
    return id;
  }

  plain(found: Native): Order {
    const stored = found as StoredOrder;
    return { ...stored, createdAt: new Date(stored.createdAt) };
  }

  newOrders(): void {
    this.db.exec(`
      DROP INDEX IF EXISTS by_number; DROP INDEX IF EXISTS by_status; DROP INDEX IF EXISTS by_user;
      DROP INDEX IF EXISTS by_total; DELETE FROM orders;
      CREATE UNIQUE INDEX by_number ON orders (doc->>'$.number');
      CREATE INDEX by_status ON orders (doc->>'$.status', doc->>'$.createdAt');
      CREATE INDEX by_user ON orders (doc->>'$.userId');
      CREATE INDEX by_total ON orders (doc->>'$.total');`);
  }

  fillUsers(users: readonly User[]): void {
    this.db.exec('DELETE FROM users');
    this.insertAll('users', users);
  }

  private insertAll(table: string, documents: readonly Native[]): void {
    const insert = this.statements.of(`INSERT INTO ${table} VALUES (?, ${this.given})`);
    this.db.exec('BEGIN IMMEDIATE');
    for (const document of documents) insert.run((document as { id: unknown }).id, JSON.stringify(document));
    this.db.exec('COMMIT');
  }

  insertMany(documents: readonly Native[]): void {
    this.insertAll('orders', documents);
  }

  findById(key: unknown): Native | undefined {
    const text = this.orderById.get(key);
    return text === undefined ? undefined : parse(text);
  }

  findByNumber(number: string): Native | undefined {
    const text = this.orderByNumber.get(number);
    return text === undefined ? undefined : parse(text);
  }

  latest(status: string, before: Date): Native[] {
    return this.statements
      .pluck(
        `SELECT ${this.doc} FROM orders WHERE doc->>'$.status' = ? AND doc->>'$.createdAt' < ?
         ORDER BY doc->>'$.createdAt' DESC LIMIT 20`,
      )
      .all(status, before.toISOString())
      .map(parse);
  }

  filtered(status: string, from: Date, to: Date, country: string): Native[] {
    return this.statements
      .pluck(
        `SELECT ${this.doc} FROM orders WHERE doc->>'$.status' = ? AND doc->>'$.createdAt' >= ?
         AND doc->>'$.createdAt' < ? AND doc->>'$.shipping.country' = ?`,
      )
      .all(status, from.toISOString(), to.toISOString(), country)
      .map(parse);
  }

  countTotals(low: number, high: number): number {
    return this.statements
      .pluck(`SELECT count(*) FROM orders WHERE doc->>'$.total' >= ? AND doc->>'$.total' < ?`)
      .get(low, high) as number;
  }

  revenue(): Revenue[] {
    return this.statements
      .of(
        `SELECT doc->>'$.shipping.country' AS country, count(*) AS orders, sum(doc->>'$.total') AS revenue
         FROM orders WHERE doc->>'$.revision' >= 0 GROUP BY 1 ORDER BY 3 DESC`,
      )
      .all() as Revenue[];
  }

  byCity(city: string): Native[] {
    return this.statements
      .pluck(`SELECT ${this.doc} FROM orders NOT INDEXED WHERE doc->>'$.shipping.city' = ?`)
      .all(city)
      .map(parse);
  }

  byTag(tag: string): Native[] {
    return this.statements
      .pluck(
        `SELECT ${this.doc} FROM orders
         WHERE EXISTS (SELECT 1 FROM json_each(orders.doc, '$.tags') WHERE value = ?)`,
      )
      .all(tag)
      .map(parse);
  }

  withUsers(status: string, before: Date): Native[] {
    const rows = this.statements
      .of(
        `SELECT o.text, ${this.doc.replace('doc', 'u.doc')} FROM
         (SELECT ${this.doc} AS text, doc->>'$.userId' AS userId, doc->>'$.createdAt' AS at FROM orders
          WHERE doc->>'$.status' = ? AND doc->>'$.createdAt' < ? ORDER BY doc->>'$.createdAt' DESC LIMIT 20) o
         JOIN users u ON u.id = o.userId ORDER BY o.at DESC`,
      )
      .raw()
      .all(status, before.toISOString()) as [string, string][];
    return rows.map(([order, user]) => ({ ...parse(order), users: [parse(user)] }));
  }

  userNameOf(joined: Native): string {
    return (joined as { users: User[] }).users[0]!.name;
  }

  createIndex(): unknown {
    return this.db.exec(`CREATE INDEX by_city ON orders (doc->>'$.shipping.city')`);
  }

  dropIndex(): unknown {
    return this.db.exec('DROP INDEX by_city');
  }

  update(key: unknown, status: string): number {
    return this.statements
      .of(
        `UPDATE orders SET doc = ${this.set}(doc, '$.revision', (doc->>'$.revision') + 1, '$.status', ?) WHERE id = ?`,
      )
      .run(status, key).changes;
  }

  insert(document: Native): unknown {
    if (this.isFull) this.synchronous(false);
    return this.insertOne('orders', document);
  }

  insertDurable(document: Native): unknown {
    if (!this.isFull) this.synchronous(true);
    return this.insertOne('orders', document);
  }

  private synchronous(isFull: boolean): void {
    this.db.pragma(`synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
    this.isFull = isFull;
  }

  private insertOne(table: string, document: Native): unknown {
    return this.statements
      .of(`INSERT INTO ${table} VALUES (?, ${this.given})`)
      .run((document as { id: unknown }).id, JSON.stringify(document));
  }

  remove(key: unknown): number {
    if (this.isFull) this.synchronous(false);
    return this.statements.of('DELETE FROM orders WHERE id = ?').run(key).changes;
  }

  newRecords(): unknown {
    if (this.isFull) this.synchronous(false);
    return this.db.exec('DELETE FROM records');
  }

  nativeRecord(record: FlatRecord): Native {
    return record;
  }

  insertRecords(records: readonly Native[]): void {
    this.insertAll('records', records);
  }

  insertRecord(record: Native): unknown {
    return this.insertOne('records', record);
  }

  readRecord(id: string): Native | undefined {
    const text = this.recordById.get(id);
    return text === undefined ? undefined : parse(text);
  }

  updateRecord(id: string, field: string, text: string): unknown {
    return this.statements
      .of(`UPDATE records SET doc = ${this.set}(doc, '$.${field}', ?) WHERE id = ?`)
      .run(text, id);
  }

  scanRecords(id: string, count: number): Native[] {
    return this.statements
      .pluck(`SELECT ${this.doc} FROM records WHERE id >= ? ORDER BY id LIMIT ?`)
      .all(id, count)
      .map(parse);
  }

  settle(): unknown {
    return this.db.pragma('wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.db.close();
  }
}
