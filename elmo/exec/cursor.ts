/**
 * A running query, read batch by batch. The one place where pulling meets the event loop: between rows that pause, others
 * get their turn.
 */
import { ElmoError } from '../errors.js';
import { documentLength } from '../bson/walk.js';
import { copyDocument } from '../bson/writer.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, type ReadDocument, type RowSource } from '../operation/row-source.js';

export interface RawBatch {
  readonly documents: Uint8Array[];
  /** Nothing comes after this batch; the cursor is closed. */
  readonly isLast: boolean;
}

/** A batch whose documents were shown one by one. */
export interface BatchEnd {
  readonly count: number;
  /** Nothing comes after this batch; the cursor is closed. */
  readonly isLast: boolean;
}

export interface BatchOptions {
  /** How long an awaiting cursor waits for new documents. */
  readonly maxTimeMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Any running query of the engine. */
export interface ElmoCursor {
  /**
   * Up to `maxDocuments` documents (at least one if there is one) that take `maxBytes` in a reply, with what it says around them.
   * 0 documents: none, without a step.
   * @throws ElmoError; the cursor is then closed
   */
  nextBatch(maxDocuments: number, maxBytes: number, options?: BatchOptions): Promise<RawBatch>;
  /**
   * The same, with each document shown to `take` where it lies instead of copied.
   * @throws ElmoError, after some documents perhaps; the cursor is then closed
   */
  readBatch?(
    take: ReadDocument<void>,
    maxDocuments: number,
    maxBytes: number,
    options?: BatchOptions,
  ): Promise<BatchEnd>;
  /**
   * Shows `take` all documents that are left, and closes the cursor: where it can, which spares copies.
   * @throws ElmoError; the cursor is then closed
   */
  drain?(take: ReadDocument<void>): Promise<void>;
  /** Whether it waits for documents that are yet to come (tailable and awaitData, change streams). */
  readonly isAwaiting: boolean;
  /** Safe to call twice. */
  close(): void;
}

/** A cursor over rows. */
export class RowCursor implements ElmoCursor {
  readonly isAwaiting = false;
  private isClosed = false;
  private isBegun = false;
  /** A row that was pulled, and did not fit into the batch before. */
  private pending: Uint8Array | undefined;

  /**
   * @param release  gives back what the rows read from (a snapshot)
   * @param isGone  whether the collection has been dropped or renamed meanwhile
   */
  constructor(
    private readonly rows: RowSource,
    private readonly operation: Operation,
    private readonly release: () => void,
    private readonly isGone?: () => boolean,
  ) {}

  /** The same without a promise, as far as one slice of time reaches; undefined: it has to pause. */
  tryNextBatch(maxDocuments: number, maxBytes: number): RawBatch | undefined {
    if (this.isClosed) throw new ElmoError('CursorNotFound', 'the cursor is closed');
    const documents: Uint8Array[] = [];
    const isLast = this.fill(new Filling(copiesTo(documents), maxDocuments, maxBytes));
    if (isLast === undefined) {
      this.resumed = documents;
      return undefined;
    }
    return { documents, isLast };
  }

  private resumed: Uint8Array[] | undefined;

  async nextBatch(maxDocuments: number, maxBytes: number, options?: BatchOptions): Promise<RawBatch> {
    const documents: Uint8Array[] = [];
    const { isLast } = await this.readBatch(copiesTo(documents), maxDocuments, maxBytes, options);
    return { documents, isLast };
  }

  async readBatch(
    take: ReadDocument<void>,
    maxDocuments: number,
    maxBytes: number,
    options?: BatchOptions,
  ): Promise<BatchEnd> {
    const begun = this.begin();
    const filling = new Filling(take, maxDocuments, maxBytes);
    try {
      for (const document of begun) filling.add(document, 0, document.length);
      for (;;) {
        const isLast = this.fill(filling);
        if (isLast !== undefined) return { count: filling.count, isLast };
        await this.turn();
        if (options?.signal?.aborted === true)
          throw new ElmoError('Interrupted', 'operation was interrupted');
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async drain(take: ReadDocument<void>): Promise<void> {
    const documents = this.begin();
    if (this.pending !== undefined) documents.push(this.pending);
    this.pending = undefined;
    try {
      for (const document of documents) take(document, 0);
      const { rows } = this;
      for (;;) {
        const pulled = rows.pull();
        if (pulled === END) return this.close();
        if (pulled === PAUSE) await this.turn();
        else {
          const length = documentLength(rows.bytes, rows.at);
          if (length > MOST_ROW_BYTES) throw tooLarge(length);
          take(rows.bytes, rows.at);
        }
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @returns what was pulled already. @throws ElmoError if there is no more to come */
  private begin(): Uint8Array[] {
    if (this.isClosed) throw new ElmoError('CursorNotFound', 'the cursor is closed');
    const documents = this.resumed ?? [];
    this.resumed = undefined;
    // the first batch goes on in the slice in which the query was planned, which may have taken most of it
    if (this.isBegun) this.operation.beginSlice();
    this.isBegun = true;
    if (this.isGone?.() === true) {
      this.close();
      throw collectionGone();
    }
    return documents;
  }

  private async turn(): Promise<void> {
    await this.operation.turn();
    if (this.isClosed) throw new ElmoError('CursorKilled', 'the cursor was killed while it was read');
  }

  /** @returns whether the rows are at their end; undefined: pause */
  private fill(filling: Filling): boolean | undefined {
    const { rows, pending } = this;
    if (pending !== undefined && !filling.isFull) {
      filling.add(pending, 0, pending.length);
      this.pending = undefined;
    }
    while (!filling.isFull) {
      const pulled = rows.pull();
      if (pulled === PAUSE) return undefined;
      if (pulled === END) return this.end();
      const length = documentLength(rows.bytes, rows.at);
      if (length > MOST_ROW_BYTES) throw tooLarge(length);
      if (!filling.hasRoomFor(length)) {
        this.pending = copyDocument(rows.bytes, rows.at);
        return false;
      }
      filling.add(rows.bytes, rows.at, length);
    }
    return rows.isAtEnd === true && this.pending === undefined ? this.end() : false;
  }

  private end(): true {
    this.close();
    return true;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.rows.close();
    this.release();
  }
}

/** What stands in a reply before its first document. */
const REPLY_BYTES = 55;

/** A batch on its way: how many documents, how many bytes of a reply. */
class Filling {
  count = 0;
  private bytes = REPLY_BYTES;

  constructor(
    private readonly take: ReadDocument<void>,
    private readonly maxDocuments: number,
    private readonly maxBytes: number,
  ) {}

  get isFull(): boolean {
    return this.count >= this.maxDocuments;
  }

  /** The first document has room whatever its length. */
  hasRoomFor(length: number): boolean {
    return this.count === 0 || this.bytes + length + nameBytes(this.count) <= this.maxBytes;
  }

  add(bytes: Uint8Array, at: number, length: number): void {
    this.bytes += length + nameBytes(this.count);
    this.count++;
    this.take(bytes, at);
  }
}

const copiesTo =
  (documents: Uint8Array[]): ReadDocument<void> =>
  (bytes, at) =>
    documents.push(copyDocument(bytes, at));

/** What an array has before its element of that index: a type, and the index as text. */
function nameBytes(index: number): number {
  if (index < 100) return index < 10 ? 3 : 4;
  return index < 1000 ? 5 : index < 10_000 ? 6 : index < 100_000 ? 7 : index < 1_000_000 ? 8 : 9;
}

/** A document in 16 MB, and what a reply says around it. Stored documents are smaller; what a pipeline makes may not be. */
const MOST_ROW_BYTES = (16 << 20) + (16 << 10);

function tooLarge(bytes: number): ElmoError {
  return new ElmoError(
    'BSONObjectTooLarge',
    `Serializing Document failed :: caused by :: Size ${bytes} exceeds maximum ${MOST_ROW_BYTES}`,
  );
}

/** What a cursor says when its collection is not there any more under its name. */
export function collectionGone(): ElmoError {
  return new ElmoError('QueryPlanKilled', 'collection dropped or renamed: the cursor cannot go on');
}

/** Documents that are there already. */
export class ListCursor implements ElmoCursor {
  readonly isAwaiting = false;
  private next = 0;

  constructor(private readonly documents: readonly Uint8Array[]) {}

  nextBatch(maxDocuments: number, maxBytes: number): Promise<RawBatch> {
    const batch: Uint8Array[] = [];
    let bytes = REPLY_BYTES;
    while (this.next < this.documents.length && batch.length < maxDocuments) {
      const document = this.documents[this.next]!;
      const length = document.length + nameBytes(batch.length);
      if (bytes + length > maxBytes && batch.length > 0) break;
      bytes += length;
      batch.push(document);
      this.next++;
    }
    return Promise.resolve({ documents: batch, isLast: this.next === this.documents.length });
  }

  close(): void {
    this.next = this.documents.length;
  }
}

/** Runs rows to their end, giving each to `take`. */
export async function drive(
  rows: RowSource,
  operation: Operation,
  take: (rows: RowSource) => void,
): Promise<void> {
  operation.beginSlice();
  for (;;) {
    const pulled = rows.pull();
    if (pulled === END) return;
    if (pulled === PAUSE) await operation.turn();
    else take(rows);
  }
}
