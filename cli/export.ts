/** `elmo export FILE NS [OUTPUT]`: documents as JSON, CSV or TSV. Flags as mongoexport has them. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EJSON, type Document } from '../elmo/index.js';
import { outputTo } from './command-output.js';
import { openOutput, type Output } from './data/output.js';
import { parseNamespace, parseValue, withDatabase } from './database.js';
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
    ...(flags.sort === undefined ? {} : { sort: parseValue(flags.sort, 'sort') }),
    ...(fields === undefined ? {} : { projection: Object.fromEntries(fields.map((name) => [name, 1])) }),
    ...(flags.limit === undefined ? {} : { limit: countOf('--limit', flags.limit) }),
    ...(flags.skip === undefined ? {} : { skip: countOf('--skip', flags.skip) }),
  };
  await withDatabase(file, false, async (client) => {
    const source = client.db(db).collection(collection);
    const total = query === '{}' ? await source.estimatedDocumentCount() : 0;
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
        const rate = Math.round(count / Math.max(progress.elapsedSeconds, 0.001));
        progress.update(count, () => `${formatCount(rate)}/s`);
      }
      await output.write(piece + (flags.jsonArray === true && flags.type === 'json' ? ']\n' : ''));
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
  });
}

/** @throws UsageError */
function countOf(flag: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${flag} takes a whole number, got '${text}'`);
  return Number(text);
}

function headOf(
  { type, jsonArray, noHeaderLine }: ExportFlags,
  fields: readonly string[] | undefined,
): string {
  if (type === 'json') return jsonArray === true ? '[' : '';
  if (noHeaderLine === true) return '';
  return `${fields!.map((name) => cellText(name, type)).join(type === 'csv' ? ',' : '\t')}\n`;
}

function jsonOf(document: Document, { jsonArray, jsonFormat, pretty }: ExportFlags): string {
  const options = { relaxed: jsonFormat === 'relaxed' };
  const text =
    pretty === true ? EJSON.stringify(document, undefined, 2, options) : EJSON.stringify(document, options);
  return text + (jsonArray === true ? '' : '\n');
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
