/**
 * Writes down what commands did, in the capped collection `system.profile` of their database: all of them at level 2, at
 * level 1 those that were slow or that a filter wants. An update or a delete of one statement shows that statement, one of
 * several the whole command. Source: MongoDB manual, "Database Profiler Output".
 */
import { ARRAY, OBJECT } from '../bson/types.js';
import { documentText } from '../bson/text.js';
import type { Value } from '../bson/value.js';
import { documentValue } from '../bson/value.js';
import { encodeDocument } from '../bson/encode.js';
import { SYSTEM_PROFILE } from '../catalog/namespace.js';
import { operationKind } from '../engine/activity.js';
import type { Engine } from '../engine/engine.js';
import type { ElmoError } from '../errors.js';
import type { RawDocument } from '../operation/requests.js';
import { Arguments, type CommandMessage } from './arguments.js';
import type { CommandClient } from './command.js';
import { plainNumber } from './fields.js';
import { ReplyWriter } from './reply.js';

/** A command that has run. */
export interface Finished {
  readonly name: string;
  /** As others may see it. */
  readonly message: CommandMessage;
  readonly db: string;
  /** 'db.collection'; '' if it is for none. */
  readonly namespace: string;
  readonly client: CommandClient;
  readonly elapsedMs: number;
  readonly error: ElmoError | undefined;
  /** The whole document. */
  readonly reply: RawDocument;
}

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
/** Longer commands are written as the beginning of their text. */
const MOST_COMMAND_BYTES = 50 * 1024;

export async function makeProfileCollection(engine: Engine, db: string): Promise<void> {
  const namespace = { db, collection: SYSTEM_PROFILE };
  if (engine.catalog.get(namespace) !== undefined) return;
  await engine.defining.create(namespace, encodeDocument({ capped: true, size: COLLECTION_BYTES }), {});
}

/** @returns what has to be waited for before the client gets its reply; undefined: nothing is written */
export function profileCommand(engine: Engine, finished: Finished): Promise<void> | undefined {
  const { state } = engine;
  const settings = state.profiles.get(finished.db);
  if (settings === undefined || settings.level === 0 || PASSED_OVER.has(finished.name)) return undefined;
  const isAll = settings.level === 2;
  const { filter } = settings;
  if (!isAll && filter === undefined && !isSlow(engine, finished.elapsedMs)) return undefined;
  if (state.writeGate.whenOpen() !== undefined) return undefined;
  const entry = entryOf(finished, engine.clock.wallMs());
  if (!isAll && filter !== undefined && !filter.matcher.matches(entry, 0)) return undefined;
  return write(engine, finished.db, entry);
}

function isSlow({ state, random }: Engine, elapsedMs: number): boolean {
  return elapsedMs > state.slowMs && (state.sampleRate === 1 || random() < state.sampleRate);
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

function entryOf(finished: Finished, wallMs: number): RawDocument {
  const { name, namespace, client, elapsedMs, error, reply } = finished;
  const into = new ReplyWriter();
  const start = into.beginDocument();
  into.text('op', operationKind(name)).text('ns', namespaceOf(finished, namespace));
  writeCommand(into, finished);
  if (error === undefined) writeCounts(into, name, Arguments.of(documentValue(reply)));
  into.int64('numYield', 0).object('locks', () => undefined);
  if (error !== undefined)
    into.text('errMsg', error.message).text('errName', error.codeName).int32('errCode', error.code);
  into.int32('responseLength', reply.length).text('protocol', 'op_msg');
  into.int32('millis', Math.round(elapsedMs)).date('ts', wallMs).text('client', hostOf(client.remote));
  if (client.appName !== undefined) into.text('appName', client.appName);
  const users = client.users ?? [];
  into.objects('allUsers', users, (user, each) => each.text('user', user.user).text('db', user.db));
  const [first] = users;
  into.text('user', first === undefined ? '' : `${first.user}@${first.db}`);
  into.endDocument(start);
  return into.toBytes();
}

/** getMore names its collection in a field of its own. */
function namespaceOf({ name, message, db }: Finished, namespace: string): string {
  if (namespace !== '') return namespace;
  const collection =
    name === 'getMore' ? Arguments.of(documentValue(message.body)).text('collection') : undefined;
  return `${db}.${collection ?? '$cmd'}`;
}

/** Where the statements of a write lie. */
const STATEMENTS: Readonly<Record<string, string>> = { update: 'updates', delete: 'deletes' };

function writeCommand(into: ReplyWriter, { name, message }: Finished): void {
  const field = STATEMENTS[name];
  const statements = field === undefined ? [] : statementsOf(message, field);
  const shown = statements.length === 1 ? statements[0]! : message.body;
  if (shown.length <= MOST_COMMAND_BYTES) into.document('command', shown);
  else
    into.object('command', (inner) =>
      inner.text('$truncated', documentText(shown).slice(0, MOST_COMMAND_BYTES)),
    );
}

function statementsOf({ body, sequences }: CommandMessage, field: string): readonly RawDocument[] {
  const sequence = sequences?.get(field);
  if (sequence !== undefined) return sequence;
  const value = Arguments.of(documentValue(body)).value(field);
  return value?.type === ARRAY ? elementsOf(value).map((element) => element.document) : [];
}

function elementsOf(array: Value): readonly Value[] {
  return [...Arguments.of(documentValue(array.bytes, array.at)).entries()].map(([, value]) => value);
}

/** What the reply says of documents that were read or changed. */
function writeCounts(into: ReplyWriter, name: string, reply: Arguments): void {
  const cursor = reply.value('cursor');
  if (cursor?.type === OBJECT) {
    const of = Arguments.of(cursor);
    const id = of.value('id');
    if (id !== undefined && plainNumber(id) !== 0) into.value('cursorid', id);
    else into.bool('cursorExhausted', true);
    const batch = of.value('firstBatch') ?? of.value('nextBatch');
    if (batch?.type === ARRAY) into.int64('nreturned', elementsOf(batch).length);
  }
  const n = reply.number('n') ?? 0;
  if (name === 'insert') into.int64('ninserted', n);
  else if (name === 'delete') into.int64('ndeleted', n);
  else if (name === 'update') {
    const upserted = reply.value('upserted');
    const upserts = upserted?.type === ARRAY ? elementsOf(upserted).length : 0;
    into.int64('nMatched', n - upserts).int64('nModified', reply.number('nModified') ?? 0);
    into.int64('nUpserted', upserts);
  }
}

/** '127.0.0.1:1234' → '127.0.0.1' */
const hostOf = (remote: string): string => remote.replace(/:\d+$/, '');
