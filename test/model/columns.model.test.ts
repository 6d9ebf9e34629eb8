/**
 * Queries answered with columns beside the same queries that may not use them: random documents, changes, transactions
 * and moments of reading. What is left out must never show.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  BSONSymbol,
  connect,
  Decimal128,
  MongoServerError,
  Double,
  Long,
  type MongoClient,
  type ClientSession,
  type Collection,
  type Document,
} from '../../index.js';
import type { Engine } from '../../elmo/engine/engine.js';
import type { CollectionState } from '../../elmo/catalog/collection-state.js';
import { SeededRandom } from '../support/seeded-random.js';

/** A condition that may fail keeps columns away: nobody knows that this one does not. */
const PLAIN = { $expr: { $ne: ['$nothing', 'nothing'] } };
const DOCUMENTS = 2600;
const ARRAY_PATHS = ['tags', 'lines.sku', 'tags.0'];
const CITIES = ['Bern', 'Genf', 'Basel', 'Chur', 'Zug', 'Thun'];

/** A change that met another writer's has ended the transaction. */
function unlessAborted(error: unknown): void {
  if (!(error instanceof MongoServerError)) throw error;
}

class Trial {
  private readonly random: SeededRandom;
  private nextKey = 0;

  constructor(
    readonly client: MongoClient,
    readonly orders: Collection,
    seed: number,
  ) {
    this.random = new SeededRandom(seed);
  }

  int(n: number): number {
    return this.random.int(n);
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)]!;
  }

  private value(): unknown {
    const n = this.int(5);
    return this.pick<unknown>([
      n,
      n,
      n,
      new Double(n),
      Long.fromNumber(n),
      `${n}`,
      null,
      [n, n + 1],
      [],
      { n },
      true,
      n / 2,
    ]);
  }

  document(): Document {
    const document: Document = { _id: this.nextKey++ as never, k: this.int(400) };
    if (this.int(20) > 0) document['c'] = this.pick(CITIES);
    if (this.int(20) > 0) document['w'] = this.number();
    if (this.int(10) > 0) document['a'] = this.value();
    const place = this.int(12);
    if (place < 9) document['to'] = { x: 1, city: this.pick(CITIES) };
    else if (place === 9) document['to'] = [{ city: this.pick(CITIES) }, { city: this.pick(CITIES) }];
    else if (place === 10) document['to'] = this.pick<unknown>(['Bern', null, {}, 7]);
    if (this.int(4) > 0) document['city'] = this.city();
    return { ...document, ...this.arrays() };
  }

  /** Arrays that almost all differ. */
  private arrays(): Document {
    const document: Document = {};
    const tags = Array.from({ length: this.pick([0, 1, 2, 3, 3, 4]) }, () => this.element());
    if (this.int(3) > 0) tags.push(this.int(1e9));
    if (this.int(30) > 0) document['tags'] = this.int(10) === 0 ? this.element() : tags;
    if (this.int(60) === 0) document['tags'] = Array.from({ length: 40 }, () => this.element());
    const lines: unknown[] = Array.from({ length: this.int(4) }, () =>
      this.pick<unknown>([
        { sku: this.element() },
        { sku: this.element(), n: 1 },
        { n: 1 },
        { sku: [this.element(), this.element()] },
        [{ sku: this.element() }],
        7,
      ]),
    );
    document['lines'] = this.int(10) === 0 ? { sku: this.element() } : lines;
    return document;
  }

  /** What is equal to others in more than one way. */
  private element(): unknown {
    const n = this.int(12);
    return this.pick<unknown>([
      n,
      new Double(n),
      Long.fromNumber(n),
      Decimal128.fromString(`${n}`),
      Decimal128.fromString(`${n}.00`),
      n / 2,
      Decimal128.fromString(`${n / 2}`),
      Long.fromString('9007199254740993'),
      Decimal128.fromString('9007199254740993'),
      -0,
      new Double(NaN),
      Decimal128.fromString('NaN'),
      `t${n}`,
      `t${n}`,
      new BSONSymbol(`t${n}`),
      'T1',
      'long'.repeat(60),
      null,
      n === 1,
      new Date(n),
      [n, `t${n}`],
      { n },
    ]);
  }

  private arrayCondition(): unknown {
    return this.pick<unknown>([
      this.element(),
      this.element(),
      this.element(),
      { $eq: this.element() },
      { $in: [this.element(), this.element()] },
      { $in: [this.element(), /^t1/] },
      { $all: [this.element(), this.element()] },
      { $all: [this.element()], $ne: this.element() },
      { $elemMatch: { $eq: this.element() } },
      { $elemMatch: { $in: [this.element(), this.element()] } },
      { $elemMatch: { $eq: this.element(), $ne: null } },
      { $elemMatch: { $elemMatch: { $eq: this.element() } } },
      { $elemMatch: { $ne: this.element() } },
      { $not: { $eq: this.element() } },
      { $ne: this.element() },
      { $nin: [this.element(), null] },
      { $gte: this.element() },
      { $size: 2 },
      { $type: 'array' },
      { $exists: false },
      [this.element(), this.element()],
      [],
      /^t/,
    ]);
  }

  /** Gives all records other arrays, so that too many are met to be told apart. */
  async renew(): Promise<void> {
    const updates = Array.from({ length: this.nextKey }, (_, key) => ({
      updateOne: { filter: { _id: key as never }, update: { $set: this.arrays() } },
    }));
    await this.orders.bulkWrite(updates);
    for (const path of ARRAY_PATHS) await this.orders.find({ [path]: 1 }).toArray();
  }

  /** One of so many that almost all differ. */
  private number(): unknown {
    const n = this.int(1e9);
    return this.pick<unknown>([
      n,
      n / 7,
      n / 3,
      -n,
      Long.fromNumber(n * 1e5),
      new Date(n),
      new Double(n),
      null,
    ]);
  }

  private city(): unknown {
    const n = this.int(60);
    if (n === 0) return 'x'.repeat(300);
    if (n === 1) return [this.pick(CITIES), this.pick(CITIES)];
    return n === 2 ? new BSONSymbol(this.pick(CITIES)) : this.pick(CITIES);
  }

  private condition(path: string): Document {
    if (ARRAY_PATHS.includes(path)) return { [path]: this.arrayCondition() };
    const n = this.int(5);
    const conditions: unknown[] = [
      n,
      `${n}`,
      null,
      { $gt: n },
      { $lte: n },
      { $ne: n },
      { $in: [n, null] },
      { $nin: [n, `${n}`] },
      { $exists: false },
      { $exists: true },
      { $type: 'int' },
      { $not: { $gte: n } },
      { $elemMatch: { $gt: n } },
      { $size: 2 },
      { $mod: [2, 1] },
      [n, n + 1],
      { $gt: n, $lt: n + 2 },
      { $type: ['string', 'array'] },
    ];
    const texts: unknown[] = [
      this.pick(CITIES),
      this.pick(CITIES),
      { $in: [this.pick(CITIES), 'Zug'] },
      { $gte: 'C' },
      { $ne: this.pick(CITIES) },
      /^B/,
      null,
      { $exists: false },
      { $regex: 'n$', $ne: 'Thun' },
    ];
    return { [path]: this.pick(path === 'a' ? conditions : texts) };
  }

  filter(): Document {
    const paths = ['a', 'to.city', 'city', ...ARRAY_PATHS];
    const parts = [this.condition(this.pick(paths))];
    if (this.int(3) === 0) parts.push(this.condition(this.pick(paths)));
    if (this.int(5) === 0) parts.push({ $or: [this.condition('city'), this.condition(this.pick(paths))] });
    if (this.int(8) === 0) parts.push({ $or: [this.condition('tags'), this.condition('tags')] });
    if (this.int(3) === 0) {
      const low = this.int(400);
      parts.push({ k: { $gte: low, $lt: low + this.pick([10, 100]) } });
    }
    return { $and: parts };
  }

  async compare(session?: ClientSession): Promise<void> {
    const filter = this.filter();
    const sort = this.pick([undefined, undefined, { $natural: -1 }, { k: 1 }]);
    const limit = this.pick([0, 0, 3]);
    const batchSize = this.pick([1000, 7]);
    const collation = this.pick([undefined, undefined, undefined, { locale: 'de', strength: 1 }]);
    const options = {
      ...(sort === undefined ? {} : { sort }),
      limit,
      batchSize,
      ...(collation === undefined ? {} : { collation }),
      ...(session === undefined ? {} : { session }),
    };
    const wanted = await this.orders.find({ $and: [filter, PLAIN] }, options as never).toArray();
    const found = await this.orders.find(filter, options as never).toArray();
    expect(found, JSON.stringify({ filter, options: { sort, limit, batchSize, collation } })).to.deep.equal(
      wanted,
    );
  }

  async compareGroups(): Promise<void> {
    const filters = [
      {},
      {},
      { c: this.pick(CITIES) },
      { c: { $gte: 'C' } },
      { a: { $ne: 1 } },
      { w: { $gt: 5 } },
      { c: { $exists: true } },
      { tags: this.element() },
      { 'lines.sku': this.element(), c: this.pick(CITIES) },
    ];
    const filter = this.pick<Document>(filters);
    const key = this.pick<unknown>(['$c', '$a', '$w', null, '$to.city', { at: '$c' }, { at: '$c', a: '$a' }]);
    const path = this.pick(['$w', '$a', '$c', 1]);
    const accumulator = this.pick([
      '$sum',
      '$max',
      '$min',
      '$avg',
      '$first',
      '$last',
      '$push',
      '$addToSet',
      '$mergeObjects',
    ]);
    const group = {
      $group: {
        _id: key,
        n: { $sum: 1 },
        sum: { $sum: '$w' },
        one: { [accumulator]: accumulator === '$mergeObjects' ? '$to' : path },
      },
    };
    const outcome = (pipeline: Document[]): Promise<unknown> =>
      this.orders
        .aggregate(pipeline)
        .toArray()
        .catch(({ code }: MongoServerError) => code);
    const wanted = await outcome([{ $match: { $and: [filter, PLAIN] } }, group]);
    expect(await outcome([{ $match: filter }, group]), JSON.stringify({ filter, group })).to.deep.equal(
      wanted,
    );
  }

  async change(session?: ClientSession): Promise<void> {
    const options = session === undefined ? {} : { session };
    const key = { _id: this.int(this.nextKey) as never };
    switch (this.int(6)) {
      case 0:
        await this.orders.insertMany([this.document(), this.document()], options);
        break;
      case 1:
        await this.orders.deleteOne(key, options);
        break;
      case 2: {
        const rest = this.document();
        delete rest['_id'];
        await this.orders.replaceOne(key, rest, options);
        break;
      }
      case 3:
        await this.orders
          .updateMany({ k: this.int(400) }, { $set: { 'to.city': this.pick(CITIES) } }, options)
          .catch(() => undefined);
        break;
      default:
        await this.orders.updateOne(
          key,
          { $set: { a: this.value(), city: this.pick(CITIES), w: this.number(), ...this.arrays() } },
          options,
        );
    }
  }

  state(): CollectionState {
    const { catalog } = (this.client as unknown as { engine: Engine }).engine;
    return catalog.expect({ db: 'test', collection: 'orders' }).state;
  }
}

describe('model of columns', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'elmo-columns-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [where, seed] of [
    ['memory', 11],
    ['memory', 12],
    ['file', 13],
    ['file', 14],
  ] as const) {
    it(`answers as without them, in ${where}, seed ${seed}`, async () => {
      const client = await connect(where === 'memory' ? ':memory:' : join(folder, `${seed}.elmo`));
      try {
        const orders = client.db('test').collection('orders');
        const trial = new Trial(client, orders, seed);
        for (let i = 0; i < DOCUMENTS; i += 200)
          await orders.insertMany(Array.from({ length: 200 }, () => trial.document()));
        await orders.createIndex({ k: 1 });
        for (let i = 0; i < 40; i++) await trial.compare();
        for (let i = 0; i < 40; i++) await trial.compareGroups();
        for (let i = 0; i < 6; i++) await trial.renew();
        for (const path of ARRAY_PATHS)
          expect(trial.state().columns.signatures(path), path).to.not.equal(undefined);
        for (let i = 0; i < 80; i++) await trial.compare();
        expect(trial.state().columns.isEmpty).to.equal(false);
        expect(
          trial.state().columns.pages.some((page) => page?.isWhole.includes(true)),
          'a page is known whole',
        ).to.equal(true);
        for (let round = 0; round < 40; round++) {
          const before = client.startSession({ snapshot: true });
          const transaction = client.startSession();
          await trial.compare(before);
          transaction.startTransaction();
          for (let i = trial.int(4); i > 0; i--) await trial.change(transaction).catch(() => undefined);
          await trial.compare();
          if (transaction.inTransaction() && trial.int(3) > 0)
            await trial.compare(transaction).catch(unlessAborted);
          const open = orders.find(trial.filter(), { batchSize: 2 });
          await open.next();
          if (transaction.inTransaction())
            await (
              trial.int(2) === 0 ? transaction.commitTransaction() : transaction.abortTransaction()
            ).catch(() => undefined);
          for (let i = trial.int(5); i > 0; i--) await trial.change();
          for (let i = 0; i < 6; i++) await trial.compare();
          await trial.compareGroups();
          await trial.compareGroups();
          await trial.compare(before);
          await open.toArray();
          await transaction.endSession();
          await before.endSession();
        }
      } finally {
        await client.close();
      }
    });
  }
});
