/**
 * The order of the house, checked on the sources: imports go down, layers are entered by their doors, the outside world by
 * `env/`. A new room is put into the order here, in the place its imports allow.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import {
  projectFolder,
  readSources,
  withoutComments,
  importsOf,
  type SourceFile,
} from './support/source-tree.js';

/** Bottom first. A layer may import itself and those before it, those only through their index.ts. */
const LAYERS = ['lsm', 'fts', 'elmo', 'server-compat', 'cli'];

/** Rooms of a layer, bottom first; `.` stands for the files that lie in the layer's folder itself. */
const ROOMS: Record<string, readonly string[]> = {
  lsm: [
    'base',
    'key',
    'cache',
    'env',
    'wal',
    'memtable',
    'blob',
    'table',
    'space',
    'manifest',
    'read',
    'merge',
    'transaction',
    'recovery',
    'check',
    'engine',
    '.',
    'tools',
  ],
  fts: ['analyze', 'postings', 'query', 'rank', '.'],
  elmo: [
    'bson',
    'keys',
    'operation',
    'columns',
    'collation',
    'regex',
    'expression',
    'query',
    'projection',
    'update',
    'catalog',
    'index',
    'session',
    'plan',
    'exec',
    'write',
    'aggregate',
    'engine',
    'commands',
    'api',
    '.',
    'tools',
  ],
  'server-compat': ['wire', 'auth', 'connection', 'shared', 'commands', '.'],
};

/** Files that every room of their layer may import: options, errors, and the types that rooms agree on. */
const COMMON = new Set([
  ...LAYERS.flatMap((layer) => ['options', 'errors', 'error-codes'].map((name) => `${layer}/${name}.ts`)),
  'lsm/ordered-kv.ts',
  'lsm/read/source-cursor.ts',
  'lsm/manifest/table-meta.ts',
]);

/** Doors beside a layer's index.ts: what can be used without loading the layer. */
const SMALL_DOORS = new Set(['elmo/values.ts', 'server-compat/serving.ts']);

const MOST_LINES = 600;

const layerOf = (path: string): string => path.slice(0, path.indexOf('/'));

function roomOf(path: string): string {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1]! : '.';
}

/** @returns one sentence per import that goes up, sideways past a door, or out of the layers */
function importFaults(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  const faults: string[] = [];
  for (const { specifier, target } of file.imports) {
    if (target === undefined) continue;
    const from = layerOf(target);
    if (from === layer) {
      const fault = roomFault(file.path, target);
      if (fault !== undefined) faults.push(fault);
    } else if (LAYERS.indexOf(from) < 0 || LAYERS.indexOf(from) > LAYERS.indexOf(layer)) {
      faults.push(`${file.path} imports upwards: ${specifier}`);
    } else if (target !== `${from}/index.ts` && !SMALL_DOORS.has(target)) {
      faults.push(`${file.path} enters ${from} past its door: ${specifier}`);
    }
  }
  return faults;
}

function roomFault(path: string, target: string): string | undefined {
  const layer = layerOf(path);
  const rooms = ROOMS[layer];
  const [room, other] = [roomOf(path), roomOf(target)];
  if (rooms === undefined || room === other || COMMON.has(target)) return undefined;
  if (path === `${layer}/index.ts`) return undefined; // the door stands above all rooms
  if (!rooms.includes(room)) return `${path}: the room ${room} is not in the order of ${layer}`;
  if (target === `${layer}/index.ts`) return `${path} imports its own layer's door`;
  if (COMMON.has(path)) return target.startsWith(`${layer}/base/`) ? undefined : `${path} imports ${target}`;
  return rooms.indexOf(other) > rooms.indexOf(room) ? `${path} imports upwards: ${target}` : undefined;
}

/** A cycle of imports that run code, as 'a -> b -> a'. */
function findCycle(files: readonly SourceFile[]): string | undefined {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(' -> ');
    if (done.has(path)) return undefined;
    for (const { target, isTypeOnly } of byPath.get(path)?.imports ?? []) {
      const cycle = target === undefined || isTypeOnly ? undefined : visit(target, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

const mayTouchFiles = (path: string): boolean =>
  path.startsWith('lsm/env/') || path.startsWith('cli/') || roomOf(path) === 'tools';

describe('the house', () => {
  const sources = readSources(LAYERS);
  const surroundings = readSources(['bench', 'examples', 'packaging']);
  const tests = readSources(['test']);

  const none = (faults: readonly string[]): void => {
    expect(faults).to.deep.equal([]);
  };

  it('has sources', () => expect(sources.length).to.be.greaterThan(10));

  it('imports only go down, and enter other layers by their doors', () =>
    none(sources.flatMap(importFaults)));

  it('no circle of imports', () => expect(findCycle(sources)).to.equal(undefined));

  it('benchmarks and examples enter by the doors', () => {
    const faults = surroundings.flatMap((file) =>
      file.imports
        .filter(
          ({ target }) =>
            target !== undefined && LAYERS.includes(layerOf(target)) && !target.endsWith('/index.ts'),
        )
        .map(({ specifier }) => `${file.path}: ${specifier}`),
    );
    none(faults);
  });

  it('only env/, tools and the command touch files', () => {
    const touching = sources.filter((file) =>
      file.imports.some(({ specifier }) => /^node:fs\b/.test(specifier)),
    );
    none(touching.map((file) => file.path).filter((path) => !mayTouchFiles(path)));
  });

  it('only env/ knows the time and chance', () => {
    const outside = /\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|\bnew Date\(\)/;
    const layers = sources.filter(({ path }) => !path.startsWith('cli/') && !mayTouchFiles(path));
    none(layers.filter(({ code }) => outside.test(code)).map(({ path }) => path));
  });

  it('the package bson enters in one file', () => {
    const importers = sources.filter((file) => file.imports.some(({ specifier }) => specifier === 'bson'));
    none(importers.map(({ path }) => path).filter((path) => path !== 'elmo/bson/package.ts'));
  });

  it('lower layers use no packages', () => {
    const faults = sources
      .filter(({ path }) => path.startsWith('lsm/') || path.startsWith('fts/'))
      .flatMap((file) =>
        file.imports
          .filter(({ specifier, target }) => target === undefined && !specifier.startsWith('node:'))
          .map(({ specifier }) => `${file.path}: ${specifier}`),
      );
    none(faults);
  });

  it(`no source is longer than ${MOST_LINES} lines`, () => {
    const long = [...sources, ...surroundings].filter(({ text }) => text.split('\n').length > MOST_LINES + 1);
    none(long.map(({ path, text }) => `${path}: ${text.split('\n').length - 1} lines`));
  });

  it('every source opens with a comment that says what it is', () => {
    none(sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path));
  });

  it('no tabs', () => {
    none(
      [...sources, ...surroundings, ...tests]
        .filter(({ text }) => text.includes('\t'))
        .map(({ path }) => path),
    );
  });

  it('the layers print nothing', () => {
    const layers = sources.filter(({ path }) => !path.startsWith('cli/'));
    none(layers.filter(({ code }) => /\bconsole\./.test(code)).map(({ path }) => path));
  });

  it('no default exports, no enums, no any', () => {
    const unwanted = /^export default\b|^\s*(?:export\s+)?(?:const\s+)?enum\s|:\s*any\b|\bas any\b/m;
    none([...sources, ...surroundings].filter(({ code }) => unwanted.test(code)).map(({ path }) => path));
  });

  it('tests mirror the sources, or stand beside what supports them', () => {
    const root = projectFolder();
    const hasSource = (path: string): boolean => {
      const source = path.slice('test/'.length).replace(/(\.[a-z-]+)?\.test\.ts$/, '.ts');
      return existsSync(join(root, source)) || existsSync(join(root, 'test', 'support', basename(source)));
    };
    const orphans = tests
      .map(({ path }) => path)
      .filter((path) => path.endsWith('.test.ts') && LAYERS.includes(layerOf(path.slice('test/'.length))))
      .filter((path) => !hasSource(path));
    none(orphans);
  });
});

describe('the documents', () => {
  const NAMED =
    /`((?:lsm|fts|elmo|server-compat|cli|test|bench|docs|examples|\.ci)\/[\w./-]*)`|\]\((?!https?:)([^)#]+)\)/g;

  for (const path of readDocuments()) {
    it(`${path} names files that exist`, () => {
      const root = projectFolder();
      const text = readFileSync(join(root, path), 'utf8');
      const named = [...text.matchAll(NAMED)].map(([, file, link]) => file ?? join(dirname(path), link!));
      expect([...new Set(named)].filter((file) => !existsSync(join(root, file)))).to.deep.equal([]);
    });
  }
});

function readDocuments(): string[] {
  const root = projectFolder();
  const below = ['docs', join('docs', 'decisions')].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name)),
  );
  return ['README.md', ...below].filter((path) => path.endsWith('.md'));
}

describe('reading sources', () => {
  it('finds every form of import', () => {
    const code = [
      "import { a } from './a.js';",
      "import type { B } from '../b/b.js';",
      'import {',
      '  c,',
      '  type D,',
      "} from 'node:fs';",
      "import './effect.js';",
      "export * from './all.js';",
      "const later = await import('./later.js');",
      "const worker = new URL('./worker.js', import.meta.url);",
    ].join('\n');
    expect(importsOf('lsm/x/y.ts', code)).to.deep.equal([
      { specifier: './a.js', target: 'lsm/x/a.ts', isTypeOnly: false },
      { specifier: '../b/b.js', target: 'lsm/b/b.ts', isTypeOnly: true },
      { specifier: 'node:fs', target: undefined, isTypeOnly: false },
      { specifier: './effect.js', target: 'lsm/x/effect.ts', isTypeOnly: false },
      { specifier: './all.js', target: 'lsm/x/all.ts', isTypeOnly: false },
      { specifier: './later.js', target: 'lsm/x/later.ts', isTypeOnly: true },
      { specifier: './worker.js', target: 'lsm/x/worker.ts', isTypeOnly: true },
    ]);
  });

  it('leaves comments out, and addresses in', () => {
    const text = "/* Date.now() */ const a = 'http://x'; // Math.random()\n";
    expect(withoutComments(text)).to.equal(" const a = 'http://x'; \n");
  });

  it('tells an import that goes up', () => {
    const file = (path: string, specifier: string): SourceFile => {
      const code = `import { x } from '${specifier}';`;
      return { path, text: code, code, imports: importsOf(path, code) };
    };
    for (const [path, specifier, isFault] of [
      ['lsm/base/bytes.ts', '../table/format.js', true],
      ['lsm/table/format.ts', '../base/bytes.js', false],
      ['lsm/memtable/memtable.ts', '../read/source-cursor.js', false],
      ['lsm/memtable/memtable.ts', '../read/view.js', true],
      ['lsm/nowhere/x.ts', '../base/bytes.js', true],
      ['lsm/store.ts', './index.js', false],
      ['lsm/read/view.ts', '../index.js', true],
      ['fts/text-index.ts', '../lsm/index.js', false],
      ['fts/text-index.ts', '../lsm/store.js', true],
      ['lsm/store.ts', '../fts/index.js', true],
      ['lsm/options.ts', './base/bytes.js', false],
      ['lsm/options.ts', './env/env.js', true],
    ] as const)
      expect(importFaults(file(path, specifier)).length > 0, `${path} imports ${specifier}`).to.equal(
        isFault,
      );
  });
});
