/** `elmo import FILE NS [INPUT]`: documents from JSON, CSV or TSV. Flags as mongoimport has them. */
import { Command, Option } from 'commander';
import {
  MongoBulkWriteError,
  type AnyBulkWriteOperation,
  type Collection,
  type Document,
} from '../elmo/index.js';
import { outputTo } from './command-output.js';
import { openInput, textOf } from './data/input.js';
import { jsonRecords } from './data/json-records.js';
import { isBad, type InputRecord } from './data/record.js';
import { tableRecords } from './data/table-records.js';
import { parseNamespace, withDatabase } from './database.js';
import { UsageError } from './errors.js';
import { formatCount, formatDuration, formatSize } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

type Mode = 'insert' | 'upsert' | 'merge' | 'delete';

interface ImportFlags {
  readonly type?: 'json' | 'csv' | 'tsv';
  readonly headerline?: boolean;
  readonly fields?: string;
  readonly columnsHaveTypes?: boolean;
  readonly ignoreBlanks?: boolean;
  readonly mode: Mode;
  readonly upsertFields: string;
  readonly stopOnError?: boolean;
  readonly drop?: boolean;
}

const BATCH_DOCUMENTS = 1_000;
/** Faults that are told one by one. */
const MOST_TOLD = 20;

const EXAMPLES = `
Examples:
  elmo import app.elmo shop.orders orders.ndjson        one document a line; an array works as well
  elmo import app.elmo shop.orders orders.json.gz --mode upsert
  elmo import app.elmo shop.people people.csv           the first row has the names
  elmo import app.elmo shop.people people.tsv --fields "name.string(),born.date()" --columnsHaveTypes
  curl https://example.org/orders | elmo import app.elmo shop.orders

What cannot be read or is refused is told with its line; the rest goes in. Exit code 1 when anything was left out.`;

/** @param setExitCode  told 1 when something did not go in */
export function importCommand(terminal: Terminal, setExitCode: (code: number) => void): Command {
  return new Command('import')
    .description('documents from JSON, CSV or TSV, also packed with gzip')
    .argument('<file>', 'the database; made if it is not there')
    .argument('<namespace>', 'DATABASE.COLLECTION')
    .argument('[input]', 'what to read; none or -: standard input')
    .addOption(
      new Option('--type <type>', 'of the input; by its name, else json').choices(['json', 'csv', 'tsv']),
    )
    .option('--headerline', 'the first row has the names (so it is unless --fields is given)')
    .option('--fields <names>', 'names of the columns, with commas between')
    .option('--columnsHaveTypes', 'names say types: born.date(), total.double()')
    .option('--ignoreBlanks', 'empty cells make no field')
    .addOption(
      new Option('--mode <mode>', 'what to do with each document')
        .choices(['insert', 'upsert', 'merge', 'delete'])
        .default('insert'),
    )
    .option('--upsertFields <names>', 'what finds the document that is there', '_id')
    .option('--stopOnError', 'stop at the first fault')
    .option('--drop', 'drop the collection first')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, namespace: string, path: string | undefined, flags: ImportFlags) => {
      const { db, collection } = parseNamespace(namespace);
      const input = await openInput(path);
      const records = recordsOf(textOf(input.chunks), typeOf(path, flags), flags);
      await withDatabase(file, true, async (client) => {
        const target = client.db(db).collection(collection);
        if (flags.drop === true) await target.drop();
        const progress = new Progress(terminal, {
          label: 'importing',
          total: input.total,
          formatSteps: formatSize,
        });
        const work = new Importing(terminal, target, flags);
        try {
          for await (const piece of records) {
            for (const record of piece) await work.take(record);
            progress.update(
              input.done(),
              `${formatCount(work.done)} documents, ${rateOf(work.done, progress)}`,
            );
          }
          await work.flush();
        } catch (error) {
          if (!(error instanceof Stopped)) throw withCount(error, work.done);
        } finally {
          progress.stop();
        }
        if (work.faults > 0) setExitCode(1);
        await terminal.write(work.summary(progress));
      });
    });
}

function rateOf(count: number, { elapsedSeconds }: Progress): string {
  return `${formatCount(Math.round(count / Math.max(elapsedSeconds, 0.001)))}/s`;
}

/** Says how much went in before it. */
function withCount(error: unknown, done: number): Error {
  const message = error instanceof Error ? error.message : String(error);
  const note = `${message}; ${formatCount(done)} documents went in before, and are there`;
  return new Error(note, { cause: error });
}

/** The first fault, where that ends the work. */
class Stopped extends Error {}

class Importing {
  done = 0;
  faults = 0;
  private batch: Document[] = [];
  private lines: number[] = [];
  private readonly keys: readonly string[];

  constructor(
    private readonly terminal: Terminal,
    private readonly target: Collection,
    private readonly flags: ImportFlags,
  ) {
    this.keys = flags.upsertFields.split(',').map((name) => name.trim());
  }

  async take(record: InputRecord): Promise<void> {
    if (isBad(record)) {
      if (this.flags.stopOnError === true) await this.flush();
      this.complain(`line ${record.line}, column ${record.column}: ${record.reason}`);
      return;
    }
    this.batch.push(record.document);
    this.lines.push(record.line);
    if (this.batch.length === BATCH_DOCUMENTS) await this.flush();
  }

  async flush(): Promise<void> {
    const { batch, lines } = this;
    if (batch.length === 0) return;
    this.batch = [];
    this.lines = [];
    const ordered = this.flags.stopOnError === true;
    try {
      if (this.flags.mode === 'insert') await this.target.insertMany(batch, { ordered });
      else
        await this.target.bulkWrite(
          batch.map((document) => this.operationOf(document)),
          { ordered },
        );
      this.done += batch.length;
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      const failures = [error.writeErrors].flat();
      const tried = ordered ? failures[0]!.index + 1 : batch.length;
      this.done += tried - failures.length;
      for (const { index, errmsg } of failures) this.complain(`line ${lines[index]}: ${errmsg ?? 'refused'}`);
    }
  }

  summary(progress: Progress): string {
    const verb = { insert: 'imported', upsert: 'imported', merge: 'merged', delete: 'looked for to delete' }[
      this.flags.mode
    ];
    const faults = this.faults === 0 ? '' : `, ${formatCount(this.faults)} left out`;
    const time = `${formatDuration(progress.elapsedSeconds)}, ${rateOf(this.done, progress)}`;
    return `${formatCount(this.done)} documents ${verb}${faults} (${time})\n`;
  }

  private operationOf(document: Document): AnyBulkWriteOperation<Document> {
    const filter = Object.fromEntries(this.keys.map((key) => [key, valueAt(document, key)]));
    if (this.flags.mode === 'delete') return { deleteOne: { filter } };
    const isFound = this.keys.every((key) => valueAt(document, key) !== undefined);
    if (!isFound) return { insertOne: { document } };
    if (this.flags.mode === 'upsert') return { replaceOne: { filter, replacement: document, upsert: true } };
    const rest = Object.entries(document).filter(([name]) => name !== '_id');
    return { updateOne: { filter, update: { $set: Object.fromEntries(rest) }, upsert: true } };
  }

  private complain(text: string): void {
    this.faults++;
    if (this.faults <= MOST_TOLD) this.terminal.warn(`${text}\n`);
    if (this.faults === MOST_TOLD + 1) this.terminal.warn('… more faults are counted, but not told\n');
    if (this.flags.stopOnError === true) throw new Stopped();
  }
}

function valueAt(document: Document, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split('.')) value = (value as Document | null | undefined)?.[name];
  return value;
}

function typeOf(path: string | undefined, { type }: ImportFlags): 'json' | 'csv' | 'tsv' {
  if (type !== undefined) return type;
  const ending = /\.(csv|tsv)(\.gz)?$/i.exec(path ?? '')?.[1]?.toLowerCase();
  return ending === 'csv' || ending === 'tsv' ? ending : 'json';
}

function recordsOf(
  text: AsyncIterable<string>,
  type: 'json' | 'csv' | 'tsv',
  flags: ImportFlags,
): AsyncIterable<readonly InputRecord[]> {
  if (type === 'json') return jsonRecords(text);
  if (flags.headerline === true && flags.fields !== undefined)
    throw new UsageError('--headerline and --fields contradict each other');
  return tableRecords(text, {
    delimiter: type === 'csv' ? ',' : '\t',
    fields: flags.fields?.split(','),
    hasTypes: flags.columnsHaveTypes === true,
    ignoresBlanks: flags.ignoreBlanks === true,
  });
}
