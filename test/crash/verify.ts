/**
 * Opens what a disaster left, and says what is wrong with it: the store must open, pass its own deep check, hold a
 * state its history permits, take new writes, and hold them after a clean close, with no file left beside it.
 */
import type { FileSystem } from '../../lsm/env/file-system.js';
import type { LsmOptions } from '../../lsm/options.js';
import type { FaultyFileSystem } from '../support/faulty-files.js';
import { LabEnv, STORE_PATH } from '../support/lab-env.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { keyOf, valueOf } from '../support/values.js';
import type { CrashStore, OpenCrashStore } from './crash-store.js';
import { SeenEntries, type History } from './history.js';

export interface Verification {
  readonly openStore: OpenCrashStore;
  readonly options: LsmOptions;
  readonly history: History;
  /** Commits that must be there, from the first. */
  readonly floor: number;
  /** Whether a power cut left the image; after a crash of the process a second disaster is one of the process too. */
  readonly isPowerLost: boolean;
  readonly random: SeededRandom;
  /** A planted fault of the reading side. */
  readonly wrap?: (disk: FaultyFileSystem) => FileSystem;
}

/** A batch of so many values of 240 bytes spans several sectors of the log. */
const UNSYNCED_PUTS = 8;

/** @returns what is wrong, or undefined */
export async function verifyImage(disk: FaultyFileSystem, what: Verification): Promise<string | undefined> {
  const { random } = what;
  try {
    if (random.chance(35)) {
      const again = await crashInRecovery(disk, what);
      if (again !== undefined) {
        const wrong = await verifyOpened(again, what, random.chance(50));
        return wrong === undefined ? undefined : `after a second disaster, in the recovery: ${wrong}`;
      }
    }
    return await verifyOpened(disk, what, random.chance(50));
  } catch (error) {
    return `reopening failed: ${showError(error)}`;
  }
}

/** Every entry of a store, by a scan. */
export function entriesOf(store: CrashStore): SeenEntries {
  const seen = new SeenEntries();
  const cursor = store.scan();
  while (cursor.next()) seen.add(cursor.key(), cursor.value());
  cursor.close();
  return seen;
}

export function showError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n  caused by ${showError(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** Lets the disaster strike again at a random call of the reopening. @returns undefined if it ended before the cut */
async function crashInRecovery(
  disk: FaultyFileSystem,
  what: Verification,
): Promise<FaultyFileSystem | undefined> {
  const trial = disk.processCrash();
  trial.cutAt(trial.calls + 1 + what.random.int(14));
  const env = new LabEnv(trial, 3, what.wrap);
  try {
    const store = await env.drive(what.openStore(STORE_PATH, { ...what.options, env }));
    await env.drive(store.flush());
    await env.drive(store.close());
  } catch (error) {
    if (trial.hasPower) throw error;
  }
  if (trial.hasPower) return undefined;
  return what.isPowerLost ? trial.powerCut(what.random) : trial.processCrash();
}

async function verifyOpened(
  disk: FaultyFileSystem,
  what: Verification,
  withWrites: boolean,
): Promise<string | undefined> {
  const { history, floor } = what;
  const env = new LabEnv(disk, 4, what.wrap);
  const open = (): Promise<CrashStore> => env.drive(what.openStore(STORE_PATH, { ...what.options, env }));
  const store = await open();
  const seen = entriesOf(store);
  if (!history.permits(seen.digest, floor)) {
    return `the store holds no state of its history:\n  ${history.explain(seen, floor)}`;
  }
  const flaws = await check(env, store);
  if (flaws !== undefined) return flaws;
  if (!withWrites) {
    disk.cutAt(0); // the store is left as it is, and can do no more
    return undefined;
  }
  return what.random.chance(50) ? writeAndReopen(env, store, open) : writeAndCut(env, store, what);
}

/**
 * A write that is synced after the recovery vouches for all before it: a power cut then takes nothing away. Of a batch that
 * was not synced it may leave all or nothing, wherever it tears its record.
 */
async function writeAndCut(
  env: LabEnv,
  store: CrashStore,
  { openStore, options, wrap, random }: Verification,
): Promise<string | undefined> {
  await env.drive(store.put(keyOf('u:5'), valueOf('c:77:90'), { sync: true }));
  for (let turns = random.int(20); turns > 0; turns--) await env.clock.turn();
  const synced = entriesOf(store).digest;
  const batch = store.batch();
  for (let n = 0; n < UNSYNCED_PUTS; n++) batch.put(keyOf(`a:${n}`), valueOf(`r:${n}:240`));
  store.write(batch).catch(() => undefined);
  const latest = entriesOf(store).digest;
  const left = env.disk.powerCut(random);
  env.disk.cutAt(0);
  const after = new LabEnv(left, 6, wrap);
  const again = await after.drive(openStore(STORE_PATH, { ...options, env: after }));
  const seen = entriesOf(again).digest;
  left.cutAt(0);
  if (seen === synced || seen === latest) return undefined;
  return `after a power cut behind the recovery: ${seen}, neither ${synced}, which was synced, nor ${latest}`;
}

/** The store must go on as if nothing had been. */
async function writeAndReopen(
  env: LabEnv,
  store: CrashStore,
  open: () => Promise<CrashStore>,
): Promise<string | undefined> {
  await env.drive(store.put(keyOf('u:5'), valueOf('c:77:90'), { sync: true }));
  await env.drive(store.put(keyOf('d:5'), valueOf('r:78:3000')));
  await env.drive(store.delete(keyOf('a:5')));
  const before = entriesOf(store).digest;
  await env.drive(store.close());
  const left = env.disk.paths().filter((path) => path !== STORE_PATH);
  if (left.length > 0) return `a clean close left ${left.join(', ')}`;
  const again = await open();
  const after = entriesOf(again).digest;
  if (after !== before) return `written after the recovery, lost by a clean close: ${before}, then ${after}`;
  const flaws = await check(env, again);
  await env.drive(again.close());
  return flaws;
}

async function check(env: LabEnv, store: CrashStore): Promise<string | undefined> {
  const findings = await env.drive(store.check({ deep: true }));
  if (findings.length === 0) return undefined;
  return `the check finds ${findings.map(({ code, message }) => `${code}: ${message}`).join('; ')}`;
}
