/**
 * Random stages that sort for themselves: windows, gaps that are filled, graphs, buckets. What they give is in a defined
 * order only as far as their own order is total.
 */
import { Int32, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { expression } from './expressions.js';
import { filter } from './filters.js';
import { oneOf, path, scalar, several } from './values.js';

const DOCUMENT_BOUNDS: readonly unknown[] = ['unbounded', 'current', -1, 1, 0, -2, 2];
const RANGE_BOUNDS: readonly unknown[] = ['unbounded', 'current', -1, 1, 2.5, -3];

function frame(random: SeededRandom): Document {
  const roll = random.int(100);
  if (roll < 35) return {};
  const bounds = (from: readonly unknown[]): unknown[] => {
    const low = random.pick(from);
    const high = random.pick(from);
    return typeof low === 'number' && typeof high === 'number' && low > high ? [high, low] : [low, high];
  };
  return roll < 75
    ? { window: { documents: bounds(DOCUMENT_BOUNDS) } }
    : { window: { range: bounds(RANGE_BOUNDS) } };
}

/** One computed field of `$setWindowFields`. */
function windowFunction(random: SeededRandom): Document {
  const argument = (): unknown => (random.chance(60) ? `$${path(random)}` : expression(random, 'any', 1));
  return oneOf<Document>(random, [
    () => ({ [random.pick(['$rank', '$denseRank', '$documentNumber'])]: {} }),
    () => ({ $count: {}, ...frame(random) }),
    () => ({
      [random.pick(['$sum', '$avg', '$min', '$max', '$first', '$last', '$stdDevPop', '$stdDevSamp'])]:
        random.chance(50) ? '$n' : argument(),
      ...frame(random),
    }),
    () => ({ $push: argument(), ...frame(random) }),
    () => ({
      [random.pick(['$firstN', '$lastN', '$minN', '$maxN'])]: { input: argument(), n: 1 + random.int(3) },
      ...frame(random),
    }),
    () => ({
      [random.pick(['$top', '$bottom'])]: { sortBy: { n: 1, _id: -1 }, output: argument() },
      ...frame(random),
    }),
    () => ({
      $shift: {
        output: argument(),
        by: random.int(5) - 2,
        ...(random.chance(50) ? { default: random.int(3) } : {}),
      },
    }),
    () => ({
      [random.pick(['$covariancePop', '$covarianceSamp'])]: ['$n', random.pick(['$_id', '$l.0', 3])],
      ...frame(random),
    }),
    () => ({
      [random.pick(['$derivative', '$integral'])]: { input: random.pick(['$n', '$_id']) },
      window: {
        documents: random.pick([
          [-1, 0],
          [-1, 1],
          ['unbounded', 'current'],
        ]),
      },
    }),
    () => ({
      $expMovingAvg: { input: '$n', ...(random.chance(50) ? { N: 1 + random.int(3) } : { alpha: 0.5 }) },
    }),
    () => ({ $linearFill: '$n' }),
    () => ({ $locf: argument() }),
    () => ({ $minMaxScaler: { input: random.pick(['$n', '$_id']) }, ...frame(random) }),
  ]);
}

/** @param keys  fields that tell rows apart */
export function windowStage(random: SeededRandom, keys: readonly string[]): Document {
  const isByKey = random.chance(50);
  const byKeys = Object.fromEntries(keys.map((key) => [key, random.pick([1, -1])]));
  const output: Document = {};
  for (const name of several(random, 1, 2, () => random.pick(['w', 'x', 'a.w'])))
    output[name] = windowFunction(random);
  const isCarriedOver = JSON.stringify(output).includes('$expMovingAvg'); // its type, from part to part
  return {
    $setWindowFields: {
      ...(!isCarriedOver && random.chance(50)
        ? { partitionBy: random.chance(60) ? `$${path(random)}` : expression(random, 'any', 1) }
        : {}),
      sortBy: isByKey && keys.length === 1 ? { [keys[0]!]: 1 } : { [path(random)]: 1, ...byKeys },
      output,
    },
  };
}

/** @param keys  fields that tell rows apart */
export function fillStage(random: SeededRandom, keys: readonly string[]): Document {
  const output: Document = {};
  for (const name of several(random, 1, 2, () => random.pick(['n', 'a', 'b', 'o.a', 's'])))
    output[name] = oneOf<Document>(random, [
      () => ({ value: random.chance(50) ? scalar(random) : expression(random, 'any', 1) }),
      () => ({ method: 'locf' }),
      () => ({ method: 'linear' }),
    ]);
  return {
    $fill: {
      ...(random.chance(30) ? { partitionBy: { k: `$${path(random)}` } } : {}),
      ...(random.chance(20) ? { partitionByFields: [random.pick(['s', 'c', 'o.a'])] } : {}),
      sortBy: Object.fromEntries(keys.map((key) => [key, 1])),
      output,
    },
  };
}

/** Rows in no defined order. */
export function densifyStage(random: SeededRandom): Document {
  const isDate = random.chance(30);
  const step = isDate
    ? { step: 1 + random.int(3), unit: random.pick(['hour', 'day', 'month']) }
    : { step: random.pick([1, 0.5, 2]) };
  const bounds = random.pick<unknown>(
    isDate
      ? ['full', [new Date(0), new Date(86_400_000)], 'partition']
      : ['full', 'partition', [0, 4], [new Int32(-2), new Int32(1)]],
  );
  return {
    $densify: {
      field: isDate ? 't' : random.pick(['n', '_id', 'o.a', 'z']),
      ...(random.chance(40) ? { partitionByFields: [random.pick(['s', 'a', 'o.b'])] } : {}),
      range: { ...step, bounds },
    },
  };
}

export function bucketAutoStage(random: SeededRandom): Document {
  return {
    $bucketAuto: {
      groupBy: random.chance(70) ? random.pick(['$n', '$_id', '$s', '$a']) : expression(random, 'any', 1),
      buckets: 1 + random.int(5),
      ...(random.chance(50)
        ? { output: { c: { $sum: 1 }, m: { [random.pick(['$min', '$max'])]: `$${path(random)}` } } }
        : {}),
      ...(random.chance(20) ? { granularity: random.pick(['R5', '1-2-5', 'POWERSOF2', 'E6']) } : {}),
    },
  };
}

/** A `$graphLookup`, and its rows in an order. */
export function graphStages(random: SeededRandom): Document[] {
  return [
    {
      $graphLookup: {
        from: random.pick(['c', 'd']),
        startWith: random.chance(60) ? `$${path(random)}` : expression(random, 'any', 1),
        connectFromField: random.chance(50) ? 'n' : path(random),
        connectToField: random.chance(50) ? '_id' : path(random),
        as: 'g',
        ...(random.chance(40) ? { maxDepth: random.int(3) } : {}),
        ...(random.chance(30) ? { depthField: 'depth' } : {}),
        ...(random.chance(20) ? { restrictSearchWithMatch: filter(random, 0) } : {}),
      },
    },
    { $set: { g: { $sortArray: { input: '$g', sortBy: { _id: 1 } } } } },
  ];
}

/** Pipelines of several branches, each in an order of its own. */
export function facetStage(random: SeededRandom): Document {
  const branch = (): Document[] =>
    oneOf<Document[]>(random, [
      () => [{ $match: filter(random, 0) }],
      () => [{ $count: 'n' }],
      () => [{ $group: { _id: `$${path(random)}`, c: { $sum: 1 } } }, { $sort: { _id: 1 } }],
      () => [{ $unwind: `$${path(random)}` }, { $limit: 3 }],
      () => [{ $sort: { n: 1, _id: 1 } }, { $project: { n: 1 } }],
      () => [{ $sortByCount: '$s' }, { $sort: { _id: 1 } }],
      () => [{ $bucketAuto: { groupBy: '$n', buckets: 2 } }],
    ]);
  return { $facet: { x: branch(), y: branch() } };
}
