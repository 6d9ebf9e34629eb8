/** `elmo export FILE NS [OUTPUT]`: documents as JSON, CSV or TSV. Flags as mongoexport has them. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { ElmoClient } from '../server-compat/index.js';
import { outputTo } from './command-output.js';
import { JsonExport, TableExport, type ExportForm } from './data/export-form.js';
import { openOutput, type Output } from './data/output.js';
import { parseNamespace, parseValue, sizeOf, withDatabase } from './database.js';
import { UsageError } from './errors.js';
import { linesOf } from './data/lines.js';
import { formatCount, formatCounted, formatDuration } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface ExportFlags {
  readonly type: 'json' | 'csv' | 'tsv';
  readonly out?: string;
  readonly fields?: string;
  readonly fieldFile?: string;
  readonly noHeaderLine?: boolean;
  readonly pretty?: boolean;
  readonly query: string;
  readonly queryFile?: string;
  readonly sort?: string;
  readonly limit?: string;
  readonly skip?: string;
  readonly jsonArray?: boolean;
  readonly jsonFormat: 'relaxed' | 'canonical';
  readonly gzip?: boolean;
}

/** Few are held at a time, so that they die young. */
const BATCH_DOCUMENTS = 200;

const EXAMPLES = `
Examples:
  elmo export app.elmo shop.orders orders.ndjson
  elmo export app.elmo shop.orders orders.json.gz --jsonFormat canonical     keeps every type
  elmo export app.elmo shop.people people.csv --type csv --fields name,address.city
  elmo export app.elmo shop.orders --query '{total: {$gt: 10}}' | head`;

export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .argument('<file>', 'the database')
    .argument('<namespace>', 'DATABASE.COLLECTION')
    .argument('[output]', 'where to; none or -: standard output; packed when its name ends in .gz')
    .addOption(new Option('--type <type>', 'of the output').choices(['json', 'csv', 'tsv']).default('json'))
    .option('-o, --out <path>', 'where to')
    .option('-f, --fields <names>', 'columns, or fields, with commas between')
    .option('--fieldFile <path>', 'columns, or fields, one a line')
    .option('--noHeaderLine', 'csv and tsv without the names in the first row')
    .option('-q, --query <filter>', 'only what matches', '{}')
    .option('--queryFile <path>', 'the query, from a file')
    .option('--sort <order>', '{field: 1}')
    .option('--limit <count>', 'no more than so many')
    .option('--skip <count>', 'without the first ones')
    .option('--jsonArray', 'one array, not one document a line')
    .option('--pretty', 'JSON over several lines')
    .addOption(
      new Option('--jsonFormat <format>', 'canonical keeps every type of number')
        .choices(['relaxed', 'canonical'])
        .default('relaxed'),
    )
    .option('--gzip', 'pack the output')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action((file: string, namespace: string, path: string | undefined, flags: ExportFlags) =>
      exportTo(terminal, file, namespace, path ?? flags.out, flags),
    );
}

async function exportTo(
  terminal: Terminal,
  file: string,
  namespace: string,
  path: string | undefined,
  flags: ExportFlags,
): Promise<void> {
  const { db, collection } = parseNamespace(namespace);
  const query = flags.queryFile === undefined ? flags.query : readFileSync(flags.queryFile, 'utf8');
  const filter = parseValue(query, 'query');
  if (flags.fields !== undefined && flags.fieldFile !== undefined)
    throw new UsageError('--fields and --fieldFile contradict each other');
  const fields =
    flags.fieldFile === undefined
      ? flags.fields?.split(',').map((name) => name.trim())
      : linesOf(flags.fieldFile);
  if (flags.type !== 'json' && fields === undefined)
    throw new UsageError(`${flags.type} needs --fields or --fieldFile`);
  const options = {
    raw: true,
    ...(flags.sort === undefined ? {} : { sort: parseValue(flags.sort, 'sort') }),
    ...(fields === undefined ? {} : { projection: Object.fromEntries(fields.map((name) => [name, 1])) }),
    ...(flags.limit === undefined ? {} : { limit: countOf('--limit', flags.limit) }),
    ...(flags.skip === undefined ? {} : { skip: countOf('--skip', flags.skip) }),
  };
  const write = async (client: ElmoClient): Promise<void> => {
    const source = client.db(db).collection<Uint8Array>(collection);
    const total = query === '{}' ? await source.estimatedDocumentCount() : 0;
    const progress = new Progress(terminal, { label: 'exporting', total });
    const output = outputOf(terminal, path, flags.gzip === true);
    const form = formOf(flags, fields);
    const documents = source.find(filter, { ...options, batchSize: BATCH_DOCUMENTS });
    let count = 0;
    try {
      while (await documents.hasNext()) {
        for (const document of documents.readBufferedDocuments()) {
          form.add(document);
          count++;
          if (form.isFull) await output.write(form.take());
        }
        const rate = Math.round(count / Math.max(progress.elapsedSeconds, 0.001));
        progress.update(count, () => `${formatCount(rate)}/s`);
      }
      form.end();
      await output.write(form.take());
      await output.end();
    } catch (error) {
      output.abort();
      throw error;
    } finally {
      progress.stop();
    }
    terminal.warn(
      `${formatCounted(count, 'document')} exported (${formatDuration(progress.elapsedSeconds)})\n`,
    );
  };
  await withDatabase(file, false, write, { isReading: true, passingBytes: sizeOf(file) });
}

/** @throws UsageError */
function countOf(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${flag} takes a whole number, got '${text}'`);
  return Number(text);
}

function formOf(flags: ExportFlags, fields: readonly string[] | undefined): ExportForm {
  const { type, jsonArray, jsonFormat, pretty, noHeaderLine } = flags;
  if (type !== 'json') return new TableExport(type, fields!, noHeaderLine !== true);
  return new JsonExport({
    isArray: jsonArray === true,
    isRelaxed: jsonFormat === 'relaxed',
    isPretty: pretty === true,
  });
}

/** Pieces are whole documents, so that no character is cut. */
const decoder = new TextDecoder();

/** Standard output as text is the terminal's. */
function outputOf(terminal: Terminal, path: string | undefined, isPacked: boolean): Output {
  if ((path !== undefined && path !== '-') || isPacked)
    return openOutput(path, isPacked || path?.endsWith('.gz') === true);
  return {
    write: (piece) => terminal.write(typeof piece === 'string' ? piece : decoder.decode(piece)),
    end: () => Promise.resolve(),
    abort: () => undefined,
  };
}
