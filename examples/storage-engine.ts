/**
 * A tour of the storage engine below the documents, on real keys: `node dist/examples/storage-engine.js`. Every step
 * checks what it shows and fails loudly.
 *
 * The keys are the paths of the files in `node_modules` (real, long, with shared beginnings); where there are too few, a
 * seeded generator adds more. Everything happens in a folder that is removed at the end.
 */
import { strict as assert } from 'node:assert';
import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { LsmError, openLsm, type LsmStore } from '../lsm/index.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (encoded: Uint8Array | undefined): string | undefined =>
  encoded === undefined ? undefined : new TextDecoder().decode(encoded);

const FEWEST_KEYS = 50_000;

function say(line: string): void {
  console.log(line);
}

/** Paths below `folder`, then made-up ones up to `FEWEST_KEYS`. */
function realKeys(folder: string): string[] {
  const keys: string[] = [];
  if (existsSync(folder)) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      keys.push(`file:${entry.split(sep).join('/')}`);
  }
  let state = 1;
  while (keys.length < FEWEST_KEYS) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    keys.push(`file:made-up/${(state % 1000).toString(36)}/${state.toString(36)}-${keys.length}.js`);
  }
  return [...new Set(keys)];
}

async function load(store: LsmStore, keys: readonly string[]): Promise<void> {
  const started = performance.now();
  const batch = store.batch();
  for (let i = 0; i < keys.length; i++) {
    batch.put(bytes(keys[i]!), bytes(`{"path":"${keys[i]!}","number":${i}}`));
    if (batch.count === 1000 || i === keys.length - 1) {
      await store.write(batch);
      batch.clear();
    }
  }
  const ms = performance.now() - started;
  say(`put      ${keys.length} keys in batches of 1,000: ${Math.round((keys.length / ms) * 1000)} a second`);
}

function readBack(store: LsmStore, keys: readonly string[]): void {
  const started = performance.now();
  for (let i = 0; i < keys.length; i++) {
    const value = store.get(bytes(keys[i]!));
    assert.equal(text(value), `{"path":"${keys[i]!}","number":${i}}`);
  }
  const ms = performance.now() - started;
  say(`get      each of them, checked: ${Math.round((keys.length / ms) * 1000)} a second`);

  const cursor = store.scanPrefix(bytes('file:'));
  const scanning = performance.now();
  let count = 0;
  let previous = '';
  while (cursor.next()) {
    const key = text(cursor.key())!;
    assert.ok(Buffer.compare(Buffer.from(previous), Buffer.from(key)) < 0, 'keys come in order');
    previous = key;
    count++;
  }
  cursor.close();
  assert.equal(count, keys.length);
  say(`scan     all in key order: ${Math.round((count / (performance.now() - scanning)) * 1000)} a second`);
}

/** A snapshot goes on seeing what it saw, whatever is written. */
async function showSnapshot(store: LsmStore, keys: readonly string[]): Promise<void> {
  const key = bytes(keys[0]!);
  const before = text(store.get(key));
  const snapshot = store.snapshot();
  await store.put(key, bytes('changed'));
  assert.equal(text(snapshot.get(key)), before);
  assert.equal(text(store.get(key)), 'changed');
  snapshot.release();
  await store.put(key, bytes(before!));
  say('snapshot a reader still sees the value from before a write');
}

/** Two transactions change one account: the first to commit wins, the second is told. */
async function showTransactions(store: LsmStore): Promise<void> {
  const account = bytes('account:alice');
  await store.put(account, bytes('100'));
  const first = store.begin();
  const second = store.begin();
  first.put(account, bytes('90'));
  second.put(account, bytes('50'));
  assert.equal(text(first.get(account)), '90', 'a transaction reads its own writes');
  await first.commit();
  await assert.rejects(
    second.commit(),
    (error) => error instanceof LsmError && error.code === 'WriteConflict',
  );
  assert.equal(text(store.get(account)), '90');
  say('conflict two transactions changed one key: the first committed, the second got WriteConflict');
}

/** Deleting a range writes one tombstone, however many keys lie in it. */
async function showRangeDelete(store: LsmStore, keys: readonly string[]): Promise<void> {
  const started = performance.now();
  await store.deleteRange({ low: bytes('file:'), high: bytes('file;') });
  const ms = performance.now() - started;
  assert.equal(store.get(bytes(keys[1]!)), undefined);
  const cursor = store.scanPrefix(bytes('file:'));
  assert.equal(cursor.next(), false);
  cursor.close();
  say(`drop     ${keys.length} keys by one range delete: ${ms.toFixed(2)} ms`);
}

/** A backup is a stream of the bytes of a whole store, taken while it is in use. */
async function showBackup(store: LsmStore, keys: readonly string[], folder: string): Promise<void> {
  const path = join(folder, 'backup.elmo');
  await pipeline(Readable.from(store.backup()), createWriteStream(path));
  const copy = await openLsm(path);
  for (const key of keys.slice(0, 1000)) assert.deepEqual(copy.get(bytes(key)), store.get(bytes(key)));
  assert.deepEqual(await copy.check({ deep: true }), []);
  await copy.close();
  say(
    `backup   ${(statSync(path).size / 1e6).toFixed(1)} MB streamed to a second file, opened, compared, checked`,
  );
}

/** A large value goes in and comes out in pieces. */
async function showStreams(store: LsmStore): Promise<void> {
  const piece = new Uint8Array(64 * 1024).fill(7);
  const pieces = function* (): Iterable<Uint8Array> {
    for (let i = 0; i < 160; i++) yield piece;
  };
  await store.putStream(bytes('film'), pieces());
  const reader = store.openValue(bytes('film'))!;
  assert.equal(reader.length, 160 * piece.length);
  let count = 0;
  for await (const chunk of reader.stream()) count += chunk.length;
  assert.equal(count, reader.length);
  say(`stream   a value of ${(count / 1e6).toFixed(1)} MB, written and read in pieces`);
}

/** Kills a process that writes, in the middle of it, and opens what it left. */
async function showCrash(folder: string): Promise<void> {
  const path = join(folder, 'killed.elmo');
  const child = fork(fileURLToPath(import.meta.url), ['--write', path]);
  const acknowledged = await killAfter(child, 20_000);
  const store = await openLsm(path);
  for (let i = 0; i <= acknowledged; i++)
    assert.equal(text(store.get(bytes(`n${i}`))), `value ${i}`, `write ${i} was acknowledged`);
  assert.deepEqual(await store.check({ deep: true }), []);
  await store.close();
  say(
    `crash    a writing process killed with SIGKILL: all ${acknowledged + 1} acknowledged writes are there, check is clean`,
  );
}

/** @returns number of the last write the child was told is done */
function killAfter(child: ChildProcess, writes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let last = -1;
    child.on('message', (done: number) => {
      last = done;
      if (last >= writes) child.kill('SIGKILL');
    });
    child.once('close', () => (last < 0 ? reject(new Error('the child wrote nothing')) : resolve(last)));
  });
}

/** The life of the child: write until killed, telling how far it got. */
async function writeForEver(path: string): Promise<void> {
  const store = await openLsm(path);
  for (let i = 0; ; i++) {
    await store.put(bytes(`n${i}`), bytes(`value ${i}`));
    if (i % 100 !== 0) continue;
    process.send!(i);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'elmo-demo-'));
  try {
    const path = join(folder, 'demo.elmo');
    const keys = realKeys(join(process.cwd(), 'node_modules'));
    const store = await openLsm(path);
    await load(store, keys);
    readBack(store, keys);
    await showSnapshot(store, keys);
    await showTransactions(store);
    await showStreams(store);
    await showBackup(store, keys, folder);
    await showRangeDelete(store, keys);
    await store.close();

    const opening = performance.now();
    const again = await openLsm(path);
    const ms = performance.now() - opening;
    assert.equal(text(again.get(bytes('account:alice'))), '90');
    assert.equal(again.get(bytes(keys[0]!)), undefined);
    assert.deepEqual(await again.check({ deep: true }), []);
    await again.close();
    say(`reopen   in ${ms.toFixed(1)} ms; check is clean`);

    await showCrash(folder);
    say('done');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [mode, target] = process.argv.slice(2);
if (mode === '--write' && target !== undefined) await writeForEver(target);
else await main();
