/** A cursor of the process that holds the file. It is opened there with the first batch, when it is known how much is wanted. */
import {
  ElmoError,
  type Arguments,
  type BatchOptions,
  type ElmoCursor,
  type RawBatch,
  type ReplyWriter,
  type requests,
  type SessionContext,
} from '../../elmo/index.js';
import type { Links } from './link.js';
import { message, writeCommon, writeSession } from './messages.js';
import { readReply } from './replies.js';

const MOST_IN_BATCH = 0x7fff_ffff;

export interface Opening {
  readonly request: requests.CommonRequest & { readonly namespace: requests.Namespace };
  readonly session: SessionContext | undefined;
  readonly isAwaiting: boolean;
  /** Writes the command's own fields. */
  write(into: ReplyWriter, batchSize: number): void;
}

export class RemoteCursor implements ElmoCursor {
  readonly isAwaiting: boolean;
  private id = 0n;
  private collection: string;
  private isOpened = false;
  private isClosed = false;

  constructor(
    private readonly links: Links,
    private readonly opening: Opening,
  ) {
    this.isAwaiting = opening.isAwaiting;
    this.collection = opening.request.namespace.collection;
  }

  async nextBatch(maxDocuments: number, _maxBytes: number, options: BatchOptions = {}): Promise<RawBatch> {
    if (this.isClosed) throw new ElmoError('CursorNotFound', 'the cursor is closed');
    const batchSize = Math.min(maxDocuments, MOST_IN_BATCH);
    if (batchSize === 0) return { documents: [], isLast: false };
    const signal = options.signal ?? this.opening.request.signal;
    const wanted = this.isOpened ? this.more(batchSize, options.maxTimeMs) : this.first(batchSize);
    const reply = readReply(await this.links.call(wanted, signal));
    return this.batchOf(reply);
  }

  private first(batchSize: number): Uint8Array {
    const { opening } = this;
    return message((into) => {
      opening.write(into, batchSize);
      writeCommon(into, opening.request, opening.session);
    });
  }

  private more(batchSize: number, maxTimeMs: number | undefined): Uint8Array {
    const { request, session } = this.opening;
    const continued = session === undefined ? undefined : { ...session, startTransaction: false };
    return message((into) => {
      into.int64('getMore', this.id).text('collection', this.collection).int64('batchSize', batchSize);
      if (maxTimeMs !== undefined && this.isAwaiting) into.double('maxTimeMS', maxTimeMs);
      writeSession(into, continued);
      into.text('$db', request.namespace.db);
    });
  }

  private batchOf(reply: Arguments): RawBatch {
    const cursor = reply.struct('cursor')!;
    const documents = cursor
      .elements(this.isOpened ? 'nextBatch' : 'firstBatch')
      .map((value) => value.document);
    const namespace = cursor.text('ns')!;
    this.collection = namespace.slice(namespace.indexOf('.') + 1);
    this.id = cursor.long('id') ?? 0n;
    this.isOpened = true;
    const isLast = this.id === 0n;
    if (isLast) this.isClosed = true;
    return { documents, isLast };
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.id === 0n) return;
    const killing = message((into) => {
      into.text('killCursors', this.collection).longs('cursors', [this.id]);
      into.text('$db', this.opening.request.namespace.db);
    });
    this.links.call(killing).catch(() => undefined); // with its process the cursor is gone anyway
  }
}
