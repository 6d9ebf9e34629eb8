/**
 * The guide's programs that read files of other embedded databases, over files that these packages themselves wrote; and its
 * commands that talk to a server, beside the reference engine.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { MongoClient } from 'mongodb';
import { connect } from '../../elmo/index.js';
import { REFERENCE_URI, referenceOrSkip } from '../support/reference-engine.js';
import { projectFolder } from '../support/source-tree.js';

const root = projectFolder();
/** The packages that are measured beside elmo, installed on their own. */
const bench = createRequire(join(root, 'bench', 'package.json'));

const WRITERS = {
  NeDB: [
    '@seald-io/nedb',
    `const Datastore = require(process.argv[2]);
     const users = new Datastore({ filename: 'users.db', autoload: true });
     (async () => {
       await users.ensureIndexAsync({ fieldName: 'name' });
       await users.insertAsync([{ _id: 'b', name: 'Bob' }, { _id: 'a', name: 'Eve', at: new Date(0) }]);
       await users.updateAsync({ _id: 'a' }, { $set: { name: 'Ada' } });
       await users.removeAsync({ _id: 'b' }, {});
     })();`,
  ],
  LokiJS: [
    'lokijs',
    `const Loki = require(process.argv[2]);
     const db = new Loki('loki.json');
     db.addCollection('users').insert({ name: 'Ada' });
     db.addCollection('none');
     db.saveDatabase();`,
  ],
} as const;

describe('files of other embedded databases, as the guide reads them', () => {
  for (const [name, [pack, writer]] of Object.entries(WRITERS))
    it(name, function () {
      this.timeout(60_000);
      let packaged = '';
      try {
        packaged = bench.resolve(pack);
      } catch {
        process.stdout.write(`    (skipped: ${pack} is not installed, see npm --prefix bench ci)\n`);
        return this.skip();
      }
      const folder = mkdtempSync(join(tmpdir(), 'elmo-migration-'));
      try {
        mkdirSync(join(folder, 'node_modules'));
        symlinkSync(root, join(folder, 'node_modules', 'elmodb'), 'junction');
        writeFileSync(join(folder, 'writer.cjs'), writer);
        execFileSync(process.execPath, ['writer.cjs', packaged], { cwd: folder });
        const page = readFileSync(join(root, 'docs', 'migration.md'), 'utf8');
        const part = page.slice(page.indexOf(`## From ${name}`));
        const [, program, output] = /```js\n([\s\S]*?)```\n+```text\n([\s\S]*?)```/.exec(part)!;
        const reading = program!.replace(/\/\/ a file as .* writes it\nwriteFileSync\([\s\S]*?\n\);\n/, '');
        expect(reading).not.to.contain('writeFileSync(');
        writeFileSync(join(folder, 'reader.mjs'), reading);
        const printed = execFileSync(process.execPath, ['reader.mjs'], { cwd: folder, encoding: 'utf8' });
        expect(printed).to.equal(output);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      return undefined;
    });
});

describe('a MongoDB server, as the guide comes from it and goes back', function () {
  this.timeout(60_000);
  /** Names that nobody else on that server has. */
  const ours: Readonly<Record<string, string>> = {
    shop: `shop_${process.pid}`,
    app_copy: `app_copy_${process.pid}`,
  };
  const folder = mkdtempSync(join(tmpdir(), 'elmo-migration-'));
  let server: MongoClient;

  before(async function () {
    server = await referenceOrSkip(this);
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    if (server === undefined) return;
    for (const name of Object.values(ours)) await server.db(name).dropDatabase();
    await server.close();
  });

  it('its program, then its commands, with another address and other names', async () => {
    const orders = server.db(ours['shop']).collection<{ _id: number; total: number }>('orders');
    await orders.insertMany([
      { _id: 1, total: 5 },
      { _id: 2, total: 7 },
    ]);
    await orders.createIndex({ total: 1 }, { unique: true });

    const page = readFileSync(join(root, 'docs', 'migration.md'), 'utf8');
    const [, program] = /```js\n([\s\S]*?)```/.exec(page)!;
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'elmodb'), 'junction');
    writeFileSync(join(folder, 'program.mjs'), program!);
    const run = (...argv: string[]): string =>
      execFileSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' });
    run('program.mjs');

    const commands = [...page.matchAll(/^elmo (migrate .*)$/gm)].map(([, words]) =>
      [...words!.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) =>
        (quoted ?? plain!)
          .replace('mongodb://127.0.0.1:27017/', REFERENCE_URI)
          .replace(/^(shop|app_copy)(?=\.)/, (name) => ours[name]!),
      ),
    );
    expect(commands).to.have.lengthOf(2);
    const elmo = join(root, 'dist', 'cli', 'main.js');
    const [there, back] = commands.map((words) => run(elmo, ...words));
    expect(there).to.match(
      /orders: 2 documents, sha256 [0-9a-f]{16}…, the same\n2 documents of 1 collection/,
    );
    expect(back).to.match(/notes: 1 document, sha256 [0-9a-f]{16}…, the same\n/);

    const copy = server.db(ours['app_copy']).collection('notes');
    expect(await copy.find().toArray()).to.deep.equal([{ _id: 'first', text: 'hello' }]);
    const client = await connect(join(folder, 'app.elmo'));
    const found = client.db(ours['shop']).collection('orders');
    expect(await found.find().toArray()).to.deep.equal(await orders.find().toArray());
    expect((await found.indexes()).map(({ name, unique }) => [name, unique])).to.deep.equal([
      ['_id_', undefined],
      ['total_1', true],
    ]);
    await client.close();
  });
});
