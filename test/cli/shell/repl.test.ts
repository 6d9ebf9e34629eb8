/** The shell as a person meets it: on a (pseudo-)terminal. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { usePlace } from '../fixture.js';
import { needPseudoTerminal, PseudoTerminal } from '../pseudo-terminal.js';

describe('the shell on a terminal', function () {
  this.timeout(60_000);
  needPseudoTerminal();
  const place = usePlace();
  const open: PseudoTerminal[] = [];

  /** Starts a shell, and waits for its prompt. */
  async function start(
    argv: readonly string[] = [':memory:'],
    env: NodeJS.ProcessEnv = {},
  ): Promise<PseudoTerminal> {
    const terminal = new PseudoTerminal(['shell', '--quiet', ...argv], {
      ELMO_HISTORY: place.path('history'),
      ...env,
    });
    open.push(terminal);
    await terminal.until('test> ');
    return terminal;
  }

  afterEach(() => {
    for (const terminal of open.splice(0)) terminal.stop();
  });

  it('answers, page by page, in colour; explains errors; knows when more is to come; leaves', async () => {
    const terminal = await start();
    expect(await terminal.ask('use shop')).to.contain('switched to db shop\nshop> ');
    expect(await terminal.ask('for (let i = 0; i < 25; i++) db.a.insertOne({_id: i})')).to.contain(
      'insertedId',
    );
    expect(await terminal.ask('db.a.find({}, {_id: 1})'))
      .to.contain('{ _id: \x1b[33m19\x1b[39m }')
      .and.to.contain('Type "it" for more\nshop> ');
    expect(await terminal.ask('it'))
      .to.contain('{ _id: \x1b[33m24\x1b[39m }')
      .and.not.to.contain('more');
    expect(await terminal.ask('db.a.insertOne({_id: 1})')).to.contain(
      '\x1b[31mMongoServerError[DuplicateKey]\x1b[39m: E11000',
    );
    expect(await terminal.ask('db.a.countDocuments({')).to.match(/\n\.\.\. $/);
    expect(await terminal.ask('_id: {$lt: 3}})')).to.contain('\x1b[33m3\x1b[39m\nshop> ');
    expect(await terminal.ask('db.a.find(')).to.match(/\n\.\.\. $/);
    terminal.type('\x03'); // Ctrl-C gives up what was begun
    await terminal.until(/\nshop> $/);
    terminal.type('exit\r');
    await terminal.end();
  });

  it('shows no colour where none is wanted', async () => {
    const terminal = await start([':memory:'], { NO_COLOR: '1' });
    expect(await terminal.ask('({a: 1, b: "x"})')).to.contain("{ a: 1, b: 'x' }");
    expect(await terminal.ask('foo.bar')).to.contain('ReferenceError: foo is not defined');
  });

  it('completes commands, collections, methods, fields and operators', async () => {
    const terminal = await start();
    await terminal.ask('db.customers.insertOne({fullName: "Ada", address: {town: "London"}})');
    for (const [typed, expected] of [
      ['sho', 'show'],
      ['show coll', 'show collections'],
      ['use adm', 'use admin'],
      ['db.cust', 'db.customers'],
      ['db.customers.countD', 'db.customers.countDocuments'],
      ['db.customers.find({}).showRec', 'db.customers.find({}).showRecordId'],
      ['db.customers.find({full', 'db.customers.find({fullName'],
      ['db.customers.find({"address.t', 'db.customers.find({"address.town'],
      ['db.customers.find({a: {$elem', 'db.customers.find({a: {$elemMatch'],
      ['db.customers.updateOne({}, {$setOn', 'db.customers.updateOne({}, {$setOnInsert'],
      ['db.customers.aggregate([{$graph', 'db.customers.aggregate([{$graphLookup'],
      [
        'db.customers.aggregate([{$group: {_id: {$dateTr',
        'db.customers.aggregate([{$group: {_id: {$dateTrunc',
      ],
    ] as const) {
      terminal.type(typed);
      await terminal.until(typed);
      terminal.type('\t');
      await terminal.until(expected.slice(typed.length));
      terminal.type('\x03');
      await terminal.until(/\ntest> $/);
    }
  });

  it('remembers between runs, and no passwords', async () => {
    const first = await start();
    await first.ask('1 + 41');
    await first.ask('[1,');
    await first.ask('2]');
    await first.ask('x = {user: "a", pwd: "secret"}');
    first.type('\x04');
    await first.end();
    const second = await start();
    second.type('\x1b[A');
    await second.until('[1, 2]');
    second.type('\x1b[A\r');
    expect(await second.until(/\ntest> $/)).to.contain('42');
    expect(existsSync(place.path('history'))).to.equal(true);
    expect(readFileSync(place.path('history'), 'utf8')).to.equal('1 + 41\n[1, 2]\n1 + 41\n');
    expect(statSync(place.path('history')).mode & 0o077).to.equal(0);
  });

  it('Ctrl-C ends what runs, and only that', async () => {
    const terminal = await start();
    await terminal.ask('1');
    terminal.type('var n = 7; while (true);\r');
    await terminal.until('while (true);\n');
    await later(300);
    terminal.type('\x03');
    await terminal.until(/interrupted\ntest> $/);
    await terminal.ask('db.a.insertMany(Array.from({length: 3000}, (_, i) => ({_id: i})))');
    const sum = "{$add: ['$$i', '$_id']}";
    const joined = `{$lookup: {from: 'a', let: {i: '$_id'}, pipeline: [{$match: {$expr: {$gt: [${sum}, 99999]}}}], as: 'x'}}`;
    terminal.type(`db.a.aggregate([${joined}, ${joined}, {$count: 'n'}])\r`);
    await terminal.until("'n'}])\n");
    await later(300);
    terminal.type('\x03');
    await terminal.until(/interrupted\ntest> $/);
    expect(await terminal.ask('n + db.a.countDocuments()')).to.contain('3007');
  });

  it('Ctrl-C twice on an empty line leaves', async () => {
    const terminal = await start();
    await terminal.ask('1');
    terminal.type('\x03');
    await terminal.until('to leave: Ctrl-C once more');
    terminal.type('\x03');
    await terminal.end();
  });

  it('says why a database cannot be opened', async () => {
    const file = place.path('a.elmo');
    const holder = await start([file]);
    await holder.ask('db.a.insertOne({})');
    const second = new PseudoTerminal(['shell', file], { NO_COLOR: '1' });
    open.push(second);
    expect(await second.until('[Locked]')).to.match(/error: .* is in use by process/);
    await second.end();
  });
});

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
