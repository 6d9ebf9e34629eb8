/** What can be typed, on a database in memory: one shell for all rows. */
import { expect } from 'chai';
import { Channel } from '../../../cli/shell/channel.js';
import { Completer } from '../../../cli/shell/complete.js';
import { Connection } from '../../../cli/shell/connection.js';
import { errorText } from '../../../cli/shell/error-text.js';
import { Interpreter } from '../../../cli/shell/interpreter.js';

describe('the interpreter', () => {
  let channel: Channel;
  let interpreter: Interpreter;
  let printed = '';

  async function answer(input: string): Promise<string> {
    printed = '';
    try {
      await interpreter.execute(input);
    } catch (error) {
      return errorText(error, {
        isVerbose: false,
        hasColors: false,
        columns: 80,
        files: interpreter.evaluator.files,
      });
    }
    return printed.trimEnd();
  }

  before(async () => {
    channel = new Channel({ address: ':memory:', isReadOnly: false, isShared: false });
    await channel.whenOpen();
    interpreter = new Interpreter({
      connection: new Connection(channel),
      address: ':memory:',
      database: 'test',
      print: (text) => {
        printed += `${text}\n`;
      },
      hasColors: false,
      columns: () => 80,
    });
  });

  after(() => channel.close());

  beforeEach(async () => {
    await answer('use test');
    await answer('db.dropDatabase()');
    await answer('db.a.insertMany([{_id: 1, n: 5}, {_id: 2, n: 7, t: ["x"]}, {_id: 3, n: 9}])');
  });

  const rows: Readonly<Record<string, readonly (readonly [input: string, answer: string])[]>> = {
    'calls need no await': [
      ['const n = db.a.countDocuments(); n + 1', '4'],
      ['db.a.find().toArray().map(d => d.n)', '[ 5, 7, 9 ]'],
      ['let sum = 0; for (const d of db.a.find()) sum += d.n; sum', '21'],
      ['function one(id) { return db.a.findOne({_id: id}) }; [1, 2].map(one).length', '2'],
      ['await Promise.resolve(db.a.countDocuments())', '3'],
      ['db.a.find().map(d => d._id)', '[ 1, 2, 3 ]'],
      ['var c = db.a.find(); while (c.hasNext()) print(c.next()._id)', '1\n2\n3'],
      ['db.a.findOne() instanceof Object', 'true'],
      ['new Date(0)', "ISODate('1970-01-01T00:00:00.000Z')"],
    ],
    reading: [
      ['db.a.find({n: {$gt: 5}}).sort({n: -1}).limit(1)', '[ { _id: 3, n: 9 } ]'],
      ['db.a.find({}, {_id: 0, n: 1}).skip(2)', '[ { n: 9 } ]'],
      ['db.a.find({_id: 99})', ''],
      ['db.a.findOne({_id: 99})', 'null'],
      ['db.a.find().count()', '3'],
      ['db.a.find().limit(2).size()', '2'],
      ['db.a.find().itcount()', '3'],
      ['db.a.distinct("n", {n: {$gt: 5}})', '[ 7, 9 ]'],
      ['db.a.aggregate([{$group: {_id: null, s: {$sum: "$n"}}}])', '[ { _id: null, s: 21 } ]'],
      ['db.a.aggregate({$match: {_id: 1}}, {$project: {n: 1}})', '[ { _id: 1, n: 5 } ]'],
      ['db.aggregate([{$documents: [{x: 1}]}])', '[ { x: 1 } ]'],
      ['db.a.estimatedDocumentCount()', '3'],
      ['db.getSiblingDB("test").getCollection("a").count({n: 5})', '1'],
      ['db.a.find({_id: 1}).explain().queryPlanner.namespace', 'test.a'],
      ['db.a.explain("executionStats").aggregate([{$match: {n: 5}}]).ok', '1'],
      ['db.a.explain().find({n: 5}).finish().queryPlanner.winningPlan.stage', 'COLLSCAN'],
    ],
    writing: [
      ['db.a.insertOne({_id: 4})', '{ acknowledged: true, insertedId: 4 }'],
      ['db.a.updateMany({n: {$gt: 5}}, {$inc: {n: 1}}).modifiedCount', '2'],
      ['db.a.updateOne({_id: 9}, {$set: {n: 1}}, {upsert: true}).insertedId', '9'],
      ['db.a.replaceOne({_id: 1}, {x: 1}).matchedCount', '1'],
      ['db.a.deleteMany({}).deletedCount', '3'],
      ['db.a.deleteOne({n: 7})', '{ acknowledged: true, deletedCount: 1 }'],
      ['db.a.findOneAndUpdate({_id: 1}, {$inc: {n: 1}}, {returnDocument: "after"})', '{ _id: 1, n: 6 }'],
      ['db.a.findOneAndDelete({}, {sort: {n: -1}})', '{ _id: 3, n: 9 }'],
      ['db.a.findAndModify({query: {_id: 1}, update: {$set: {n: 0}}, new: true}).n', '0'],
      [
        'db.a.bulkWrite([{insertOne: {document: {_id: 8}}}, {deleteMany: {filter: {_id: {$lt: 3}}}}]).deletedCount',
        '2',
      ],
      [
        'var b = db.a.initializeOrderedBulkOp(); b.find({_id: 1}).updateOne({$set: {n: 0}}); b.execute().modifiedCount',
        '1',
      ],
      ['db.a.aggregate([{$out: "b"}]); db.b.countDocuments()', '3'],
    ],
    'collections and indexes': [
      ['show collections', 'a'],
      ['db.createCollection("c")', '{ ok: 1 }'],
      ['db.createView("v", "a", [{$match: {_id: 1}}]); db.v.find()', '[ { _id: 1, n: 5 } ]'],
      ['db.a.createIndex({n: 1}, {unique: true})', 'n_1'],
      ['db.a.createIndexes([{n: 1}, {t: -1}])', "[ 'n_1', 't_-1' ]"],
      ['db.a.getIndexes()', "[ { v: 2, key: { _id: 1 }, name: '_id_' } ]"],
      ['db.nothing.getIndexes()', '[]'],
      ['db.a.createIndex({n: 1}); db.a.dropIndex("n_1").nIndexesWas', '2'],
      ['db.a.stats().count', '3'],
      ['db.a.renameCollection("b").ok', '1'],
      ['db.a.b.insertOne({}); db.getCollectionNames()', "[ 'a', 'a.b' ]"],
      ['db.a.drop()', 'true'],
      ['db.nothing.drop()', 'true'],
      ['db', 'test'],
      ['db.a.b', 'test.a.b'],
    ],
    'commands and sessions': [
      ['db.runCommand({ping: 1})', '{ ok: 1 }'],
      ['db.adminCommand("ping").ok', '1'],
      ['use other', 'switched to db other'],
      ['db.currentOp().inprog.length', '1'],
      [
        'var s = db.getMongo().startSession(); s.startTransaction(); s.getDatabase("test").a.deleteMany({}); var during = db.a.countDocuments(); s.abortTransaction(); [during, db.a.countDocuments()]',
        '[ 3, 3 ]',
      ],
      [
        'var s = db.getMongo().startSession(); s.withTransaction(() => { s.getDatabase("test").a.deleteOne({_id: 1}) }); db.a.countDocuments()',
        '2',
      ],
      ['it', 'no cursor'],
      [
        'help nothing',
        "MongoInvalidArgumentError: help knows shell, database, collection, cursor, got 'nothing'",
      ],
    ],
    errors: [
      ['db.a.find({n: {$nope: 1}})', 'MongoServerError[BadValue]: unknown operator: $nope'],
      [
        'db.a.insertOne({_id: 1})',
        'MongoServerError[DuplicateKey]: E11000 duplicate key error collection: test.a index: _id_ dup key: { _id: 1 }',
      ],
      ['foo.bar', 'ReferenceError: foo is not defined'],
      ['db.a.fnd()', 'TypeError: db.a.fnd is not a function'],
      [
        'db.a.deleteMany()',
        'MongoInvalidArgumentError: deleteMany() needs a filter; {} means every document',
      ],
      ['db.a.updateOne({}, {n: 1})', 'MongoInvalidArgumentError: Update document requires atomic operators'],
      [
        'db.a.replaceOne({}, {$set: {n: 1}})',
        'MongoInvalidArgumentError: Replacement document must not contain atomic operators',
      ],
      [
        'db.a.find().explain("nope")',
        'MongoInvalidArgumentError: explain() knows queryPlanner, executionStats, allPlansExecution, got nope',
      ],
      ['throw 5', 'thrown: 5'],
      ['new TypeError("x")', 'TypeError: x'],
      ['db.a.find({n: ]})', 'SyntaxError: Unexpected token\n  db.a.find({n: ]})\n                ^'],
      [
        'rs.status()',
        'MongoServerError[CommandNotFound]: replSetGetStatus asks a server, and a file that is open in this process is none; `elmo serve` makes one',
      ],
    ],
  };

  for (const [what, cases] of Object.entries(rows))
    describe(what, () => {
      for (const [input, expected] of cases)
        it(input, async () => expect(await answer(input)).to.equal(expected));
    });

  it('a bulk write that fails says what was done', async () => {
    const text = await answer('db.a.insertMany([{_id: 1}, {_id: 4}], {ordered: false})');
    expect(text)
      .to.match(/^MongoBulkWriteError\[DuplicateKey\]: E11000/)
      .and.to.contain('insertedCount: 1')
      .and.to.contain('code: 11000');
  });

  it('shows twenty documents at a time', async () => {
    await answer('db.b.insertMany(Array.from({length: 45}, (_, i) => ({_id: i})))');
    expect(await answer('db.b.find()')).to.match(/\{ _id: 19 \}\n\]\nType "it" for more$/);
    expect(await answer('it')).to.match(/\{ _id: 39 \}\n\]\nType "it" for more$/);
    expect(await answer('it')).to.match(/\{ _id: 44 \}.*\]$/s);
    expect(await answer('it')).to.equal('no cursor');
    await answer('DBQuery.shellBatchSize = 2');
    expect(await answer('db.b.find()')).to.equal('[ { _id: 0 }, { _id: 1 } ]\nType "it" for more');
    await answer('DBQuery.shellBatchSize = 20');
  });

  it('declarations may be repeated, and last', async () => {
    await answer('const x = 1');
    await answer('const x = 2');
    await answer('let {y} = {y: 3}');
    expect(await answer('x + y')).to.equal('5');
  });

  it('helps', async () => {
    for (const input of ['help', 'db.help()', 'db.a.help()', 'help cursor', 'help()'])
      expect(await answer(input), input).to.match(/:\n {2}\S/);
  });

  it('makes users of a file that can be served', async () => {
    expect(await answer('db.createUser({user: "ada", pwd: "x", roles: ["read"]})')).to.equal('{ ok: 1 }');
    expect(await answer('show users')).to.contain("user: 'ada'");
    expect(await answer('db.dropUser("ada")')).to.equal('{ ok: 1 }');
  });

  describe('completion', () => {
    for (const [line, expected] of [
      ['db.a.find({', ['_id', 'n', 't']],
      ['db.a.updateOne({_id: 1}, {$inc: {', ['_id', 'n', 't']],
      ['db.a.find({}, {', ['_id', 'n', 't']],
      ['show d', ['databases', 'dbs']],
      ['help c', ['collection', 'cursor']],
      ['db.a.findOneA', ['findOneAndDelete', 'findOneAndReplace', 'findOneAndUpdate']],
      ['db.a.find({n: {$bitsAll', ['$bitsAllClear', '$bitsAllSet']],
      ['db.a.updateOne({}, {$set', ['$set', '$setOnInsert']],
      ['db.a.aggregate([{$match: {}}, {$unw', ['$unwind']],
      ['db.a.aggregate([{$match: {n: {$bitsAnyS', ['$bitsAnySet']],
      ['db.a.aggregate([{$group: {_id: 1, x: {$stdDevP', ['$stdDevPop']],
      ['db.a.find().sor', ['sort']],
      ['db.a.explain().agg', ['aggregate']],
      ['rs.st', ['status']],
      ['Number', ['NumberDecimal', 'NumberInt', 'NumberLong']],
      ['db.nothing.find({', []],
      ['db.a.find(', []],
    ] as const)
      it(line, () => {
        expect(
          new Completer(interpreter).complete(line)[0].filter((name) => name !== 'Number'),
        ).to.deep.equal(expected);
      });
  });
});
