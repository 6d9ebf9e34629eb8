/** A project that has the package installed, without a registry: the packed files are unpacked, its dependencies linked. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundlePackage } from '../../packaging/bundle.js';
import { projectFolder } from '../support/source-tree.js';

const execute = promisify(execFile);

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

export interface Consumer {
  readonly folder: string;
  /** What is in the package. */
  readonly files: readonly PackedFile[];
  /** Packages that come with it, as paths below the project's folder. */
  readonly dependencies: readonly string[];
  remove(): void;
}

/** Packs what is built, in a folder of its own, and installs it. */
export async function installPackage(): Promise<Consumer> {
  const root = projectFolder();
  const work = mkdtempSync(join(tmpdir(), 'elmo-package-'));
  const [staged, folder] = [join(work, 'staged'), join(work, 'project')];
  for (const name of ['package.json', 'README.md', 'LICENSE'])
    cpSync(join(root, name), join(staged, name), { recursive: true });
  for (const name of [
    'index.js',
    'index.d.ts',
    'index.cjs',
    'index.d.cts',
    'lsm',
    'fts',
    'elmo',
    'server-compat',
    'cli',
  ]) {
    const built = join(root, 'dist', name);
    if (existsSync(built)) cpSync(built, join(staged, 'dist', name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(staged, 'node_modules'), 'junction');
  await bundlePackage(staged);
  const files = await pack(staged);

  const installed = join(folder, 'node_modules', 'elmodb');
  for (const { path } of files) {
    mkdirSync(dirname(join(installed, path)), { recursive: true });
    cpSync(join(staged, path), join(installed, path));
  }
  const dependencies = dependenciesOf(root);
  for (const name of [...dependencies, 'node_modules/@types/node', 'node_modules/undici-types']) {
    if (name.lastIndexOf('node_modules') > 0) continue; // comes with the one it lies in
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(join(root, name), join(folder, name), 'junction');
  }
  return { folder, files, dependencies, remove: () => rmSync(work, { recursive: true, force: true }) };
}

/** The files that npm puts into the package. */
async function pack(folder: string): Promise<PackedFile[]> {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await execute('npm', args, { cwd: folder, shell: process.platform === 'win32' });
  const answer = JSON.parse(stdout) as Record<string, { files: PackedFile[] }>;
  return Object.values(answer)[0]!.files; // a list, or by name
}

function dependenciesOf(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean; peer?: boolean }>;
  };
  return Object.entries(packages)
    .filter(
      ([path, { dev, devOptional, optional, peer }]) =>
        path !== '' && !dev && !devOptional && !optional && !peer,
    )
    .map(([path]) => path);
}
