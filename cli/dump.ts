/** `elmo dump FILE [FOLDER]`: every collection as mongodump lays it: in a folder, or in one archive. */
import { Command } from 'commander';
import {
  Decoder,
  EJSON,
  type Collection,
  type CollectionInfo,
  type Db,
  type Document,
} from '../elmo/index.js';
import type { ElmoClient } from '../server-compat/index.js';
import { outputTo } from './command-output.js';
import { packBuckets, type TimeseriesOptions } from './data/buckets.js';
import { ArchiveTarget, FolderTarget, type DumpedCollection, type DumpTarget } from './data/dump-target.js';
import { openOutput } from './data/output.js';
import { sizeOf, withDatabase } from './database.js';
import { UsageError } from './errors.js';
import { formatCount, formatCounted, formatDuration } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';
import { ownVersion } from './version.js';

interface DumpFlags {
  readonly db?: string;
  readonly collection?: string;
  readonly excludeCollection: readonly string[];
  readonly gzip?: boolean;
  /** True: standard output. */
  readonly archive?: string | true;
}

const PIECE_BYTES = 256 * 1024;

const EXAMPLES = `
Examples:
  elmo dump app.elmo backup                  backup/DATABASE/COLLECTION.bson and .metadata.json
  elmo dump app.elmo backup --db shop --gzip
  elmo dump app.elmo --archive=backup.archive
  elmo dump app.elmo --archive --gzip | ssh host "mongorestore --archive --gzip"
  elmo restore copy.elmo backup`;

export function dumpCommand(terminal: Terminal): Command {
  return new Command('dump')
    .argument('<file>', 'the database')
    .argument('[folder]', 'where to', 'dump')
    .option('--archive [path]', 'one archive instead of a folder: a file, or standard output')
    .option('-d, --db <name>', 'only this database')
    .option('-c, --collection <name>', 'only this collection')
    .option(
      '--excludeCollection <name>',
      'not this collection; may be given several times',
      (name: string, names: readonly string[]) => [...names, name],
      [],
    )
    .option('--gzip', 'pack every file')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action((file: string, folder: string, flags: DumpFlags) =>
      withDatabase(file, false, (client) => dump(terminal, client, folder, flags), {
        isReading: true,
        passingBytes: sizeOf(file),
      }),
    );
}

async function dump(terminal: Terminal, client: ElmoClient, folder: string, flags: DumpFlags): Promise<void> {
  const collections = await collectionsOf(client, flags);
  if (collections.length === 0 && (flags.db ?? flags.collection) !== undefined)
    throw new UsageError(
      `there is no ${[flags.db, flags.collection].filter(Boolean).join('.')} in ${client.path}`,
    );
  const total = collections.reduce((sum, { count }) => sum + count, 0);
  const target = await targetOf(client, folder, flags);
  const progress = new Progress(terminal, { label: 'dumping', total });
  let documents = 0;
  const onPiece = (count: number): void => {
    documents += count;
    const rate = Math.round(documents / Math.max(progress.elapsedSeconds, 0.001));
    progress.update(documents, () => `${formatCount(rate)}/s`);
  };
  try {
    await target.begin(collections);
    for (const from of collections) await target.write(from, piecesOf(from, onPiece));
    await target.end();
  } catch (error) {
    target.abort();
    throw error;
  } finally {
    progress.stop();
  }
  const time = formatDuration(progress.elapsedSeconds);
  const counts = `${formatCounted(documents, 'document')} of ${formatCounted(collections.length, 'collection')}`;
  const { archive } = flags;
  const summary = `${counts} dumped to ${archive === undefined ? folder : archive === true ? 'standard output' : archive} (${time})\n`;
  if (archive === true || archive === '-') terminal.warn(summary);
  else await terminal.write(summary);
}

async function targetOf(
  client: ElmoClient,
  folder: string,
  { archive, gzip }: DumpFlags,
): Promise<DumpTarget> {
  if (archive === undefined) return new FolderTarget(folder, gzip === true);
  const { version } = (await client.db('admin').command({ buildInfo: 1 })) as { version?: unknown };
  const output = openOutput(archive === true ? undefined : archive, gzip === true);
  return new ArchiveTarget(output, { server: String(version), tool: `elmo ${ownVersion()}` });
}

interface OpenCollection extends DumpedCollection {
  readonly source: Collection;
  readonly count: number;
  readonly timeseries: TimeseriesOptions | undefined;
}

async function collectionsOf(client: ElmoClient, flags: DumpFlags): Promise<OpenCollection[]> {
  const { db: onlyDb, collection: only, excludeCollection } = flags;
  const found: OpenCollection[] = [];
  for (const name of client.engine.catalog.databaseNames()) {
    if (onlyDb !== undefined && name !== onlyDb) continue;
    const db = client.db(name);
    for (const info of (await db.listCollections().toArray()) as CollectionInfo[]) {
      if (info.name.startsWith('system.') && info.name !== 'system.js') continue;
      if ((only !== undefined && info.name !== only) || excludeCollection.includes(info.name)) continue;
      found.push(await openCollection(db, info));
    }
  }
  return found;
}

async function openCollection(db: Db, info: CollectionInfo): Promise<OpenCollection> {
  const isView = info.type === 'view';
  const source = db.collection(info.name);
  const { uuid } = (info as { info?: { uuid?: { toHexString(withDashes: boolean): string } } }).info ?? {};
  const metadata = {
    options: (info as Document)['options'] as Document,
    indexes: isView ? [] : await source.indexes(),
    ...(uuid === undefined ? {} : { uuid: uuid.toHexString(false) }),
    collectionName: info.name,
    type: info.type,
  };
  return {
    db: db.databaseName,
    collection: info.name,
    type: String(info.type),
    metadata: EJSON.stringify(metadata, { relaxed: false }),
    source,
    timeseries: metadata.options['timeseries'] as TimeseriesOptions | undefined,
    count: isView ? 0 : await source.estimatedDocumentCount(),
  };
}

/** Keeps every type of number. */
const precise = new Decoder({ promoteValues: false });

/**
 * Whole documents, a good many at a time; of a time-series collection in buckets.
 * @param onPiece  told how many documents of the collection have been read since the last time
 */
async function* piecesOf(
  { source, timeseries }: OpenCollection,
  onPiece: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let count = 0;
  const documents = async function* (): AsyncGenerator<Uint8Array> {
    for await (const raw of source.find({}, { raw: true }) as AsyncIterable<unknown>) {
      count++;
      yield raw as Uint8Array;
    }
  };
  const take = (): Uint8Array => {
    const piece = Buffer.concat(parts);
    onPiece(count);
    [parts, bytes, count] = [[], 0, 0];
    return piece;
  };
  const all =
    timeseries === undefined
      ? documents()
      : packBuckets(documents(), (raw) => precise.decode(raw), timeseries);
  for await (const document of all) {
    parts.push(document.slice());
    bytes += document.length;
    if (bytes >= PIECE_BYTES) yield take();
  }
  if (bytes > 0) yield take();
}
