/**
 * The sources as text, for tests about the house itself: which files there are, what each imports. Imports are found
 * by their form at the start of a line, which is how the formatter writes them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Import {
  /** As written: './x.js', 'node:fs', 'bson'. */
  readonly specifier: string;
  /** Path of the source in the project with '/' and '.ts', or undefined for packages and the runtime's own modules. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
}

export interface SourceFile {
  /** Path in the project, with '/'. */
  readonly path: string;
  readonly text: string;
  /** `text` without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** The folder with the project's package.json. */
export function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Every TypeScript source below the given folders of the project. */
export function readSources(folders: readonly string[]): SourceFile[] {
  const root = projectFolder();
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readFolder(root, folder));
}

function readFolder(root: string, folder: string): SourceFile[] {
  const files: SourceFile[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') files.push(...readFolder(root, path));
    } else if (entry.name.endsWith('.ts')) {
      files.push(readSource(root, path));
    }
  }
  return files;
}

function readSource(root: string, file: string): SourceFile {
  const path = relative(root, join(root, file)).split(sep).join('/');
  const text = readFileSync(join(root, file), 'utf8');
  const code = withoutComments(text);
  return { path, text, code, imports: importsOf(path, code) };
}

/** Block comments, and line comments that follow a blank (so that '//' inside an address stays). */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;{}(,])\/\/.*$/gm, '$1');
}

const STATEMENT = /^(?:import|export)\s+(?:(type)\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)|\bnew URL\(\s*'(\.[^']+\.js)'/g;

export function importsOf(path: string, code: string): Import[] {
  const imports: Import[] = [];
  for (const [, type, specifier] of code.matchAll(STATEMENT))
    imports.push({ specifier: specifier!, target: targetOf(path, specifier!), isTypeOnly: type === 'type' });
  for (const [, module, url] of code.matchAll(DYNAMIC)) {
    const specifier = (module ?? url)!;
    imports.push({ specifier, target: targetOf(path, specifier), isTypeOnly: true });
  }
  return imports;
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
}
