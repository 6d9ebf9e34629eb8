/** What has the official driver's interface: elmo in process, the reference engine over its socket. */
import type { FlatRecord, Order, User } from '../data.js';
import type { DocPeer, Native, Revenue } from '../peer.js';

interface Cursor {
  toArray(): Promise<Native[]>;
}

/** What of a collection is used; both libraries have it. */
export interface DriverCollection {
  findOne(filter: object): Promise<Native | null>;
  find(filter: object, options?: object): Cursor;
  aggregate(pipeline: object[]): Cursor;
  countDocuments(filter: object): Promise<number>;
  insertOne(document: object, options?: object): Promise<unknown>;
  insertMany(documents: readonly object[]): Promise<unknown>;
  updateOne(filter: object, update: object): Promise<{ modifiedCount: number }>;
  deleteOne(filter: object): Promise<{ deletedCount: number }>;
  createIndex(keys: object, options?: object): Promise<unknown>;
  dropIndex(name: string): Promise<unknown>;
  drop(): Promise<unknown>;
}

export interface DriverDb {
  collection(name: string): DriverCollection;
}

interface NativeOrder extends Omit<Order, 'id'> {
  readonly _id: { toHexString(): string };
}

export interface DriverParts {
  readonly durability: string;
  readonly db: DriverDb;
  readonly objectId: (hex: string) => object;
  readonly settle: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

export class DriverPeer implements DocPeer {
  readonly durability: string;
  private orders: DriverCollection;
  private readonly users: DriverCollection;
  private readonly records: DriverCollection;

  constructor(private readonly parts: DriverParts) {
    this.durability = parts.durability;
    this.orders = parts.db.collection('orders');
    this.users = parts.db.collection('users');
    this.records = parts.db.collection('records');
  }

  native({ id, ...rest }: Order): Native {
    return { _id: this.parts.objectId(id), ...rest };
  }

  key(id: string): unknown {
    return this.parts.objectId(id);
  }

  plain(found: Native): Order {
    const { _id, ...rest } = found as NativeOrder;
    return { id: _id.toHexString(), ...rest };
  }

  async newOrders(): Promise<void> {
    await this.orders.drop();
    await this.orders.createIndex({ number: 1 }, { unique: true });
    await this.orders.createIndex({ status: 1, createdAt: 1 });
    await this.orders.createIndex({ userId: 1 });
    await this.orders.createIndex({ total: 1 });
  }

  async fillUsers(users: readonly User[]): Promise<void> {
    await this.users.drop();
    await this.users.insertMany(users.map(({ id, ...rest }) => ({ _id: id, ...rest })));
  }

  insertMany(documents: readonly Native[]): Promise<unknown> {
    return this.orders.insertMany(documents);
  }

  findById(key: unknown): Promise<Native | null> {
    return this.orders.findOne({ _id: key });
  }

  findByNumber(number: string): Promise<Native | null> {
    return this.orders.findOne({ number });
  }

  latest(status: string, before: Date): Promise<Native[]> {
    return this.orders
      .find({ status, createdAt: { $lt: before } }, { sort: { createdAt: -1 }, limit: 20 })
      .toArray();
  }

  filtered(status: string, from: Date, to: Date, country: string): Promise<Native[]> {
    const filter = { status, createdAt: { $gte: from, $lt: to }, 'shipping.country': country };
    return this.orders.find(filter).toArray();
  }

  countTotals(low: number, high: number): Promise<number> {
    return this.orders.countDocuments({ total: { $gte: low, $lt: high } });
  }

  async revenue(): Promise<Revenue[]> {
    const rows = await this.orders
      .aggregate([
        { $match: { revision: { $gte: 0 } } },
        { $group: { _id: '$shipping.country', orders: { $sum: 1 }, revenue: { $sum: '$total' } } },
        { $sort: { revenue: -1 } },
      ])
      .toArray();
    return (rows as { _id: string; orders: number; revenue: number }[]).map(({ _id, orders, revenue }) => ({
      country: _id,
      orders,
      revenue,
    }));
  }

  byCity(city: string): Promise<Native[]> {
    return this.orders.find({ 'shipping.city': city }).toArray();
  }

  byTag(tag: string): Promise<Native[]> {
    return this.orders.find({ tags: tag }).toArray();
  }

  withUsers(status: string, before: Date): Promise<Native[]> {
    return this.orders
      .aggregate([
        { $match: { status, createdAt: { $lt: before } } },
        { $sort: { createdAt: -1 } },
        { $limit: 20 },
        { $lookup: { from: 'users', localField: 'userId', foreignField: '_id', as: 'users' } },
      ])
      .toArray();
  }

  userNameOf(joined: Native): string {
    return (joined as { users: User[] }).users[0]!.name;
  }

  createIndex(): Promise<unknown> {
    return this.orders.createIndex({ 'shipping.city': 1 }, { name: 'city' });
  }

  dropIndex(): Promise<unknown> {
    return this.orders.dropIndex('city');
  }

  async update(key: unknown, status: string): Promise<number> {
    const result = await this.orders.updateOne({ _id: key }, { $inc: { revision: 1 }, $set: { status } });
    return result.modifiedCount;
  }

  insert(document: Native): Promise<unknown> {
    return this.orders.insertOne(document);
  }

  async remove(key: unknown): Promise<number> {
    return (await this.orders.deleteOne({ _id: key })).deletedCount;
  }

  insertDurable(document: Native): Promise<unknown> {
    return this.orders.insertOne(document, { writeConcern: { w: 1, j: true } });
  }

  newRecords(): Promise<unknown> {
    return this.records.drop();
  }

  nativeRecord({ id, ...fields }: FlatRecord): Native {
    return { _id: id, ...fields };
  }

  insertRecords(records: readonly Native[]): Promise<unknown> {
    return this.records.insertMany(records);
  }

  insertRecord(record: Native): Promise<unknown> {
    return this.records.insertOne(record);
  }

  readRecord(id: string): Promise<Native | null> {
    return this.records.findOne({ _id: id });
  }

  updateRecord(id: string, field: string, text: string): Promise<unknown> {
    return this.records.updateOne({ _id: id }, { $set: { [field]: text } });
  }

  scanRecords(id: string, count: number): Promise<Native[]> {
    return this.records.find({ _id: { $gte: id } }, { sort: { _id: 1 }, limit: count }).toArray();
  }

  settle(): Promise<unknown> {
    return this.parts.settle();
  }

  close(): Promise<unknown> {
    return this.parts.close();
  }
}
