/** Replies that carry a batch of a cursor: `cursor: {firstBatch | nextBatch, id, ns}`. */
import { readInt64 } from '../bson/read.js';
import { OBJECT } from '../bson/types.js';
import { Value } from '../bson/value.js';
import type { Namespace } from '../catalog/collection-spec.js';
import type { ElmoCursor } from '../exec/cursor.js';
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
    const batch = await cursor.nextBatch(Math.min(batchSize, UNLIMITED), MAX_BATCH_BYTES);
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
    context.engine.state.activity.documents.returned += batch.documents.length;
    reply.object('cursor', (into) => {
      into.documents('firstBatch', batch.documents).int64('id', id).text('ns', namespaceText(namespace));
      writeMoment(into, context.session);
    });
  } catch (error) {
    cursor.close();
    throw error;
  }
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
    const batch = await cursor.nextBatch(count, MAX_BATCH_BYTES, {
      maxTimeMs: request.maxTimeMs,
      signal: context.signal,
    });
    if (batch.isLast) context.engine.cursors.kill(id);
    else context.engine.cursors.checkIn(entry);
    context.engine.state.activity.documents.returned += batch.documents.length;
    reply.object('cursor', (into) =>
      into
        .documents('nextBatch', batch.documents)
        .int64('id', batch.isLast ? 0n : id)
        .text('ns', namespaceText(entry.namespace)),
    );
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
