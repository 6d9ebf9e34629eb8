/** A store in memory that has a bit of everything, for tests of the tools that look into one. */
import { openLsm, type LsmOptions } from '../../../lsm/index.js';
import { memoryEnv } from '../../../lsm/env/system-env.js';
import type { Env } from '../../../lsm/env/env.js';

export const PATH = 'sample.elmo';

const OPTIONS: LsmOptions = {
  memtableBytes: 16 * 1024,
  tableBytes: 4 * 1024,
  blockBytes: 512,
  blobBytes: 1024,
  worker: false,
  autoMerge: false,
};

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const keyOf = (i: number): Uint8Array => bytes(`key-${String(i).padStart(5, '0')}`);

/** Two runs of several tables: values packed and not, deletions, a deletion of a range, two blobs. */
export async function sampleStore(options: LsmOptions = {}): Promise<Env> {
  const env = memoryEnv();
  const store = await openLsm(PATH, { ...OPTIONS, ...options, env });
  const batch = store.batch();
  for (let i = 0; i < 300; i++) batch.put(keyOf(i), bytes(`value ${i} `.repeat(i % 7)));
  await store.write(batch);
  await store.put(bytes('large'), new Uint8Array(200_000).fill(7));
  await store.flush();
  await store.deleteRange({ low: keyOf(100), high: keyOf(150) });
  for (let i = 0; i < 300; i += 10) await store.delete(keyOf(i));
  await store.put(bytes('large-too'), new Uint8Array(3_000).fill(8));
  await store.close();
  return env;
}

/** The files of a world as they are now, in a world of their own: what a crash leaves. */
export function copyWorld(from: Env): Env {
  const env = memoryEnv();
  for (const name of from.files.siblings(PATH)) writeFile(env, name, readFile(from, name));
  return env;
}

export function readFile(env: Env, path: string): Uint8Array {
  const file = env.files.open(path, 'read');
  const content = new Uint8Array(file.size());
  file.read(content, 0, content.length, 0);
  file.close();
  return content;
}

export function writeFile(env: Env, path: string, content: Uint8Array): void {
  const file = env.files.open(path, env.files.exists(path) ? 'write' : 'create');
  file.truncate(0);
  file.write(content, 0, content.length, 0);
  file.close();
}

/** A copy of the world in which one byte of the store's file is another. */
export function withDamage(env: Env, offset: number, flipped = 0xff): Env {
  const copy = copyWorld(env);
  const content = readFile(copy, PATH);
  content[offset]! ^= flipped;
  writeFile(copy, PATH, content);
  return copy;
}

/** A store that was not closed: its log holds three batches. */
export async function crashedStore(options: LsmOptions = {}): Promise<Env> {
  const env = memoryEnv();
  const store = await openLsm(PATH, { ...OPTIONS, ...options, env });
  await store.put(bytes('a'), bytes('1'));
  await store.delete(bytes('b'));
  await store.put(bytes('c'), new Uint8Array(5_000));
  await store.deleteRange({ low: bytes('x') });
  const copy = copyWorld(env);
  await store.close();
  return copy;
}
