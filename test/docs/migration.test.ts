/** The guide's programs that read files of other embedded databases, over files that these packages themselves wrote. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
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
