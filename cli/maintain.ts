/** `elmo stats | check | compact | backup FILE`: what is in a database file, and keeping it in order. */
import { statSync } from 'node:fs';
import { Command } from 'commander';
import { outputTo } from './command-output.js';
import { withDatabase } from './database.js';
import { formatCounted, formatFacts, formatJson, formatSize, formatTable } from './output.js';
import type { Terminal } from './terminal.js';
import type { ElmoClient } from '../server-compat/index.js';

interface JsonFlag {
  readonly json?: boolean;
}

interface CollectionFigures {
  readonly namespace: string;
  readonly documents: number;
  readonly indexes: number;
}

const EXAMPLES = {
  stats: '  elmo stats app.elmo\n  elmo stats app.elmo --json',
  check: '  elmo check app.elmo && echo all well\n  elmo check app.elmo --json',
  compact: '  elmo compact app.elmo',
  backup: '  elmo backup app.elmo copy.elmo',
} as const;

/** @param setExitCode  told 1 when a check finds a fault */
export function maintenanceCommands(terminal: Terminal, setExitCode: (code: number) => void): Command[] {
  const make = (name: keyof typeof EXAMPLES): Command =>
    new Command(name)
      .argument('<file>')
      .option('--json', 'print JSON')
      .addHelpText('after', `\nExamples:\n${EXAMPLES[name]}`)
      .exitOverride()
      .configureOutput(outputTo(terminal));
  return [
    make('stats').action((file: string, flags: JsonFlag) =>
      withShared(file, (client) => showStats(terminal, client, flags)),
    ),
    make('check').action(async (file: string, flags: JsonFlag) => {
      const report = await withShared(file, (client) => client.check());
      if (report.problems.length > 0) setExitCode(1);
      if (flags.json === true) return terminal.write(formatJson(report));
      for (const { code, message } of report.problems) await terminal.write(`${code}: ${message}\n`);
      const { collections, documents, indexEntries, problems } = report;
      const counts = `${formatCounted(documents, 'document')} in ${formatCounted(collections, 'collection')}, ${formatCounted(indexEntries, 'index entry', 'index entries')}`;
      return terminal.write(
        `${counts}: ${problems.length === 0 ? 'all well' : formatCounted(problems.length, 'problem')}\n`,
      );
    }),
    make('compact').action(async (file: string, flags: JsonFlag) => {
      const before = await withShared(file, async (client) => {
        const { fileBytes } = await client.fileStats();
        await client.compact();
        return fileBytes;
      });
      const after = statSync(file).size;
      if (flags.json === true) return terminal.write(formatJson({ before, after }));
      return terminal.write(`${formatSize(before)} before, ${formatSize(after)} now\n`);
    }),
    make('backup')
      .argument('<to>', 'the new file')
      .action(async (file: string, to: string, flags: JsonFlag) => {
        await withShared(file, (client) => client.backup(to));
        const bytes = statSync(to).size;
        if (flags.json === true) return terminal.write(formatJson({ file: to, bytes }));
        return terminal.write(`${to}: ${formatSize(bytes)}\n`);
      }),
  ];
}

/** A process that shares the file may hold it: then that one is asked. */
const withShared = <T>(file: string, work: (client: ElmoClient) => Promise<T>): Promise<T> =>
  withDatabase(file, false, work, { shared: true });

async function showStats(terminal: Terminal, client: ElmoClient, { json }: JsonFlag): Promise<void> {
  const collections = await collectionFigures(client);
  const { fileBytes } = await client.fileStats();
  if (json === true) return terminal.write(formatJson({ file: client.path, fileBytes, collections }));
  await terminal.write(formatFacts([['file', `${client.path}, ${formatSize(fileBytes)}`]]));
  if (collections.length === 0) return;
  const columns = [
    { title: 'collection', of: (row: CollectionFigures) => row.namespace },
    { title: 'documents', of: (row: CollectionFigures) => row.documents, isRight: true },
    { title: 'indexes', of: (row: CollectionFigures) => row.indexes, isRight: true },
  ];
  await terminal.write(`\n${formatTable(terminal, columns, collections)}`);
}

async function collectionFigures(client: ElmoClient): Promise<CollectionFigures[]> {
  const figures: CollectionFigures[] = [];
  const { databases } = await client.db().admin().listDatabases({ nameOnly: true });
  for (const { name: db } of databases) {
    for (const { name, type } of await client.db(db).listCollections().toArray()) {
      if (type === 'view' || name === 'system.views') continue;
      const collection = client.db(db).collection(name);
      const documents = await collection.estimatedDocumentCount();
      figures.push({ namespace: `${db}.${name}`, documents, indexes: (await collection.indexes()).length });
    }
  }
  return figures;
}
