/**
 * mongosh works on a served file. It is large, so it is installed apart: npm --prefix test/clients ci --ignore-scripts.
 * Without it these tests skip.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { MongoClient } from 'mongodb';
import { projectFolder } from '../support/source-tree.js';
import { serveInMemory, type Served } from './fixture.js';

const execute = promisify(execFile);
const clients = join(projectFolder(), 'test', 'clients');
const shell = join(clients, 'node_modules', '@mongosh', 'cli-repl', 'bin', 'mongosh.js');

/** What is typed, and what comes back as Extended JSON. */
const CALLS: readonly (readonly [call: string, expected: RegExp])[] = [
  ['db.things.insertMany([{a: 1}, {a: 2}, {a: 3}]).acknowledged', /^true$/],
  ['db.things.find({a: {$gt: 1}}, {_id: 0}).sort({a: -1}).toArray()', /^\[{"a":3},{"a":2}\]$/],
  ['db.things.updateOne({a: 1}, {$set: {b: 1}}).modifiedCount', /^1$/],
  [
    'db.things.findOneAndUpdate({a: 1}, {$inc: {b: 1}}, {returnDocument: "after", projection: {_id: 0}})',
    /^{"a":1,"b":2}$/,
  ],
  ['db.things.deleteOne({a: 3}).deletedCount', /^1$/],
  ['db.things.createIndex({a: 1})', /^"a_1"$/],
  ['db.things.getIndexes().map(({name}) => name)', /^\["_id_","a_1"\]$/],
  ['db.things.find({a: 1}).explain().queryPlanner.winningPlan.inputStage.stage', /^"IXSCAN"$/],
  ['db.things.explain("executionStats").aggregate([{$match: {a: 1}}]).executionStats.nReturned', /^1$/],
  ['db.stats().objects', /^2$/],
  ['db.things.stats().count', /^2$/],
  ['db.things.dataSize() > 0', /^true$/],
  ['db.getCollectionNames()', /^\["things"\]$/],
  ['db.things.aggregate([{$group: {_id: null, sum: {$sum: "$a"}}}]).toArray()', /^\[{"_id":null,"sum":3}\]$/],
  ['db.adminCommand({listDatabases: 1, nameOnly: true}).databases.map(({name}) => name)', /"shop"/],
  ['rs.status().members[0].stateStr', /^"PRIMARY"$/],
  ['rs.conf()._id', /^"elmo"$/],
  ['db.hello().isWritablePrimary', /^true$/],
  ['db.currentOp().inprog.length > 0', /^true$/],
  ['db.hostInfo().system.numCores > 0', /^true$/],
  ['db.serverStatus().ok', /^1$/],
  ['db.version()', /^"8\./],
  ['db.getProfilingStatus().was', /^0$/],
  ['db.createView("v", "things", [{$match: {a: 2}}]).ok', /^1$/],
  ['db.v.countDocuments()', /^1$/],
  ['db.createUser({user: "u", pwd: "p", roles: ["read"]}).ok', /^1$/],
  ['db.getUser("u").roles', /^\[{"role":"read","db":"shop"}\]$/],
  ['db.dropUser("u").ok', /^1$/],
  ['db.nothing.find({$bad: 1}).toArray()', /^failed: MongoServerError unknown top level operator/],
  ['db.dropDatabase().dropped', /^"shop"$/],
];

describe('mongosh', function () {
  this.timeout(120_000);
  let served: Served;
  let home = '';

  before(async function () {
    if (!existsSync(shell)) {
      console.log('    skipped: mongosh is not installed (npm --prefix test/clients ci --ignore-scripts)');
      return this.skip();
    }
    home = mkdtempSync(join(tmpdir(), 'elmo-mongosh-'));
    served = await serveInMemory();
  });
  after(async () => {
    await served?.close();
    if (home !== '') rmSync(home, { recursive: true, force: true });
  });

  const environment = () => ({ ...process.env, HOME: home, USERPROFILE: home, NODE_OPTIONS: '' });

  it('calls what people call', async () => {
    const lines = CALLS.map(
      ([call], i) =>
        `try { const r${i} = ${call}; print('${i} ' + EJSON.stringify(r${i})); } catch (e) { print('${i} failed: ' + e.name + ' ' + e.message); }`,
    );
    const args = [shell, served.uri, '--quiet', '--norc', '--eval', `use('shop');\n${lines.join('\n')}`];
    const { stdout } = await execute(process.execPath, args, { env: environment() });
    const answers = new Map(
      [...stdout.matchAll(/^(\d+) (.*)$/gm)].map(([, i, answer]) => [Number(i), answer!] as const),
    );
    CALLS.forEach(([call, expected], i) => expect(answers.get(i), call).to.match(expected));
  });

  it('talks with a person', async () => {
    const typed = [
      'use shop',
      'for (let i = 1; i <= 30; i++) db.x.insertOne({_id: i})',
      'show collections',
      'show dbs',
      'db.x.find()',
      'it',
      'show log global',
      'exit',
    ];
    const child = spawn(process.execPath, [shell, served.uri, '--norc'], { env: environment() });
    let output = '';
    child.stdout.on('data', (piece: Buffer) => (output += piece.toString()));
    child.stdin.end(`${typed.join('\n')}\n`);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).to.equal(0);
    expect(output).to.match(/Using MongoDB:\s+8\./);
    expect(output).to.contain('switched to db shop').and.contain('Type "it" for more');
    expect(output)
      .to.match(/^shop +[\d.]+ [KM]?i?B/m)
      .and.match(/_id: 30 }/);
    expect(output).not.to.contain('Uncaught');
  });
});

describe('the official driver with snappy', () => {
  let served: Served;
  afterEach(() => served?.close());

  it('compresses', async function () {
    if (!existsSync(join(clients, 'node_modules', 'snappy'))) {
      console.log('    skipped: snappy is not installed (npm --prefix test/clients ci --ignore-scripts)');
      return this.skip();
    }
    served = await serveInMemory();
    const require = createRequire(join(clients, 'package.json'));
    const driver = require('mongodb') as { readonly MongoClient: typeof MongoClient };
    const client = new driver.MongoClient(served.uri, { compressors: ['snappy'] });
    const c = client.db('x').collection('c');
    const text = 'words '.repeat(10_000);
    await c.insertOne({ text });
    expect((await c.findOne())!['text']).to.equal(text);
    await client.close();
  });
});
