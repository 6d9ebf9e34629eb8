/** A collection, and the questions that can be put to it. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import type { Database } from './database.js';
import { AggregationCursor, FindCursor, type CursorSource } from './cursor.js';
import { invalid } from './errors.js';
import { isDocument, pick } from './options.js';
import {
  aggregateStatement,
  countDocumentsStatement,
  countStatement,
  distinctStatement,
  findStatement,
} from './statements.js';

export class CollectionReads {
  constructor(
    protected readonly db_: Database,
    protected readonly name_: string,
  ) {}

  [inspect.custom](): string {
    return this.getFullName();
  }

  getName(): string {
    return this.name_;
  }

  getFullName(): string {
    return `${this.db_.getName()}.${this.name_}`;
  }

  getDB(): Database {
    return this.db_;
  }

  getMongo(): unknown {
    return this.db_.getMongo();
  }

  protected run_(command: Document): Document {
    return this.db_.runCommand(command);
  }

  protected source_(): CursorSource {
    return this.db_.cursorSource_(this.name_);
  }

  /** Any command on this collection: runCommand('validate', {full: true}). */
  runCommand(command: string | Document, options: Document = {}): Document {
    return this.run_(typeof command === 'string' ? { [command]: this.name_, ...options } : command);
  }

  find(filter?: Document, projection?: Document, options?: Document): FindCursor {
    return new FindCursor(this.source_(), findStatement(this.name_, filter, projection, options));
  }

  findOne(filter?: Document, projection?: Document, options?: Document): unknown {
    return this.find(filter, projection, options).limit(-1).next();
  }

  aggregate(...stages: unknown[]): AggregationCursor | Document {
    const options = Array.isArray(stages[0]) ? stages[1] : undefined;
    const cursor = new AggregationCursor(this.source_(), aggregateStatement(this.name_, stages));
    if (isDocument(options) && options['explain'] !== undefined && options['explain'] !== false)
      return cursor.explain(options['explain']);
    if (writesResult(cursor.opening_())) cursor.hasNext(); // $out and $merge are wanted for what they do
    return cursor;
  }

  countDocuments(filter?: Document, options?: Document): number {
    if (filter !== undefined && !isDocument(filter))
      throw invalid('countDocuments() needs a document to compare with');
    const cursor = new AggregationCursor(
      this.source_(),
      countDocumentsStatement(this.name_, filter, options),
    );
    const counted = cursor.next() as Document | null;
    return Number(counted?.['n'] ?? 0);
  }

  estimatedDocumentCount(options?: Document): number {
    return Number(this.run_({ count: this.name_, ...pick(options, ['maxTimeMS', 'comment']) })['n']);
  }

  count(filter?: Document, options?: Document): number {
    return Number(this.run_(countStatement(this.name_, filter, options))['n']);
  }

  distinct(field: string, filter?: Document, options?: Document): unknown[] {
    return this.run_(distinctStatement(this.name_, field, filter, options))['values'] as unknown[];
  }
}

function writesResult({ pipeline }: Document): boolean {
  const last = (pipeline as Document[]).at(-1) ?? {};
  return '$out' in last || '$merge' in last;
}
