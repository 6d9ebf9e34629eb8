/**
 * Joined files as scripts. The bundler shares files between doors only where they are modules; the runtime loads scripts
 * sooner, and what it has compiled of them can be kept in every version of it (cli/kept-code.cts). So each joined module is
 * written again as a script: what it imports of its siblings are constants, and what comes from outside, the runtime's own
 * modules too, is loaded when it is first used. Scripts that are always loaded together become one.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parse, type ImportDeclaration } from 'acorn';
import { transform } from 'esbuild';

/** A name that stands for the file's own URL. */
export const FILE_URL = 'FILE_URL';
/** A name that stands for a function which loads what lies behind the late doors. */
export const LATE_CHUNK = 'LATE_CHUNK';
/** The package whose classes users share with this one: a door that is a module hands on the one that modules get. */
const SHARED_PACKAGE = 'bson';
/** Beside the scripts: what a door hands on to them. */
const HANDED_ON = 'handed-on.js';

/** Loads a module when something of it is first used. */
const LAZILY = `const lazily=(load,...names)=>{const all={};const fill=()=>{const from=load();
for(const name of names)Object.defineProperty(all,name,{value:from[name]})};
for(const name of names)Object.defineProperty(all,name,{configurable:true,get(){fill();return all[name]}});return all};`;

/** Loaded by everybody who serves a file. */
const FIRST = 'start.js';
const INDEX = 'index.js';
const LATE = 'late.js';

interface Script {
  readonly name: string;
  readonly body: string;
  /** Siblings that it loads as soon as it runs. */
  readonly needs: readonly string[];
  readonly exported: readonly string[];
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Writes all joined modules below a folder as scripts in its folder `chunks`, and in place of the doors modules that hand on
 * what the scripts export; beside each a script that does so for `require`, with the classes of values that scripts get.
 */
export async function writeScripts(folder: string): Promise<void> {
  const chunks = join(folder, 'chunks');
  mkdirSync(chunks, { recursive: true });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  const scripts = new Map<string, Script>();
  for (const file of files) {
    const path = join(folder, file);
    const isDoor = !/^chunks[\\/]/.test(file);
    const name = isDoor ? file.replace(/[\\/]/g, '-') : basename(file);
    const module = readFileSync(path, 'utf8');
    const firstLine = /^#!.*\n/.exec(module)?.[0] ?? ''; // of a command
    const script = await asScript(name, module.slice(firstLine.length));
    scripts.set(name, script);
    rmSync(path);
    if (!isDoor) continue;
    writeFileSync(path, firstLine + doorTo(script, file));
    if (script.exported.length > 0)
      writeFileSync(
        path.replace(/\.js$/, '.cjs'),
        `module.exports = require('${chunksFrom(file)}/${name}');\n`,
      );
  }
  for (const [name, text] of together(scripts)) writeFileSync(join(chunks, name), text);
  writeFileSync(join(chunks, HANDED_ON), runBy(''));
  writeFileSync(join(chunks, 'package.json'), '{ "type": "commonjs" }\n');
}

/** @param file  a door's path below the folder of the doors. @returns where its scripts are, seen from it */
function chunksFrom(file: string): string {
  const up = relative(join(file, '..'), 'chunks').replaceAll('\\', '/');
  return up.startsWith('.') ? up : `./${up}`;
}

/** A module that gives what a script exports. @param file  its path below the folder of the doors */
function doorTo({ name, exported }: Script, file: string): string {
  const chunks = chunksFrom(file);
  if (exported.length === 0)
    return `import { createRequire } from 'node:module';\ncreateRequire(import.meta.url)('${chunks}/${name}');\n`;
  return `import { createRequire } from 'node:module';
import * as ${SHARED_PACKAGE} from '${SHARED_PACKAGE}';
const load = createRequire(import.meta.url);
load('${chunks}/${HANDED_ON}').${SHARED_PACKAGE} = ${SHARED_PACKAGE};
export const {
  ${exported.join(',\n  ')},
} = load('${chunks}/${name}');
`;
}

/**
 * The scripts as files. Three groups become one file each: what serving needs at once, what using a database needs
 * beside that, and what is loaded late.
 */
function together(scripts: ReadonlyMap<string, Script>): Map<string, string> {
  const first = closure(scripts, [FIRST]);
  const used = closure(scripts, [INDEX]);
  const late = closure(scripts, [LATE]);
  const isDoor = (name: string): boolean => !name.startsWith('chunk-');
  const groupOf = (name: string): string | undefined => {
    if (first.has(name)) return FIRST;
    if (used.has(name) && late.has(name) && !isDoor(name)) return 'usual.js';
    return late.has(name) ? LATE : undefined;
  };
  const groups = new Map<string, Script[]>();
  for (const script of closureInOrder(scripts, [...scripts.keys()])) {
    const group = groupOf(script.name) ?? script.name;
    groups.set(group, [...(groups.get(group) ?? []), script]);
  }
  const files = new Map<string, string>();
  for (const [file, members] of groups) files.set(file, fileOf(file, members, groupOf));
  return files;
}

/** @returns the names of scripts that those load as soon as they run, and their own */
function closure(scripts: ReadonlyMap<string, Script>, from: readonly string[]): Set<string> {
  return new Set(closureInOrder(scripts, from).map(({ name }) => name));
}

/** Each behind those it needs. */
function closureInOrder(scripts: ReadonlyMap<string, Script>, from: readonly string[]): Script[] {
  const ordered = new Set<Script>();
  const open = new Set<string>();
  const visit = (name: string): void => {
    const script = scripts.get(name);
    if (script === undefined) throw new Error(`no joined file ${name}`);
    if (ordered.has(script)) return;
    if (open.has(name)) throw new Error(`joined files need each other: ${[...open, name].join(' → ')}`);
    open.add(name);
    script.needs.forEach(visit);
    open.delete(name);
    ordered.add(script);
  };
  from.forEach(visit);
  return [...ordered];
}

/**
 * The file of a group, or of a script in none. Members are functions; the file exports what the member of its own name does,
 * and beside that what the others do, each by its name.
 */
function fileOf(
  file: string,
  members: readonly Script[],
  groupOf: (name: string) => string | undefined,
): string {
  const linked = ({ body }: Script): string =>
    body.replace(/\brequire\("\.\/([\w-]+\.js)"\)/g, (all, other: string) => {
      const group = groupOf(other);
      if (group === undefined || group === other) return all;
      return `${group === file ? 'group' : `require("./${group}")`}[${JSON.stringify(other)}]`;
    });
  const member = (script: Script): string => {
    const own = script.name === file ? 'exports' : `exports[${JSON.stringify(script.name)}]={}`;
    return `(function(group,exports){${linked(script)}\n})(exports,${own});`;
  };
  const isGroup = groupOf(members[0]!.name) !== undefined;
  const body = members.map(isGroup ? member : linked).join('\n');
  const prelude = [
    "'use strict';",
    body.includes('lazily(') ? LAZILY : '',
    body.includes(FILE_URL) ? `const ${FILE_URL}=require("node:url").pathToFileURL(__filename).href;` : '',
    body.includes(LATE_CHUNK) ? `const ${LATE_CHUNK}=()=>require("./${LATE}");` : '',
  ];
  return runBy(`${prelude.filter((line) => line !== '').join('\n')}\n${body}`);
}

/**
 * A script that `require` runs, and whose value is a function to be run where there is nothing of a module around it: so its
 * compiled code can be kept, and nothing is to be put around its text.
 */
function runBy(text: string): string {
  const names = 'exports,require,module,__filename,__dirname';
  return `(function(run){return typeof module==="object"?run(${names}):run})((function(${names}){${text}\n}));\n`;
}

const isSibling = (specifier: unknown): specifier is string =>
  typeof specifier === 'string' && specifier.startsWith('.');

/** @param module  as the bundler wrote it */
async function asScript(name: string, module: string): Promise<Script> {
  const { body } = parse(module, { ecmaVersion: 'latest', sourceType: 'module' });
  const edits: Edit[] = siblingImports(module);
  const needs: string[] = [];
  const assigned: string[] = [];
  const exported: string[] = [];
  for (const node of body) {
    const { start, end } = node;
    if (node.type === 'ImportDeclaration' && isSibling(node.source.value)) {
      needs.push(basename(node.source.value));
      edits.push({ start, end, text: siblingConstants(node) });
    } else if (node.type === 'ExportNamedDeclaration') {
      // nothing that is exported changes once its file has run
      for (const { local, exported: as } of node.specifiers) {
        exported.push(nameOf(as));
        assigned.push(`exports.${nameOf(as)}=${nameOf(local)};`);
      }
      if (node.source != null) throw new Error(`${name} hands on what it does not import`);
      edits.push({ start, end, text: '' });
    } else if (node.type.startsWith('Export')) throw new Error(`${name} has a ${node.type}`);
  }
  const { code } = await transform(`${edited(module, edits)}\n${assigned.join('')}`, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    minifyWhitespace: true,
    lineLimit: 120, // so that a trace tells where it was
    logLevel: 'error',
  });
  return { name, needs: [...new Set(needs)], exported, body: loadedLazily(code).trimEnd() };
}

function siblingConstants({ specifiers, source }: ImportDeclaration): string {
  const load = requireOf(source.value as string);
  const names = specifiers.map((specifier) => {
    if (specifier.type !== 'ImportSpecifier') throw new Error(`a joined file imports all of ${source.raw}`);
    const [theirs, ours] = [nameOf(specifier.imported), specifier.local.name];
    return theirs === ours ? ours : `${theirs}:${ours}`;
  });
  return names.length === 0 ? '' : `const{${names.join(',')}}=${load};`;
}

const requireOf = (sibling: string): string => `require("./${basename(sibling)}")`;

function nameOf(node: { type: string; name?: string }): string {
  if (node.type !== 'Identifier') throw new Error('a joined file has a name that is no identifier');
  return node.name!;
}

/** `import('./sibling.js')`, which the bundler writes with a literal. */
function siblingImports(module: string): Edit[] {
  return [...module.matchAll(/\bimport\((["'])(\.{1,2}\/[^"']+)\1\)/g)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    text: `Promise.resolve().then(()=>${requireOf(match[2]!)})`,
  }));
}

function edited(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { start, end, text: by } of [...edits].sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + by + result.slice(end);
  return result;
}

/** What a script takes from outside, each module where it is first used. */
function loadedLazily(script: string): string {
  return script.replace(
    /\bvar (\w+)=(?:__toESM\()?require\("([^."][^"]*)"\)(?:,1\))?;/g,
    (all, name: string, specifier: string) => {
      const uses = [...script.matchAll(new RegExp(`\\b${name}\\b(?:\\.(\\w+))?`, 'g'))].map(
        ([, part]) => part,
      );
      const names = [...new Set(uses.filter((part) => part !== undefined))];
      if (uses.length - uses.filter((part) => part !== undefined).length > 1) return all; // used as a whole
      const load = `require("${specifier}")`;
      const loading =
        specifier === SHARED_PACKAGE
          ? `require("./${HANDED_ON}").${SHARED_PACKAGE}??${load}`
          : names.includes('default')
            ? `(from=>({__proto__:from,default:from}))(${load})`
            : load;
      return `var ${name}=lazily(()=>${loading},${names.map((part) => JSON.stringify(part)).join(',')});`;
    },
  );
}
