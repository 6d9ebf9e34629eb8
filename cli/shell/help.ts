/** What `help`, `db.help()` and `db.collection.help()` say. */

import { PlainText } from './plain-text.js';

export type HelpTopic = 'shell' | 'database' | 'collection' | 'cursor';

type Row = readonly [what: string, why: string];

const SHELL: readonly Row[] = [
  ['use NAME', 'go to another database'],
  ['show dbs', 'databases and their sizes'],
  ['show collections', 'collections of this database (also: show tables)'],
  ['show users', 'users of this database'],
  ['show profile', 'the slow operations that were recorded last'],
  ['db.orders.find({total: {$gt: 10}})', 'documents that match; `it` for more'],
  ['db.orders.insertOne({total: 5})', 'a new document'],
  ['db.orders.createIndex({total: 1})', 'an index'],
  ['db.orders.find({…}).explain()', 'how a query is answered'],
  ['db.help(), db.orders.help()', 'what databases and collections can do'],
  ['help cursor', 'what can be said behind find()'],
  ['it', 'the next documents of the last result'],
  ["load('file.js')", 'run a file'],
  ['cls', 'clear the screen'],
  ['exit', 'leave (also: quit, Ctrl-D)'],
];

const DATABASE: readonly Row[] = [
  ['db.COLLECTION, db.getCollection(name)', 'a collection'],
  ['db.getSiblingDB(name)', 'another database'],
  ['db.getCollectionNames(), .getCollectionInfos()', 'which collections there are'],
  ['db.createCollection(name, {…})', 'capped, validator, collation, …'],
  ['db.createView(name, source, [stages])', 'a view'],
  ['db.aggregate([stages])', 'a pipeline without a collection'],
  ['db.dropDatabase()', 'all of its collections'],
  ['db.stats(), db.serverStatus(), db.version()', 'figures'],
  ['db.runCommand({…}), db.adminCommand({…})', 'any command; db.listCommands() lists them'],
  ['db.currentOp(), db.killOp(id)', 'what runs'],
  ['db.setProfilingLevel(2), .getProfilingStatus()', 'record operations'],
  ['db.getUsers(), .createUser({user, pwd, roles})', 'users of a server'],
  [
    'db.getMongo().startSession()',
    'sessions: getDatabase, startTransaction, commitTransaction, withTransaction',
  ],
];

const COLLECTION: readonly Row[] = [
  ['find(filter, projection), findOne(…)', 'documents'],
  ['countDocuments(filter), estimatedDocumentCount()', 'how many'],
  ['distinct(field, filter)', 'the values of a field'],
  ['aggregate([stages])', 'a pipeline'],
  ['insertOne(doc), insertMany([docs])', 'new documents'],
  ['updateOne(filter, {$set: {…}}), updateMany(…)', 'change; {upsert: true} makes what is not there'],
  ['replaceOne(filter, doc)', 'another document in its place'],
  ['deleteOne(filter), deleteMany(filter)', 'delete'],
  ['findOneAndUpdate, findOneAndReplace, findOneAndDelete', 'change one and see it'],
  ['bulkWrite([{insertOne: {document}}, …])', 'several writes at once'],
  ['createIndex({a: 1}, {unique: true}), createIndexes', 'indexes'],
  ['getIndexes(), dropIndex(name), dropIndexes()', ''],
  ['hideIndex(name), unhideIndex(name)', 'try how it is without'],
  ['explain().find(…), find(…).explain()', 'how it is answered'],
  ['stats(), totalSize(), dataSize(), totalIndexSize()', 'figures'],
  ['validate({full: true})', 'compare documents with indexes'],
  ['renameCollection(name), drop()', ''],
];

const CURSOR: readonly Row[] = [
  ['sort({a: 1}), limit(n), skip(n)', 'order and part'],
  ['projection({a: 1})', 'only these fields'],
  ['hint(index), min({…}), max({…})', 'which index, which part of it'],
  ['collation({locale: "en", strength: 2})', 'rules of comparing text'],
  ['maxTimeMS(ms), batchSize(n), comment(text)', ''],
  ['toArray(), forEach(f), map(f), for (const d of cursor)', 'all documents'],
  ['hasNext(), next(), tryNext(), close()', 'one by one'],
  ['count(), size(), itcount()', 'how many'],
  ["explain(), explain('executionStats')", 'how it is answered'],
];

const TOPICS: Readonly<Record<HelpTopic, { title: string; rows: readonly Row[] }>> = {
  shell: { title: 'Type JavaScript, or one of these:', rows: SHELL },
  database: { title: 'A database:', rows: DATABASE },
  collection: { title: 'A collection, db.NAME:', rows: COLLECTION },
  cursor: { title: 'Behind find():', rows: CURSOR },
};

export function helpText(topic: HelpTopic): PlainText {
  const { title, rows } = TOPICS[topic];
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, why]) => `  ${what.padEnd(width)}  ${why}`.trimEnd());
  return new PlainText([title, ...lines].join('\n'));
}

export function isHelpTopic(text: string): text is HelpTopic {
  return Object.hasOwn(TOPICS, text);
}
