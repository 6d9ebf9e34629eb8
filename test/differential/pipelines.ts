/**
 * Random pipelines. Rows start in the order of `_id` and every stage keeps a set of fields that tells rows apart, so that
 * a later `$sort` is total and replies can be compared in order.
 */
import { Int32, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { expression } from './expressions.js';
import { filter } from './filters.js';
import {
  bucketAutoStage,
  densifyStage,
  facetStage,
  fillStage,
  graphStages,
  windowStage,
} from './late-stages.js';
import { oneOf, path, scalar, several } from './values.js';

/** A pipeline, and whether its rows come in a defined order. */
export interface Pipeline {
  readonly stages: readonly Document[];
  readonly isOrdered: boolean;
}

const ACCUMULATORS = [
  '$sum',
  '$avg',
  '$min',
  '$max',
  '$first',
  '$last',
  '$push',
  '$stdDevPop',
  '$stdDevSamp',
  '$mergeObjects',
  '$concatArrays',
];

function accumulator(random: SeededRandom): Document {
  return oneOf<Document>(random, [
    () => ({
      [random.pick(ACCUMULATORS)]: random.chance(60) ? `$${path(random)}` : expression(random, 'any', 1),
    }),
    () => ({ $sum: random.chance(50) ? new Int32(1) : '$n' }),
    () => ({ $avg: '$n' }),
    () => ({ $push: expression(random, 'any', 1) }),
    () => ({ $count: {} }),
    () => ({
      [random.pick(['$firstN', '$lastN', '$minN', '$maxN'])]: {
        input: `$${path(random)}`,
        n: 1 + random.int(3),
      },
    }),
    () => ({
      [random.pick(['$top', '$bottom'])]: {
        sortBy: { [path(random)]: 1, _id: 1 },
        output: `$${path(random)}`,
      },
    }),
    () => ({
      [random.pick(['$topN', '$bottomN'])]: {
        sortBy: { n: -1, _id: 1 },
        output: ['$_id', '$n'],
        n: 1 + random.int(3),
      },
    }),
    () => ({ $median: { input: '$n', method: 'approximate' } }),
    () => ({ $percentile: { input: `$${path(random)}`, p: [0.2, 0.9], method: 'approximate' } }),
  ]);
}

/** Builds stage after stage; knows by which fields rows are told apart. */
class Builder {
  readonly stages: Document[] = [];
  isOrdered = true;
  private keys: string[] = ['_id'];
  private unwinds = 0;

  constructor(private readonly random: SeededRandom) {
    this.stages.push({ $sort: { _id: 1 } });
  }

  add(): void {
    const { random } = this;
    const roll = random.int(100);
    if (roll < 12) this.unwind();
    else if (roll < 22) this.group();
    else if (roll < 32) this.stages.push({ $sort: this.order() });
    else if (roll < 42 && this.isOrdered)
      this.stages.push(random.chance(60) ? { $limit: 1 + random.int(8) } : { $skip: random.int(4) });
    else if (roll < 47) this.stages.push(windowStage(random, this.keys));
    else if (roll < 50) this.stages.push(fillStage(random, this.keys), { $sort: this.order() });
    else if (roll < 54) this.stages.push(...graphStages(random));
    else this.stages.push(this.plain());
  }

  /** Stages that give one row for each, or leave rows out. */
  private plain(): Document {
    const { random } = this;
    const kept = Object.fromEntries(this.keys.map((key) => [key, 1]));
    return oneOf<Document>(random, [
      () => ({ $match: filter(random) }),
      () => ({ $match: filter(random) }),
      () => ({ $project: { ...kept, [path(random)]: 1, z: expression(random) } }),
      () => ({ $project: { [path(random)]: 0, [path(random)]: 0 } }),
      () => ({
        [random.pick(['$addFields', '$set'])]: {
          [random.chance(60) ? path(random) : 'z']: expression(random),
        },
      }),
      () => ({ $addFields: { z: expression(random), y: expression(random, 'any', 1) } }),
      () => ({ $unset: random.chance(60) ? path(random) : [path(random), 'z'] }),
      () => ({
        $project: {
          ...kept,
          [random.pick(['o', 'a', 'y'])]: {
            [random.pick(['a', 'b', 'b.c'])]: expression(random, 'any', 1),
            c: { a: random.pick<unknown>(['$n', { $literal: 1 }, ['$n', '$s']]) },
          },
        },
      }),
      () => ({
        $replaceRoot: {
          newRoot: {
            $mergeObjects: [
              Object.fromEntries(this.keys.map((key) => [key, `$${key}`])),
              { a: expression(random) },
            ],
          },
        },
      }),
      () => ({ $replaceWith: { $mergeObjects: ['$$ROOT', { z: expression(random) }] } }),
      () => this.lookup(),
    ]);
  }

  private lookup(): Document {
    const { random } = this;
    const as = random.pick(['j', 'a', 'o.j']);
    return oneOf<Document>(random, [
      () => ({
        $lookup: {
          from: 'd',
          localField: path(random),
          foreignField: random.chance(50) ? '_id' : path(random),
          as,
        },
      }),
      () => ({
        $lookup: {
          from: 'd',
          let: { v: `$${path(random)}` },
          pipeline: [
            { $match: { $expr: { [random.pick(['$eq', '$gte'])]: [`$${path(random)}`, '$$v'] } } },
            { $sort: { _id: 1 } },
            { $project: { _id: 1, n: 1 } },
          ],
          as,
        },
      }),
      () => ({
        $lookup: {
          from: 'd',
          localField: path(random),
          foreignField: path(random),
          pipeline: [{ $match: filter(random, 0) }, { $sort: { _id: 1 } }],
          as,
        },
      }),
      () => ({
        $lookup: {
          from: random.pick(['c', 'd', 'v']),
          let: { v: `$${path(random)}`, w: expression(random, 'any', 1) },
          pipeline: [
            { $sort: { _id: 1 } },
            ...several(random, 1, 2, () =>
              oneOf<Document>(random, [
                () => ({
                  $match: { $expr: { [random.pick(['$eq', '$lt', '$in'])]: ['$$v', `$${path(random)}`] } },
                }),
                () => ({ $match: { $expr: { $eq: ['$_id', '$$v'] } } }),
                () => ({ $set: { z: random.pick(['$$w', ['$$v', '$n'], { $type: '$$w' }]) } }),
                () => ({ $limit: 1 + random.int(3) }),
                () => ({ $project: { _id: 1, [path(random)]: 1 } }),
                () => ({ $match: filter(random, 0) }),
              ]),
            ),
          ],
          as,
        },
      }),
    ]);
  }

  private unwind(): void {
    const { random } = this;
    const at = random.pick(['a', 'b', 'l', 'q', 'a.b', 'q.v', 'o.a']);
    const includeArrayIndex = `i${++this.unwinds}`;
    this.stages.push({
      $unwind: { path: `$${at}`, includeArrayIndex, preserveNullAndEmptyArrays: random.chance(50) },
    });
    this.keys.push(includeArrayIndex);
  }

  private group(): void {
    const { random } = this;
    const fields: Document = {};
    for (const name of several(random, 0, 2, () => random.pick(['a', 'b', 'n', 'z'])))
      fields[name] = accumulator(random);
    if (random.chance(15)) this.stages.push({ $sortByCount: expression(random, 'any', 1) });
    else {
      const id = random.chance(50)
        ? `$${path(random)}`
        : random.chance(30)
          ? null
          : expression(random, 'any', 1);
      this.stages.push({ $group: { _id: id, ...fields } });
    }
    // an array as `_id` may tie with its elements, a document that holds it may not
    const key = random.chance(50) ? '_id' : 'k';
    this.stages.push({ $set: { [key]: { k: '$_id' } } }, { $sort: { [key]: 1 } });
    this.keys = [key];
  }

  private order(): Document {
    const { random } = this;
    const order: Document = {};
    for (let i = 0; i <= random.int(2); i++) order[path(random)] = random.pick([1, -1]);
    for (const key of this.keys) order[key] = 1;
    return order;
  }

  end(): void {
    const { random } = this;
    const roll = random.int(100);
    if (roll < 5) this.stages.push({ $count: 'n' });
    else if (roll < 8) {
      this.stages.push({ $sample: { size: 1000 } });
      this.isOrdered = false;
    } else if (roll < 11) {
      this.stages.push(
        { $group: { _id: '$n', s: { $addToSet: '$s' } } },
        { $project: { s: { $sortArray: { input: '$s', sortBy: 1 } } } },
      );
      this.isOrdered = false;
    } else if (roll < 14) this.stages.push(facetStage(random));
    else if (roll < 16)
      this.stages.push({
        $bucket: { groupBy: '$n', boundaries: [0, 1, 3], default: 'other', output: { c: { $sum: 1 } } },
      });
    else if (roll < 18)
      this.stages.push({
        $unionWith: {
          coll: random.pick(['d', 'c', 'v']),
          pipeline: [{ $sort: { _id: 1 } }, ...(random.chance(50) ? [{ $match: filter(random, 0) }] : [])],
        },
      });
    else if (roll < 20)
      this.stages.push({
        $redact: { $cond: [expression(random, 'bool', 1), '$$DESCEND', random.pick(['$$PRUNE', '$$KEEP'])] },
      });
    else if (roll < 24) {
      this.stages.push(densifyStage(random));
      this.isOrdered = false;
    } else if (roll < 27) this.stages.push(bucketAutoStage(random));
    else if (roll < 29)
      this.stages.push(random.pick<Document>([{ $replaceWith: '$o' }, { $replaceRoot: { newRoot: '$q' } }]));
    else if (roll < 31) this.stages.push({ $replaceWith: expression(random, 'object') });
  }
}

export function pipeline(random: SeededRandom): Pipeline {
  const builder = new Builder(random);
  for (let i = 0; i <= random.int(4); i++) builder.add();
  builder.end();
  return builder;
}

/** One expression of one document. */
export function computation(random: SeededRandom): Pipeline {
  return {
    stages: [
      { $match: { _id: new Int32(random.int(12)) } },
      {
        [random.pick(['$project', '$project', '$set'])]: {
          z: expression(random, undefined, 1 + random.int(2)),
        },
      },
    ],
    isOrdered: true,
  };
}

/** Stages a plan may answer: filters, orders and groups with nothing before them. */
export function pushedDown(random: SeededRandom): Pipeline {
  const stages: Document[] = random.chance(80) ? [{ $match: filter(random) }] : [];
  const order = (): Document => ({ [path(random)]: random.pick([1, -1]), _id: 1 });
  const tail = oneOf<Document[]>(random, [
    () => [{ $count: 'n' }],
    () => [
      {
        $group: {
          _id: random.chance(70) ? `$${path(random)}` : null,
          c: { $sum: 1 },
          m: { [random.pick(['$min', '$max'])]: `$${path(random)}` },
        },
      },
    ],
    () => [{ $sort: order() }, { $group: { _id: `$${path(random)}`, f: { $first: '$$ROOT' } } }],
    () => [{ $sort: order() }, { $project: { [path(random)]: 1 } }],
    () => [{ $project: { _id: 0, [path(random)]: 1 } }],
    () => [{ $unwind: `$${path(random)}` }, { $match: filter(random, 0) }],
    () => [{ $set: { z: expression(random, 'any', 1) } }, { $match: filter(random) }],
  ]);
  return { stages: [...stages, ...tail], isOrdered: false };
}

/** A pipeline without a collection. */
export function documentsPipeline(random: SeededRandom): Pipeline {
  return {
    stages: [
      {
        $documents: several(random, 0, 4, () => ({
          a: { $literal: scalar(random) },
          n: new Int32(random.int(4)),
        })),
      },
      { $addFields: { z: expression(random) } },
    ],
    isOrdered: true,
  };
}

/** A pipeline that writes to collection `d`; `_id`s of its rows are those of documents. */
export function writingPipeline(random: SeededRandom): Document[] {
  const before: Document[] = [
    { $sort: { _id: 1 } },
    { $match: filter(random) },
    { $addFields: { z: expression(random, 'any', 1) } },
  ];
  if (random.chance(30)) return [...before, { $out: 'd' }];
  return [
    ...before,
    {
      $merge: {
        into: 'd',
        ...random.pick<Document>([
          {},
          { whenMatched: 'fail' },
          { whenMatched: 'keepExisting' },
          { whenMatched: 'replace', whenNotMatched: 'discard' },
          { whenMatched: 'merge', whenNotMatched: 'fail' },
          { whenMatched: [{ $set: { y: '$$new.n' } }] },
          { on: '_id', whenMatched: 'merge' },
          { on: ['_id'], let: { v: '$n' }, whenMatched: [{ $set: { y: '$$v', z: '$n' } }, { $unset: 'a' }] },
          {
            let: { v: '$a', new: '$$ROOT' },
            whenMatched: [{ $replaceWith: { $mergeObjects: ['$$new', { y: '$$v' }] } }],
          },
        ]),
      },
    },
  ];
}
