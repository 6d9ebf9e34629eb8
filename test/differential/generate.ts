/** Random documents, filters, updates, projections and pipelines: small, so that they often meet each other. */
import {
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  ObjectId,
  Timestamp,
  type Document,
} from '../../elmo/bson/package.js';

/** A number in [0, 1). */
export type Chance = () => number;

export class Generator {
  constructor(private readonly chance: Chance) {}

  below(n: number): number {
    return Math.floor(this.chance() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  scalar(): unknown {
    return this.pick<() => unknown>([
      () => new Int32(this.below(4)),
      () => new Int32(this.below(4) - 2),
      () => new Double(this.below(4)),
      () => new Double(this.below(40) / 8),
      () => Long.fromNumber(this.below(4)),
      () => Decimal128.fromString(this.pick(['1', '1.5', '2.00', '-1'])),
      () => this.pick(['', 'a', 'ab', 'b', 'B', 'é']),
      () => this.pick(['a', 'b']),
      () => null,
      () => this.chance() < 0.5,
      () => new Date(this.below(3) * 1000),
      () => new ObjectId('00000000000000000000000' + this.below(3)),
      () => new Timestamp({ t: 1 + this.below(2), i: 1 + this.below(2) }),
    ])();
  }

  value(depth = 2): unknown {
    if (depth === 0 || this.chance() < 0.6) return this.scalar();
    if (this.chance() < 0.5) return Array.from({ length: this.below(4) }, () => this.value(depth - 1));
    return this.object(depth - 1);
  }

  object(depth: number): Document {
    const fields: Document = {};
    for (const name of ['a', 'b', 'c']) if (this.chance() < 0.5) fields[name] = this.value(depth);
    return fields;
  }

  document(id: number): Document {
    return { _id: new Int32(id), ...this.object(3) };
  }

  path(): string {
    return this.pick(['a', 'b', 'c', 'a.b', 'a.a', 'b.c', 'a.0', 'a.b.c', 'b.1', 'c.a']);
  }

  private predicate(depth: number): unknown {
    return this.pick<() => unknown>([
      () => this.value(1),
      () => ({ [this.pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'])]: this.value(1) }),
      () => ({ $gte: this.scalar(), $lt: this.scalar() }),
      () => ({ [this.pick(['$in', '$nin'])]: Array.from({ length: this.below(3) }, () => this.value(1)) }),
      () => ({ $exists: this.chance() < 0.5 }),
      () => ({ $type: this.pick(['int', 'double', 'string', 'object', 'array', 'null', 'number', 'bool']) }),
      () => ({ $size: this.below(3) }),
      () => ({ $mod: [2, this.below(2)] }),
      () => ({ $all: Array.from({ length: 1 + this.below(2) }, () => this.scalar()) }),
      () => ({ $not: { $gt: this.scalar() } }),
      () => new BSONRegExp(this.pick(['^a', 'b', '.']), this.pick(['', 'i'])),
      () => ({ $elemMatch: depth > 0 && this.chance() < 0.5 ? this.filter(0) : { $gte: this.scalar() } }),
    ])();
  }

  filter(depth = 1): Document {
    const roll = this.chance();
    if (depth > 0 && roll < 0.15)
      return {
        [this.pick(['$and', '$or', '$nor'])]: Array.from({ length: 1 + this.below(2) }, () =>
          this.filter(depth - 1),
        ),
      };
    if (roll < 0.2) return { $expr: this.expression(1) };
    const filter: Document = {};
    for (let i = 0; i <= this.below(2); i++) filter[this.path()] = this.predicate(depth);
    return filter;
  }

  expression(depth: number): unknown {
    if (depth === 0 || this.chance() < 0.3)
      return this.chance() < 0.6 ? `$${this.path()}` : { $literal: this.scalar() };
    const inner = (): unknown => this.expression(depth - 1);
    return this.pick<() => unknown>([
      () => ({ [this.pick(['$add', '$multiply', '$concat', '$and', '$or'])]: [inner(), inner()] }),
      () => ({ [this.pick(['$subtract', '$divide', '$eq', '$gt', '$lte', '$cmp'])]: [inner(), inner()] }),
      () => ({ [this.pick(['$type', '$isArray', '$toString', '$size', '$not'])]: [inner()] }),
      () => ({ $cond: [inner(), inner(), inner()] }),
      () => ({ $ifNull: [inner(), inner()] }),
      () => ({ $map: { input: inner(), in: { $type: '$$this' } } }),
      () => ({ $arrayElemAt: [inner(), this.below(3) - 1] }),
      () => ({ $mergeObjects: [inner(), inner()] }),
      () => ({ $setUnion: [inner(), inner()] }),
      () => [inner(), inner()],
      () => ({ x: inner() }),
    ])();
  }

  projection(): Document {
    const projection: Document = {};
    const isInclusion = this.chance() < 0.5;
    for (let i = 0; i <= this.below(2); i++) projection[this.path()] = isInclusion ? 1 : 0;
    if (this.chance() < 0.3) projection['_id'] = this.chance() < 0.5 ? 1 : 0;
    if (this.chance() < 0.2) projection[this.path()] = { $slice: this.below(3) - 1 };
    if (this.chance() < 0.2) projection['z'] = this.expression(1);
    return projection;
  }

  update(): Document {
    const operators = this.pick<() => [string, unknown]>([
      () => ['$set', this.value(2)],
      () => ['$unset', ''],
      () => ['$inc', this.pick([new Int32(1), new Double(0.5), Long.fromNumber(2)])],
      () => ['$mul', this.pick([new Int32(2), new Double(0.5)])],
      () => ['$min', this.scalar()],
      () => ['$max', this.scalar()],
      () => [
        '$push',
        this.chance() < 0.5 ? this.scalar() : { $each: [this.scalar(), this.scalar()], $sort: 1, $slice: 2 },
      ],
      () => ['$addToSet', this.chance() < 0.5 ? this.value(1) : { $each: [this.scalar(), this.scalar()] }],
      () => ['$pop', this.chance() < 0.5 ? 1 : -1],
      () => ['$pull', this.chance() < 0.5 ? this.scalar() : { $gte: this.scalar() }],
      () => ['$bit', { or: new Int32(5) }],
      () => ['$rename', 'd'],
    ]);
    const update: Document = {};
    for (let i = 0; i <= this.below(2); i++) {
      const [name, argument] = operators();
      update[name] = { ...(update[name] as Document | undefined), [this.path()]: argument };
    }
    return update;
  }

  index(): Document {
    const key: Document = {};
    for (let i = 0; i <= this.below(2); i++) key[this.path()] = this.chance() < 0.7 ? 1 : -1;
    return key;
  }

  stage(): Document {
    return this.pick<() => Document>([
      () => ({ $match: this.filter() }),
      () => ({ $project: { _id: 1, [this.path()]: 1, z: this.expression(2) } }),
      () => ({ $addFields: { [this.path()]: this.expression(2) } }),
      () => ({ $unset: this.path() }),
      () => ({ $sort: { [this.path()]: this.chance() < 0.5 ? 1 : -1, _id: 1 } }),
      () => ({ $limit: 1 + this.below(8) }),
      () => ({ $skip: this.below(4) }),
      () => ({ $unwind: { path: `$${this.path()}`, preserveNullAndEmptyArrays: this.chance() < 0.5 } }),
      () => ({ $replaceRoot: { newRoot: { $mergeObjects: [{ _id: '$_id' }, { a: this.expression(1) }] } } }),
    ])();
  }

  pipeline(): Document[] {
    // rows in the order of _id, so that stages which depend on order have one
    const stages: Document[] = [{ $sort: { _id: 1 } }];
    for (let i = 0; i <= this.below(3); i++) stages.push(this.stage());
    if (this.chance() < 0.4)
      stages.push(
        {
          $group: {
            _id: this.expression(1),
            n: { $sum: this.chance() < 0.5 ? new Int32(1) : `$${this.path()}` },
            v: { [this.pick(['$min', '$max', '$avg', '$first', '$last', '$push'])]: `$${this.path()}` },
          },
        },
        { $sort: { _id: 1 } },
      );
    return stages;
  }
}
