/** `elmo restore FILE FOLDER`: what mongodump or `elmo dump` has written: options, documents, then indexes. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Command } from 'commander';
import { EJSON, type Document } from '../elmo/index.js';
import type { ElmoClient } from '../server-compat/index.js';
import { outputTo } from './command-output.js';
import { bsonRecords } from './data/bson-records.js';
import { openInput } from './data/input.js';
import { withDatabase, type DatabaseName } from './database.js';
import { formatCount, formatDuration, formatSize } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface RestoreFlags {
  readonly db?: string;
  readonly drop?: boolean;
}

/** A collection of a dump. */
interface Part extends DatabaseName {
  readonly data: string | undefined;
  readonly metadata: string | undefined;
}

interface Metadata {
  readonly options?: Document;
  readonly indexes?: readonly Document[];
}

const BATCH_DOCUMENTS = 1_000;
const MOST_TOLD = 20;
const DATA = /\.bson(\.gz)?$/;
const METADATA = /\.metadata\.json(\.gz)?$/;

const EXAMPLES = `
Examples:
  elmo restore app.elmo dump                 dump/DATABASE/COLLECTION.bson
  elmo restore app.elmo dump/shop --db copy  one database, under another name
  elmo restore app.elmo dump --drop          replace the collections that are there

Files packed with gzip are known by their names. Exit code 1 when anything was left out.`;

/** @param setExitCode  told 1 when something did not go in */
export function restoreCommand(terminal: Terminal, setExitCode: (code: number) => void): Command {
  return new Command('restore')
    .description('what mongodump or dump has written')
    .argument('<file>', 'the database; made if it is not there')
    .argument('[folder]', 'a dump, or the folder of one database of it', 'dump')
    .option('-d, --db <name>', 'restore into this database')
    .option('--drop', 'drop each collection first')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, folder: string, flags: RestoreFlags) => {
      const parts = partsOf(folder, flags.db);
      if (parts.length === 0)
        throw new Error(`${folder} has no dump: no file of it ends in .bson or .metadata.json`);
      const total = parts.reduce(
        (bytes, { data }) => bytes + (data === undefined ? 0 : statSync(data).size),
        0,
      );
      await withDatabase(file, true, async (client) => {
        const progress = new Progress(terminal, { label: 'restoring', total, formatSteps: formatSize });
        const work = new Restoring(client, terminal, progress, flags.drop === true);
        try {
          for (const part of parts) await work.restore(part);
        } finally {
          progress.stop();
        }
        if (work.faults > 0) setExitCode(1);
        const faults = work.faults === 0 ? '' : `, ${formatCount(work.faults)} faults`;
        const time = formatDuration(progress.elapsedSeconds);
        await terminal.write(
          `${formatCount(work.documents)} documents of ${formatCount(parts.length)} collections restored${faults} (${time})\n`,
        );
      });
    });
}

class Restoring {
  documents = 0;
  faults = 0;
  private bytes = 0;

  constructor(
    private readonly client: ElmoClient,
    private readonly terminal: Terminal,
    private readonly progress: Progress,
    private readonly drops: boolean,
  ) {}

  /** A part that cannot be read to its end is a fault; the next one is gone on with. */
  async restore(part: Part): Promise<void> {
    const db = this.client.db(part.db);
    const name = `${part.db}.${part.collection}`;
    try {
      if (this.drops) await db.collection(part.collection).drop();
      const { options = {}, indexes = [] } = readMetadata(part.metadata);
      const isThere = (await db.listCollections({ name: part.collection }).toArray()).length > 0;
      if (!isThere) await db.command({ create: part.collection, ...without(options, OUTDATED_OPTIONS) });
      if (part.data !== undefined) await this.insertAll(part, part.data);
      const definitions = indexes
        .map((definition) => without(definition, OUTDATED_DEFINITIONS))
        .filter((definition) => definition['name'] !== '_id_');
      if (definitions.length > 0) await db.command({ createIndexes: part.collection, indexes: definitions });
    } catch (error) {
      this.complain(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private async insertAll(part: Part, path: string): Promise<void> {
    const input = await openInput(path);
    let waiting: Uint8Array[] = [];
    const flush = async (): Promise<void> => {
      const documents = waiting;
      waiting = [];
      if (documents.length === 0) return;
      const namespace = { db: part.db, collection: part.collection };
      const request = { namespace, documents, isOrdered: false, bypassDocumentValidation: true };
      const { inserted, failures } = await this.client.engine.insert({
        ...request,
        keepsEmptyTimestamps: true,
      });
      this.documents += inserted;
      for (const { error } of failures) this.complain(`${part.db}.${part.collection}: ${error.message}`);
    };
    try {
      for await (const documents of bsonRecords(input.chunks)) {
        for (const document of documents) {
          waiting.push(document);
          if (waiting.length === BATCH_DOCUMENTS) await flush();
        }
        this.progress.update(this.bytes + input.done(), `${formatCount(this.documents)} documents`);
      }
    } catch (error) {
      await flush();
      throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    await flush();
    this.bytes += input.done();
  }

  private complain(text: string): void {
    this.faults++;
    if (this.faults <= MOST_TOLD) this.terminal.warn(`${text}\n`);
    if (this.faults === MOST_TOLD + 1) this.terminal.warn('… more faults are counted, but not told\n');
  }
}

/** @param into  the database's name, where it is not that of the folder */
function partsOf(folder: string, into: string | undefined): Part[] {
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
  const names = readdirSync(folder, { withFileTypes: true });
  const inside = names
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => partsOf(join(folder, name), into));
  const db = into ?? basename(resolve(folder));
  const byCollection = new Map<string, { data?: string; metadata?: string }>();
  for (const { name } of names) {
    const kind = DATA.test(name) ? 'data' : METADATA.test(name) ? 'metadata' : undefined;
    if (kind === undefined) continue;
    const collection = decodeURIComponent(name.replace(METADATA, '').replace(DATA, ''));
    if (collection.startsWith('system.') || collection === 'oplog') continue;
    const part = byCollection.get(collection) ?? {};
    part[kind] = join(folder, name);
    byCollection.set(collection, part);
  }
  const own = [...byCollection].map(([collection, { data, metadata }]) => ({
    db,
    collection,
    data,
    metadata,
  }));
  return [...own, ...inside];
}

function readMetadata(path: string | undefined): Metadata {
  if (path === undefined) return {};
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  if (text.trim() === '') return {};
  try {
    return EJSON.parse(text, { relaxed: false }) as Metadata;
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** What older servers wrote, and newer ones do not take. */
const OUTDATED_OPTIONS = new Set(['create', 'autoIndexId', 'uuid', 'idIndex']);
const OUTDATED_DEFINITIONS = new Set(['ns', 'v', 'background']);

function without(document: Document, names: ReadonlySet<string>): Document {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.has(name)));
}
