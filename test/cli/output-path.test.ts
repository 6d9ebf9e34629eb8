/** Where nothing can be written: every command says so in a line, soon, and with a code that is not 0. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { makeFolder, OutputError } from '../../cli/output-path.js';
import { connect } from '../../server-compat/index.js';
import { asNobody, canBeNobody } from '../support/nobody.js';
import { elmo, usePlace, type Outcome } from './fixture.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
/** Commands that would go on for ever would keep this process with them. */
const MOST_MS = 30_000;

function inProcessOfItsOwn(...argv: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], {
    timeout: MOST_MS,
    encoding: 'utf8',
  });
  return { code: status ?? -1, out: stdout, err: stderr };
}

function expectRefused({ code, err }: Outcome, reason: RegExp): void {
  expect(code, err).to.be.oneOf([1, 2]);
  expect(err)
    .to.match(/^error: [^\n]+\n$/)
    .and.to.match(reason);
}

describe('output that cannot be written', () => {
  const place = usePlace();
  let file: string;

  beforeEach(async () => {
    file = place.path('a.elmo');
    const client = await connect(file);
    await client
      .db('d')
      .collection('c')
      .insertMany([{ a: 1 }, { a: 2 }]);
    await client.close();
    writeFileSync(place.path('plain'), 'kept');
  });

  const COMMANDS: readonly (readonly [string, (to: string) => string[]])[] = [
    ['dump', (to) => ['dump', file, to]],
    ['dump --gzip', (to) => ['dump', file, to, '--gzip']],
    ['dump --archive', (to) => ['dump', file, `--archive=${to}`]],
    ['dump --archive --gzip', (to) => ['dump', file, `--archive=${to}`, '--gzip']],
    ['export', (to) => ['export', file, 'd.c', to]],
    ['backup', (to) => ['backup', file, to]],
    ['lsm-diag compact', (to) => ['lsm-diag', file, 'compact', '--to', to]],
    ['lsm-diag backup', (to) => ['lsm-diag', file, 'backup', '--to', to]],
  ];

  for (const [name, argv] of COMMANDS) {
    it(`${name}: a file where a folder should be`, async () => {
      expectRefused(await elmo(...argv(join(place.path('plain'), 'x'))), /no folder|ENOTDIR|not a directory/);
      expect(statSync(place.path('plain')).size).to.equal(4);
    });

    it(`${name}: no name at all`, async () => expectRefused(await elmo(...argv('')), /./));

    it(`${name}: below a device`, async function () {
      if (!existsSync('/dev/null')) this.skip(); // not a system of that kind
      expectRefused(await elmo(...argv('/dev/null/x')), /no folder|not a directory/);
    });

    it(`${name}: where the system lets nobody make anything`, function () {
      if (!existsSync('/proc/self')) this.skip(); // not a system of that kind
      expectRefused(inProcessOfItsOwn(...argv('/proc/x')), /its folder is not there, or takes no files/);
    });

    it(`${name}: a folder that may not be written`, async function () {
      if (!canBeNobody) this.skip(); // the system has no users
      const closed = place.path('closed');
      mkdirSync(closed);
      chmodSync(closed, 0o555);
      chmodSync(file, 0o666);
      const outcome = await asNobody([place.path('')], () => elmo(...argv(join(closed, 'x'))));
      expectRefused(outcome, /not permitted/);
      expect(readdirSync(closed)).to.deep.equal([]);
    });
  }

  for (const [name, argv] of [
    ['dump --archive', () => ['dump', file, '--archive=/dev/full']],
    ['export', () => ['export', file, 'd.c', '/dev/full']],
  ] as const)
    it(`${name}: a full disk`, async function () {
      if (!existsSync('/dev/full')) this.skip(); // not a system of that kind
      expectRefused(await elmo(...argv()), /cannot write '\/dev\/full': no space left on the device/);
    });

  for (const [name, argv, reason] of [
    ['dump to a file', () => ['dump', file, place.path('plain')], /it is a file, expected a folder/],
    ['an archive to a folder', () => ['dump', file, `--archive=${place.path('')}`], /it is a folder/],
    ['an export to a folder', () => ['export', file, 'd.c', place.path('')], /it is a folder/],
    ['a backup to a folder', () => ['backup', file, place.path('')], /exists already/],
  ] as const)
    it(name, async () => expectRefused(await elmo(...argv()), reason));
});

describe('making a folder', () => {
  const place = usePlace();

  it('makes those it lies in', () => {
    makeFolder(place.path('a/b/c'));
    makeFolder(place.path('a/b/c'));
    expect(statSync(place.path('a/b/c')).isDirectory()).to.equal(true);
  });

  it('says which could not be made', () => {
    writeFileSync(place.path('plain'), '');
    const path = place.path('plain/x');
    expect(() => makeFolder(path)).to.throw(
      OutputError,
      `cannot write '${path}': what it should lie in is no folder`,
    );
  });
});
