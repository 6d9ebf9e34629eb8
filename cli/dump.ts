/** `elmo dump FILE FOLDER`: every collection as mongodump lays it: FOLDER/DATABASE/COLLECTION.bson and .metadata.json. */
import { closeSync, createWriteStream, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { EJSON, type CollectionInfo, type Db, type Document } from '../elmo/index.js';
import { outputTo } from './command-output.js';
import { withDatabase } from './database.js';
import { formatCount, formatDuration } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface DumpFlags {
  readonly db?: string;
  readonly collection?: string;
  readonly gzip?: boolean;
}

const PIECE_BYTES = 256 * 1024;

const EXAMPLES = `
Examples:
  elmo dump app.elmo backup                  backup/DATABASE/COLLECTION.bson and .metadata.json
  elmo dump app.elmo backup --db shop --gzip
  elmo restore copy.elmo backup`;

export function dumpCommand(terminal: Terminal): Command {
  return new Command('dump')
    .description('all documents, options and indexes, in the folders that mongodump makes')
    .argument('<file>', 'the database')
    .argument('[folder]', 'where to', 'dump')
    .option('-d, --db <name>', 'only this database')
    .option('-c, --collection <name>', 'only this collection')
    .option('--gzip', 'pack every file')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action((file: string, folder: string, flags: DumpFlags) =>
      withDatabase(file, false, async (client) => {
        const progress = new Progress(terminal, { label: 'dumping', total: 0 });
        let [collections, documents] = [0, 0];
        try {
          for (const name of client.engine.catalog.databaseNames()) {
            if (flags.db !== undefined && name !== flags.db) continue;
            const db = client.db(name);
            for (const info of (await db.listCollections().toArray()) as CollectionInfo[]) {
              if (info.name.startsWith('system.')) continue;
              if (flags.collection !== undefined && info.name !== flags.collection) continue;
              documents += await dumpCollection(db, info, join(folder, name), flags.gzip === true);
              collections++;
              progress.update(documents);
            }
          }
        } finally {
          progress.stop();
        }
        const time = formatDuration(progress.elapsedSeconds);
        await terminal.write(
          `${formatCount(documents)} documents of ${formatCount(collections)} collections dumped to ${folder} (${time})\n`,
        );
      }),
    );
}

/** @returns how many documents */
async function dumpCollection(
  db: Db,
  info: CollectionInfo,
  folder: string,
  isPacked: boolean,
): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const ending = isPacked ? '.gz' : '';
  const base = join(folder, fileNameOf(info.name));
  const isView = info.type === 'view';
  const collection = db.collection(info.name);
  const { uuid } = (info as { info?: { uuid?: { toHexString(withDashes: boolean): string } } }).info ?? {};
  const metadata = {
    options: (info as Document)['options'] as Document,
    indexes: isView ? [] : await collection.indexes(),
    ...(uuid === undefined ? {} : { uuid: uuid.toHexString(false) }),
    collectionName: info.name,
    type: info.type,
  };
  const text = EJSON.stringify(metadata, { relaxed: false });
  writeFileSync(`${base}.metadata.json${ending}`, isPacked ? gzipSync(text) : text);
  const data = `${base}.bson${ending}`;
  if (isView) return 0;
  let count = 0;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    let parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const raw of collection.find({}, { raw: true }) as AsyncIterable<unknown>) {
      const document = raw as Uint8Array;
      parts.push(document.slice());
      bytes += document.length;
      count++;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(parts);
      [parts, bytes] = [[], 0];
    }
    yield Buffer.concat(parts);
  };
  closeSync(openSync(data, 'w'));
  const sink = createWriteStream(data);
  if (isPacked) await pipeline(Readable.from(pieces()), createGzip(), sink);
  else await pipeline(Readable.from(pieces()), sink);
  return count;
}

/** Characters that file names may not have, as their codes. */
function fileNameOf(collection: string): string {
  return collection.replace(/[%/\\:*?"<>|$]/g, encodeURIComponent);
}
