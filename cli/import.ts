/** `elmo import FILE NS [INPUT]`: documents from JSON, CSV or TSV. Flags as mongoimport has them. */
import { Command, Option } from 'commander';
import { outputTo } from './command-output.js';
import { HOW_AGAIN, Importing, StoppedImporting, type ImportMode } from './data/importing.js';
import { openInput, textOf, type Input } from './data/input.js';
import { jsonRecords } from './data/json-records.js';
import { linesOf } from './data/lines.js';
import type { InputRecord } from './data/record.js';
import { tableRecords, type ParseGrace } from './data/table-records.js';
import { parseNamespace, withDatabase } from './database.js';
import { UsageError } from './errors.js';
import { formatCount, formatCounted, formatDuration, formatSize } from './output.js';
import type { ElmoClient } from '../server-compat/index.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface ImportFlags {
  readonly file?: string;
  readonly type?: 'json' | 'csv' | 'tsv';
  readonly headerline?: boolean;
  readonly fields?: string;
  readonly fieldFile?: string;
  readonly columnsHaveTypes?: boolean;
  readonly parseGrace: ParseGrace;
  readonly ignoreBlanks?: boolean;
  readonly useArrayIndexFields?: boolean;
  readonly mode?: ImportMode;
  readonly upsertFields?: string;
  readonly stopOnError?: boolean;
  readonly maintainInsertionOrder?: boolean;
  readonly bypassDocumentValidation?: boolean;
  readonly drop?: boolean;
}

const EXAMPLES = `
Examples:
  elmo import app.elmo shop.orders orders.ndjson        one document a line; an array works as well
  elmo import app.elmo shop.orders orders.json.gz --mode upsert
  elmo import app.elmo shop.people people.csv           the first row has the names
  elmo import app.elmo shop.people people.tsv --fields "name.string(),born.date()" --columnsHaveTypes
  curl https://example.org/orders | elmo import app.elmo shop.orders

Types of columns: auto, string, int32, int64, double, decimal, boolean, binary(base64|hex|base32),
date(), date_go(2006-01-02), date_ms(yyyy-MM-dd), date_oracle(YYYY-MM-DD).
What cannot be read or is refused is told with its line; the rest goes in. Exit code 1 when anything was left out.`;

/** @param setExitCode  told 1 when something did not go in */
export function importCommand(terminal: Terminal, setExitCode: (code: number) => void): Command {
  return new Command('import')
    .argument('<file>', 'the database; made if it is not there')
    .argument('<namespace>', 'DATABASE.COLLECTION')
    .argument('[input]', 'what to read; none or -: standard input')
    .option('--file <path>', 'what to read')
    .addOption(
      new Option('--type <type>', 'of the input; by its name, else json').choices(['json', 'csv', 'tsv']),
    )
    .option('--jsonArray', 'the input is one array (known by its look, told or not)')
    .option('--legacy', 'Extended JSON version 1 (read together with version 2, told or not)')
    .option('--gzip', 'the input is packed (known by its first bytes, told or not)')
    .option('--headerline', 'the first row has the names (so it is unless --fields is given)')
    .option('-f, --fields <names>', 'names of the columns, with commas between')
    .option('--fieldFile <path>', 'names of the columns, one a line')
    .option('--columnsHaveTypes', 'names say types: born.date(), total.double()')
    .addOption(
      new Option('--parseGrace <grace>', 'for a cell that is not of its type')
        .choices(['autoCast', 'skipField', 'skipRow', 'stop'])
        .default('skipRow'),
    )
    .option('--ignoreBlanks', 'empty cells make no field')
    .option('--useArrayIndexFields', 'a column a.0 is an element of an array a')
    .addOption(
      new Option(
        '--mode <mode>',
        'what to do with each document (default: insert; upsert with --upsertFields)',
      ).choices(['insert', 'upsert', 'merge', 'delete']),
    )
    .option('--upsertFields <names>', 'what finds the document that is there (default: _id)')
    .option('--stopOnError', 'stop at the first fault')
    .option('--maintainInsertionOrder', 'in the order of the input, and stop at the first fault')
    .option('--bypassDocumentValidation', 'do not ask the rules of the collection')
    .option('--drop', 'drop the collection first')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, namespace: string, path: string | undefined, flags: ImportFlags) => {
      const source = path ?? flags.file;
      const { db, collection } = parseNamespace(namespace);
      const input = await openInput(source);
      const records = recordsOf(input, typeOf(source, flags), flags);
      const fill = async (client: ElmoClient): Promise<void> => {
        if (flags.drop === true) await client.db(db).collection(collection).drop();
        const progress = new Progress(terminal, {
          label: 'importing',
          total: input.total,
          formatSteps: formatSize,
        });
        const work = new Importing(client, progress.terminal, { db, collection }, optionsOf(flags));
        try {
          for await (const piece of records) {
            await work.take(piece);
            progress.update(
              input.done(),
              () => `${formatCounted(work.done, 'document')}, ${rateOf(work.done, progress)}`,
            );
          }
          await work.flush();
        } catch (error) {
          if (!(error instanceof StoppedImporting)) throw await afterAll(error, work);
        } finally {
          progress.stop();
        }
        if (work.faults > 0) setExitCode(1);
        const time = `${formatDuration(progress.elapsedSeconds)}, ${rateOf(work.done, progress)}`;
        await terminal.write(`${work.summary} (${time})\n`);
        for (const hint of work.hints) terminal.warn(`${hint}\n`);
      };
      await withDatabase(file, true, fill, { passingBytes: input.total });
    });
}

function rateOf(count: number, { elapsedSeconds }: Progress): string {
  return `${formatCount(Math.round(count / Math.max(elapsedSeconds, 0.001)))}/s`;
}

/** The input could not be read on: what was read before goes in, and is told. */
async function afterAll(error: unknown, work: Importing): Promise<unknown> {
  if (error instanceof UsageError) return error;
  try {
    await work.flush();
  } catch (thrown) {
    if (!(thrown instanceof StoppedImporting)) throw thrown;
  }
  const message = error instanceof Error ? error.message : String(error);
  const done =
    work.done === 0
      ? 'nothing went in'
      : `${formatCounted(work.done, 'document')} went in before, and are there: mend the input and import it again, ${HOW_AGAIN}`;
  return new Error(`${message}; ${done}`, { cause: error });
}

function optionsOf(flags: ImportFlags): ConstructorParameters<typeof Importing>[3] {
  const { upsertFields, mode = upsertFields === undefined ? 'insert' : 'upsert' } = flags;
  return {
    mode,
    keys: (upsertFields ?? '_id').split(',').map((name) => name.trim()),
    stopsOnFault:
      flags.stopOnError === true || flags.maintainInsertionOrder === true || flags.parseGrace === 'stop',
    bypassesValidation: flags.bypassDocumentValidation === true,
  };
}

function typeOf(path: string | undefined, { type }: ImportFlags): 'json' | 'csv' | 'tsv' {
  if (type !== undefined) return type;
  const ending = /\.(csv|tsv)(\.gz)?$/i.exec(path ?? '')?.[1]?.toLowerCase();
  return ending === 'csv' || ending === 'tsv' ? ending : 'json';
}

function recordsOf(
  input: Input,
  type: 'json' | 'csv' | 'tsv',
  flags: ImportFlags,
): AsyncIterable<readonly InputRecord[]> {
  const fields = fieldsOf(flags);
  if (type === 'json') {
    if (flags.headerline === true || fields !== undefined || flags.columnsHaveTypes === true)
      throw new UsageError(
        '--headerline, --fields, --fieldFile and --columnsHaveTypes are of csv and tsv: say which with --type',
      );
    return jsonRecords(input.chunks);
  }
  return tableRecords(textOf(input.chunks), {
    delimiter: type === 'csv' ? ',' : '\t',
    fields,
    hasTypes: flags.columnsHaveTypes === true,
    ignoresBlanks: flags.ignoreBlanks === true,
    grace: flags.parseGrace,
    hasArrays: flags.useArrayIndexFields === true,
  });
}

function fieldsOf({ fields, fieldFile, headerline }: ImportFlags): readonly string[] | undefined {
  const given = [fields, fieldFile, headerline].filter((flag) => flag !== undefined);
  if (given.length > 1) throw new UsageError('--headerline, --fields and --fieldFile contradict each other');
  if (fieldFile !== undefined) return linesOf(fieldFile);
  // a comma in parentheses is part of a type's argument
  return fields?.match(/(?:[^,(]|\([^)]*\))+/g)?.map((name) => name.trim());
}
