/** Requests of the document layer as commands of the wire protocol. */
import { ReplyWriter, type RawDocument, type requests, type SessionContext } from '../../elmo/index.js';
import { beginOpMsg, takeOpMsg } from '../wire/op-msg.js';

/** Documents that go beside the command. */
export interface Sequence {
  readonly name: string;
  readonly documents: readonly RawDocument[];
}

const writer = new ReplyWriter();

/** One message: a command with the fields that `fill` writes. */
export function message(fill: (into: ReplyWriter) => void, sequence?: Sequence): Uint8Array {
  beginOpMsg(writer);
  const start = writer.beginDocument();
  fill(writer);
  writer.endDocument(start);
  if (sequence !== undefined) appendSequence(writer, sequence);
  return takeOpMsg(writer, 0, 0, 0);
}

function appendSequence(into: ReplyWriter, { name, documents }: Sequence): void {
  into.writeByte(1);
  const start = into.length;
  into.writeInt32(0);
  into.writeCString(name);
  for (const raw of documents) into.writeRange(raw, 0, raw.length);
  into.setInt32(start, into.length - start);
}

/** A statement, or any other document that is put together here. */
export function rawOf(fill: (into: ReplyWriter) => void): RawDocument {
  const own = new ReplyWriter();
  const start = own.beginDocument();
  fill(own);
  own.endDocument(start);
  return own.toBytes();
}

const UUID = 4;

/** In which session a command runs, and which transaction or retryable write it is part of. */
export function writeSession(into: ReplyWriter, session: SessionContext | undefined): void {
  if (session === undefined) return;
  into.object('lsid', (lsid) => lsid.binary('id', Buffer.from(session.lsid, 'hex'), UUID));
  if (session.txnNumber === undefined) return;
  into.int64('txnNumber', session.txnNumber);
  if (session.autocommit === undefined) return;
  into.bool('autocommit', session.autocommit);
  if (!session.startTransaction) return;
  into.bool('startTransaction', true);
  const { readConcernLevel } = session;
  if (readConcernLevel !== undefined)
    into.object('readConcern', (concern) => concern.text('level', readConcernLevel));
}

type Common = requests.CommonRequest & { readonly namespace: requests.Namespace };

/** What every command may carry. */
export function writeCommon(
  into: ReplyWriter,
  { namespace, maxTimeMs, comment }: Common,
  session: SessionContext | undefined,
): void {
  if (maxTimeMs !== undefined) into.double('maxTimeMS', maxTimeMs);
  if (comment !== undefined) into.value('comment', comment);
  writeSession(into, session);
  into.text('$db', namespace.db);
}

/** The same, and how durable the write has to be. In a transaction its commit says that. */
export function writeWriting(into: ReplyWriter, request: Common, session: SessionContext | undefined): void {
  if (request.isDurable === true && session?.autocommit !== false)
    into.object('writeConcern', (concern) => concern.bool('j', true));
  writeCommon(into, request, session);
}

function optional(into: ReplyWriter, fields: Readonly<Record<string, RawDocument | undefined>>): ReplyWriter {
  for (const name in fields) {
    const raw = fields[name];
    if (raw !== undefined) into.document(name, raw);
  }
  return into;
}

export function writeFind(into: ReplyWriter, request: requests.FindRequest, batchSize: number): void {
  const { filter, sort, projection, min, max, collation, skip, limit, hint } = request;
  into.text('find', request.namespace.collection);
  optional(into, { filter, sort, projection, min, max, let: request.let, collation });
  if (skip !== undefined) into.int64('skip', skip);
  if (limit !== undefined) into.int64('limit', Math.abs(limit));
  if (hint !== undefined) into.value('hint', hint);
  if (request.returnKey === true) into.bool('returnKey', true);
  if (request.showRecordId === true) into.bool('showRecordId', true);
  if (request.isTailable === true) into.bool('tailable', true);
  if (request.awaitData === true) into.bool('awaitData', true);
  if (request.allowDiskUse !== undefined) into.bool('allowDiskUse', request.allowDiskUse);
  into.int64('batchSize', batchSize);
}

export function writeAggregate(
  into: ReplyWriter,
  request: requests.AggregateRequest,
  batchSize: number,
): void {
  const { collection } = request.namespace;
  if (collection === '') into.int32('aggregate', 1);
  else into.text('aggregate', collection);
  into.documents('pipeline', request.pipeline);
  into.object('cursor', (cursor) => cursor.int64('batchSize', batchSize));
  optional(into, { let: request.let, collation: request.collation });
  if (request.hint !== undefined) into.value('hint', request.hint);
  if (request.allowDiskUse !== undefined) into.bool('allowDiskUse', request.allowDiskUse);
  if (request.bypassDocumentValidation === true) into.bool('bypassDocumentValidation', true);
}

export function writeCount(into: ReplyWriter, request: requests.CountRequest): void {
  into.text('count', request.namespace.collection);
  optional(into, { query: request.filter, collation: request.collation });
  if (request.skip !== undefined) into.int64('skip', request.skip);
  if (request.limit !== undefined) into.int64('limit', request.limit);
  if (request.hint !== undefined) into.value('hint', request.hint);
}

export function writeDistinct(into: ReplyWriter, request: requests.DistinctRequest): void {
  into.text('distinct', request.namespace.collection).text('key', request.key);
  optional(into, { query: request.filter, collation: request.collation });
  if (request.hint !== undefined) into.value('hint', request.hint);
}

/** The fields of a command that writes statement by statement. */
export function writeBulk(
  into: ReplyWriter,
  name: 'insert' | 'update' | 'delete',
  request: Common & {
    isOrdered: boolean;
    bypassDocumentValidation?: boolean;
    keepsEmptyTimestamps?: boolean;
  },
): void {
  into.text(name, request.namespace.collection).bool('ordered', request.isOrdered);
  if (request.bypassDocumentValidation === true) into.bool('bypassDocumentValidation', true);
  if (request.keepsEmptyTimestamps === true) into.bool('bypassEmptyTsReplacement', true);
  if (name !== 'insert') optional(into, { let: request.let });
}

export function updateStatement(statement: requests.UpdateStatement, common: Common): RawDocument {
  return rawOf((into) => {
    into.document('q', statement.filter).value('u', statement.update);
    into.bool('multi', statement.isMulti).bool('upsert', statement.isUpsert);
    optional(into, {
      c: statement.constants,
      collation: statement.collation ?? common.collation,
      sort: statement.sort,
    });
    if (statement.isUpsertSupplied === true) into.bool('upsertSupplied', true);
    if (statement.arrayFilters !== undefined) into.documents('arrayFilters', statement.arrayFilters);
    if (statement.hint !== undefined) into.value('hint', statement.hint);
  });
}

export function deleteStatement(statement: requests.DeleteStatement, common: Common): RawDocument {
  return rawOf((into) => {
    into.document('q', statement.filter).int32('limit', statement.isMulti ? 0 : 1);
    optional(into, { collation: statement.collation ?? common.collation });
    if (statement.hint !== undefined) into.value('hint', statement.hint);
  });
}

export function writeFindAndModify(into: ReplyWriter, request: requests.FindAndModifyRequest): void {
  into.text('findAndModify', request.namespace.collection).document('query', request.filter);
  optional(into, {
    sort: request.sort,
    fields: request.projection,
    collation: request.collation,
    let: request.let,
  });
  if (request.update === undefined) into.bool('remove', true);
  else into.value('update', request.update);
  if (request.isUpsert === true) into.bool('upsert', true);
  if (request.returnsNew === true) into.bool('new', true);
  if (request.arrayFilters !== undefined) into.documents('arrayFilters', request.arrayFilters);
  if (request.hint !== undefined) into.value('hint', request.hint);
  if (request.bypassDocumentValidation === true) into.bool('bypassDocumentValidation', true);
  if (request.keepsEmptyTimestamps === true) into.bool('bypassEmptyTsReplacement', true);
}
