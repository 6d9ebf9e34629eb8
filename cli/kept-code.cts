/**
 * Scripts whose compiled code is kept between runs, in a folder of the user. The runtime itself can do that from Node 22.1 on,
 * with what a process has run by its end; this is for every version. Of a server it keeps what the start takes, of another
 * command what it has run by its end.
 *
 *   $XDG_CACHE_HOME/elmodb, or elmodb-UID in the folder for temporary files: mode 0700, of this user, or it is not used
 *     NAME-KEY.code   KEY: size and time of the script, what runs, version, architecture and flags of the runtime
 *
 * Kept code that does not fit is refused by the runtime, and made again; what cannot be written is not kept. Nothing is
 * read or written with NODE_DISABLE_COMPILE_CACHE=1.
 */
import fs = require('node:fs');
import os = require('node:os');
import path = require('node:path');
import type * as v8 from 'node:v8';
import vm = require('node:vm');

/** After that long a server has started. */
const STARTED_MS = 2000;
/** Thirty days: versions that have been replaced are not kept for ever. */
const KEPT_MS = 30 * 24 * 3600 * 1000;
/** Scripts of fewer bytes are compiled as soon as read. */
const SMALL_BYTES = 16 * 1024;
/**
 * While the second script and those behind it are loaded the space for short-lived objects does not grow
 * (cli/young-generation.ts); then it grows at once to its full size. Kept code fits under the flags it was made with alone.
 */
const [GROWTH_LOADING, GROWTH_LATER] = ['--semi-space-growth-factor=1', '--semi-space-growth-factor=16'];

/**
 * Scripts load these when they are about to change the runtime's flags, or to start a thread, which changes them as well: what
 * is kept later would not fit.
 */
const CHANGING_FLAGS: ReadonlySet<string> = new Set(['node:v8', 'node:worker_threads']);

/** What is started. */
type Purpose = 'serve' | 'command';
type Exports = Record<string, unknown>;
type Run = (
  exports: Exports,
  require: (specifier: string) => unknown,
  module: { exports: Exports },
  filename: string,
  folder: string,
) => void;

/** A script that has been compiled and is not kept yet. */
interface Fresh {
  readonly script: vm.Script;
  readonly at: string;
}

class KeptCode {
  private readonly loaded = new Map<string, Exports>();
  private readonly folder = keepingFolder();
  private fresh: Fresh[] = [];
  private isKeeping = true;

  /** @param outside  loads what is no sibling of a script */
  constructor(
    private readonly outside: NodeJS.Require,
    private readonly purpose: Purpose,
  ) {
    if (purpose === 'serve') setTimeout(() => this.started(), STARTED_MS).unref();
    else process.once('exit', () => this.keepLast());
  }

  /** Runs a script once, as `require` does. What it needs of its siblings comes from here as well. */
  load(file: string): Exports {
    const before = this.loaded.get(file);
    if (before !== undefined) return before;
    if (this.purpose === 'serve' && this.loaded.size > 0) {
      this.keep(); // what has run up to now is what the start takes
      setFlag(GROWTH_LOADING);
    }
    const module = { exports: {} };
    this.loaded.set(file, module.exports);
    const folder = path.dirname(file);
    const require = (specifier: string): unknown => {
      if (/^\.\/[^/]*\.js$/.test(specifier)) return this.load(path.join(folder, specifier));
      if (CHANGING_FLAGS.has(specifier)) this.keepLast();
      return this.outside(specifier);
    };
    this.compile(file)(module.exports, require, module, file, folder);
    return module.exports;
  }

  private started(): void {
    this.keep();
    setFlag(GROWTH_LATER);
  }

  private compile(filename: string): Run {
    const text = fs.readFileSync(filename, 'latin1'); // joined files are ASCII
    const at = this.placeOf(filename);
    const cachedData = at === undefined ? undefined : readIfThere(at);
    const script = new vm.Script(text, {
      filename,
      cachedData,
      // the runtime's own: scripts import packages that users may have
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const isFresh = cachedData === undefined || script.cachedDataRejected === true;
    if (at !== undefined && isFresh) this.fresh.push({ script, at });
    return script.runInThisContext() as Run;
  }

  private placeOf(file: string): string | undefined {
    if (this.folder === undefined) return undefined;
    const { size, mtimeMs } = fs.statSync(file);
    if (size < SMALL_BYTES) return undefined;
    const key = [this.purpose, size, Math.round(mtimeMs), process.version, process.arch, ...flagsKey()];
    return path.join(this.folder, `${path.basename(file, '.js')}-${key.join('-')}.code`);
  }

  private keepLast(): void {
    this.keep();
    this.isKeeping = false;
  }

  private keep(): void {
    const { fresh } = this;
    if (fresh.length === 0) return;
    this.fresh = [];
    if (!this.isKeeping) return;
    try {
      for (const { script, at } of fresh) write(at, script.createCachedData());
      removeOld(fresh[0]!.at);
    } catch {
      // it is made again next time
    }
  }
}

/** Under other flags of the runtime kept code does not fit. */
function flagsKey(): string[] {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ').trim();
  if (flags === '') return [];
  let hash = 0;
  for (let i = 0; i < flags.length; i++) hash = (Math.imul(hash, 31) + flags.charCodeAt(i)) >>> 0;
  return [hash.toString(16)];
}

function setFlag(flag: string): void {
  // it takes time to load, and the start has none
  (require('node:v8') as typeof v8).setFlagsFromString(flag);
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Appears whole, or not at all. */
function write(file: string, bytes: Uint8Array): void {
  const unfinished = `${file}.${process.pid}`;
  fs.writeFileSync(unfinished, bytes, { flag: 'wx', mode: 0o600 });
  fs.renameSync(unfinished, file);
}

/** Removes what was kept long before that file; what is still of use is made again. */
function removeOld(newest: string): void {
  const folder = path.dirname(newest);
  const oldestMs = fs.statSync(newest).mtimeMs - KEPT_MS;
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    if (fs.statSync(file).mtimeMs < oldestMs) fs.rmSync(file);
  }
}

/** @returns undefined when nothing is to be kept, or others could write there: kept code is run as it is */
function keepingFolder(): string | undefined {
  if (process.env['NODE_DISABLE_COMPILE_CACHE'] === '1') return undefined;
  const uid = process.getuid?.();
  const base = process.env['XDG_CACHE_HOME'];
  const folder =
    base !== undefined && path.isAbsolute(base)
      ? path.join(base, 'elmodb')
      : path.join(os.tmpdir(), uid === undefined ? 'elmodb' : `elmodb-${uid}`);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = fs.lstatSync(folder);
    const isOurs = uid === undefined || (found.uid === uid && (found.mode & 0o077) === 0);
    return found.isDirectory() && isOurs ? folder : undefined;
  } catch {
    return undefined;
  }
}

export = KeptCode;
