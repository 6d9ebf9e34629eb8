/**
 * What the tests of the whole engine share: folders and stores that end with their test, a model to compare with, a disk
 * that fails, and a look inside a store.
 */
import { expect } from 'chai';
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreParts } from '../../lsm/engine/parts.js';
import { SystemClock } from '../../lsm/env/clock.js';
import type { Env } from '../../lsm/env/env.js';
import type { FileSystem } from '../../lsm/env/file-system.js';
import { LsmError, type LsmErrorCode } from '../../lsm/errors.js';
import {
  openLsm,
  type Bytes,
  type KeyRange,
  type LsmStore,
  type OpenOptions,
  type ReadView,
} from '../../lsm/index.js';
import { FaultyFileSystem, PowerCut } from '../support/faulty-files.js';
import { SeededRandom } from '../support/seeded-random.js';

/** Small sizes: a few thousand entries make several levels. */
export const SMALL: OpenOptions = {
  worker: false,
  memtableBytes: 16_384,
  blockBytes: 512,
  tableBytes: 8192,
  cacheBytes: 65_536,
  levelFactor: 4,
  levelOneBytes: 32_768,
  blobBytes: 2048,
  transactionBytes: 8192,
};

/** Where the stores on a `FaultyFileSystem` lie. */
export const LAB_PATH = '/lab/store.elmo';

/** Faulty files with the real time. */
export function labEnv(files: FileSystem): Env {
  return { files, clock: new SystemClock(), random: new SeededRandom(7) };
}

export interface Stage {
  /** The test's own folder, empty at first. */
  readonly folder: string;
  path(name?: string): string;
  /** Names of the files in the folder. */
  names(): string[];
  /** Opens a store that is closed when the test ends. */
  open(path: string, options?: OpenOptions): Promise<LsmStore>;
  /** The same over a disk of the laboratory. */
  openOn(files: FileSystem, options?: OpenOptions): Promise<LsmStore>;
}

/** Sets up the stage of each test of the enclosing `describe`. */
export function useStage(): Stage {
  let folder = '';
  const opened: LsmStore[] = [];
  const stage: Stage = {
    get folder() {
      if (folder === '') folder = realpathSync(mkdtempSync(join(tmpdir(), 'elmo-store-')));
      return folder;
    },
    path: (name = 'store.elmo') => join(stage.folder, name),
    names: () => readdirSync(stage.folder).sort(),
    async open(path, options = SMALL) {
      const store = await openLsm(path, options);
      opened.push(store);
      return store;
    },
    openOn: (files, options = SMALL) => stage.open(LAB_PATH, { ...options, env: labEnv(files) }),
  };
  afterEach(async () => {
    for (const store of opened.splice(0)) {
      await store.close().catch((error: unknown) => {
        if (!(error instanceof PowerCut)) throw error;
      });
    }
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
    folder = '';
  });
  return stage;
}

/** The rooms of a store, which its door does not show. */
export function inside(store: LsmStore): StoreParts {
  return store['parts'];
}

/** Files of a disk in memory, with a moment of one's own to do something at a call. */
export class HookedFiles extends FaultyFileSystem {
  /** Called before each call, counted or not; may throw. */
  onCall: (operation: string, path: string) => void = () => {};

  override enter(operation: Parameters<FaultyFileSystem['enter']>[0], path: string): void {
    this.onCall(operation, path);
    super.enter(operation, path);
  }
}

export function text(bytes: Bytes | undefined): string | undefined {
  return bytes === undefined ? undefined : String.fromCharCode(...bytes);
}

export function bytes(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Keys that sort like their numbers. */
export function keyAt(n: number, prefix = 'key-'): Bytes {
  return bytes(prefix + String(n).padStart(8, '0'));
}

/** Bytes that do not compress, told by a seed: what tells one version of a value from another. */
export function valueAt(seed: number, length = 100): Bytes {
  const value = new Uint8Array(length);
  let state = Math.imul(seed + 1, 0x9e37_79b1) >>> 0;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    value[i] = state;
  }
  return value;
}

/** A short name of some bytes. */
function digest(value: Bytes): string {
  let hash = 2166136261;
  for (const byte of value) hash = Math.imul(hash ^ byte, 16777619);
  return `${value.length}:${hash >>> 0}`;
}

/** What a view shows of a range: each key with a short name of its value. */
export function contents(view: ReadView, range: KeyRange = {}): Map<string, string> {
  const found = new Map<string, string>();
  const cursor = view.scan(range);
  while (cursor.next()) {
    cursor.loadValue();
    const { valueBytes, valueOffset, valueLength } = cursor;
    found.set(text(cursor.key())!, digest(valueBytes.subarray(valueOffset, valueOffset + valueLength)));
  }
  cursor.close();
  return found;
}

/** The first difference of two contents, in a line. */
export function expectSame(got: Map<string, string>, wanted: Map<string, string>, what = ''): void {
  for (const [key, value] of wanted) {
    if (got.get(key) !== value) expect.fail(`${what} ${key}: expected ${value}, got ${got.get(key)}`);
  }
  for (const key of got.keys()) if (!wanted.has(key)) expect.fail(`${what} ${key} should not be there`);
}

/** A sorted store in a few lines: what the engine is compared with. */
export class Model {
  private readonly entries: Map<string, string>;

  constructor(from?: Model) {
    this.entries = new Map(from?.entries);
  }

  put(key: Bytes, value: Bytes): void {
    this.entries.set(text(key)!, digest(value));
  }

  delete(key: Bytes): void {
    this.entries.delete(text(key)!);
  }

  deleteRange({ low, high }: KeyRange): void {
    for (const key of [...this.entries.keys()]) {
      if ((low === undefined || key >= text(low)!) && (high === undefined || key < text(high)!)) {
        this.entries.delete(key);
      }
    }
  }

  contents(): Map<string, string> {
    return new Map([...this.entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Every byte of the file has one owner, levels are in order; deep: tables and blobs are whole. */
export async function expectSound(store: LsmStore, deep = true): Promise<void> {
  expect(await store.check({ deep })).to.deep.equal([]);
}

/** What a refused call throws or rejects with. */
export async function refusal(run: () => unknown, code: LsmErrorCode): Promise<LsmError> {
  let result: unknown;
  try {
    await run();
  } catch (error) {
    result = error;
  }
  if (!(result instanceof LsmError)) {
    if (result instanceof Error) throw result;
    expect.fail(`expected a refusal with code ${code}`);
  }
  expect(result.code, result.message).to.equal(code);
  expect(result.message.length, 'a sentence').to.be.greaterThan(10);
  return result;
}

/** Writes `count` entries of `length` bytes, in batches. */
export async function fillKeys(
  store: LsmStore,
  count: number,
  { from = 0, seed = 0, length = 100, prefix = 'key-', model }: FillOptions = {},
): Promise<void> {
  const batch = store.batch();
  for (let n = from; n < from + count; n++) {
    const key = keyAt(n, prefix);
    const value = valueAt(seed + n, length);
    batch.put(key, value);
    model?.put(key, value);
    if (batch.byteLength < 4096) continue;
    await store.write(batch);
    batch.clear();
  }
  await store.write(batch);
}

export interface FillOptions {
  readonly from?: number;
  readonly seed?: number;
  readonly length?: number;
  readonly prefix?: string;
  readonly model?: Model;
}
