/**
 * What the profiler writes of a command: what was asked, by which plan it was found, what was looked at, what came of it.
 * An update or a delete of one statement shows that statement, one of several the whole command.
 * Source: MongoDB manual, "Database Profiler Output".
 */
import { ARRAY, OBJECT } from '../bson/types.js';
import { documentText } from '../bson/text.js';
import type { Value } from '../bson/value.js';
import { documentValue } from '../bson/value.js';
import { operationKind } from '../engine/activity.js';
import { ElmoError } from '../errors.js';
import type { PlanTrace } from '../operation/plan-trace.js';
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
  readonly trace: PlanTrace;
}

/** Longer commands are written as the beginning of their text. */
const MOST_COMMAND_BYTES = 50 * 1024;

/** @param wallMs  since 1970 */
export function profileEntry(finished: Finished, wallMs: number): RawDocument {
  const { name, namespace, client, elapsedMs, error, reply, trace } = finished;
  const { summary } = trace;
  const into = new ReplyWriter();
  const start = into.beginDocument();
  into.text('op', operationKind(name)).text('ns', namespaceOf(finished, namespace));
  writeCommand(into, finished);
  if (summary !== undefined) writeLooked(into, trace);
  const answer = Arguments.of(documentValue(reply));
  if (error === undefined) writeCounts(into, finished, answer);
  into.int64('numYield', 0);
  if (summary !== undefined) into.text('queryFramework', 'classic');
  into.object('locks', () => undefined).object('storage', () => undefined);
  writeFailure(into, error ?? firstFailure(answer));
  into.int32('responseLength', reply.length).text('protocol', 'op_msg');
  into.int32('millis', Math.round(elapsedMs));
  if (summary !== undefined) into.text('planSummary', summary);
  into.date('ts', wallMs).text('client', hostOf(client.remote));
  if (client.appName !== undefined) into.text('appName', client.appName);
  const users = client.users ?? [];
  into.objects('allUsers', users, (user, each) => each.text('user', user.user).text('db', user.db));
  const [first] = users;
  into.text('user', first === undefined ? '' : `${first.user}@${first.db}`);
  into.endDocument(start);
  return into.toBytes();
}

function writeLooked(into: ReplyWriter, trace: PlanTrace): void {
  const { keys, documents } = trace.looked();
  into.int64('keysExamined', keys).int64('docsExamined', documents);
  if (trace.hasSort) into.bool('hasSortStage', true);
  if (trace.usedDisk) into.bool('usedDisk', true);
}

/** The first of a write whose statements failed. */
function firstFailure(reply: Arguments): ElmoError | undefined {
  const failures = reply.value('writeErrors');
  const [first] = failures?.type === ARRAY ? elementsOf(failures) : [];
  if (first === undefined) return undefined;
  const of = Arguments.of(first);
  return new ElmoError(of.number('code') ?? 0, of.text('errmsg') ?? '');
}

function writeFailure(into: ReplyWriter, error: ElmoError | undefined): void {
  if (error !== undefined)
    into.text('errMsg', error.message).text('errName', error.codeName).int32('errCode', error.code);
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

function writeCommand(into: ReplyWriter, { name, message, trace }: Finished): void {
  const field = STATEMENTS[name];
  const statements = field === undefined ? [] : statementsOf(message, field);
  writeBounded(into, 'command', statements.length === 1 ? statements[0]! : message.body);
  const { originatingCommand } = trace;
  if (originatingCommand !== undefined) writeBounded(into, 'originatingCommand', originatingCommand);
}

function writeBounded(into: ReplyWriter, name: string, command: RawDocument): void {
  if (command.length <= MOST_COMMAND_BYTES) into.document(name, command);
  else
    into.object(name, (inner) =>
      inner.text('$truncated', documentText(command).slice(0, MOST_COMMAND_BYTES)),
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
function writeCounts(into: ReplyWriter, { name, trace }: Finished, reply: Arguments): void {
  writeBatch(into, reply);
  const n = reply.number('n') ?? 0;
  if (name === 'insert') into.int64('ninserted', n);
  else if (name === 'delete') into.int64('ndeleted', n);
  else if (name === 'update') {
    const upserted = reply.value('upserted');
    const upserts = upserted?.type === ARRAY ? elementsOf(upserted).length : 0;
    writeUpdated(into, n - upserts, reply.number('nModified') ?? 0, upserts);
  } else if (name === 'bulkWrite') {
    const count = (field: string): number => reply.number(field) ?? 0;
    writeUpdated(into, count('nMatched'), count('nModified'), count('nUpserted'));
    into.int64('ninserted', count('nInserted')).int64('ndeleted', count('nDeleted'));
  } else if (FIND_AND_MODIFY.has(name)) writeOneChange(into, trace, reply);
}

function writeBatch(into: ReplyWriter, reply: Arguments): void {
  const cursor = reply.value('cursor');
  if (cursor?.type !== OBJECT) return;
  const of = Arguments.of(cursor);
  const id = of.value('id');
  if (id !== undefined && plainNumber(id) !== 0) into.value('cursorid', id);
  else into.bool('cursorExhausted', true);
  const batch = of.value('firstBatch') ?? of.value('nextBatch');
  if (batch?.type === ARRAY) into.int64('nreturned', elementsOf(batch).length);
}

function writeUpdated(into: ReplyWriter, matched: number, modified: number, upserted: number): void {
  into.int64('nMatched', matched).int64('nModified', modified).int64('nUpserted', upserted);
}

const FIND_AND_MODIFY: ReadonlySet<string> = new Set(['findAndModify', 'findandmodify']);

function writeOneChange(into: ReplyWriter, trace: PlanTrace, reply: Arguments): void {
  const last = reply.value('lastErrorObject');
  if (last?.type !== OBJECT) return;
  const of = Arguments.of(last);
  const n = of.number('n') ?? 0;
  if (of.has('updatedExisting')) {
    const isUpsert = of.has('upserted');
    writeUpdated(into, isUpsert ? 0 : n, trace.modified, isUpsert ? 1 : 0);
  } else into.int64('ndeleted', n);
  const value = reply.value('value');
  into.int64('nreturned', value?.type === OBJECT ? 1 : 0);
}

/** '127.0.0.1:1234' → '127.0.0.1' */
const hostOf = (remote: string): string => remote.replace(/:\d+$/, '');
