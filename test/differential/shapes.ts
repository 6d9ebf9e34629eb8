/** Random projections, sorts and indexes. */
import { Int32, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { expression } from './expressions.js';
import { elementFilter } from './filters.js';
import { COLLATIONS, number, path, scalar, several } from './values.js';

/** Of what an aggregation knows as well. */
export function plainProjection(random: SeededRandom): Document {
  const isInclusion = random.chance(55);
  const fields: Document = {};
  for (let i = 0; i <= random.int(2); i++) fields[path(random)] = isInclusion ? 1 : 0;
  if (isInclusion && random.chance(30)) fields['z'] = expression(random);
  if (random.chance(10)) fields[random.pick(['o', 'y'])] = nested(random, isInclusion);
  return fields;
}

/** Fields of a field, as a document. */
function nested(random: SeededRandom, isInclusion: boolean): Document {
  const fields: Document = {};
  for (const name of several(random, 1, 2, () => random.pick(['a', 'b', 'c', 'b.c'])))
    fields[name] = !isInclusion
      ? 0
      : random.chance(60)
        ? 1
        : random.chance(50)
          ? { c: random.pick<unknown>([1, '$n', { $literal: 1 }]) }
          : expression(random, 'any', 1);
  return fields;
}

export function projection(random: SeededRandom): Document {
  const fields: Document = {};
  const isInclusion = random.chance(55);
  for (let i = 0; i <= random.int(2); i++)
    fields[path(random)] = random.chance(95)
      ? isInclusion
        ? random.pick<unknown>([1, true])
        : 0
      : random.pick<unknown>(['x', '$n', scalar(random)]);
  if (random.chance(30)) fields['_id'] = random.pick([1, 0]);
  if (random.chance(15))
    fields[path(random)] = {
      $slice: random.chance(50) ? random.int(5) - 2 : [random.int(5) - 2, 1 + random.int(2)],
    };
  if (random.chance(10))
    fields[random.pick(['a', 'l', 'q', 'b'])] = {
      $elemMatch: elementFilter(random, random.pick(['v', 'k', 'a'])),
    };
  if (random.chance(20)) fields[random.pick(['z', 'a', 'o.z'])] = expression(random);
  if (random.chance(8)) fields[random.pick(['o', 'a', 'q'])] = nested(random, isInclusion);
  if (random.chance(4))
    fields[random.pick(['a.b', 'o.a', 'q.v'])] = random.chance(50)
      ? { $slice: random.int(3) - 1 }
      : { $elemMatch: elementFilter(random, 'a') };
  if (random.chance(5)) fields[random.pick(['a.$', 'l.$', 'q.$'])] = 1;
  return fields;
}

/** A total order: by the paths, then by _id. */
export function sort(random: SeededRandom): Document {
  const fields: Document = {};
  for (let i = 0; i <= random.int(2); i++) fields[path(random)] = random.pick([1, -1]);
  fields['_id'] = random.pick([1, -1]);
  return fields;
}

export function indexKey(random: SeededRandom): Document {
  const roll = random.int(100);
  if (roll < 8) return { [path(random)]: 'hashed' };
  if (roll < 16) return { [random.pick(['$**', 'a.$**', 'q.$**'])]: random.pick([1, 1, -1]) };
  if (roll < 19)
    return random.pick([
      { n: 1, 'a.$**': 1 },
      { 'o.$**': 1, n: -1 },
      { s: 1, 'q.$**': -1, n: 1 },
    ]);
  const key: Document = {};
  for (let i = 0; i <= random.int(2); i++) key[path(random)] = random.chance(70) ? 1 : -1;
  if (random.chance(4)) key[path(random)] = 'hashed';
  return key;
}

/** The definition of an index, of any kind. */
export function index(random: SeededRandom, name: string): Document {
  const definition: Document = { key: indexKey(random), name };
  const isHashed = Object.values(definition['key'] as Document).includes('hashed');
  if (!isHashed && random.chance(15)) definition['unique'] = true;
  if (random.chance(15)) definition['sparse'] = true;
  else if (random.chance(20))
    definition['partialFilterExpression'] = random.pick<Document>([
      { [path(random)]: { $exists: true } },
      { n: { $gt: number(random) } },
      { a: scalar(random) },
      { $and: [{ n: { $gte: new Int32(0) } }, { s: { $type: 'string' } }] },
      { [path(random)]: { $exists: true }, n: { $lt: new Int32(3) } },
      { s: { $in: ['a', 'b', null] } },
      { $or: [{ a: { $lte: new Int32(1) } }, { b: { $in: [new Int32(1), 'a'] } }] },
    ]);
  if (random.chance(15)) definition['collation'] = random.pick(COLLATIONS);
  if (random.chance(8)) definition['hidden'] = true;
  if ('$**' in (definition['key'] as Document) && random.chance(40))
    definition['wildcardProjection'] = random.pick<Document>([
      { a: 1 },
      { a: 0, _id: 0 },
      { 'o.a': 1, n: 1, _id: 1 },
      { 'q.k': 0 },
    ]);
  return definition;
}
