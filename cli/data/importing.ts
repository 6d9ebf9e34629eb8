/** Takes the records of an input into a collection. What is refused is told with its line; the rest goes in. */
import { Decoder, MongoBulkWriteError, type AnyBulkWriteOperation, type Document } from '../../elmo/index.js';
import type { ElmoClient } from '../../server-compat/index.js';
import type { DatabaseName } from '../database.js';
import { formatCount, formatCounted } from '../output.js';
import type { Terminal } from '../terminal.js';
import { isBad, type InputRecord } from './record.js';

export type ImportMode = 'insert' | 'upsert' | 'merge' | 'delete';

export interface ImportingOptions {
  readonly mode: ImportMode;
  /** What finds the document that is there, for all modes but `insert`. */
  readonly keys: readonly string[];
  readonly stopsOnFault: boolean;
  readonly bypassesValidation: boolean;
}

const BATCH_DOCUMENTS = 1_000;
/** Faults that are told one by one. */
const MOST_TOLD = 20;
const DUPLICATE = /^E11000 /;
/** Keeps every type. */
const precise = new Decoder({ promoteValues: false, bsonRegExp: true });

const VERBS: Readonly<Record<ImportMode, string>> = {
  insert: 'imported',
  upsert: 'imported',
  merge: 'merged',
  delete: 'deleted',
};

/** What to do so that nothing is there twice. */
export const HOW_AGAIN = 'with --mode upsert if its documents have an _id, else into an empty collection';

/** The first fault, where that ends the work. */
export class StoppedImporting extends Error {}

export class Importing {
  /** Documents that went in, or out. */
  done = 0;
  faults = 0;
  private duplicates = 0;
  private hasStopped = false;
  private batch: Uint8Array[] = [];
  private lines: number[] = [];

  constructor(
    private readonly client: ElmoClient,
    private readonly terminal: Terminal,
    private readonly namespace: DatabaseName,
    private readonly options: ImportingOptions,
  ) {}

  async take(records: readonly InputRecord[]): Promise<void> {
    for (const record of records) {
      if (isBad(record)) {
        if (this.options.stopsOnFault) await this.flush();
        this.complain(`line ${record.line}, column ${record.column}: ${record.reason}`);
        continue;
      }
      this.batch.push(record.document);
      this.lines.push(record.line);
      if (this.batch.length === BATCH_DOCUMENTS) await this.flush();
    }
  }

  /** Sends what waits. */
  async flush(): Promise<void> {
    const { batch, lines } = this;
    if (batch.length === 0) return;
    this.batch = [];
    this.lines = [];
    if (this.options.mode === 'insert') await this.insert(batch, lines);
    else await this.write(batch, lines);
  }

  get summary(): string {
    const faults = this.faults === 0 ? '' : `, ${formatCount(this.faults)} left out`;
    return `${formatCounted(this.done, 'document')} ${VERBS[this.options.mode]}${faults}`;
  }

  /** How to go on, where something was left out. */
  get hints(): readonly string[] {
    const hints: string[] = [];
    if (this.options.mode === 'insert' && this.duplicates > 0)
      hints.push(
        `${formatCounted(this.duplicates, 'was', 'were')} there already: --mode upsert replaces them, --mode merge adds to them`,
      );
    if (this.options.mode !== 'delete' && this.faults > this.duplicates)
      hints.push(
        `what is wrong in the input is told with its line: mend it and import these lines alone, or all of it again, ${HOW_AGAIN}`,
      );
    if (this.hasStopped)
      hints.push('what comes behind the first fault was not imported, as --stopOnError says');
    return hints;
  }

  private async insert(documents: readonly Uint8Array[], lines: readonly number[]): Promise<void> {
    const { inserted, failures } = await this.client.engine.insert({
      namespace: this.namespace,
      documents,
      isOrdered: this.options.stopsOnFault,
      bypassDocumentValidation: this.options.bypassesValidation,
      keepsEmptyTimestamps: true,
    });
    this.done += inserted;
    for (const { index, error } of failures) this.refused(lines[index]!, error.message);
  }

  private async write(batch: readonly Uint8Array[], lines: readonly number[]): Promise<void> {
    const operations: AnyBulkWriteOperation<Document>[] = [];
    const operationLines: number[] = [];
    for (const [i, raw] of batch.entries()) {
      const operation = this.operationOf(precise.decode(raw));
      if (typeof operation === 'string') {
        if (this.options.stopsOnFault) await this.send(operations.splice(0), operationLines.splice(0));
        this.refused(lines[i]!, operation);
        continue;
      }
      operations.push(operation);
      operationLines.push(lines[i]!);
    }
    await this.send(operations, operationLines);
  }

  private async send(
    operations: readonly AnyBulkWriteOperation<Document>[],
    lines: readonly number[],
  ): Promise<void> {
    if (operations.length === 0) return;
    const { db, collection } = this.namespace;
    const { stopsOnFault: ordered, bypassesValidation: bypassDocumentValidation } = this.options;
    try {
      const options = { ordered, bypassDocumentValidation };
      this.count(await this.client.db(db).collection(collection).bulkWrite(operations, options));
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      this.count(error.result);
      for (const { index, errmsg } of [error.writeErrors].flat())
        this.refused(lines[index]!, errmsg ?? 'refused');
    }
  }

  private count(result: {
    readonly insertedCount: number;
    readonly matchedCount: number;
    readonly upsertedCount: number;
    readonly deletedCount: number;
  }): void {
    const { insertedCount, matchedCount, upsertedCount, deletedCount } = result;
    this.done += insertedCount + matchedCount + upsertedCount + deletedCount;
  }

  /** @returns what to do with a document, or why that cannot be told */
  private operationOf(document: Document): AnyBulkWriteOperation<Document> | string {
    const { mode, keys } = this.options;
    const missing = keys.filter((key) => valueAt(document, key) === undefined);
    // $eq: a regular expression is looked for as it is
    const filter = Object.fromEntries(keys.map((key) => [key, { $eq: valueAt(document, key) }]));
    if (mode === 'delete')
      return missing.length > 0
        ? `it has no ${missing.join(', ')} to be deleted by`
        : { deleteOne: { filter } };
    if (missing.length > 0) return { insertOne: { document } };
    if (mode === 'upsert') return { replaceOne: { filter, replacement: document, upsert: true } };
    const { _id, ...rest } = document;
    const onInsert =
      _id === undefined || keys.includes('_id') ? {} : { $setOnInsert: { _id: _id as unknown } };
    return { updateOne: { filter, update: { $set: rest, ...onInsert }, upsert: true } };
  }

  private refused(line: number, message: string): void {
    if (DUPLICATE.test(message)) this.duplicates++;
    this.complain(`line ${line}: ${message}`);
  }

  private complain(text: string): void {
    this.faults++;
    if (this.faults <= MOST_TOLD) this.terminal.warn(`${text}\n`);
    if (this.faults === MOST_TOLD + 1) this.terminal.warn('… more faults are counted, but not told\n');
    if (!this.options.stopsOnFault) return;
    this.hasStopped = true;
    throw new StoppedImporting();
  }
}

function valueAt(document: Document, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split('.')) value = (value as Document | null | undefined)?.[name];
  return value;
}
