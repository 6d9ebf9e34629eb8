/** LokiJS: everything in memory, and what a query gives are the stored objects themselves; the file is written when it is closed. */
import { join } from 'node:path';
import { loadPackage } from '../../peers.js';
import type { FlatRecord, Order, User } from '../data.js';
import type { DocPeer, Native, Revenue } from '../peer.js';

interface Resultset {
  find(query: object): Resultset;
  simplesort(field: string, options?: object): Resultset;
  limit(count: number): Resultset;
  count(): number;
  data(): Native[];
  eqJoin(
    other: LokiCollection,
    left: string,
    right: string,
    map: (left: Native, right: Native) => Native,
  ): Resultset;
}

interface LokiCollection {
  insert(documents: object): unknown;
  by(field: string, value: unknown): Native | undefined;
  find(query: object): Native[];
  chain(): Resultset;
  update(document: object): unknown;
  remove(document: object): unknown;
  clear(options: object): void;
  ensureIndex(field: string, force?: boolean): void;
  readonly data: readonly Native[];
  binaryIndices: Record<string, unknown>;
}

interface LokiDatabase {
  getCollection(name: string): LokiCollection | null;
  addCollection(name: string, options: object): LokiCollection;
  loadDatabase(options: object, done: (error?: Error) => void): void;
  saveDatabase(done: (error?: Error) => void): void;
}

const COLLECTIONS = {
  orders: { unique: ['id', 'number'], indices: ['createdAt', 'userId', 'total'], disableMeta: true },
  users: { unique: ['id'], indices: ['id'], disableMeta: true },
  records: { unique: ['id'], indices: ['id'], disableMeta: true },
};

export async function openLokiPeer(folder: string): Promise<DocPeer> {
  const Loki = loadPackage('lokijs') as new (path: string, options: object) => LokiDatabase;
  const db = new Loki(join(folder, 'bench.loki'), { autosave: false });
  await new Promise<void>((resolve, reject) => {
    db.loadDatabase({}, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
  return new LokiPeer(db);
}

class LokiPeer implements DocPeer {
  readonly durability = 'in memory only until the whole database is saved';
  private readonly orders: LokiCollection;
  private readonly users: LokiCollection;
  private readonly records: LokiCollection;

  constructor(private readonly db: LokiDatabase) {
    const collection = (name: keyof typeof COLLECTIONS): LokiCollection =>
      db.getCollection(name) ?? db.addCollection(name, COLLECTIONS[name]);
    this.orders = collection('orders');
    this.users = collection('users');
    this.records = collection('records');
  }

  native(order: Order): Native {
    return { ...order };
  }

  key(id: string): unknown {
    return id;
  }

  plain(found: Native): Order {
    const order = { ...(found as Order & { $loki?: number }) };
    delete order.$loki;
    return { ...order, createdAt: new Date(order.createdAt) };
  }

  newOrders(): void {
    this.orders.clear({ removeIndices: false });
  }

  fillUsers(users: readonly User[]): void {
    this.users.clear({ removeIndices: false });
    this.users.insert([...users]);
  }

  insertMany(documents: readonly Native[]): unknown {
    return this.orders.insert(documents);
  }

  findById(key: unknown): Native | undefined {
    return this.orders.by('id', key);
  }

  findByNumber(number: string): Native | undefined {
    return this.orders.by('number', number);
  }

  latest(status: string, before: Date): Native[] {
    return this.orders
      .chain()
      .find({ createdAt: { $lt: before } })
      .find({ status })
      .simplesort('createdAt', { desc: true })
      .limit(20)
      .data();
  }

  filtered(status: string, from: Date, to: Date, country: string): Native[] {
    return this.orders
      .chain()
      .find({ createdAt: { $between: [from, new Date(to.getTime() - 1)] } })
      .find({ status, 'shipping.country': country })
      .data();
  }

  countTotals(low: number, high: number): number {
    return this.orders
      .chain()
      .find({ total: { $gte: low } })
      .find({ total: { $lt: high } })
      .count();
  }

  revenue(): Revenue[] {
    const sums = new Map<string, { country: string; orders: number; revenue: number }>();
    for (const found of this.orders.data) {
      const { revision, shipping, total } = found as Order;
      if (revision < 0) continue;
      const { country } = shipping;
      let sum = sums.get(country);
      if (sum === undefined) sums.set(country, (sum = { country, orders: 0, revenue: 0 }));
      sum.orders++;
      sum.revenue += total;
    }
    return [...sums.values()].sort((a, b) => b.revenue - a.revenue);
  }

  byCity(city: string): Native[] {
    return this.orders.find({ 'shipping.city': city });
  }

  byTag(tag: string): Native[] {
    return this.orders.find({ tags: { $contains: tag } });
  }

  withUsers(status: string, before: Date): Native[] {
    return this.orders
      .chain()
      .find({ createdAt: { $lt: before } })
      .find({ status })
      .simplesort('createdAt', { desc: true })
      .limit(20)
      .eqJoin(this.users, 'userId', 'id', (order, user) => ({
        ...order,
        $loki: undefined,
        users: [user],
      }))
      .data();
  }

  userNameOf(joined: Native): string {
    return (joined as { users: User[] }).users[0]!.name;
  }

  createIndex(): void {
    this.orders.ensureIndex('shipping.city', true);
  }

  dropIndex(): void {
    delete this.orders.binaryIndices['shipping.city'];
  }

  update(key: unknown, status: string): number {
    const found = this.orders.by('id', key) as (Order & { revision: number; status: string }) | undefined;
    if (found === undefined) return 0;
    found.revision++;
    found.status = status;
    this.orders.update(found);
    return 1;
  }

  insert(document: Native): unknown {
    return this.orders.insert(document);
  }

  remove(key: unknown): number {
    const found = this.orders.by('id', key);
    if (found === undefined) return 0;
    this.orders.remove(found);
    return 1;
  }

  newRecords(): void {
    this.records.clear({ removeIndices: false });
  }

  nativeRecord(record: FlatRecord): Native {
    return { ...record };
  }

  insertRecords(records: readonly Native[]): unknown {
    return this.records.insert(records);
  }

  insertRecord(record: Native): unknown {
    return this.records.insert(record);
  }

  readRecord(id: string): Native | undefined {
    return this.records.by('id', id);
  }

  updateRecord(id: string, field: string, text: string): unknown {
    const found = this.records.by('id', id) as Record<string, string>;
    found[field] = text;
    return this.records.update(found);
  }

  scanRecords(id: string, count: number): Native[] {
    return this.records
      .chain()
      .find({ id: { $gte: id } })
      .simplesort('id')
      .limit(count)
      .data();
  }

  settle(): void {
    // nothing works in the background
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.db.saveDatabase((error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }
}
