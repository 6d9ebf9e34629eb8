/** Whatever index a query goes through, it finds what a scan of the collection finds, in the order asked for. */
import { expect } from 'chai';
import { BSONSymbol, Decimal128, Long, MaxKey, MinKey, ObjectId } from '../../../elmo/bson/package.js';
import { SortKeys, compareBytes } from '../../../elmo/exec/sort-key.js';
import { parseSort } from '../../../elmo/exec/sort-pattern.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { IndexedCollection, nameOf, raw, type IndexDefinition, type Query } from './indexed-collection.js';

const ROUNDS = Number(process.env['PLAN_ROUNDS'] ?? 8);
const QUERIES = 40;
const FIRST_SEED = Number(process.env['PLAN_SEED'] ?? 1);

class Dice {
  private readonly random: SeededRandom;
  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }
  below(count: number): number {
    return this.random.next() % count;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const SCALARS: readonly unknown[] = [
  0,
  1,
  2,
  3,
  -1,
  1.5,
  2,
  NaN,
  -0,
  Infinity,
  Long.fromNumber(2),
  Decimal128.fromString('2.0'),
  null,
  undefined,
  true,
  false,
  '',
  'a',
  'A',
  'ab',
  'b',
  new BSONSymbol('a'),
  new Date(5),
  new ObjectId('0123456789abcdef01234567'),
  new MinKey(),
  new MaxKey(),
  /a/,
  /^a/i,
  Buffer.from('xy'),
];
const PATHS = ['a', 'b', 'c', 'a.b', 'a.c', 'b.0', 'a.b.c'] as const;

function scalar(dice: Dice): unknown {
  return dice.chance(60) ? dice.below(4) : dice.pick(SCALARS);
}

function value(dice: Dice, depth: number, allowsArrays: boolean): unknown {
  const kind = dice.below(10);
  if (depth > 0 && kind < 2) return document(dice, depth - 1, allowsArrays);
  if (allowsArrays && depth > 0 && kind < 5)
    return Array.from({ length: dice.below(4) }, () => value(dice, depth - 1, allowsArrays));
  return scalar(dice);
}

function document(dice: Dice, depth: number, allowsArrays: boolean): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of ['a', 'b', 'c']) if (dice.chance(70)) result[name] = value(dice, depth, allowsArrays);
  return result;
}

function predicate(dice: Dice, depth = 1): unknown {
  const make: (() => object)[] = [
    () => ({ $eq: value(dice, 1, true) }),
    () => ({ $gt: scalar(dice) }),
    () => ({ $gte: scalar(dice) }),
    () => ({ $lt: scalar(dice) }),
    () => ({ $lte: scalar(dice) }),
    () => ({ $gte: dice.below(3), $lt: dice.below(5) }),
    () => ({ $ne: scalar(dice) }),
    () => ({ $in: [scalar(dice), scalar(dice), value(dice, 1, true)] }),
    () => ({ $nin: [scalar(dice), scalar(dice)] }),
    () => ({ $exists: dice.chance(70) }),
    () => ({ $type: dice.pick(['number', 'int', 'string', 'array', 'object', 'null', 'undefined', 'bool']) }),
    () => ({ $mod: [2, 1] }),
    () => ({ $size: dice.below(3) }),
    () => ({ $regex: dice.pick(['a', '^a', '^ab']), $options: dice.pick(['', 'i']) }),
    () => ({ $not: depth > 0 ? predicate(dice, 0) : { $gt: 1 } }),
    () => ({ $elemMatch: { $gt: dice.below(2), $lt: 2 + dice.below(3) } }),
    () => ({ $elemMatch: { b: dice.below(3), c: dice.below(3) } }),
    () => ({ $elemMatch: { b: { $gt: dice.below(2), $lt: 4 }, c: { $ne: scalar(dice) } } }),
    () => ({ $elemMatch: { 'b.c': dice.below(3) } }),
  ];
  if (dice.chance(35)) {
    const direct = scalar(dice);
    if (direct !== undefined) return direct;
  }
  return dice.pick(make)();
}

/** A comparison of a field with a constant in an expression, or several. */
function comparison(dice: Dice): object {
  if (dice.chance(20)) return { [dice.pick(['$and', '$and', '$or'])]: [comparison(dice), comparison(dice)] };
  const operands = [
    `$${dice.pick(PATHS)}`,
    { $literal: dice.chance(70) ? scalar(dice) : value(dice, 1, true) },
  ];
  return {
    [dice.pick(['$eq', '$lt', '$lte', '$gt', '$gte', '$ne'])]: dice.chance(70)
      ? operands
      : operands.reverse(),
  };
}

function filter(dice: Dice, depth: number): object {
  const count = dice.below(3) + (depth > 1 ? 0 : 1);
  const result: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) result[dice.pick(PATHS)] = predicate(dice);
  if (dice.chance(15)) result['$expr'] = comparison(dice);
  if (depth > 0 && dice.chance(25))
    result[dice.pick(['$or', '$and', '$nor'])] = [filter(dice, depth - 1), filter(dice, depth - 1)];
  return result;
}

function index(dice: Dice, i: number): IndexDefinition {
  const key: Record<string, unknown> = {};
  const count = dice.pick([1, 1, 2, 2, 3]);
  for (let field = 0; field < count; field++) key[dice.pick(PATHS)] = dice.pick([1, 1, -1]);
  if (dice.chance(12)) return { key: { [dice.pick(['$**', 'a.$**'])]: 1 }, name: `w${i}` };
  if (dice.chance(12)) key[dice.pick(['c', 'a.c'])] = 'hashed';
  return {
    key,
    name: `i${i}`,
    ...(dice.chance(15) ? { sparse: true } : {}),
    ...(dice.chance(10) && !Object.values(key).includes('hashed') ? { unique: true } : {}),
    ...(dice.chance(15)
      ? {
          partialFilterExpression: dice.pick([
            { a: { $gt: 0 } },
            { a: { $exists: true } },
            { a: { $type: 'int' } },
            { b: { $gte: 1, $lte: 2 } },
            { $or: [{ a: 1 }, { b: 2 }] },
            { c: { $in: [1, 2] } },
          ]),
        }
      : {}),
    ...(dice.chance(10) ? { collation: { locale: 'en', strength: 2 } } : {}),
  };
}

function query(dice: Dice): Query {
  const sort: Record<string, number> = {};
  for (let i = dice.below(3); i > 0; i--) sort[dice.pick(PATHS)] = dice.pick([1, -1]);
  return {
    filter: filter(dice, 2),
    ...(Object.keys(sort).length > 0 && dice.chance(60) ? { sort } : {}),
    ...(dice.chance(8) ? { collation: { locale: 'en', strength: 2 } } : {}),
  };
}

const idOf = (document: unknown): number => (document as { _id: number })._id;

/** Whether documents are in the order of a sort. */
function isInOrder(documents: readonly Uint8Array[], { sort, collation }: Query): boolean {
  if (sort === undefined || collation !== undefined) return true;
  const keys = new SortKeys(parseSort(raw(sort)), undefined);
  const list = documents.map((each) => keys.keyOf(each, 0));
  return list.every(
    (key, i) => i === 0 || compareBytes(list[i - 1]!, list[i - 1]!.length, key, key.length) <= 0,
  );
}

describe('a query through an index', () => {
  it('finds what a scan of the collection finds, sorted', async function () {
    this.timeout(600_000);
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) {
      const dice = new Dice(seed);
      const allowsArrays = dice.chance(65);
      const indexes = Array.from({ length: 1 + dice.below(4) }, (_, i) => index(dice, i));
      const documents = Array.from({ length: 60 }, (_, i) => ({
        _id: i,
        ...document(dice, 2, allowsArrays),
      }));
      const collection = await IndexedCollection.open(indexes, documents);
      for (let i = 0; i < QUERIES; i++) {
        const asked = query(dice);
        const told = `seed ${seed}: ${JSON.stringify(indexes)} ${JSON.stringify(asked)}`;
        const code = await collection.codeOf({ ...asked, hint: { $natural: 1 } });
        if (code !== 0) continue;
        const expected = (await collection.find({ ...asked, hint: { $natural: 1 } })).map(idOf);
        const hints = [
          undefined,
          ...indexes
            .filter((each) => each.sparse !== true && each.partialFilterExpression === undefined)
            .map((each) => each.name ?? nameOf(each.key)),
        ];
        for (const hint of hints) {
          const given = hint === undefined ? asked : { ...asked, hint };
          if (hint !== undefined && (await collection.codeOf(given)) === 291) continue;
          const found = await collection.findRaw(given);
          const ids = (await collection.find(given)).map(idOf);
          const sorted = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
          expect(sorted(ids), `${told} hint ${hint}`).to.deep.equal(sorted(expected));
          expect(isInOrder(found, asked), `order of ${told} hint ${hint}`).to.equal(true);
          const count = await collection.engine.count(collection.request(given));
          expect(count, `count of ${told} hint ${hint}`).to.equal(expected.length);
        }
      }
    }
  });
});
