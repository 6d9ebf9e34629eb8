/** Random updates: operators with their modifiers, positional forms, pipelines, replacements. */
import { Double, Int32, Long, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { expression } from './expressions.js';
import { elementFilter, pullCondition } from './filters.js';
import { number, object, oneOf, path, scalar, several, value } from './values.js';

export interface Update {
  readonly u: unknown;
  readonly arrayFilters?: readonly Document[];
}

function pushed(random: SeededRandom): unknown {
  if (random.chance(40)) return value(random, 1);
  const argument: Document = { $each: several(random, 0, 3, () => value(random, 1)) };
  if (random.chance(40)) argument['$slice'] = new Int32(random.int(7) - 3);
  if (random.chance(40)) argument['$sort'] = random.pick<unknown>([1, -1, { a: 1 }, { v: -1, k: 1 }]);
  if (random.chance(30)) argument['$position'] = new Int32(random.int(5) - 2);
  return argument;
}

function operator(random: SeededRandom): [string, unknown] {
  return oneOf<[string, unknown]>(random, [
    () => ['$set', value(random, 2)],
    () => ['$set', scalar(random)],
    () => ['$setOnInsert', scalar(random)],
    () => ['$unset', ''],
    () => ['$inc', random.pick<unknown>([new Int32(1), new Double(0.5), Long.fromNumber(2), number(random)])],
    () => ['$mul', random.pick<unknown>([new Int32(2), new Double(0.5), number(random)])],
    () => ['$min', scalar(random)],
    () => ['$max', scalar(random)],
    () => ['$push', pushed(random)],
    () => ['$push', pushed(random)],
    () => [
      '$addToSet',
      random.chance(50) ? value(random, 1) : { $each: several(random, 0, 3, () => scalar(random)) },
    ],
    () => ['$pop', random.pick([1, -1])],
    () => ['$pull', pullCondition(random)],
    () => ['$pullAll', several(random, 0, 3, () => scalar(random))],
    () => [
      '$bit',
      {
        [random.pick(['or', 'and', 'xor'])]: random.chance(70)
          ? new Int32(random.int(8))
          : Long.fromNumber(5),
      },
    ],
    () => ['$rename', random.pick(['d', 'e.f', 'a', 'b'])],
  ]);
}

function target(random: SeededRandom): string {
  if (random.chance(75)) return path(random);
  return random.pick([
    'a.$',
    'a.$[]',
    'l.$[]',
    'q.$[].v',
    'l.$[e]',
    'q.$[e].v',
    'a.$[e]',
    'l.$',
    'q.$.v',
    'a.b.$[]',
    'q.$[e]',
    'a.$[].b.$[e]',
    'a.$[].$[]',
    'b.$[e].$[]',
    'a.$.b',
    'q.$[].$[e]',
    '_id',
    'a.$[f]',
    'q.$[f].$[e]',
    'a.$[e].b.$[f]',
    'l.$[f]',
    'a.$[0]',
    'o.$c',
  ]);
}

function arrayFilter(random: SeededRandom, name: string): Document {
  if (random.chance(85)) return elementFilter(random, name);
  return {
    [random.pick(['$or', '$and', '$nor'])]: several(random, 1, 2, () => elementFilter(random, name)),
  };
}

function operatorsUpdate(random: SeededRandom): Update {
  const u: Document = {};
  const paths: string[] = [];
  for (let i = 0; i <= random.int(2); i++) {
    const [name, argument] = operator(random);
    const at = target(random);
    paths.push(at);
    u[name] = { ...(u[name] as Document | undefined), [at]: argument };
  }
  const arrayFilters = ['e', 'f']
    .filter((name) => (random.chance(97) ? paths.some((at) => at.includes(`$[${name}]`)) : random.chance(50)))
    .map((name) => arrayFilter(random, name));
  return arrayFilters.length > 0 ? { u, arrayFilters } : { u };
}

function pipelineUpdate(random: SeededRandom): Update {
  return {
    u: several(random, 1, 2, () =>
      oneOf<Document>(random, [
        () => ({ [random.pick(['$set', '$addFields'])]: { [path(random)]: expression(random) } }),
        () => ({ $set: { [random.pick(['o', 'y'])]: { [random.pick(['a', 'b'])]: expression(random) } } }),
        () => ({ $set: { [path(random)]: random.pick(['$$x', ['$$x', '$n'], '$$REMOVE']) } }),
        () => ({ $unset: random.chance(50) ? path(random) : [path(random), random.pick(['n', 'z'])] }),
        () => ({ $project: { [path(random)]: 0, [path(random)]: 0 } }),
        () => ({ $project: { [path(random)]: 1, z: expression(random) } }),
        () => ({
          [random.pick(['$replaceWith', '$replaceWith'])]: {
            $mergeObjects: ['$$ROOT', { z: expression(random) }],
          },
        }),
        () => ({ $replaceRoot: { newRoot: { $mergeObjects: ['$o', { _id: '$_id' }] } } }),
      ]),
    ),
  };
}

export function update(random: SeededRandom): Update {
  const roll = random.int(100);
  if (roll < 75) return operatorsUpdate(random);
  if (roll < 92) return pipelineUpdate(random);
  return { u: object(random, 2) };
}
