/** Random filters: every operator of queries, with arguments that fit and some that do not. */
import { Binary, BSONRegExp, Int32, Long, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { expression } from './expressions.js';
import { number, object, oneOf, path, scalar, several, text, value } from './values.js';

const TYPES: readonly unknown[] = [
  'double',
  'string',
  'object',
  'array',
  'binData',
  'undefined',
  'objectId',
  'bool',
  'date',
  'null',
  'regex',
  'dbPointer',
  'javascript',
  'symbol',
  'javascriptWithScope',
  'int',
  'timestamp',
  'long',
  'decimal',
  'minKey',
  'maxKey',
  'number',
  1,
  2,
  3,
  4,
  16,
  18,
  -1,
  127,
];

const PATTERNS = [
  '^a',
  'b',
  '.',
  '^ab?$',
  '[a-b]',
  '(?i)B',
  '^\\Qa',
  'a|é',
  '\\d+',
  '^a\\b',
  'a++b?',
  '^(?:a|b)',
  '\\p{Lu}',
  '',
];

function regex(random: SeededRandom): BSONRegExp {
  return new BSONRegExp(random.pick(PATTERNS), random.pick(['', '', 'i', 'm', 's', 'x', 'is']));
}

const BITS: readonly unknown[] = [
  1,
  2,
  3,
  5,
  [0],
  [1, 5],
  [],
  new Binary(new Uint8Array([1])),
  Long.fromNumber(4),
  -1,
];

/** The operators applied to one path, as the object behind it. */
function operators(random: SeededRandom, depth: number): Document {
  const some = (least: number, most: number): unknown[] =>
    several(random, least, most, () => value(random, 1));
  return oneOf<Document>(random, [
    () => ({ [random.pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'])]: value(random, 1) }),
    () => ({ [random.pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'])]: scalar(random) }),
    () => ({ $gte: scalar(random), $lt: scalar(random) }),
    () => ({ $gt: number(random), $lte: number(random) }),
    () => ({
      [random.pick(['$in', '$nin'])]: random.chance(10) ? [regex(random), ...some(0, 2)] : some(0, 3),
    }),
    () => ({ $exists: random.pick<unknown>([true, false, 1, 0]) }),
    () => ({
      $type: random.chance(70) ? random.pick(TYPES) : several(random, 1, 3, () => random.pick(TYPES)),
    }),
    () => ({ $size: random.int(4) }),
    () => ({ $mod: [random.pick<unknown>([2, 3, 2.5, -2]), random.int(2)] }),
    () => ({ $all: random.chance(80) ? some(0, 2) : [{ $elemMatch: operators(random, 0) }] }),
    () => ({ $not: random.chance(80) ? operators(random, 0) : regex(random) }),
    () => ({ $regex: random.chance(50) ? regex(random) : random.pick(PATTERNS) }),
    () => ({ $regex: random.pick(PATTERNS), $options: random.pick(['', 'i', 'x']) }),
    () => ({ $elemMatch: depth > 0 && random.chance(50) ? filter(random, 0) : operators(random, 0) }),
    () => ({
      [random.pick(['$bitsAllSet', '$bitsAllClear', '$bitsAnySet', '$bitsAnyClear'])]: random.pick(BITS),
    }),
  ]);
}

function predicate(random: SeededRandom, depth: number): unknown {
  if (random.chance(25)) return random.chance(85) ? value(random, 1) : regex(random);
  const first = operators(random, depth);
  return random.chance(20) ? { ...operators(random, depth), ...first } : first;
}

export function schema(random: SeededRandom, depth: number): Document {
  const parts: Document = {};
  const inner = (): Document => schema(random, depth - 1);
  for (const [name, make] of several(random, 1, 2, () =>
    random.pick<[string, () => unknown]>([
      [
        'bsonType',
        () => random.pick<unknown>(['object', 'int', 'string', ['int', 'array'], 'number', 'array']),
      ],
      ['type', () => random.pick(['object', 'number', 'string', 'array', 'boolean', 'null'])],
      [
        'required',
        () =>
          several(random, 1, 2, () => random.pick(['a', 'b', 'n', 's'])).filter(
            (x, i, all) => all.indexOf(x) === i,
          ),
      ],
      ['minimum', () => random.int(3)],
      ['maximum', () => random.int(3)],
      ['minLength', () => random.int(3)],
      ['maxLength', () => random.int(3)],
      ['pattern', () => random.pick(['^a', 'b'])],
      ['enum', () => [random.int(3), text(random)]],
      ['minItems', () => random.int(3)],
      ['uniqueItems', () => true],
      ['maxItems', () => random.int(3)],
      ['exclusiveMinimum', () => random.chance(50)],
      ['exclusiveMaximum', () => random.chance(50)],
      ['additionalItems', () => (depth > 0 ? inner() : random.chance(50))],
      ['allOf', () => (depth > 0 ? [inner(), inner()] : [{ bsonType: 'int' }])],
      ['title', () => 't'],
      ['maxProperties', () => random.int(6)],
      ['minProperties', () => random.int(5)],
      ['multipleOf', () => 1 + random.int(2)],
      ['properties', () => (depth > 0 ? { [random.pick(['a', 'b', 'n', 's', 'l'])]: inner() } : {})],
      ['items', () => (depth > 0 ? inner() : {})],
      ['additionalProperties', () => random.chance(50)],
      ['patternProperties', () => (depth > 0 ? { '^a': inner() } : {})],
      ['not', () => (depth > 0 ? inner() : { bsonType: 'int' })],
      ['anyOf', () => (depth > 0 ? [inner(), inner()] : [{ bsonType: 'int' }])],
      ['oneOf', () => (depth > 0 ? [inner(), inner()] : [{ bsonType: 'int' }])],
      ['dependencies', () => ({ a: ['b'] })],
    ]),
  ))
    parts[name] = make();
  return parts;
}

/** A field compared with a constant, which may bound an index. */
function comparison(random: SeededRandom): Document {
  const operands: unknown[] = [`$${path(random)}`, { $literal: value(random, 1) }];
  if (random.chance(30)) operands.reverse();
  return { [random.pick(['$eq', '$eq', '$lt', '$lte', '$gt', '$gte'])]: operands };
}

export function filter(random: SeededRandom, depth = 1): Document {
  if (random.chance(5)) return {};
  if (depth > 0 && random.chance(15))
    return {
      [random.pick(['$and', '$or', '$or', '$nor'])]: several(random, 1, 3, () => filter(random, depth - 1)),
    };
  if (random.chance(5)) return { $expr: expression(random, 'bool', 1) };
  if (random.chance(4)) return { $expr: comparison(random) };
  if (random.chance(1)) return { [random.pick(['$alwaysTrue', '$alwaysFalse'])]: 1 };
  if (random.chance(1)) return { $comment: 'c', [path(random)]: predicate(random, depth) };
  if (random.chance(3)) return { $jsonSchema: schema(random, 2) };
  if (random.chance(4))
    return { _id: random.chance(70) ? new Int32(random.int(12)) : { $gte: new Int32(random.int(12)) } };
  const fields: Document = {};
  for (let i = 0; i <= random.int(2); i++) fields[path(random)] = predicate(random, depth);
  if (depth > 0 && random.chance(8))
    fields[random.pick(['$and', '$or'])] = [filter(random, 0), filter(random, 0)];
  return fields;
}

/** A filter of one document or few, by its _id; upserts of it are the same everywhere. */
export function filterWithId(random: SeededRandom): Document {
  return {
    _id: new Int32(random.int(16)),
    ...(random.chance(40) ? { [path(random)]: predicate(random, 0) } : {}),
  };
}

export function elementFilter(random: SeededRandom, name: string): Document {
  return random.chance(70)
    ? { [name]: operators(random, 0) }
    : {
        [`${name}.${random.pick(['a', 'b', 'k', 'v'])}`]: random.chance(50)
          ? scalar(random)
          : operators(random, 0),
      };
}

export function pullCondition(random: SeededRandom): unknown {
  return random.chance(50) ? operators(random, 0) : random.chance(50) ? value(random, 1) : object(random, 1);
}
