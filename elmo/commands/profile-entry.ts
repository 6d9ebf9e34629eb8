/**
 * What the profiler writes of a command: what was asked, by which plan it was found, what was looked at, what came of it. Of
 * updates and deletes it writes each statement by itself.
 * Source: MongoDB manual, "Database Profiler Output". Stages are shown as the reference's `explain` shows them.
 */
import { ARRAY, OBJECT } from '../bson/types.js';
import { documentText } from '../bson/text.js';
import type { Value } from '../bson/value.js';
import { documentValue } from '../bson/value.js';
import { operationKind } from '../engine/activity.js';
import { ElmoError } from '../errors.js';
import type { PlanTrace } from '../operation/plan-trace.js';
import {
  planNotes,
  type PlanNotes,
  type StatementNotes,
  type WriteFigures,
} from '../operation/profile-notes.js';
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

/** Where the statements of a write lie that are written down one by one. */
export const STATEMENTS: Readonly<Record<string, string>> = { update: 'updates', delete: 'deletes' };

export interface ProfileEntry {
  readonly elapsedMs: number;
  /** @param wallMs  since 1970 */
  document(wallMs: number): RawDocument;
}

/** One for each statement that has run; else one for the command. */
export function profileEntries(finished: Finished): ProfileEntry[] {
  const { name, message, elapsedMs, trace } = finished;
  const notes = trace.profile?.statements ?? [];
  if (notes.length === 0) return [{ elapsedMs, document: (wallMs) => commandEntry(finished, wallMs) }];
  const statements = statementsOf(message, STATEMENTS[name]!);
  return notes.map((each) => ({
    elapsedMs: each.elapsedMs,
    document: (wallMs) => statementEntry(finished, each, statements[each.index]!, wallMs),
  }));
}

function commandEntry(finished: Finished, wallMs: number): RawDocument {
  const { name, elapsedMs, error, reply, trace } = finished;
  const answer = Arguments.of(documentValue(reply));
  const figures = error === undefined ? figuresOf(finished, answer) : undefined;
  const isWrite = figures !== undefined;
  const plan = planNotes(trace, isWrite && FIND_AND_MODIFY.has(name) ? figures : undefined);
  const into = new ReplyWriter();
  const start = into.beginDocument();
  writeHead(into, finished, commandShown(finished));
  const { originatingCommand } = trace;
  if (originatingCommand !== undefined) writeBounded(into, 'originatingCommand', originatingCommand);
  const cursor = error === undefined ? cursorOf(answer) : undefined;
  if (cursor !== undefined && !cursor.isExhausted) into.value('cursorid', cursor.id);
  writeLooked(into, plan);
  if (error === undefined) writeCounts(into, name, answer, figures);
  writeKeys(into, plan);
  if (cursor?.isExhausted === true) into.bool('cursorExhausted', true);
  into.int64('numYield', 0);
  const returned = cursor?.returned ?? returnedByChange(name, answer);
  if (error === undefined && returned !== undefined) into.int64('nreturned', returned);
  writePlan(into, plan);
  writeFailure(into, error ?? firstFailure(answer));
  into.int32('responseLength', reply.length).text('protocol', 'op_msg');
  writeTail(into, finished, plan, elapsedMs, wallMs);
  into.endDocument(start);
  return into.toBytes();
}

function statementEntry(
  finished: Finished,
  { elapsedMs, plan, figures, error }: StatementNotes,
  statement: RawDocument,
  wallMs: number,
): RawDocument {
  const into = new ReplyWriter();
  const start = into.beginDocument();
  writeHead(into, finished, statement);
  writeLooked(into, plan);
  if (figures?.kind === 'update') writeUpdated(into, figures);
  else if (figures !== undefined) into.int64('ndeleted', figures.matched);
  writeKeys(into, plan);
  into.int64('numYield', 0);
  writePlan(into, plan);
  writeFailure(into, error);
  writeTail(into, finished, plan, elapsedMs, wallMs);
  into.endDocument(start);
  return into.toBytes();
}

function writeHead(into: ReplyWriter, finished: Finished, command: RawDocument): void {
  into.text('op', operationKind(finished.name)).text('ns', namespaceOf(finished));
  writeBounded(into, 'command', command);
}

function writeLooked(into: ReplyWriter, { summary, looked, hasSort, usedDisk }: PlanNotes): void {
  if (summary === undefined) return;
  into.int64('keysExamined', looked.keys).int64('docsExamined', looked.documents);
  if (hasSort) into.bool('hasSortStage', true);
  if (usedDisk) into.bool('usedDisk', true);
}

function writeKeys(into: ReplyWriter, { keys }: PlanNotes): void {
  if (keys.inserted > 0) into.int64('keysInserted', keys.inserted);
  if (keys.deleted > 0) into.int64('keysDeleted', keys.deleted);
}

function writePlan(into: ReplyWriter, { summary, shape }: PlanNotes): void {
  if (shape !== undefined)
    into
      .text('queryHash', shape.shapeHash)
      .text('planCacheShapeHash', shape.shapeHash)
      .text('planCacheKey', shape.planKey);
  if (summary !== undefined) into.text('queryFramework', 'classic');
  into.object('locks', () => undefined).object('storage', () => undefined);
}

function writeTail(
  into: ReplyWriter,
  { client }: Finished,
  { summary, stages }: PlanNotes,
  elapsedMs: number,
  wallMs: number,
): void {
  into.int32('millis', Math.round(elapsedMs));
  if (summary !== undefined) into.text('planSummary', summary);
  if (stages !== undefined) into.value('execStats', stages);
  into.date('ts', wallMs).text('client', hostOf(client.remote));
  if (client.appName !== undefined) into.text('appName', client.appName);
  const users = client.users ?? [];
  into.objects('allUsers', users, (user, each) => each.text('user', user.user).text('db', user.db));
  const [first] = users;
  into.text('user', first === undefined ? '' : `${first.user}@${first.db}`);
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
function namespaceOf({ name, message, db, namespace }: Finished): string {
  if (namespace !== '') return namespace;
  const collection =
    name === 'getMore' ? Arguments.of(documentValue(message.body)).text('collection') : undefined;
  return `${db}.${collection ?? '$cmd'}`;
}

/** Its only statement, of a write whose statements are not known apart. */
function commandShown({ name, message }: Finished): RawDocument {
  const field = STATEMENTS[name];
  const statements = field === undefined ? [] : statementsOf(message, field);
  return statements.length === 1 ? statements[0]! : message.body;
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

/** What came of an update, a delete or a findAndModify, by its reply; undefined: it is none. */
function figuresOf({ name, trace }: Finished, reply: Arguments): WriteFigures | undefined {
  const n = reply.number('n') ?? 0;
  const write = { isMulti: false, modified: 0, upserted: 0 };
  if (name === 'delete') return { ...write, kind: 'delete', matched: n };
  if (name === 'update') {
    const list = reply.value('upserted');
    const upserted = list?.type === ARRAY ? elementsOf(list).length : 0;
    const modified = reply.number('nModified') ?? 0;
    return { ...write, kind: 'update', matched: n - upserted, modified, upserted };
  }
  const last = FIND_AND_MODIFY.has(name) ? reply.value('lastErrorObject') : undefined;
  if (last?.type !== OBJECT) return undefined;
  const of = Arguments.of(last);
  const changed = of.number('n') ?? 0;
  const returning = { ...write, returnsDocument: true };
  if (!of.has('updatedExisting')) return { ...returning, kind: 'delete', matched: changed };
  const isUpsert = of.has('upserted');
  return {
    ...returning,
    kind: 'update',
    matched: isUpsert ? 0 : changed,
    modified: trace.modified,
    upserted: isUpsert ? 1 : 0,
  };
}

/** What the reply says of documents that were changed. */
function writeCounts(
  into: ReplyWriter,
  name: string,
  reply: Arguments,
  figures: WriteFigures | undefined,
): void {
  if (name === 'insert') into.int64('ninserted', reply.number('n') ?? 0);
  else if (figures?.kind === 'delete') into.int64('ndeleted', figures.matched);
  else if (figures !== undefined) writeUpdated(into, figures);
  else if (name === 'bulkWrite') {
    const count = (field: string): number => reply.number(field) ?? 0;
    writeUpdated(into, {
      matched: count('nMatched'),
      modified: count('nModified'),
      upserted: count('nUpserted'),
    });
    into.int64('ninserted', count('nInserted')).int64('ndeleted', count('nDeleted'));
  }
}

interface CursorShown {
  readonly id: Value;
  readonly isExhausted: boolean;
  readonly returned: number | undefined;
}

function cursorOf(reply: Arguments): CursorShown | undefined {
  const cursor = reply.value('cursor');
  if (cursor?.type !== OBJECT) return undefined;
  const of = Arguments.of(cursor);
  const id = of.value('id');
  if (id === undefined) return undefined;
  const batch = of.value('firstBatch') ?? of.value('nextBatch');
  return {
    id,
    isExhausted: plainNumber(id) === 0,
    returned: batch?.type === ARRAY ? elementsOf(batch).length : undefined,
  };
}

function writeUpdated(
  into: ReplyWriter,
  { matched, modified, upserted }: Pick<WriteFigures, 'matched' | 'modified' | 'upserted'>,
): void {
  into.int64('nMatched', matched).int64('nModified', modified).int64('nUpserted', upserted);
}

const FIND_AND_MODIFY: ReadonlySet<string> = new Set(['findAndModify', 'findandmodify']);

function returnedByChange(name: string, reply: Arguments): number | undefined {
  if (!FIND_AND_MODIFY.has(name)) return undefined;
  return reply.value('value')?.type === OBJECT ? 1 : 0;
}

/** '127.0.0.1:1234' → '127.0.0.1' */
const hostOf = (remote: string): string => remote.replace(/:\d+$/, '');
