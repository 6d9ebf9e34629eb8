/** Random commands on a collection `c`, its view `v` and a neighbour `d`, and what of their replies is compared. */
import { Int32, type Document } from '../../elmo/bson/package.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { letVariables } from './expressions.js';
import { filter, filterWithId, schema } from './filters.js';
import {
  computation,
  documentsPipeline,
  pipeline,
  pushedDown,
  writingPipeline,
  type Pipeline,
} from './pipelines.js';
import { index, plainProjection, projection, sort } from './shapes.js';
import { update, type Update } from './updates.js';
import { COLLATIONS, document, oneOf, path, several } from './values.js';

export interface RandomCommand {
  readonly command: Document;
  /** Whether rows come in a defined order. */
  readonly isOrdered: boolean;
  /** Collections whose contents are compared after it. */
  readonly changes?: readonly string[];
  /** Runs on the database `admin`. */
  readonly isOfAdmin?: boolean;
}

/** The indexes a round has, by name and key; hints name them. */
export type Indexes = Map<string, Document>;

/** Each process has its own, so that several may run beside each other. */
export const DB = `differential${process.pid}`;

/** Options that any reading statement may have. */
function common(random: SeededRandom, indexes: Indexes): Document {
  const options: Document = {};
  if (random.chance(15)) options['collation'] = random.pick(COLLATIONS);
  if (random.chance(15)) options['hint'] = hint(random, indexes);
  if (random.chance(5)) options['let'] = letVariables(random);
  return options;
}

function hint(random: SeededRandom, indexes: Indexes): unknown {
  if (indexes.size === 0 || random.chance(20))
    return random.pick<unknown>([{ $natural: 1 }, { $natural: -1 }, '_id_', { _id: 1 }, 'none']);
  const [name, definition] = random.pick([...indexes]);
  return random.chance(50) ? name : (definition['key'] as unknown);
}

function source(random: SeededRandom): string {
  return random.chance(90) ? 'c' : 'v';
}

function find(random: SeededRandom, indexes: Indexes): RandomCommand {
  const command: Document = { find: source(random), filter: filter(random), ...common(random, indexes) };
  const isOrdered = random.chance(60);
  if (isOrdered) {
    command['sort'] = sort(random);
    if (random.chance(40)) command['limit'] = new Int32(random.int(8));
    if (random.chance(30)) command['skip'] = new Int32(random.int(5));
  }
  if (random.chance(40))
    command['projection'] = command['find'] === 'v' ? plainProjection(random) : projection(random);
  if (random.chance(30)) command['batchSize'] = new Int32(random.int(5));
  if (command['find'] === 'v') return { command, isOrdered };
  if (random.chance(3)) command['singleBatch'] = true;
  if (random.chance(3) && !JSON.stringify(command).includes('$expr')) command['returnKey'] = true;
  return { command, isOrdered };
}

/** `min` and `max` on an index. */
function ranged(random: SeededRandom, indexes: Indexes): RandomCommand {
  const usable = [...indexes.values()]
    .map(({ key }) => key as Document)
    .filter((each) => !Object.values(each).includes('hashed')); // the hashes stored are our own
  const key = usable.length > 0 && random.chance(80) ? random.pick(usable) : { _id: 1 };
  const end = (): Document =>
    Object.fromEntries(
      Object.keys(key).map((name) => [
        name,
        name === '_id' ? new Int32(random.int(12)) : (document(random, 0)['a'] ?? 1),
      ]),
    );
  const command: Document = { find: 'c', filter: random.chance(50) ? {} : filter(random), hint: key };
  if (random.chance(70)) command['min'] = end();
  if (random.chance(70)) command['max'] = end();
  if (random.chance(20)) command['projection'] = projection(random);
  if (random.chance(10)) command['returnKey'] = true;
  if (random.chance(10)) command['collation'] = random.pick(COLLATIONS);
  const isOrdered = random.chance(30);
  if (isOrdered) command['sort'] = sort(random);
  return { command, isOrdered };
}

function aggregate(random: SeededRandom, indexes: Indexes): RandomCommand {
  const roll = random.int(100);
  const { stages, isOrdered }: Pipeline =
    roll < 4
      ? documentsPipeline(random)
      : roll < 20
        ? computation(random)
        : roll < 30
          ? pushedDown(random)
          : pipeline(random);
  const isOfDocuments = stages[0] !== undefined && '$documents' in stages[0];
  const command: Document = {
    aggregate: isOfDocuments ? 1 : source(random),
    pipeline: stages,
    cursor: random.chance(70) ? {} : { batchSize: new Int32(random.int(5)) },
  };
  if (random.chance(10)) command['collation'] = random.pick(COLLATIONS);
  if (!isOfDocuments && random.chance(5)) command['hint'] = hint(random, indexes);
  if (random.chance(5)) command['let'] = letVariables(random);
  return { command, isOrdered };
}

function statement(random: SeededRandom, indexes: Indexes): Document {
  const isUpsert = random.chance(15);
  const many = !isUpsert && random.chance(50);
  const { u, arrayFilters } = update(random);
  const q = isUpsert || !many ? filterWithId(random) : filter(random);
  return {
    q,
    u,
    ...(many ? { multi: true } : {}),
    ...(isUpsert ? { upsert: true } : {}),
    ...(arrayFilters === undefined ? {} : { arrayFilters }),
    ...(random.chance(8) ? { collation: random.pick(COLLATIONS) } : {}),
    ...(random.chance(8) ? { hint: hint(random, indexes) } : {}),
    ...(Array.isArray(u) && random.chance(40) ? { c: letVariables(random) } : {}),
    ...(!many && !isUpsert && random.chance(5) ? { sort: sort(random) } : {}),
  };
}

function updates(random: SeededRandom, indexes: Indexes): RandomCommand {
  return {
    command: {
      update: 'c',
      updates: several(random, 1, random.chance(80) ? 1 : 3, () => statement(random, indexes)),
      ...(random.chance(30) ? { ordered: false } : {}),
    },
    isOrdered: true,
    changes: ['c'],
  };
}

function deletes(random: SeededRandom, indexes: Indexes): RandomCommand {
  return {
    command: {
      delete: 'c',
      deletes: [
        {
          ...(random.chance(70)
            ? { q: { ...filter(random, 0), _id: new Int32(random.int(16)) }, limit: random.int(2) }
            : { q: { $and: [filter(random), { _id: { $gte: new Int32(random.int(12)) } }] }, limit: 0 }),
          ...(random.chance(10) ? { collation: random.pick(COLLATIONS) } : {}),
          ...(random.chance(10) ? { hint: hint(random, indexes) } : {}),
        },
      ],
    },
    isOrdered: true,
    changes: ['c'],
  };
}

function inserts(random: SeededRandom): RandomCommand {
  return {
    command: {
      insert: 'c',
      documents: several(random, 1, 3, () => document(random, random.int(24))),
      ordered: random.chance(50),
    },
    isOrdered: true,
    changes: ['c'],
  };
}

function findAndModify(random: SeededRandom, indexes: Indexes): RandomCommand {
  const command: Document = {
    findAndModify: 'c',
    query: random.chance(50) ? filterWithId(random) : filter(random),
    sort: sort(random),
  };
  if (random.chance(25)) command['remove'] = true;
  else {
    const { u, arrayFilters }: Update = update(random);
    command['update'] = u;
    if (arrayFilters !== undefined) command['arrayFilters'] = arrayFilters;
    if (random.chance(50)) command['new'] = true;
    if (random.chance(20)) {
      command['upsert'] = true;
      command['query'] = filterWithId(random);
    }
  }
  if (random.chance(30)) command['fields'] = projection(random);
  if (random.chance(8)) command['collation'] = random.pick(COLLATIONS);
  if (random.chance(8)) command['hint'] = hint(random, indexes);
  if (random.chance(5)) command['let'] = letVariables(random);
  return { command, isOrdered: true, changes: ['c'] };
}

function bulkWrite(random: SeededRandom, indexes: Indexes): RandomCommand {
  const operation = (): Document =>
    oneOf<Document>(random, [
      () => ({ insert: random.int(2), document: document(random, random.int(24)) }),
      () => {
        const { u, arrayFilters } = update(random);
        return {
          update: 0,
          filter: filterWithId(random),
          updateMods: u,
          ...(arrayFilters === undefined ? {} : { arrayFilters }),
          ...(random.chance(30) ? { upsert: true } : {}),
          ...(random.chance(8) ? { collation: random.pick(COLLATIONS) } : {}),
          ...(random.chance(8) ? { hint: hint(random, indexes) } : {}),
        };
      },
      () => ({ update: 1, filter: filter(random, 0), updateMods: { $inc: { n: 1 } }, multi: true }),
      () => ({ delete: random.int(2), filter: filterWithId(random), multi: random.chance(50) }),
    ]);
  return {
    command: {
      bulkWrite: 1,
      ops: several(random, 1, 4, operation),
      nsInfo: [{ ns: `${DB}.c` }, { ns: `${DB}.d` }],
      ordered: random.chance(50),
      errorsOnly: random.chance(20),
    },
    isOrdered: true,
    changes: ['c', 'd'],
    isOfAdmin: true,
  };
}

/** What changes a collection or its indexes as such. */
function definition(random: SeededRandom): RandomCommand {
  return {
    command: oneOf<Document>(random, [
      () => ({ create: 'c', ...(random.chance(50) ? { collation: random.pick(COLLATIONS) } : {}) }),
      () => ({ dropIndexes: 'c', index: [`i${random.int(6)}`] }),
    ]),
    isOrdered: true,
  };
}

export function randomCommand(random: SeededRandom, indexes: Indexes): RandomCommand {
  const roll = random.int(100);
  if (roll < 30) return find(random, indexes);
  if (roll < 33) return ranged(random, indexes);
  if (roll < 38) {
    const command: Document = { count: source(random), query: filter(random), ...common(random, indexes) };
    if (random.chance(20)) command['limit'] = new Int32(1 + random.int(4));
    if (random.chance(20)) command['skip'] = new Int32(random.int(5));
    delete command['let'];
    return { command, isOrdered: true };
  }
  if (roll < 44) {
    const command: Document = { distinct: source(random), key: path(random), query: filter(random) };
    if (random.chance(15)) command['collation'] = random.pick(COLLATIONS);
    if (random.chance(10)) command['hint'] = hint(random, indexes);
    return { command, isOrdered: true };
  }
  if (roll < 68) return aggregate(random, indexes);
  if (roll < 82) return updates(random, indexes);
  if (roll < 85) return deletes(random, indexes);
  if (roll < 88) return inserts(random);
  if (roll < 93) return findAndModify(random, indexes);
  if (roll < 96) return bulkWrite(random, indexes);
  if (roll < 98)
    return {
      command: { aggregate: 'c', pipeline: writingPipeline(random), cursor: {} },
      isOrdered: true,
      changes: ['c', 'd'],
    };
  if (roll < 99) {
    const name = `i${random.int(6)}`;
    return { command: { createIndexes: 'c', indexes: [index(random, name)] }, isOrdered: true };
  }
  if (random.chance(40)) return definition(random);
  return { command: { dropIndexes: 'c', index: `i${random.int(6)}` }, isOrdered: true };
}

/** Commands that make a round's collections. */
export function setup(random: SeededRandom): Document[] {
  const options: Document = {};
  if (random.chance(15)) options['collation'] = random.pick(COLLATIONS);
  if (random.chance(10)) options['clusteredIndex'] = { key: { _id: 1 }, unique: true };
  else if (random.chance(4)) Object.assign(options, { capped: true, size: 1_000_000 });
  if (random.chance(8)) {
    options['validator'] = random.chance(50) ? filter(random, 0) : { $jsonSchema: schema(random, 1) };
    if (random.chance(30)) options['validationLevel'] = 'moderate';
    if (random.chance(20)) options['validationAction'] = 'warn';
  }
  const indexes = several(random, 0, 3, () => random.int(6));
  return [
    { create: 'c', ...options },
    {
      create: 'v',
      viewOn: 'c',
      pipeline: random.pick<Document[]>([
        [],
        [{ $match: { a: { $exists: true } } }],
        [{ $project: { a: 1, n: 1, s: 1 } }],
        [{ $set: { a: '$n', z: { $type: '$a' } } }, { $unset: 'b' }],
        [{ $match: { n: { $exists: true } } }, { $project: { s: 0, 'o.a': 0 } }],
      ]),
      ...('collation' in options ? { collation: options['collation'] } : {}),
    },
    { insert: 'c', documents: Array.from({ length: 12 }, (_, i) => document(random, i)), ordered: false },
    { insert: 'd', documents: Array.from({ length: 5 }, (_, i) => document(random, i)) },
    ...indexes.map((n) => ({ createIndexes: 'c', indexes: [index(random, `i${n}`)] })),
  ];
}
