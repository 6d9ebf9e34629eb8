/** Replies that carry a batch of a cursor: `cursor: {firstBatch | nextBatch, id, ns}`. */
import { readInt64 } from '../bson/read.js';
import { OBJECT } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { documentLength } from '../bson/walk.js';
import type { Namespace } from '../catalog/collection-spec.js';
import type { BatchEnd, BatchOptions, ElmoCursor } from '../exec/cursor.js';
import { ElmoError } from '../errors.js';
import type { SessionContext } from '../session/session-context.js';
import { Arguments } from './arguments.js';
import type { CommandContext } from './command.js';
import type { ReplyWriter } from './reply.js';

/** Documents of a first batch when the client does not say. */
export const DEFAULT_FIRST_BATCH = 101;
/** Bytes of documents in a batch; one document more may pass it. */
export const MAX_BATCH_BYTES = 16 * 1024 * 1024;
const UNLIMITED = 0x7fff_ffff;

export interface FirstBatchOptions {
  readonly batchSize: number | undefined;
  /** Close the cursor after this batch. */
  readonly isSingle: boolean;
  readonly hasTimeout: boolean;
}

function namespaceText({ db, collection }: Namespace): string {
  return `${db}.${collection}`;
}

export async function firstBatch(
  context: CommandContext,
  reply: ReplyWriter,
  cursor: ElmoCursor,
  namespace: Namespace,
  { batchSize = DEFAULT_FIRST_BATCH, isSingle, hasTimeout }: FirstBatchOptions,
): Promise<void> {
  try {
    const start = reply.beginObject('cursor');
    const batch = await writeBatch(reply, 'firstBatch', cursor, Math.min(batchSize, UNLIMITED));
    const isOver = batch.isLast || isSingle;
    if (isOver) cursor.close();
    else context.common.trace.keepOrigin();
    const id = isOver
      ? 0n
      : context.engine.cursors.add(cursor, {
          namespace,
          lsid: context.session?.lsid,
          txnNumber: context.session?.autocommit === false ? context.session.txnNumber : undefined,
          hasTimeout,
          trace: context.common.trace,
          ...(context.common.maxTimeMs === undefined ? {} : { maxTimeMs: context.common.maxTimeMs }),
        });
    context.engine.state.activity.documents.returned += batch.count;
    reply.int64('id', id).text('ns', namespaceText(namespace));
    writeMoment(reply, context.session);
    reply.endDocument(start);
  } catch (error) {
    cursor.close();
    throw error;
  }
}

/** An array of up to so many documents: copied once, from where they lie, if the cursor can show them there. */
async function writeBatch(
  reply: ReplyWriter,
  name: 'firstBatch' | 'nextBatch',
  cursor: ElmoCursor,
  maxDocuments: number,
  options?: BatchOptions,
): Promise<BatchEnd> {
  if (cursor.readBatch === undefined) {
    const { documents, isLast } = await cursor.nextBatch(maxDocuments, MAX_BATCH_BYTES, options);
    reply.documents(name, documents);
    return { count: documents.length, isLast };
  }
  const array = reply.beginArray(name);
  let index = 0;
  const take = (bytes: Uint8Array, at: number): void => {
    reply.writeIndex(OBJECT, index++);
    reply.writeRange(bytes, at, at + documentLength(bytes, at));
  };
  const batch = await cursor.readBatch(take, maxDocuments, MAX_BATCH_BYTES, options);
  reply.endDocument(array);
  return batch;
}

/** The moment that was read, with which a client can read it again. */
export function writeMoment(into: ReplyWriter, session: SessionContext | undefined): void {
  const time = session?.snapshotTime;
  if (time !== undefined) into.timestamp('atClusterTime', time.seconds, time.increment);
}

/** A result that is here already, and has no more to come. */
export function wholeBatch(reply: ReplyWriter, documents: readonly Uint8Array[], namespace: Namespace): void {
  const start = reply.beginObject('cursor');
  reply.documents('firstBatch', documents).int64('id', 0).text('ns', namespaceText(namespace));
  reply.endDocument(start);
}

export async function nextBatch(
  context: CommandContext,
  reply: ReplyWriter,
  id: bigint,
  request: { namespace: Namespace; batchSize: number | undefined; maxTimeMs: number | undefined },
): Promise<void> {
  const entry = context.engine.cursors.checkOut(id, request.namespace, context.session);
  const { cursor, trace } = entry;
  if (trace !== undefined) context.common.trace.continue(trace);
  if (request.maxTimeMs !== undefined && !cursor.isAwaiting) {
    context.engine.cursors.checkIn(entry);
    throw new ElmoError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor');
  }
  try {
    const count = request.batchSize === undefined || request.batchSize === 0 ? UNLIMITED : request.batchSize;
    const start = reply.beginObject('cursor');
    const batch = await writeBatch(reply, 'nextBatch', cursor, count, {
      maxTimeMs: request.maxTimeMs,
      signal: context.signal,
    });
    if (batch.isLast) context.engine.cursors.kill(id);
    else context.engine.cursors.checkIn(entry);
    context.engine.state.activity.documents.returned += batch.count;
    reply.int64('id', batch.isLast ? 0n : id).text('ns', namespaceText(entry.namespace));
    reply.endDocument(start);
  } catch (error) {
    context.engine.cursors.kill(id);
    throw error;
  }
}

/** The id a reply gives its cursor; 0: none, or it is at its end. @param at  where the reply's document starts */
export function cursorIdOf(reply: Uint8Array, at: number): bigint {
  const cursor = Arguments.of(new Value(OBJECT, reply, at)).struct('cursor');
  const id = cursor?.value('id');
  return id === undefined ? 0n : readInt64(id.bytes, id.at);
}

/** A whole result that needs no cursor: what the list commands answer with. */
export function writeWholeCursor(
  reply: ReplyWriter,
  namespace: string,
  documents: readonly Uint8Array[],
): void {
  reply.object('cursor', (into) =>
    into.int64('id', 0).text('ns', namespace).documents('firstBatch', documents),
  );
}
