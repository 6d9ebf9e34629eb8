/**
 * Cursors as users of the official driver know them. A cursor asks the engine for a batch and gives its documents out one
 * by one, decoded when they are asked for; inside a batch nothing is awaited.
 */
import { Readable } from 'node:stream';
import type { BatchOptions, ElmoCursor } from '../exec/cursor.js';
import {
  MongoAPIError,
  MongoCursorExhaustedError,
  MongoInvalidArgumentError,
  publicError,
} from './errors.js';
import type { Codec } from './options.js';

const FIRST_BATCH_BYTES = 16 * 1024 * 1024;
/** Documents of a batch when nothing else is said: enough to make its promise cheap, few enough to come at once. */
const DEFAULT_BATCH = 1000;

export type CursorFlag =
  'tailable' | 'awaitData' | 'noCursorTimeout' | 'exhaust' | 'partial' | 'oplogReplay' | 'secondaryOk';

export abstract class AbstractCursor<TSchema = unknown> implements AsyncDisposable {
  private inner: ElmoCursor | undefined;
  private documents: Uint8Array[] = [];
  private next_ = 0;
  private isLast = false;
  private isStarted = false;
  private isClosed = false;
  private transform: ((document: unknown) => unknown) | undefined;
  protected batchSize_: number | undefined;
  protected maxAwaitMs: number | undefined;

  /** @param signal  once it aborts, asking for a document throws its reason */
  constructor(
    protected readonly codec: Codec,
    protected readonly signal?: AbortSignal,
  ) {}

  /** Opens the query. */
  protected abstract open(): Promise<ElmoCursor>;
  /** A cursor that has not been started, with the same settings. */
  abstract clone(): AbstractCursor<TSchema>;

  get closed(): boolean {
    return this.isClosed;
  }

  get killed(): boolean {
    return this.isClosed && !this.isLast;
  }

  get loadBalanced(): boolean {
    return false;
  }

  /** The documents that have come and were not asked for. */
  bufferedCount(): number {
    return this.documents.length - this.next_;
  }

  readBufferedDocuments(count: number = this.bufferedCount()): NonNullable<TSchema>[] {
    const documents: NonNullable<TSchema>[] = [];
    while (documents.length < count && this.bufferedCount() > 0) documents.push(this.take());
    return documents;
  }

  private take(): NonNullable<TSchema> {
    const raw = this.documents[this.next_++]!;
    return this.shown(this.codec.options.raw === true ? raw : this.codec.decode<unknown>(raw));
  }

  private shown(document: unknown): NonNullable<TSchema> {
    return (this.transform === undefined ? document : this.transform(document)) as NonNullable<TSchema>;
  }

  /** @returns whether a document is there */
  private async fill(waits: boolean): Promise<boolean> {
    while (this.next_ === this.documents.length) {
      if (this.isClosed || this.isLast) {
        await this.close();
        return false;
      }
      this.isStarted = true;
      try {
        this.inner ??= await this.open();
        this.signal?.throwIfAborted();
        const batch = await this.inner.nextBatch(
          this.batchSize_ === undefined || this.batchSize_ === 0 ? DEFAULT_BATCH : this.batchSize_,
          FIRST_BATCH_BYTES,
          this.batchOptions(),
        );
        this.documents = batch.documents;
        this.next_ = 0;
        this.isLast = batch.isLast;
        this.signal?.throwIfAborted();
      } catch (error) {
        this.isClosed = true;
        this.inner?.close();
        throw publicError(error);
      }
      if (this.documents.length === 0 && !this.isLast && !waits) return false;
    }
    return true;
  }

  private batchOptions(): BatchOptions | undefined {
    return this.maxAwaitMs === undefined ? undefined : { maxTimeMs: this.maxAwaitMs };
  }

  async hasNext(): Promise<boolean> {
    this.signal?.throwIfAborted();
    return this.next_ < this.documents.length || (await this.fill(true));
  }

  /** The next document, or null at the end. Waits as long as a tailable cursor has none. */
  async next(): Promise<TSchema | null> {
    this.signal?.throwIfAborted();
    if (this.next_ < this.documents.length) return this.take();
    if (this.isClosed && !this.isLast) throw new MongoCursorExhaustedError('Cursor is exhausted');
    return (await this.fill(true)) ? this.take() : null;
  }

  /** The next document, or null if there is none at the moment. */
  async tryNext(): Promise<TSchema | null> {
    this.signal?.throwIfAborted();
    if (this.next_ < this.documents.length) return this.take();
    if (this.isClosed && !this.isLast) throw new MongoCursorExhaustedError('Cursor is exhausted');
    return (await this.fill(false)) ? this.take() : null;
  }

  /** Calls `run` with each document until it returns false. */
  async forEach(run: (document: TSchema) => boolean | void): Promise<void> {
    if (typeof run !== 'function')
      throw new MongoInvalidArgumentError('Argument "iterator" must be a function');
    for await (const document of this) if (run(document) === false) break;
  }

  async toArray(): Promise<TSchema[]> {
    const documents: TSchema[] = this.readBufferedDocuments();
    if (await this.drain(documents)) return documents;
    while (await this.hasNext()) while (this.next_ < this.documents.length) documents.push(this.take());
    return documents;
  }

  /** Adds all that is left, decoded where it lies. @returns whether the query offers that */
  private async drain(into: TSchema[]): Promise<boolean> {
    if (this.isClosed || this.isLast) return false;
    this.isStarted = true;
    const { read } = this.codec;
    const found: unknown[] = [];
    try {
      this.signal?.throwIfAborted();
      this.inner ??= await this.open();
      if (this.inner.drain === undefined) return false;
      await this.inner.drain((bytes, at) => void found.push(read(bytes, at)));
      this.signal?.throwIfAborted();
    } catch (error) {
      this.isClosed = true;
      this.inner?.close();
      throw publicError(error);
    }
    this.isLast = true;
    await this.close();
    for (const document of found) into.push(this.shown(document));
    return true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TSchema, void, void> {
    try {
      while (await this.hasNext()) yield this.take();
    } finally {
      if (!this.isClosed) await this.close();
    }
  }

  stream(options: { transform?: (document: TSchema) => unknown } = {}): Readable & AsyncIterable<TSchema> {
    const { transform } = options;
    const documents = this[Symbol.asyncIterator]();
    async function* transformed(): AsyncGenerator<unknown> {
      for await (const document of documents) yield transform === undefined ? document : transform(document);
    }
    const readable = Readable.from(transformed(), { objectMode: true, highWaterMark: 16 });
    if (this.signal !== undefined) destroyOnAbort(readable, this.signal);
    return readable as Readable & AsyncIterable<TSchema>;
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.inner?.close();
    this.inner = undefined;
    if (this.isLast) return Promise.resolve();
    this.documents = [];
    this.next_ = 0;
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Back to the beginning: the query runs again. */
  rewind(): void {
    void this.close();
    this.isClosed = false;
    this.isStarted = false;
    this.isLast = false;
    this.documents = [];
    this.next_ = 0;
  }

  map<T>(transform: (document: TSchema) => T): AbstractCursor<T> {
    this.checkNotStarted();
    const before = this.transform;
    const step = transform as (document: unknown) => unknown;
    this.transform = before === undefined ? step : (document) => step(before(document));
    return this as unknown as AbstractCursor<T>;
  }

  batchSize(value: number): this {
    this.checkNotStarted();
    if (typeof value !== 'number')
      throw new MongoInvalidArgumentError('Operation "batchSize" requires an integer');
    this.batchSize_ = value;
    return this;
  }

  /** One node answers every read, whatever is preferred. */
  withReadPreference(_preference: unknown): this {
    this.checkNotStarted();
    return this;
  }

  withReadConcern(_concern: unknown): this {
    this.checkNotStarted();
    return this;
  }

  protected checkNotStarted(): void {
    if (this.isStarted) throw new MongoAPIError('Cursor is already initialized');
  }
}

/** Ends a stream with the reason of an abort, whatever it has read ahead. */
function destroyOnAbort(stream: Readable, signal: AbortSignal): void {
  const stop = (): void => void stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', stop));
}
