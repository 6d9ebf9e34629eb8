/** The document layer of the process that holds the file, as if it were here. Every request is one command to it, or a few. */
import {
  Arguments,
  documentValue,
  type CommandSettings,
  type ElmoCursor,
  type RawDocument,
  type ReadDocument,
  type requests,
  type ReplyWriter,
  type SessionContext,
  type Value,
} from '../../elmo/index.js';
import type { Links } from './link.js';
import {
  deleteStatement,
  message,
  rawOf,
  updateStatement,
  writeAggregate,
  writeBulk,
  writeCommon,
  writeCount,
  writeDistinct,
  writeFind,
  writeFindAndModify,
  writeSession,
  writeWriting,
} from './messages.js';
import { RemoteCursor } from './remote-cursor.js';
import { failuresOf, findAndModifyOf, readReply, upsertedOf } from './replies.js';

/** Of documents in one message: well below what a message may have. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_STATEMENTS = 100_000;

type BulkRequest = requests.InsertRequest | requests.UpdateRequest | requests.DeleteRequest;

interface BulkReply {
  readonly n: number;
  readonly modified: number;
  readonly upserted: { index: number; id: Value }[];
  readonly failures: requests.WriteFailure[];
}

export class RemoteEngine {
  constructor(private readonly links: Links) {}

  find(request: requests.FindRequest, session?: SessionContext): ElmoCursor {
    return new RemoteCursor(this.links, {
      request,
      session,
      isAwaiting: request.awaitData === true,
      write: (into, batchSize) => writeFind(into, request, batchSize),
    });
  }

  async findOne<T extends object>(
    namespace: requests.Namespace,
    filter: RawDocument,
    read: ReadDocument<T>,
  ): Promise<T | undefined> {
    const { documents } = await this.find({ namespace, filter, limit: 1 }).nextBatch(1, MOST_BYTES);
    return documents[0] === undefined ? undefined : read(documents[0], 0);
  }

  aggregate(request: requests.AggregateRequest, session?: SessionContext): ElmoCursor {
    return new RemoteCursor(this.links, {
      request,
      session,
      isAwaiting: false,
      write: (into, batchSize) => writeAggregate(into, request, batchSize),
    });
  }

  async count(request: requests.CountRequest, session?: SessionContext): Promise<number> {
    if (session?.autocommit === false) return this.countInTransaction(request, session);
    const reply = await this.call(request, (into) => {
      writeCount(into, request);
      writeCommon(into, request, session);
    });
    return reply.number('n')!;
  }

  /** The command `count` runs in none. */
  private async countInTransaction(request: requests.CountRequest, session: SessionContext): Promise<number> {
    const { filter, skip, limit, ...common } = request;
    const stage = (fill: (into: ReplyWriter) => void): RawDocument => rawOf(fill);
    const pipeline = [
      ...(filter === undefined ? [] : [stage((into) => into.document('$match', filter))]),
      ...(skip === undefined || skip === 0 ? [] : [stage((into) => into.int64('$skip', skip))]),
      ...(limit === undefined || limit === 0 ? [] : [stage((into) => into.int64('$limit', limit))]),
      stage((into) => into.text('$count', 'n')),
    ];
    const cursor = this.aggregate({ ...common, pipeline }, session);
    const { documents } = await cursor.nextBatch(1, MOST_BYTES);
    cursor.close();
    const [found] = documents;
    return found === undefined ? 0 : Arguments.of(documentValue(found)).number('n')!;
  }

  async distinct(request: requests.DistinctRequest, session?: SessionContext): Promise<readonly Value[]> {
    const reply = await this.call(request, (into) => {
      writeDistinct(into, request);
      writeCommon(into, request, session);
    });
    return reply.elements('values');
  }

  async insert(request: requests.InsertRequest, session?: SessionContext): Promise<requests.InsertResult> {
    const { n, failures } = await this.bulk('insert', 'documents', request, request.documents, session);
    return { inserted: n, failures };
  }

  async update(request: requests.UpdateRequest, session?: SessionContext): Promise<requests.UpdateResult> {
    const statements = request.statements.map((statement) => updateStatement(statement, request));
    const done = await this.bulk('update', 'updates', request, statements, session);
    const { n, modified, upserted, failures } = done;
    return { matched: n - upserted.length, modified, upserted, failures };
  }

  async delete(request: requests.DeleteRequest, session?: SessionContext): Promise<requests.DeleteResult> {
    const statements = request.statements.map((statement) => deleteStatement(statement, request));
    const { n, failures } = await this.bulk('delete', 'deletes', request, statements, session);
    return { deleted: n, failures };
  }

  async findAndModify(
    request: requests.FindAndModifyRequest,
    session?: SessionContext,
  ): Promise<requests.FindAndModifyResult> {
    const reply = await this.call(request, (into) => {
      writeFindAndModify(into, request);
      writeWriting(into, request, session);
    });
    return findAndModifyOf(reply);
  }

  /** Statements in as few messages as they fit into. Those of a retryable write are numbered on. */
  private async bulk(
    name: 'insert' | 'update' | 'delete',
    field: string,
    request: BulkRequest,
    statements: readonly RawDocument[],
    session: SessionContext | undefined,
  ): Promise<BulkReply> {
    const all = {
      n: 0,
      modified: 0,
      upserted: [] as BulkReply['upserted'],
      failures: [] as BulkReply['failures'],
    };
    let from = 0;
    do {
      const to = endOfMessage(statements, from);
      const first = from;
      const sent = message(
        (into) => {
          writeBulk(into, name, request);
          if (session?.txnNumber !== undefined) into.int32('stmtId', session.stmtId + first);
          const isStart = first === 0;
          writeWriting(
            into,
            request,
            session === undefined || isStart ? session : { ...session, startTransaction: false },
          );
        },
        { name: field, documents: statements.slice(from, to) },
      );
      const reply = readReply(await this.links.call(sent, request.signal));
      all.n += reply.number('n') ?? 0;
      all.modified += reply.number('nModified') ?? 0;
      all.upserted.push(...upsertedOf(reply, first));
      all.failures.push(...failuresOf(reply, first));
      from = to;
    } while (from < statements.length && !(request.isOrdered && all.failures.length > 0));
    return all;
  }

  private async call(
    { signal }: requests.CommonRequest,
    fill: (into: ReplyWriter) => void,
  ): Promise<Arguments> {
    return readReply(await this.links.call(message(fill), signal));
  }

  /** @param body  with its `$db` */
  command(body: RawDocument, { session, signal }: CommandSettings): Promise<RawDocument> {
    const sent = message((into) => {
      into.fieldsOf(body);
      writeSession(into, session);
    });
    return this.links.call(sent, signal);
  }

  async endTransaction(
    name: 'commitTransaction' | 'abortTransaction',
    context: SessionContext,
    isDurable: boolean,
  ): Promise<void> {
    const sent = message((into) => {
      into.int32(name, 1);
      writeSession(into, { ...context, startTransaction: false });
      if (isDurable) into.object('writeConcern', (concern) => concern.bool('j', true));
      into.text('$db', 'admin');
    });
    readReply(await this.links.call(sent));
  }

  async endSession(lsid: string): Promise<void> {
    const id = rawOf((into) => into.binary('id', Buffer.from(lsid, 'hex'), UUID));
    const sent = message((into) => into.documents('endSessions', [id]).text('$db', 'admin'));
    await this.links.call(sent);
  }

  close(): void {
    this.links.close();
  }
}

const UUID = 4;

function endOfMessage(statements: readonly RawDocument[], from: number): number {
  let bytes = 0;
  let to = from;
  while (to < statements.length && to - from < MOST_STATEMENTS) {
    bytes += statements[to]!.length;
    if (bytes > MOST_BYTES && to > from) break;
    to++;
  }
  return to;
}
