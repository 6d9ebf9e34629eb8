/**
 * Writes down what commands did, in the capped collection `system.profile` of their database: all of them at level 2, at
 * level 1 those that were slow or that a filter wants. Slow ones go to the log of events too, whatever the level.
 * Source: MongoDB manual, "Database Profiler".
 */
import { EJSON } from '../bson/package.js';
import { decodeDocument } from '../bson/decode.js';
import { encodeDocument } from '../bson/encode.js';
import { SYSTEM_PROFILE } from '../catalog/namespace.js';
import type { Engine } from '../engine/engine.js';
import type { RawDocument } from '../operation/requests.js';
import { profileEntry, type Finished } from './profile-entry.js';

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
  const { state } = engine;
  if (PASSED_OVER.has(finished.name)) return undefined;
  const isSlowOne = isSlow(engine, finished.elapsedMs);
  const isLogged = isSlowOne || state.logsEveryCommand;
  const settings = state.profiles.get(finished.db);
  const isAll = settings?.level === 2;
  const filter = settings?.level === 1 ? settings.filter : undefined;
  const isProfiled =
    (isAll || filter !== undefined || (settings?.level === 1 && isSlowOne)) && takesWrites(engine);
  if (!isLogged && !isProfiled) return undefined;
  const entry = profileEntry(finished, engine.clock.wallMs());
  if (isLogged) state.eventLog.add('COMMAND', 'Slow query', slowAttributes(entry));
  if (!isProfiled || (filter !== undefined && !filter.matcher.matches(entry, 0))) return undefined;
  return write(engine, finished.db, entry);
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
const NOT_LOGGED: ReadonlySet<string> = new Set(['ts', 'allUsers', 'user']);
const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'remove']);

function slowAttributes(entry: RawDocument): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  const fields = EJSON.serialize(decodeDocument(entry), { relaxed: true }) as Record<string, unknown>;
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

async function write(engine: Engine, db: string, entry: RawDocument): Promise<void> {
  try {
    await makeProfileCollection(engine, db);
    const namespace = { db, collection: SYSTEM_PROFILE };
    await engine.insert({ namespace, documents: [entry], isOrdered: true, isOwn: true });
  } catch (error) {
    // the command itself has gone well, or has its own error
    engine.state.eventLog.add('COMMAND', 'The profiler could not write', { error: (error as Error).message });
  }
}
