/** What npm packs is small, complete, and works where it is installed: as modules, by `require`, for the compiler. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';
import type { Document } from 'bson';
import { SUMMARIES } from '../../cli/summaries.js';
import { RawClient } from '../server-compat/connection/raw-client.js';
import { needPseudoTerminal, PseudoTerminal } from '../cli/pseudo-terminal.js';
import { projectFolder } from '../support/source-tree.js';
import { installPackage, type Consumer } from './consumer.js';

const execute = promisify(execFile);
const MB = 1_000_000;

const MODULE = `
  import { connect, ObjectId, MongoServerError } from 'elmodb';
  import { openLsm } from 'elmodb/lsm';
  import { openTestDatabase } from 'elmodb/testing';
  const client = await connect('app.elmo');
  const c = client.db('app').collection('c');
  await c.createIndex({ n: 1 }, { unique: true });
  await c.insertMany(Array.from({ length: 3000 }, (_, n) => ({ n, text: 'words '.repeat(20) })));
  const { insertedId } = await c.insertOne({ n: -1 });
  const refused = await c.insertOne({ n: -1 }).catch((error) => error);
  await client.compact(); // in the worker thread
  const typed = await c.find('{n: {$gt: NumberInt(2997)}}').toArray();
  const server = await client.listen({ port: 0 });
  const { problems } = await client.check();
  await client.close();
  await (await connect('shared.elmo', { shared: true })).close();
  const test = await openTestDatabase();
  test.rewind(test.mark());
  await test.close();
  await (await openLsm(':memory:')).close();
  console.log(JSON.stringify([typed.length, insertedId instanceof ObjectId, refused instanceof MongoServerError, problems,
    server.uri.startsWith('mongodb://'), await connect(':memory:').then((c) => c.close())]));
`;
/** Inserts and finds, which needs nothing that is loaded late; then asks for a pipeline. */
const EARLY = `
  import { connect } from 'elmodb';
  const client = await connect(':memory:');
  const c = client.db('app').collection('c');
  const { insertedId } = await c.insertOne({ n: 7 });
  const found = await c.findOne({ _id: insertedId, n: { $gt: 1 } });
  const grouped = c.aggregate([{ $group: { _id: null } }]).toArray();
  console.log(found.n, await grouped.then((rows) => rows.length, (error) => error.code));
  await client.close();
`;
const REQUIRED = `
  const { connect, ObjectId } = require('elmodb');
  const bson = require('bson');
  const { openLsm } = require('elmodb/lsm');
  const { openTestDatabase } = require('elmodb/testing');
  connect(':memory:').then(async (client) => {
    await client.db('app').collection('c').insertOne({ n: 1 });
    const { _id } = await client.db('app').collection('c').findOne();
    console.log(typeof openLsm, typeof openTestDatabase, _id instanceof ObjectId, _id instanceof bson.ObjectId);
    await client.close();
  });
`;
const TYPED = `
  import { connect, type Collection, type WithId } from 'elmodb';
  import { openLsm } from 'elmodb/lsm';
  import { openTestDatabase, type TestClient } from 'elmodb/testing';
  interface Note { title: string; tags: string[] }
  export async function titles(): Promise<string[]> {
    await using client = await connect(':memory:');
    const notes: Collection<Note> = client.db('app').collection<Note>('notes');
    await notes.insertOne({ title: 'one', tags: [] });
    const found: WithId<Note>[] = await notes.find({ tags: 'a' }).toArray();
    return found.map(({ title }) => title);
  }
  export const test: Promise<TestClient> = openTestDatabase();
  export const store = openLsm(':memory:');
`;
/** As a script: with `import` statements that become `require`. */
const TYPED_REQUIRING = TYPED.replace('await using client', 'const client');

describe('the package as it is installed', function () {
  this.timeout(120_000);
  let consumer: Consumer;

  before(async () => {
    consumer = await installPackage();
  });
  after(() => consumer.remove());

  const run = async (name: string, text: string): Promise<string> => {
    writeFileSync(join(consumer.folder, name), text);
    return (await execute(process.execPath, [name], { cwd: consumer.folder })).stdout.trim();
  };

  it('unpacks to 3 MB at most, in few files', () => {
    const bytes = consumer.files.reduce((sum, { size }) => sum + size, 0);
    expect(bytes).to.be.lessThan(3 * MB);
    expect(consumer.files.length).to.be.lessThan(450);
  });

  it('has what users need and nothing else', () => {
    const wanted =
      /^(package\.json|README\.md|LICENSE|dist\/(index|chunks|lsm|elmo|server-compat|cli)\b.*\.(js|d\.ts)|dist\/(index|lsm\/index|server-compat\/testing)\.(cjs|d\.cts)|dist\/chunks\/(query-parser\.(cjs|LICENSES\.txt)|package\.json)|dist\/cli\/elmo\.cjs)$/;
    expect(consumer.files.map(({ path }) => path).filter((path) => !wanted.test(path))).to.deep.equal([]);
    const declarations = consumer.files.filter(
      ({ path }) => path.startsWith('dist/cli/') && path.endsWith('.d.ts'),
    );
    expect(declarations).to.deep.equal([]);
  });

  it('tells in declarations what users can reach', () => {
    const text = readFileSync(
      join(consumer.folder, 'node_modules/elmodb/dist/elmo/api/collection.d.ts'),
      'utf8',
    );
    expect(text)
      .to.match(/^import/)
      .and.include('/**')
      .and.include('private ');
    expect(text).not.to.match(/\*\/\s*private /);
  });

  it('takes 12 MB at most, with what comes with it', () => {
    const own = consumer.files.reduce((sum, { size }) => sum + onDisk(size), 0);
    const others = consumer.dependencies.reduce((sum, path) => sum + sizeOf(join(projectFolder(), path)), 0);
    expect(own + others).to.be.lessThan(12 * MB);
  });

  it('works as a module, with its worker thread and its server', async () => {
    expect(await run('program.mjs', MODULE)).to.equal('[2,true,true,[],true,null]');
  });

  it('loads late what only some programs need', async () => {
    const chunks = join(consumer.folder, 'node_modules', 'elmodb', 'dist', 'chunks');
    const [late, away] = [join(chunks, 'late.js'), join(chunks, 'away.js')];
    renameSync(late, away);
    try {
      expect(await run('early.mjs', EARLY)).to.equal('7 MODULE_NOT_FOUND');
    } finally {
      renameSync(away, late);
    }
    expect(await run('early.mjs', EARLY)).to.equal('7 1');
  });

  it('works by require, with the classes of values that the program gets by require', async () => {
    expect(await run('program.cjs', REQUIRED)).to.equal('function function true true');
  });

  it('says what is missing to connect to a server', async () => {
    const text = `import { connect } from 'elmodb'; await connect('mongodb://127.0.0.1/').catch((e) => console.log(e.name, e.message));`;
    expect(await run('server.mjs', text)).to.match(/^Mongo\w+Error .*npm install mongodb$/);
  });

  it('the command works', async () => {
    const elmo = join('node_modules', 'elmodb', 'dist', 'cli', 'main.js');
    const go = (...args: string[]) => execute(process.execPath, [elmo, ...args], { cwd: consumer.folder });
    writeFileSync(join(consumer.folder, 'data.json'), '{"n": 1}\n{"n": 2}\n');
    await go('import', 'command.elmo', 'app.c', 'data.json');
    expect((await go('count', 'command.elmo', 'app.c')).stdout.trim()).to.equal('2');
    const typed = ['--eval', 'use app', '--eval', 'db.c.countDocuments({n: NumberInt(2)})'];
    expect((await go('shell', 'command.elmo', '--quiet', ...typed)).stdout).to.match(/^1$/m);
  });

  it('every part of the command can be loaded', async () => {
    const elmo = join('node_modules', 'elmodb', 'dist', 'cli', 'main.js');
    for (const name of Object.keys(SUMMARIES)) {
      const { stdout } = await execute(process.execPath, [elmo, name, '--help'], { cwd: consumer.folder });
      expect(stdout).to.contain(`Usage: elmo ${name}`);
    }
  });

  describe('elmo serve', () => {
    const elmo = join('node_modules', 'elmodb', 'dist', 'cli', 'elmo.cjs');

    /** Starts it, asks one thing after another, stops it. @returns the files in the folder of kept code, and the replies */
    const served = async (env: Record<string, string>, cache: string, ...commands: Document[]) => {
      const args = [elmo, 'serve', 'served.elmo', '--port', '0'];
      const child = spawn(process.execPath, args, {
        cwd: consumer.folder,
        env: { ...process.env, NODE_OPTIONS: '', XDG_CACHE_HOME: join(consumer.folder, cache), ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const client = await RawClient.to(/mongodb:\/\/([^/]+)\//.exec(line.toString())![1]!);
      const replies: Document[] = [];
      for (const command of commands) replies.push(await client.command({ ...command, $db: 'admin' }));
      await client.end();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).to.deep.equal([0, null]);
      const folder = join(consumer.folder, cache, 'elmodb');
      const kept = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.code')) : [];
      return { kept, replies, folder };
    };
    const oks = (replies: readonly Document[]): unknown[] => replies.map((reply) => reply['ok']);

    it('answers a handshake, then all else, and keeps what it has compiled for the start', async () => {
      const commands = [
        { hello: 1 },
        { ping: 1 },
        { count: 'c' },
        { aggregate: 1, pipeline: [], cursor: {} },
      ];
      const { kept, replies } = await served({}, 'kept', ...commands);
      expect(oks(replies)).to.deep.equal([1, 1, 1, 0]);
      expect(replies[0]!['setName']).to.equal('elmo');
      expect(kept.map((name) => name.slice(0, 6))).to.include('start-');
      const again = await served({}, 'kept', { insert: 'c', documents: [{}] }, { count: 'c' });
      expect(again.replies[1]!['n']).to.equal(1);
    });

    it('passes over kept code that is damaged', async () => {
      const { kept, folder } = await served({}, 'damaged', { ping: 1 });
      for (const name of kept) writeFileSync(join(folder, name), 'nonsense');
      expect(oks((await served({}, 'damaged', { ping: 1 })).replies)).to.deep.equal([1]);
    });

    it('keeps nothing where it is told not to, or others could write', async function () {
      expect((await served({ NODE_DISABLE_COMPILE_CACHE: '1' }, 'none', { ping: 1 })).kept).to.deep.equal([]);
      if (process.platform === 'win32') this.skip();
      const open = join(consumer.folder, 'open', 'elmodb');
      mkdirSync(open, { recursive: true });
      chmodSync(open, 0o777);
      expect((await served({}, 'open', { ping: 1 })).kept).to.deep.equal([]);
    });

    it('leaves what it does not understand to the parser that does', async () => {
      const go = (...args: string[]) =>
        execute(process.execPath, [elmo, ...args], { cwd: consumer.folder }).then(
          ({ stdout }) => stdout,
          ({ code, stderr }: { code: number; stderr: string }) => `${code} ${stderr}`,
        );
      expect(await go('serve', '--help')).to.match(/--replica-set <name>/);
      expect(await go('serve', ':memory:', '--tsl')).to.match(/^2 .*--tsl/);
      expect(await go('serve', ':memory:', '--port', 'x')).to.match(/^2 .*--port/);
    });
  });

  it('other commands keep what they have compiled, their threads aside, and find it fitting', async () => {
    const elmo = join('node_modules', 'elmodb', 'dist', 'cli', 'elmo.cjs');
    const folder = join(consumer.folder, 'kept-by-commands', 'elmodb');
    writeFileSync(join(consumer.folder, 'kept.json'), '{"n": 1}\n');
    const env = { ...process.env, NODE_OPTIONS: '', XDG_CACHE_HOME: dirname(folder) };
    const kept = async (...args: string[]): Promise<Map<string, number>> => {
      await execute(process.execPath, [elmo, ...args], { cwd: consumer.folder, env });
      return new Map(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).mtimeMs]));
    };
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const old = join(folder, 'start-of-a-version-that-is-gone.code');
    writeFileSync(old, '');
    utimesSync(old, new Date(0), new Date(0));
    const first = await kept('import', 'kept.elmo', 'app.c', 'kept.json'); // which flushes in a thread
    expect(existsSync(old)).to.equal(false);
    const names = [...first.keys()].filter((name) => name.startsWith('start-command-'));
    expect(names).to.have.lengthOf(1);
    expect(await kept('import', 'kept.elmo', 'app.c', 'kept.json'), 'written once').to.deep.equal(first);
    expect([...(await kept('count', 'kept.elmo', 'app.c')).keys()].join()).to.match(/start-command-/);
  });

  describe('elmo shell', () => {
    needPseudoTerminal();
    const MOST_MS = 300;

    it('has its prompt in 300 ms, or on a busy machine in twice the time that the prompt of the runtime takes', async () => {
      const elmo = join(consumer.folder, 'node_modules', 'elmodb', 'dist', 'cli', 'elmo.cjs');
      const env = { XDG_CACHE_HOME: join(consumer.folder, 'kept'), NODE_OPTIONS: '' };
      /** From the start of the process to the text on the screen. */
      const promptMs = async (program: string[], argv: string[], prompt: RegExp): Promise<number> => {
        const startMs = performance.now();
        const terminal = new PseudoTerminal(argv, env, program);
        try {
          await terminal.until(prompt);
          return performance.now() - startMs;
        } finally {
          terminal.stop();
        }
      };
      const [ours, runtimes]: [number[], number[]] = [[], []];
      for (let round = 0; round < 6; round++) {
        runtimes.push(await promptMs([], ['-i'], /> $/));
        ours.push(await promptMs([elmo], ['shell', 'prompt.elmo'], /test> $/));
      }
      expect(Math.min(...ours)).to.be.at.most(Math.max(MOST_MS, 2 * Math.min(...runtimes)));
    });
  });

  it('its programs are joined into few files, with the worker beside what starts it', () => {
    const folder = join(consumer.folder, 'node_modules', 'elmodb', 'dist', 'chunks');
    const chunks = readdirSync(folder);
    expect(loadedBy(join(folder, '..', 'index.js')).size).to.be.lessThan(20);
    expect(chunks.length).to.be.lessThan(100); // most of them parts of the command
    expect(chunks).to.contain('worker.js');
    const starting = consumer.files.filter(
      ({ path }) =>
        path.endsWith('.js') &&
        readFileSync(join(folder, '..', '..', path), 'utf8').includes('new URL("./worker.js"'),
    );
    expect(starting.map(({ path }) => path))
      .to.have.length(1)
      .and.satisfy(([path]: string[]) => path!.startsWith('dist/chunks/'));
  });

  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const)
    it(`its types resolve with moduleResolution ${moduleResolution}`, () => {
      writeFileSync(join(consumer.folder, 'typed.mts'), TYPED);
      expect(problemsOf(join(consumer.folder, 'typed.mts'), module, moduleResolution)).to.deep.equal([]);
    });

  // the compiler takes node16 for a Node that cannot require modules, which the declarations are
  for (const [module, skipLibCheck] of [
    ['node16', true],
    ['nodenext', false],
  ] as const)
    it(`its types resolve for a program that requires it, with moduleResolution ${module}`, () => {
      writeFileSync(join(consumer.folder, 'typed.cts'), TYPED_REQUIRING);
      const file = join(consumer.folder, 'typed.cts');
      expect(problemsOf(file, module, module, skipLibCheck)).to.deep.equal([]);
    });
});

/** The file and all that it imports, without what is loaded later. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*"(\.[^"]+)"/g))
    loadedBy(join(dirname(file), specifier!), seen);
  return seen;
}

/** Of whole blocks, as a file system counts. */
const onDisk = (bytes: number): number => Math.ceil(bytes / 4096) * 4096;

/** Without what other packages lie in it. */
function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) bytes += onDisk(statSync(path).size);
    else if (entry.isDirectory() && entry.name !== 'node_modules') bytes += sizeOf(path);
  }
  return bytes;
}

const parsed = new Map<string, ts.SourceFile | undefined>();

/** What the compiler has to say of a file, the declarations of the package included. */
function problemsOf(file: string, module: string, moduleResolution: string, skipLibCheck = false): string[] {
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck,
      skipDefaultLibCheck: true,
    },
    dirname(file),
  );
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target, ...rest) => {
    if (!name.includes('typescript/lib/')) return parse(name, target, ...rest);
    if (!parsed.has(name)) parsed.set(name, parse(name, target, ...rest));
    return parsed.get(name);
  };
  host.getCurrentDirectory = () => dirname(file);
  const program = ts.createProgram([file], options, host);
  const found = [
    ...program.getOptionsDiagnostics(),
    ...program
      .getSourceFiles()
      .filter(({ fileName }) => fileName === file || fileName.includes('/elmodb/'))
      .flatMap((source) => ts.getPreEmitDiagnostics(program, source)),
  ];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
