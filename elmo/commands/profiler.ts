/**
 * Writes down what commands did, in the capped collection `system.profile` of their database: all of them at level 2, at
 * level 1 those that were slow or that a filter wants. Slow ones go to the log of events too, whatever the level.
 * Source: MongoDB manual, "Database Profiler".
 */
import { EJSON } from '../bson/package.js';
import { Decoder } from '../bson/decode.js';
import { encodeDocument } from '../bson/encode.js';
import { SYSTEM_PROFILE } from '../catalog/namespace.js';
import type { Engine } from '../engine/engine.js';
import type { RawDocument } from '../operation/requests.js';
import { profileEntries, type Finished } from './profile-entry.js';

/** Handshakes, logins, and what sets the profiler itself. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'saslStart',
  'saslContinue',
  'profile',
]);

const COLLECTION_BYTES = 1024 * 1024;

export async function makeProfileCollection(engine: Engine, db: string): Promise<void> {
  const namespace = { db, collection: SYSTEM_PROFILE };
  if (engine.catalog.get(namespace) !== undefined) return;
  await engine.defining.create(namespace, encodeDocument({ capped: true, size: COLLECTION_BYTES }), {});
}

/** @returns what has to be waited for before the client gets its reply; undefined: nothing is written */
export function recordCommand(engine: Engine, finished: Finished): Promise<void> | undefined {
  if (PASSED_OVER.has(finished.name)) return undefined;
  const settings = engine.state.profiles.get(finished.db);
  const level = settings?.level ?? 0;
  const filter = level === 1 ? settings?.filter : undefined;
  const wanted: RawDocument[] = [];
  for (const { elapsedMs, document } of profileEntries(finished)) {
    const isSlowOne = isSlow(engine, elapsedMs);
    const isLogged = isSlowOne || engine.state.logsEveryCommand;
    const isProfiled = level === 2 || filter !== undefined || (level === 1 && isSlowOne);
    if (!isLogged && !isProfiled) continue;
    const entry = document(engine.clock.wallMs());
    if (isLogged) engine.state.eventLog.add('COMMAND', 'Slow query', slowAttributes(entry));
    if (isProfiled && filter?.matcher.matches(entry, 0) !== false) wanted.push(entry);
  }
  return wanted.length === 0 || !takesWrites(engine) ? undefined : write(engine, finished.db, wanted);
}

function takesWrites({ state }: Engine): boolean {
  return state.writeGate.whenOpen() === undefined;
}

function isSlow({ state, random }: Engine, elapsedMs: number): boolean {
  return elapsedMs > state.slowMs && (state.sampleRate === 1 || random() < state.sampleRate);
}

/** What the log calls otherwise than the profiler. */
const LOG_NAMES: Readonly<Record<string, string>> = {
  op: 'type',
  numYield: 'numYields',
  responseLength: 'reslen',
  client: 'remote',
  millis: 'durationMillis',
};
const NOT_LOGGED: ReadonlySet<string> = new Set(['ts', 'allUsers', 'user', 'execStats']);
const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'remove']);

/** Extended JSON has a notation for a regular expression of BSON, whatever its options; not for each of JavaScript's. */
const decoder = new Decoder({ bsonRegExp: true });

function slowAttributes(entry: RawDocument): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  const fields = EJSON.serialize(decoder.decode(entry), { relaxed: true }) as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields))
    if (!NOT_LOGGED.has(name))
      attributes[LOG_NAMES[name] ?? name] = name === 'command' ? bounded(value) : value;
  if (!WRITES.has(attributes['type'] as string)) attributes['type'] = 'command';
  delete attributes['originatingCommand'];
  return attributes;
}

const MOST_LOGGED_LETTERS = 10 * 1024;

function bounded(command: unknown): unknown {
  const text = JSON.stringify(command);
  return text.length <= MOST_LOGGED_LETTERS ? command : { $truncated: text.slice(0, MOST_LOGGED_LETTERS) };
}

async function write(engine: Engine, db: string, entries: readonly RawDocument[]): Promise<void> {
  try {
    await makeProfileCollection(engine, db);
    const namespace = { db, collection: SYSTEM_PROFILE };
    await engine.insert({ namespace, documents: entries, isOrdered: true, isOwn: true });
  } catch (error) {
    // the command itself has gone well, or has its own error
    engine.state.eventLog.add('COMMAND', 'The profiler could not write', { error: (error as Error).message });
  }
}
