/** NeDB: everything in memory, each change appended to a file; compaction only when asked. It has no aggregation. */
import { join } from 'node:path';
import { loadPackage } from '../../peers.js';
import type { FlatRecord, Order, User } from '../data.js';
import type { DocPeer, Native } from '../peer.js';

interface Cursor extends PromiseLike<Native[]> {
  sort(order: object): Cursor;
  limit(count: number): Cursor;
}

interface Datastore {
  loadDatabaseAsync(): Promise<void>;
  ensureIndexAsync(options: object): Promise<void>;
  removeIndexAsync(field: string): Promise<void>;
  insertAsync(documents: object): Promise<unknown>;
  findOneAsync(query: object): PromiseLike<Native | null>;
  findAsync(query: object): Cursor;
  countAsync(query: object): PromiseLike<number>;
  updateAsync(query: object, update: object, options: object): Promise<{ numAffected: number }>;
  removeAsync(query: object, options: object): Promise<number>;
  compactDatafileAsync(): Promise<void>;
}

type DatastoreClass = new (options: object) => Datastore;

interface NativeOrder extends Omit<Order, 'id'> {
  readonly _id: string;
}

const INDEXES = [
  { fieldName: 'number', unique: true },
  { fieldName: 'createdAt' },
  { fieldName: 'userId' },
  { fieldName: 'total' },
];

export async function openNedbPeer(folder: string): Promise<DocPeer> {
  const Store = loadPackage('@seald-io/nedb') as DatastoreClass;
  const open = async (name: string): Promise<Datastore> => {
    const store = new Store({ filename: join(folder, name) });
    await store.loadDatabaseAsync();
    return store;
  };
  return new NedbPeer(open, await open('orders'), await open('users'), await open('records'));
}

class NedbPeer implements DocPeer {
  readonly durability = 'appended to its file when answered: survives the death of the process';

  constructor(
    private readonly open: (name: string) => Promise<Datastore>,
    private orders: Datastore,
    private readonly users: Datastore,
    private records: Datastore,
  ) {}

  native({ id, ...rest }: Order): Native {
    return { _id: id, ...rest };
  }

  key(id: string): unknown {
    return id;
  }

  plain(found: Native): Order {
    const { _id, ...rest } = found as NativeOrder;
    return { id: _id, ...rest };
  }

  async newOrders(): Promise<void> {
    await this.orders.removeAsync({}, { multi: true });
    await this.orders.compactDatafileAsync();
    this.orders = await this.open('orders');
    for (const index of INDEXES) await this.orders.ensureIndexAsync(index);
  }

  async fillUsers(users: readonly User[]): Promise<void> {
    await this.users.removeAsync({}, { multi: true });
    await this.users.insertAsync(users.map(({ id, ...rest }) => ({ _id: id, ...rest })));
  }

  insertMany(documents: readonly Native[]): Promise<unknown> {
    return this.orders.insertAsync(documents);
  }

  async findById(key: unknown): Promise<Native | null> {
    return this.orders.findOneAsync({ _id: key });
  }

  async findByNumber(number: string): Promise<Native | null> {
    return this.orders.findOneAsync({ number });
  }

  async latest(status: string, before: Date): Promise<Native[]> {
    return this.orders
      .findAsync({ createdAt: { $lt: before }, status })
      .sort({ createdAt: -1 })
      .limit(20);
  }

  async filtered(status: string, from: Date, to: Date, country: string): Promise<Native[]> {
    return this.orders.findAsync({
      createdAt: { $gte: from, $lt: to },
      status,
      'shipping.country': country,
    });
  }

  async countTotals(low: number, high: number): Promise<number> {
    return this.orders.countAsync({ total: { $gte: low, $lt: high } });
  }

  async byCity(city: string): Promise<Native[]> {
    return this.orders.findAsync({ 'shipping.city': city });
  }

  async byTag(tag: string): Promise<Native[]> {
    return this.orders.findAsync({ tags: tag });
  }

  createIndex(): Promise<void> {
    return this.orders.ensureIndexAsync({ fieldName: 'shipping.city' });
  }

  dropIndex(): Promise<void> {
    return this.orders.removeIndexAsync('shipping.city');
  }

  async update(key: unknown, status: string): Promise<number> {
    const change = { $inc: { revision: 1 }, $set: { status } };
    return (await this.orders.updateAsync({ _id: key }, change, {})).numAffected;
  }

  insert(document: Native): Promise<unknown> {
    return this.orders.insertAsync(document);
  }

  remove(key: unknown): Promise<number> {
    return this.orders.removeAsync({ _id: key }, {});
  }

  async newRecords(): Promise<void> {
    await this.records.removeAsync({}, { multi: true });
    this.records = await this.open('records');
  }

  nativeRecord({ id, ...fields }: FlatRecord): Native {
    return { _id: id, ...fields };
  }

  insertRecords(records: readonly Native[]): Promise<unknown> {
    return this.records.insertAsync(records);
  }

  insertRecord(record: Native): Promise<unknown> {
    return this.records.insertAsync(record);
  }

  async readRecord(id: string): Promise<Native | null> {
    return this.records.findOneAsync({ _id: id });
  }

  updateRecord(id: string, field: string, text: string): Promise<unknown> {
    return this.records.updateAsync({ _id: id }, { $set: { [field]: text } }, {});
  }

  async scanRecords(id: string, count: number): Promise<Native[]> {
    return this.records
      .findAsync({ _id: { $gte: id } })
      .sort({ _id: 1 })
      .limit(count);
  }

  settle(): void {
    // nothing works in the background
  }

  close(): void {
    // every change is in the file
  }
}
