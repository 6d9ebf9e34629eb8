/** dbStats: how much a database holds. */
import type { CatalogEntry } from '../../catalog/catalog.js';
import { indexesBeside } from '../../catalog/listing.js';
import type { Engine } from '../../engine/engine.js';
import { ElmoError } from '../../errors.js';
import { keyspaceBounds } from '../../keys/key-layout.js';
import type { Command } from '../command.js';
import { integer, looseFlag } from '../fields.js';

const MOST_SCALE = 2 ** 50;

interface Sizes {
  readonly collections: number;
  readonly views: number;
  readonly objects: number;
  readonly dataBytes: number;
  readonly indexes: number;
  readonly indexBytes: number;
}

function sizesOf(engine: Engine, entries: readonly CatalogEntry[]): Sizes {
  const stored = entries.filter(({ spec }) => spec.kind !== 'view');
  const indexes = stored.flatMap(({ spec }) => indexesBeside(spec));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    collections: stored.length,
    views: entries.length - stored.length,
    objects: sum(stored.map(({ state }) => state.documentCount)),
    dataBytes: sum(stored.map(({ state }) => state.byteCount)),
    indexes: indexes.length,
    indexBytes: sum(indexes.map(({ keyspace }) => engine.kv.estimate(keyspaceBounds(keyspace)).bytes)),
  };
}

const dbStats: Command = {
  name: 'dbStats',
  aliases: ['dbstats'],
  help: 'how much a database holds',
  target: 'any',
  fields: {
    scale: integer(),
    freeStorage: looseFlag,
  },
  takesReadConcern: true,
  run(args, { engine, db }, reply) {
    const scale = args.number('scale') ?? 1;
    if (scale < 1 || scale > MOST_SCALE)
      throw new ElmoError(
        'BadValue',
        'Scale factor must be greater than zero and less than or equal to 2^50',
      );
    const entries = engine.catalog
      .collectionNames(db)
      .flatMap((collection) => engine.catalog.get({ db, collection }) ?? []);
    const { collections, views, objects, dataBytes, indexes, indexBytes } = sizesOf(engine, entries);
    reply.text('db', db).int64('collections', collections).int64('views', views).int64('objects', objects);
    reply.double('avgObjSize', objects === 0 ? 0 : dataBytes / objects).double('dataSize', dataBytes / scale);
    reply.double('storageSize', dataBytes / scale);
    if (args.flag('freeStorage')) reply.double('freeStorageSize', 0);
    reply.int64('indexes', indexes).double('indexSize', indexBytes / scale);
    if (args.flag('freeStorage')) reply.double('indexFreeStorageSize', 0);
    reply.double('totalSize', (dataBytes + indexBytes) / scale);
    if (args.flag('freeStorage')) reply.double('totalFreeStorageSize', 0);
    reply.int64('scaleFactor', scale).double('fsUsedSize', 0).double('fsTotalSize', 0);
  },
};

export const dbStatsCommands: readonly Command[] = [dbStats];
