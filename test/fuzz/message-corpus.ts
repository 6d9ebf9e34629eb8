/** Valid commands of every kind, which the fuzz of messages starts from. */
import { Binary, Decimal128, Long, ObjectId, Timestamp, UUID, type Document } from '../../elmo/bson/package.js';

export const DB = 'fuzz';

/** What the database holds before a set of cases. */
export const DOCUMENTS: readonly Document[] = Array.from({ length: 40 }, (_, i) => ({
  _id: i,
  a: i % 7,
  b: `text ${i}`,
  c: [i, i + 1, { d: i % 3 }],
  e: { f: i / 2, g: Long.fromNumber(i * 1e10), h: new Date(i * 86_400_000) },
  j: i % 2 === 0 ? null : Decimal128.fromString(`${i}.5`),
}));

const lsid = { id: new UUID('00112233-4455-4677-8899-aabbccddeeff') };

const stages: readonly Document[] = [
  { $match: { a: { $gt: 2 }, b: /^text/ } },
  { $project: { a: 1, s: { $concat: ['$b', '-', { $toString: '$a' }] }, n: { $size: '$c' } } },
  { $group: { _id: '$a', n: { $sum: 1 }, all: { $push: '$b' }, most: { $max: '$e.f' } } },
  { $sort: { a: 1, _id: -1 } },
  { $limit: 5 },
  { $skip: 1 },
  { $unwind: { path: '$c', includeArrayIndex: 'i', preserveNullAndEmptyArrays: true } },
  { $lookup: { from: 'c', localField: 'a', foreignField: '_id', as: 'joined' } },
  { $addFields: { x: { $cond: [{ $eq: ['$a', 1] }, 'one', { $dateToString: { date: '$e.h' } }] } } },
  { $bucket: { groupBy: '$a', boundaries: [0, 3, 6], default: 'more' } },
  { $facet: { one: [{ $limit: 2 }], two: [{ $count: 'n' }] } },
  { $replaceRoot: { newRoot: '$e' } },
  { $setWindowFields: { sortBy: { _id: 1 }, output: { r: { $sum: '$a', window: { documents: [-1, 1] } } } } },
  { $graphLookup: { from: 'c', startWith: '$a', connectFromField: 'a', connectToField: '_id', as: 'g' } },
  { $unionWith: { coll: 'c', pipeline: [{ $limit: 1 }] } },
  { $sample: { size: 3 } },
  { $sortByCount: '$a' },
  { $redact: { $cond: [{ $gt: ['$a', 3] }, '$$KEEP', '$$PRUNE'] } },
  { $out: 'out' },
  { $merge: { into: 'merged', on: '_id', whenMatched: 'merge' } },
];

const expressions: readonly unknown[] = [
  { $add: ['$a', 1, { $multiply: ['$e.f', 2] }] },
  { $map: { input: '$c', as: 'x', in: { $ifNull: ['$$x.d', '$$x'] } } },
  { $filter: { input: '$c', cond: { $isNumber: '$$this' } } },
  { $reduce: { input: '$c', initialValue: '', in: { $concat: ['$$value', { $toString: '$$this' }] } } },
  { $regexMatch: { input: '$b', regex: 'x+', options: 'i' } },
  { $dateAdd: { startDate: '$e.h', unit: 'day', amount: 3 } },
  { $convert: { input: '$b', to: 'int', onError: 0 } },
  { $switch: { branches: [{ case: { $lt: ['$a', 3] }, then: 1 }], default: 2 } },
  { $zip: { inputs: ['$c', ['x']], useLongestLength: true } },
  { $sortArray: { input: '$c', sortBy: 1 } },
];

const updates: readonly (Document | Document[])[] = [
  { $set: { a: 1, 'c.0': 2 }, $inc: { 'e.f': 1 }, $unset: { j: '' } },
  { $push: { c: { $each: [1, 2], $slice: -3, $sort: -1 } }, $min: { a: 0 } },
  { $pull: { c: { $gt: 3 } }, $rename: { b: 'bb' }, $currentDate: { t: { $type: 'timestamp' } } },
  { $bit: { a: { xor: 5 } }, $addToSet: { c: { $each: [1, { d: 2 }] } } },
  { $set: { 'c.$[x]': 0 } },
  [{ $set: { z: { $add: ['$a', 1] } } }, { $unset: 'j' }],
  { a: 5, replaced: true },
];

const filters: readonly Document[] = [
  {},
  { _id: 3 },
  { a: { $in: [1, 2, null] } },
  { $or: [{ a: 1 }, { b: { $regex: 'text', $options: 'i' } }], j: { $exists: true } },
  { c: { $elemMatch: { d: { $gte: 1 } } } },
  { $expr: { $gt: ['$a', '$e.f'] } },
  { 'e.g': { $type: 'long', $not: { $lt: 5 } } },
  { c: { $size: 3, $all: [1] }, a: { $mod: [2, 1] } },
  { $nor: [{ a: { $bitsAllSet: [0] } }, { $jsonSchema: { required: ['a'] } }] },
];

const options: Document = {
  sort: { a: -1 },
  projection: { a: 1, c: { $slice: 1 } },
  collation: { locale: 'en', strength: 2 },
  hint: { _id: 1 },
  let: { v: 1 },
  skip: 1,
  limit: 3,
  batchSize: 2,
  maxTimeMS: 500,
  comment: 'fuzz',
};

export const CORPUS: readonly Document[] = [
  ...filters.map((filter) => ({ find: 'c', filter })),
  ...Object.entries(options).map(([name, value]) => ({ find: 'c', filter: { a: 1 }, [name]: value as unknown })),
  ...stages.map((stage) => ({ aggregate: 'c', pipeline: [stage], cursor: {} })),
  ...stages.slice(0, -2).map((stage, i) => ({
    aggregate: 'c',
    pipeline: [stage, stages[(i * 7 + 3) % 17]!],
    cursor: { batchSize: 2 },
  })),
  ...expressions.map((x) => ({ aggregate: 'c', pipeline: [{ $project: { x } }], cursor: {} })),
  ...updates.flatMap((u, i) => [
    { update: 'c', updates: [{ q: filters[i]!, u, arrayFilters: [{ x: { $gt: 1 } }] }] },
    { update: 'c', updates: [{ q: { a: 3 }, u, multi: i % 2 === 0, upsert: i % 3 === 0 }], ordered: false },
    { findAndModify: 'c', query: filters[i]!, update: u, new: true, upsert: i % 2 === 0 },
  ]),
  { findAndModify: 'c', query: { a: 1 }, remove: true, sort: { _id: 1 } },
  { insert: 'c', documents: [{ _id: new ObjectId(), a: 1 }, { b: new Binary(Buffer.from('x')) }], ordered: false },
  { insert: 'c', documents: [{ t: new Timestamp({ t: 1, i: 2 }) }], writeConcern: { w: 1, j: true } },
  { insert: 'c', documents: [{ r: 1 }], lsid, txnNumber: Long.fromNumber(4) },
  { delete: 'c', deletes: [{ q: { a: 99 }, limit: 1 }, { q: { a: { $lt: 0 } }, limit: 0 }] },
  {
    bulkWrite: 1,
    ops: [
      { insert: 0, document: { a: 1 } },
      { update: 0, filter: { a: 1 }, updateMods: { $set: { a: 2 } } },
      { delete: 0, filter: { a: 77 } },
    ],
    nsInfo: [{ ns: `${DB}.c` }],
    $db: 'admin',
  },
  ...filters.map((query) => ({ count: 'c', query })),
  ...filters.map((query) => ({ distinct: 'c', key: 'c.d', query })),
  { getMore: Long.fromNumber(12345), collection: 'c', batchSize: 2 },
  { killCursors: 'c', cursors: [Long.fromNumber(12345)] },
  { explain: { find: 'c', filter: { a: 1 }, sort: { b: 1 } }, verbosity: 'executionStats' },
  { explain: { aggregate: 'c', pipeline: [{ $match: { a: 1 } }], cursor: {} } },
  { create: 'x', capped: true, size: 4096, max: 10 },
  { create: 'y', validator: { a: { $type: 'int' } }, validationLevel: 'strict' },
  { create: 'v', viewOn: 'c', pipeline: [{ $match: { a: 1 } }] },
  { create: 'k', clusteredIndex: { key: { _id: 1 }, unique: true } },
  { collMod: 'c', validator: { a: { $exists: true } }, validationAction: 'warn' },
  { createIndexes: 'c', indexes: [{ key: { a: 1, 'c.d': -1 }, name: 'a_d', sparse: true }] },
  { createIndexes: 'c', indexes: [{ key: { b: 'hashed' }, name: 'bh' }] },
  { createIndexes: 'c', indexes: [{ key: { 'e.$**': 1 }, name: 'wild' }] },
  { createIndexes: 'c', indexes: [{ key: { t: 1 }, name: 'ttl', expireAfterSeconds: 1000 }] },
  {
    createIndexes: 'c',
    indexes: [{ key: { a: 1 }, name: 'part', partialFilterExpression: { a: { $gt: 3 } }, unique: true }],
  },
  { dropIndexes: 'c', index: 'a_d' },
  { listIndexes: 'c', cursor: { batchSize: 1 } },
  { listCollections: 1, filter: { name: 'c' }, nameOnly: true },
  { listDatabases: 1, filter: {}, $db: 'admin' },
  { drop: 'out' },
  { renameCollection: `${DB}.merged`, to: `${DB}.renamed`, dropTarget: true, $db: 'admin' },
  ...['dbStats', 'dbHash', 'connectionStatus', 'buildInfo', 'hostInfo', 'serverStatus', 'listCommands', 'whatsmyuri']
    .map((name) => ({ [name]: 1 })),
  ...['collStats', 'validate', 'dataSize', 'compact', 'planCacheClear', 'convertToCapped'].map((name) => ({
    [name]: 'c',
    size: 4096,
  })),
  ...['top', 'currentOp', 'lockInfo', 'getCmdLineOpts', 'replSetGetStatus', 'replSetGetConfig', 'connPoolStats']
    .map((name) => ({ [name]: 1, $db: 'admin' })),
  { getLog: 'global', $db: 'admin' },
  { getParameter: '*', $db: 'admin' },
  { setParameter: 1, ttlMonitorEnabled: true, $db: 'admin' },
  { killOp: 1, op: 99_999, $db: 'admin' },
  { profile: 0, slowms: 100 },
  { startSession: 1 },
  { refreshSessions: [lsid] },
  { endSessions: [lsid] },
  { killSessions: [lsid] },
  { find: 'c', lsid, txnNumber: Long.fromNumber(7), autocommit: false, startTransaction: true },
  { insert: 'c', documents: [{ t: 1 }], lsid, txnNumber: Long.fromNumber(7), autocommit: false },
  { commitTransaction: 1, lsid, txnNumber: Long.fromNumber(7), autocommit: false, $db: 'admin' },
  { abortTransaction: 1, lsid, txnNumber: Long.fromNumber(8), autocommit: false, $db: 'admin' },
  { find: 'c', readConcern: { level: 'majority' }, $readPreference: { mode: 'primary' } },
  { find: 'c', $clusterTime: { clusterTime: new Timestamp({ t: 1, i: 1 }), signature: {} } },
  { ping: 1, apiVersion: '1', apiStrict: true },
  { hello: 1, client: { driver: { name: 'x', version: '1' }, os: { type: 'y' } }, compression: ['zlib', 'snappy'] },
  { hello: 1, saslSupportedMechs: 'admin.me', helloOk: true },
  { usersInfo: 1 },
  { createUser: 'u', pwd: 'p', roles: ['read'] },
  { dropUser: 'u' },
  { saslContinue: 1, conversationId: 1, payload: new Binary(Buffer.from('x')) },
];
