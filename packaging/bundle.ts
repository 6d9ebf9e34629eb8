/**
 * Makes what was built ready to be carried along and quick to import: the layers' programs are joined into a few files, one
 * for each door and some that doors share, and some that are loaded when they are first needed; declarations that no door of the package leads to are removed. Loading 400 small
 * files takes 400 ms of processor time, loading these a fifth.
 *
 * The command's parts are joined as well, each with what it alone needs, and loaded when it is asked for.
 *
 *   node dist/packaging/bundle.js [FOLDER]     a folder with package.json and dist/; default: the current one
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import ts from 'typescript';
import { isLateDoor, lateDoors, pastDoors } from './doors.js';
import { FILE_URL, writeScripts } from './scripts.js';

const FILTER_TEXT = 'elmo/query/filter-text.js';
const QUERY_PARSER = 'mongodb-query-parser';

const LAYERS = ['lsm', 'fts', 'elmo', 'server-compat', 'cli'];

/** What is loaded from outside, or by its name. */
const ENTRIES: Readonly<Record<string, string>> = {
  index: 'index.js',
  'lsm/index': 'lsm/index.js',
  'server-compat/testing': 'server-compat/testing.js',
  'cli/main': 'cli/main.js',
  'chunks/start': 'cli/start.js',
  // finds the query parser beside itself
  'chunks/filter-text': FILTER_TEXT,
  'chunks/shell-worker': 'cli/shell/shell-worker.js',
};

/** Shares nothing: it needs a tenth of what the doors share. Found beside the file that starts it. */
const ALONE: Readonly<Record<string, string>> = { 'chunks/worker': 'lsm/merge/worker.js' };

const FORM: BuildOptions = {
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  legalComments: 'none',
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120, // so that a trace tells where it was
  logLevel: 'warning',
};

/** Where users have no package of that name, the file beside it. */
const QUERY_PARSER_BESIDE: Plugin = {
  name: 'query-parser-beside',
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]filter-text\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace(`'${QUERY_PARSER}'`, "'./query-parser.cjs'");
      if (contents === source) throw new Error(`${path} does not name ${QUERY_PARSER}`);
      return { contents };
    }),
};

/** The query parser and what it needs but users do not have yet, with their licences. */
async function joinQueryParser(folder: string, into: string): Promise<void> {
  const { metafile } = await build({
    ...FORM,
    entryPoints: [createRequire(join(resolve(folder), 'package.json')).resolve(QUERY_PARSER)],
    format: 'cjs',
    bundle: true,
    minify: true,
    packages: 'bundle',
    external: ['bson', 'acorn'],
    outfile: join(into, 'query-parser.cjs'),
    metafile: true,
  });
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap(
      (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
    ),
  );
  const named = new Map<string, string[]>(); // several have the same to the letter
  for (const path of [...packages].sort()) {
    const text = licenceIn(path);
    named.set(text, [...(named.get(text) ?? []), basename(path)]);
  }
  const licences = [...named].map(([text, names]) => `${names.join(', ')}\n\n${text}`);
  writeFileSync(join(into, 'query-parser.LICENSES.txt'), licences.join('\n\n----\n\n'));
}

function licenceIn(folder: string): string {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license: string };
  return license;
}

/** Works in place; the next build makes all of it again. */
export async function bundlePackage(folder: string): Promise<void> {
  const dist = join(folder, 'dist');
  const joined = join(dist, '.joined');
  const late = LAYERS.map((name) => resolve(dist, name))
    .filter(existsSync)
    .flatMap(filesBelow)
    .filter(isLateDoor);
  const joinFrom = (
    entryPoints: Readonly<Record<string, string>>,
    { splitting = false, minifyIdentifiers = false }: BuildOptions,
  ): Promise<unknown> =>
    build({
      ...FORM,
      minifyIdentifiers,
      entryPoints,
      bundle: true,
      splitting,
      outdir: joined,
      chunkNames: 'chunks/[name]-[hash]',
      define: { 'import.meta.url': FILE_URL },
      plugins: [QUERY_PARSER_BESIDE, lateDoors(dist, late), pastDoors(dist)],
    });
  await joinFrom({ ...below(dist, ENTRIES), 'chunks/late': 'late' }, { splitting: true });
  // what fails there is told by the thread that started it
  await joinFrom(below(dist, ALONE), { minifyIdentifiers: true });
  await writeScripts(joined);
  await joinQueryParser(folder, join(joined, 'chunks'));
  await build({
    ...FORM,
    entryPoints: [join(dist, 'cli', 'elmo.cjs')],
    format: 'cjs',
    bundle: true,
    external: ['./main.js'],
    outfile: join(joined, 'cli', 'elmo.cjs'),
  });

  const doors = doorsOf(folder);
  const reached = reachedDeclarations(doors);
  const shown = shownDeclarations(doors);
  for (const path of reached) if (!doors.includes(path)) shortenDeclarations(path, shown.has(path));
  for (const layer of LAYERS.filter((name) => existsSync(join(dist, name))))
    for (const path of filesBelow(join(dist, layer))) if (!reached.has(path)) rmSync(path);
  cpSync(joined, dist, { recursive: true });
  rmSync(joined, { recursive: true });
  rmSync(join(dist, '.tsbuildinfo'), { force: true });
}

const below = (folder: string, entries: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(folder, path)]));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Of a door: files by the condition under which they are meant. */
interface Conditions {
  readonly [condition: string]: string | Conditions;
}

/** The declarations of the package's doors. */
function doorsOf(folder: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Conditions;
  };
  const typesOf = (door: string | Conditions): string[] =>
    typeof door === 'string'
      ? []
      : Object.entries(door).flatMap(([condition, file]) =>
          condition === 'types' ? [join(folder, String(file))] : typesOf(file),
        );
  return typesOf(exports);
}

/** All declarations that those lead to. */
function reachedDeclarations(doors: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const waiting = [...doors];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    waiting.push(...namedIn(path));
  }
  return reached;
}

/** The declarations that others name. */
function namedIn(path: string): string[] {
  return ts
    .preProcessFile(readFileSync(path, 'utf8'))
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => resolve(dirname(path), fileName.replace(/\.js$/, '.d.ts')));
}

/** Those that the doors, and the doors of layers behind them, name, and what is named in these: users meet it. */
function shownDeclarations(doors: readonly string[]): Set<string> {
  const named = doors.flatMap(namedIn);
  const layers = named.filter((path) => basename(path) === 'index.d.ts');
  const first = [...named, ...layers.flatMap(namedIn)];
  return new Set([...first, ...first.flatMap(namedIn)]);
}

const COMMENT = String.raw`\/\*\*(?:(?!\*\/)[^])*\*\/\n`;
/** What a file is: told to who works on it. */
const FILE_COMMENT = new RegExp(`^${COMMENT}(?=import|export \\*|export \\{)`);
const ANY_COMMENT = new RegExp(`^ *${COMMENT}`, 'gm');
const PRIVATE_COMMENT = new RegExp(`^ *${COMMENT}(?= *private )`, 'gm');

const PRIVATE_MEMBER = String.raw` *private (?!constructor|static)[\w $]+;\n`;
/** One of them is enough to tell a class from others of the same shape; none has a type. */
const FURTHER_PRIVATE_MEMBERS = new RegExp(`^(${PRIVATE_MEMBER})(?:${PRIVATE_MEMBER})+`, 'gm');

/** As the compiler indents. */
const INDENTS = /^(?: {4})+/gm;

/**
 * Leaves out what no editor shows to users, and indents as the sources do.
 * @param isShown  whether users name what is declared
 */
function shortenDeclarations(path: string, isShown: boolean): void {
  const text = readFileSync(path, 'utf8').replace(FILE_COMMENT, '');
  const uncommented = text.replace(isShown ? PRIVATE_COMMENT : ANY_COMMENT, '');
  const members = uncommented.replace(FURTHER_PRIVATE_MEMBERS, '$1');
  writeFileSync(
    path,
    members.replace(INDENTS, (indent) => indent.slice(indent.length / 2)),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await bundlePackage(resolve(process.argv[2] ?? '.'));
