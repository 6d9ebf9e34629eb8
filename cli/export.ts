/** `elmo export FILE NS [OUTPUT]`: documents as JSON, CSV or TSV. Flags as mongoexport has them. */
import { Command, Option } from 'commander';
import { EJSON, type Document } from '../elmo/index.js';
import { outputTo } from './command-output.js';
import { openOutput, type Output } from './data/output.js';
import { parseNamespace, parseValue, withDatabase } from './database.js';
import { UsageError } from './errors.js';
import { formatCount, formatDuration } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface ExportFlags {
  readonly type: 'json' | 'csv' | 'tsv';
  readonly fields?: string;
  readonly query: string;
  readonly sort?: string;
  readonly limit?: string;
  readonly skip?: string;
  readonly jsonArray?: boolean;
  readonly jsonFormat: 'relaxed' | 'canonical';
  readonly gzip?: boolean;
}

/** Text that is handed on at once. */
const PIECE_CHARACTERS = 64 * 1024;

const EXAMPLES = `
Examples:
  elmo export app.elmo shop.orders orders.ndjson
  elmo export app.elmo shop.orders orders.json.gz --jsonFormat canonical     keeps every type
  elmo export app.elmo shop.people people.csv --type csv --fields name,address.city
  elmo export app.elmo shop.orders --query "{total: {$gt: 10}}" | head`;

export function exportCommand(terminal: Terminal): Command {
  return new Command('export')
    .description('documents as JSON, CSV or TSV')
    .argument('<file>', 'the database')
    .argument('<namespace>', 'DATABASE.COLLECTION')
    .argument('[output]', 'where to; none or -: standard output; packed when its name ends in .gz')
    .addOption(new Option('--type <type>', 'of the output').choices(['json', 'csv', 'tsv']).default('json'))
    .option('--fields <names>', 'columns, or fields, with commas between')
    .option('-q, --query <filter>', 'only what matches', '{}')
    .option('--sort <order>', '{field: 1}')
    .option('--limit <count>', 'no more than so many')
    .option('--skip <count>', 'without the first ones')
    .option('--jsonArray', 'one array, not one document a line')
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
      exportTo(terminal, file, namespace, path, flags),
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
  const filter = parseValue(flags.query, 'query');
  const fields = flags.fields?.split(',').map((name) => name.trim());
  if (flags.type !== 'json' && fields === undefined) throw new UsageError(`${flags.type} needs --fields`);
  const options = {
    ...(flags.sort === undefined ? {} : { sort: parseValue(flags.sort, 'sort') }),
    ...(fields === undefined ? {} : { projection: Object.fromEntries(fields.map((name) => [name, 1])) }),
    ...(flags.limit === undefined ? {} : { limit: Number(flags.limit) }),
    ...(flags.skip === undefined ? {} : { skip: Number(flags.skip) }),
  };
  await withDatabase(file, false, async (client) => {
    const source = client.db(db).collection(collection);
    const total = flags.query === '{}' ? await source.estimatedDocumentCount() : 0;
    const progress = new Progress(terminal, { label: 'exporting', total });
    const output = outputOf(terminal, path, flags.gzip === true);
    let count = 0;
    let piece = headOf(flags, fields);
    try {
      for await (const document of source.find(filter, options)) {
        if (flags.jsonArray === true && count > 0) piece += ',\n';
        piece +=
          fields === undefined || flags.type === 'json'
            ? jsonOf(document, flags)
            : rowOf(document, fields, flags);
        count++;
        if (piece.length < PIECE_CHARACTERS) continue;
        await output.write(piece);
        piece = '';
        progress.update(count);
      }
      await output.write(piece + (flags.jsonArray === true && flags.type === 'json' ? ']\n' : ''));
      await output.end();
    } catch (error) {
      output.abort();
      throw error;
    } finally {
      progress.stop();
    }
    terminal.warn(`${formatCount(count)} documents exported (${formatDuration(progress.elapsedSeconds)})\n`);
  });
}

function headOf({ type, jsonArray }: ExportFlags, fields: readonly string[] | undefined): string {
  if (type === 'json') return jsonArray === true ? '[' : '';
  return `${fields!.map((name) => cellText(name, type)).join(type === 'csv' ? ',' : '\t')}\n`;
}

function jsonOf(document: Document, { jsonArray, jsonFormat }: ExportFlags): string {
  return EJSON.stringify(document, { relaxed: jsonFormat === 'relaxed' }) + (jsonArray === true ? '' : '\n');
}

function rowOf(document: Document, fields: readonly string[], { type }: ExportFlags): string {
  const cells = fields.map((path) => {
    let value: unknown = document;
    for (const name of path.split('.')) value = (value as Document | null | undefined)?.[name];
    return cellText(plainText(value), type);
  });
  return `${cells.join(type === 'csv' ? ',' : '\t')}\n`;
}

function plainText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  const plain = EJSON.serialize(value, { relaxed: true }) as unknown;
  if (typeof plain !== 'object' || plain === null) return String(plain);
  const { $oid, $date, $numberDecimal } = plain as Record<string, unknown>;
  const inner = $oid ?? $date ?? $numberDecimal;
  return typeof inner === 'string' ? inner : JSON.stringify(plain);
}

function cellText(text: string, type: ExportFlags['type']): string {
  if (type === 'csv') return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return text.replace(/[\t\n\r]/g, ' ');
}

/** Standard output as text is the terminal's. */
function outputOf(terminal: Terminal, path: string | undefined, isPacked: boolean): Output {
  if ((path !== undefined && path !== '-') || isPacked)
    return openOutput(path, isPacked || path?.endsWith('.gz') === true);
  return {
    write: (text) => terminal.write(String(text)),
    end: () => Promise.resolve(),
    abort: () => undefined,
  };
}
