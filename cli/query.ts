/** `elmo find | aggregate | count | distinct FILE NS …`: questions for scripts. Results are JSON lines, or a table. */
import { Command } from 'commander';
import { EJSON, type Document } from '../elmo/index.js';
import { outputTo } from './command-output.js';
import { parseNamespace, parsePipeline, parseValue, withDatabase } from './database.js';
import { UsageError } from './errors.js';
import { formatTable } from './output.js';
import type { Terminal } from './terminal.js';

interface OutputFlags {
  readonly table?: boolean;
  readonly canonical?: boolean;
}

interface ExplainFlags extends OutputFlags {
  readonly explain?: boolean;
}

interface FindFlags extends ExplainFlags {
  readonly sort?: string;
  readonly project?: string;
  readonly limit?: string;
  readonly skip?: string;
}

/** Rows of a table: more are not held at once. */
const MOST_TABLE_ROWS = 10_000;

export function queryCommands(terminal: Terminal): Command[] {
  return [
    findCommand(terminal),
    aggregateCommand(terminal),
    countCommand(terminal),
    distinctCommand(terminal),
  ];
}

function make(terminal: Terminal, name: string, example: string): Command {
  return new Command(name)
    .argument('<file>')
    .argument('<namespace>', 'DATABASE.COLLECTION')
    .option('--json', 'one JSON document a line (the default)')
    .option('--table', 'columns')
    .option('--canonical', 'JSON that keeps every type of number')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', `\nExamples:\n${example}`);
}

function findCommand(terminal: Terminal): Command {
  return make(
    terminal,
    'find',
    `  elmo find app.elmo shop.orders '{total: {$gt: 10}}' --sort '{total: -1}' --limit 5 --table
  elmo find app.elmo shop.orders '{_id: ObjectId("65f0c0ffee65f0c0ffee65f0")}'`,
  )
    .argument('[filter]', 'as in the shell, or Extended JSON', '{}')
    .option('--sort <order>', '{field: 1}')
    .option('--project <fields>', '{field: 1}')
    .option('--limit <count>', 'no more than so many')
    .option('--skip <count>', 'without the first ones')
    .option('--explain', 'how it is answered, instead of the answer')
    .action(async (file: string, namespace: string, filter: string, flags: FindFlags) => {
      const { db, collection } = parseNamespace(namespace);
      const options = {
        ...(flags.sort === undefined ? {} : { sort: parseValue(flags.sort, 'sort') }),
        ...(flags.project === undefined ? {} : { projection: parseValue(flags.project, 'projection') }),
        limit: parseCount(flags.limit),
        skip: parseCount(flags.skip),
      };
      const matching = parseValue(filter, 'filter');
      await withDatabase(file, false, async (client) => {
        const cursor = client.db(db).collection(collection).find(matching, options);
        if (flags.explain === true)
          await terminal.write(`${EJSON.stringify(await cursor.explain(), undefined, 2)}\n`);
        else await writeDocuments(terminal, cursor, flags);
      });
    });
}

function aggregateCommand(terminal: Terminal): Command {
  return make(
    terminal,
    'aggregate',
    `  elmo aggregate app.elmo shop.orders '[{$group: {_id: "$customer", spent: {$sum: "$total"}}}]' --table`,
  )
    .argument('<pipeline>', 'a list of stages')
    .option('--explain', 'how it is answered, instead of the answer')
    .action(async (file: string, namespace: string, text: string, flags: ExplainFlags) => {
      const { db, collection } = parseNamespace(namespace);
      const pipeline = parsePipeline(text);
      await withDatabase(file, false, async (client) => {
        const cursor = client.db(db).collection(collection).aggregate(pipeline);
        if (flags.explain === true)
          await terminal.write(`${EJSON.stringify(await cursor.explain(), undefined, 2)}\n`);
        else await writeDocuments(terminal, cursor, flags);
      });
    });
}

function countCommand(terminal: Terminal): Command {
  return make(terminal, 'count', `  elmo count app.elmo shop.orders '{total: {$gt: 10}}'`)
    .argument('[filter]', 'as in the shell, or Extended JSON', '{}')
    .action(async (file: string, namespace: string, filter: string) => {
      const { db, collection } = parseNamespace(namespace);
      const matching = parseValue(filter, 'filter');
      await withDatabase(file, false, async (client) => {
        await terminal.write(`${await client.db(db).collection(collection).countDocuments(matching)}\n`);
      });
    });
}

function distinctCommand(terminal: Terminal): Command {
  return make(terminal, 'distinct', `  elmo distinct app.elmo shop.orders customer`)
    .argument('<field>')
    .argument('[filter]', 'as in the shell, or Extended JSON', '{}')
    .action(async (file: string, namespace: string, field: string, filter: string, flags: OutputFlags) => {
      const { db, collection } = parseNamespace(namespace);
      const matching = parseValue(filter, 'filter');
      await withDatabase(file, false, async (client) => {
        const values: readonly unknown[] = await client
          .db(db)
          .collection(collection)
          .distinct(field, matching);
        for (const value of values) await terminal.write(`${valueText(value, flags)}\n`);
      });
    });
}

async function writeDocuments(
  terminal: Terminal,
  documents: AsyncIterable<Document>,
  flags: OutputFlags,
): Promise<void> {
  if (flags.table !== true) {
    for await (const document of documents) await terminal.write(`${valueText(document, flags)}\n`);
    return;
  }
  const rows: Document[] = [];
  for await (const document of documents) {
    rows.push(document);
    if (rows.length > MOST_TABLE_ROWS)
      throw new UsageError(`more than ${MOST_TABLE_ROWS} rows are no table: give --limit, or take --json`);
  }
  if (rows.length === 0) return;
  const titles = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = titles.map((title) => ({ title, of: (row: Document) => cellText(row[title]) }));
  await terminal.write(formatTable(terminal, columns, rows));
}

function valueText(value: unknown, { canonical }: OutputFlags): string {
  return EJSON.stringify(value, { relaxed: canonical !== true });
}

function cellText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  const plain = EJSON.serialize(value, { relaxed: true }) as unknown;
  if (typeof plain !== 'object' || plain === null) return String(plain);
  const entries = Object.entries(plain);
  const isWrapped =
    entries.length === 1 && entries[0]![0].startsWith('$') && typeof entries[0]![1] === 'string';
  return isWrapped ? String(entries[0]![1]) : JSON.stringify(plain);
}

/** @throws UsageError */
function parseCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UsageError(`'${text}' is no count`);
  return Number(text);
}
