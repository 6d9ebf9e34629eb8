/** Cursors: what `find` and `aggregate` give. Documents come in batches, when they are asked for. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import type { CommandSession, Connection } from './connection.js';
import { invalid } from './errors.js';
import { sortDocument } from './options.js';

export interface CursorSource {
  readonly connection: Connection;
  readonly db: string;
  readonly collection: string;
  readonly session: CommandSession | undefined;
}

export class Cursor {
  private documents: unknown[] = [];
  private next_ = 0;
  private id: unknown = undefined;
  private batchNamespace = '';
  private isStarted = false;
  private isClosed_ = false;
  private transform: ((document: unknown) => unknown) | undefined;

  /** @param command  find or aggregate: what opens it */
  constructor(
    protected readonly source: CursorSource,
    protected command: Document,
  ) {}

  [inspect.custom](): string {
    return `[cursor of ${this.source.db}.${this.source.collection}]`;
  }

  /** The command that opens it, as it is sent. */
  opening_(): Document {
    return this.command;
  }

  private run_(command: Document): Document {
    const { connection, db, session } = this.source;
    return connection.command(db, command, session)['cursor'] as Document;
  }

  private accept_(cursor: Document, documents: unknown[]): void {
    const { connection } = this.source;
    this.documents = documents;
    this.next_ = 0;
    const isLast = String(cursor['id']) === '0';
    if (isLast) {
      if (this.id !== undefined) connection.forget(this);
      this.id = undefined;
    } else if (this.id === undefined) {
      this.id = cursor['id'];
      this.batchNamespace = String(cursor['ns']);
      connection.closeWith(this, this.databaseOfBatch_, this.collectionOfBatch_, this.id);
    }
  }

  private get databaseOfBatch_(): string {
    return this.batchNamespace.slice(0, this.batchNamespace.indexOf('.'));
  }

  private get collectionOfBatch_(): string {
    return this.batchNamespace.slice(this.batchNamespace.indexOf('.') + 1);
  }

  /** @returns whether a document is there */
  private fill_(waits: boolean): boolean {
    while (this.next_ === this.documents.length) {
      if (this.isClosed_ || (this.isStarted && this.id === undefined)) return false;
      if (!this.isStarted) {
        this.isStarted = true;
        const cursor = this.run_(this.opening_());
        this.accept_(cursor, cursor['firstBatch'] as unknown[]);
      } else {
        const { batchSize } = this.command['cursor'] ?? (this.command as { batchSize?: number });
        const cursor = this.run_({
          getMore: this.id,
          collection: this.collectionOfBatch_,
          ...(batchSize === undefined || batchSize === 0 ? {} : { batchSize }),
          ...(this.command['awaitData'] === true && this.maxAwaitMs !== undefined
            ? { maxTimeMS: this.maxAwaitMs }
            : {}),
        });
        this.accept_(cursor, cursor['nextBatch'] as unknown[]);
        if (!waits) return this.documents.length > 0;
      }
    }
    return true;
  }

  protected maxAwaitMs: number | undefined;

  hasNext(): boolean {
    return this.fill_(true);
  }

  /** The next document, or null. */
  next(): unknown {
    return this.fill_(true) ? this.take_() : null;
  }

  /** The next document, or null if there is none at the moment. */
  tryNext(): unknown {
    return this.fill_(false) ? this.take_() : null;
  }

  private take_(): unknown {
    const document = this.documents[this.next_++];
    return this.transform === undefined ? document : this.transform(document);
  }

  toArray(): unknown[] {
    const all: unknown[] = [];
    while (this.hasNext()) all.push(this.take_());
    return all;
  }

  forEach(run: (document: unknown) => unknown): void {
    while (this.hasNext()) if (run(this.take_()) === false) break;
  }

  map(transform: (document: unknown) => unknown): this {
    const before = this.transform;
    this.transform = before === undefined ? transform : (document) => transform(before(document));
    return this;
  }

  *[Symbol.iterator](): Generator<unknown, void, void> {
    while (this.hasNext()) yield this.take_();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, void> {
    yield* this;
  }

  /** How many documents are left; they are read for it. */
  itcount(): number {
    let count = 0;
    for (; this.hasNext(); count++) this.next_++;
    return count;
  }

  objsLeftInBatch(): number {
    return this.documents.length - this.next_;
  }

  isExhausted(): boolean {
    return (this.isClosed_ || (this.isStarted && this.id === undefined)) && this.objsLeftInBatch() === 0;
  }

  isClosed(): boolean {
    return this.isClosed_ || (this.isStarted && this.id === undefined);
  }

  close(): void {
    if (this.id !== undefined) {
      const { connection, session } = this.source;
      connection.forget(this);
      connection.command(
        this.databaseOfBatch_,
        { killCursors: this.collectionOfBatch_, cursors: [this.id] },
        session,
      );
      this.id = undefined;
    }
    this.isClosed_ = true;
    this.documents = [];
    this.next_ = 0;
  }

  getId(): unknown {
    return this.id;
  }

  /** Documents are shown well as they are. */
  pretty(): this {
    return this;
  }

  explain(verbosity: unknown = 'queryPlanner'): Document {
    const { connection, db, session } = this.source;
    return connection.command(db, { explain: this.opening_(), verbosity: verbosityName(verbosity) }, session);
  }

  batchSize(size: number): this {
    return this.set_({ cursor: { batchSize: size } });
  }

  maxTimeMS(milliseconds: number): this {
    return this.set_({ maxTimeMS: milliseconds });
  }

  comment(comment: unknown): this {
    return this.set_({ comment });
  }

  hint(hint: unknown): this {
    return this.set_({ hint });
  }

  collation(collation: Document): this {
    return this.set_({ collation });
  }

  readConcern(level: string): this {
    return this.set_({ readConcern: { level } });
  }

  /** One node answers every read, whatever is preferred. */
  readPref(): this {
    return this;
  }

  allowDiskUse(allow = true): this {
    return this.set_({ allowDiskUse: allow });
  }

  protected set_(fields: Document): this {
    if (this.isStarted) throw invalid('the cursor has been started: set this before the first document');
    this.command = { ...this.command, ...fields };
    return this;
  }
}

export class AggregationCursor extends Cursor {}

/** What listIndexes, listCollections and others give. */
export class ListCursor extends Cursor {}

export class FindCursor extends Cursor {
  override opening_(): Document {
    const { limit, ...rest } = this.command;
    if (typeof limit !== 'number' || limit >= 0) return this.command;
    return { ...rest, limit: -limit, singleBatch: true };
  }

  override batchSize(size: number): this {
    return this.set_({ batchSize: size });
  }

  sort(sort: unknown): this {
    return this.set_({ sort: sortDocument(sort) });
  }

  limit(limit: number): this {
    if (typeof limit !== 'number') throw invalid('limit() needs a number');
    return this.set_({ limit });
  }

  skip(skip: number): this {
    if (typeof skip !== 'number') throw invalid('skip() needs a number');
    return this.set_({ skip });
  }

  projection(projection: Document): this {
    return this.set_({ projection });
  }

  project(projection: Document): this {
    return this.set_({ projection });
  }

  min(min: Document): this {
    return this.set_({ min });
  }

  max(max: Document): this {
    return this.set_({ max });
  }

  returnKey(returnKey = true): this {
    return this.set_({ returnKey });
  }

  showRecordId(showRecordId = true): this {
    return this.set_({ showRecordId });
  }

  noCursorTimeout(): this {
    return this.set_({ noCursorTimeout: true });
  }

  tailable({ awaitData = false }: { awaitData?: boolean } = {}): this {
    return this.set_({ tailable: true, awaitData });
  }

  maxAwaitTimeMS(milliseconds: number): this {
    this.maxAwaitMs = milliseconds;
    return this;
  }

  /** How many documents match; limit and skip do not count. */
  count(): number {
    const { filter, collation, hint } = this.command;
    return this.counted_({ query: filter ?? {}, collation, hint });
  }

  /** How many documents it gives, limit and skip included. */
  size(): number {
    const { filter, collation, hint, limit, skip } = this.command;
    const most = typeof limit === 'number' ? Math.abs(limit) : undefined;
    return this.counted_({ query: filter ?? {}, collation, hint, limit: most, skip });
  }

  private counted_(fields: Document): number {
    const { connection, db, collection, session } = this.source;
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const command = { count: collection, ...Object.fromEntries(given) };
    return Number(connection.command(db, command, session)['n']);
  }
}

const VERBOSITIES = ['queryPlanner', 'executionStats', 'allPlansExecution'];

export function verbosityName(verbosity: unknown): string {
  if (typeof verbosity === 'boolean') return verbosity ? 'allPlansExecution' : 'queryPlanner';
  if (typeof verbosity === 'string' && VERBOSITIES.includes(verbosity)) return verbosity;
  throw invalid(`explain() knows ${VERBOSITIES.join(', ')}, got ${String(verbosity)}`);
}
