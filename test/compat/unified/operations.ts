/** The operations of unified tests, run on the embedded interface. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type {
  ClientSession,
  Collection,
  Db,
  Document,
  ElmoClient,
  GridFSBucket,
  GridFSBucketWriteStream,
} from '../../../elmo/index.js';

/** Thrown for what the runner does not do; the test is then skipped. */
export class Unsupported extends Error {}

export type Entity =
  ElmoClient | Db | Collection | ClientSession | GridFSBucket | { documents: AsyncIterator<unknown> };

type Args = Record<string, unknown>;

function options(args: Args, ...without: readonly string[]): Args {
  return Object.fromEntries(Object.entries(args).filter(([name]) => !without.includes(name)));
}

async function readAll(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function upload(stream: GridFSBucketWriteStream, source: unknown): Promise<unknown> {
  const hex = (source as { $$hexBytes: string }).$$hexBytes;
  await pipeline(Readable.from([Buffer.from(hex, 'hex')]), stream);
  return stream.id;
}

function onCollection(collection: Collection, name: string, args: Args): Promise<unknown> {
  const filter = args['filter'] as Document;
  switch (name) {
    case 'find':
      return collection.find(filter, options(args, 'filter')).toArray();
    case 'findOne':
      return collection.findOne(filter, options(args, 'filter'));
    case 'aggregate':
      return collection.aggregate(args['pipeline'] as Document[], options(args, 'pipeline')).toArray();
    case 'insertOne':
      return collection.insertOne(args['document'] as Document, options(args, 'document'));
    case 'insertMany':
      return collection.insertMany(args['documents'] as Document[], options(args, 'documents'));
    case 'updateOne':
    case 'updateMany':
      return collection[name](filter, args['update'] as Document, options(args, 'filter', 'update'));
    case 'replaceOne':
      return collection.replaceOne(
        filter,
        args['replacement'] as Document,
        options(args, 'filter', 'replacement'),
      );
    case 'deleteOne':
    case 'deleteMany':
      return collection[name](filter, options(args, 'filter'));
    case 'findOneAndDelete':
      return collection.findOneAndDelete(filter, options(args, 'filter'));
    case 'findOneAndReplace':
      return collection.findOneAndReplace(filter, args['replacement'] as Document, {
        ...options(args, 'filter', 'replacement'),
        ...when(args),
      });
    case 'findOneAndUpdate':
      return collection.findOneAndUpdate(filter, args['update'] as Document, {
        ...options(args, 'filter', 'update'),
        ...when(args),
      });
    case 'bulkWrite':
      return collection.bulkWrite(args['requests'] as never, options(args, 'requests'));
    case 'countDocuments':
    case 'count':
      return collection.countDocuments(filter, options(args, 'filter'));
    case 'estimatedDocumentCount':
      return collection.estimatedDocumentCount(args);
    case 'distinct':
      return collection.distinct(args['fieldName'] as string, filter, options(args, 'filter', 'fieldName'));
    case 'createIndex':
      return collection.createIndex(args['keys'] as Record<string, 1>, options(args, 'keys'));
    case 'dropIndex':
      return collection.dropIndex(args['name'] as string, options(args, 'name'));
    case 'listIndexes':
      return collection.listIndexes(args).toArray();
    default:
      throw new Unsupported(`collection.${name}`);
  }
}

function when(args: Args): Args {
  const given = args['returnDocument'] as string | undefined;
  return given === undefined ? {} : { returnDocument: given.toLowerCase() };
}

function onDatabase(db: Db, name: string, args: Args): Promise<unknown> {
  switch (name) {
    case 'runCommand':
      return db.command(args['command'] as Document, options(args, 'command', 'commandName'));
    case 'aggregate':
      return db.aggregate(args['pipeline'] as Document[], options(args, 'pipeline')).toArray();
    case 'createCollection':
      return db.createCollection(args['collection'] as string, options(args, 'collection'));
    case 'dropCollection':
      return db.dropCollection(args['collection'] as string, options(args, 'collection'));
    case 'listCollections':
      return db
        .listCollections((args['filter'] as Document | undefined) ?? {}, options(args, 'filter'))
        .toArray();
    case 'modifyCollection':
      return db.command({ collMod: args['collection'], ...options(args, 'collection') });
    default:
      throw new Unsupported(`database.${name}`);
  }
}

async function onBucket(bucket: GridFSBucket, name: string, args: Args): Promise<unknown> {
  switch (name) {
    case 'upload':
      return upload(
        bucket.openUploadStream(args['filename'] as string, options(args, 'filename', 'source')),
        args['source'],
      );
    case 'download':
      return readAll(bucket.openDownloadStream(args['id'] as never, options(args, 'id')));
    case 'downloadByName':
      return readAll(bucket.openDownloadStreamByName(args['filename'] as string, options(args, 'filename')));
    case 'delete':
      return bucket.delete(args['id'] as never);
    case 'deleteByName':
      return bucket.deleteByName(args['filename'] as string);
    case 'rename':
      return bucket.rename(args['id'] as never, args['newFilename'] as string);
    case 'renameByName':
      return bucket.renameByName(args['filename'] as string, args['newFilename'] as string);
    case 'drop':
      return bucket.drop();
    default:
      throw new Unsupported(`bucket.${name}`);
  }
}

async function onSession(session: ClientSession, name: string): Promise<unknown> {
  switch (name) {
    case 'startTransaction':
      return session.startTransaction();
    case 'commitTransaction':
      return session.commitTransaction();
    case 'abortTransaction':
      return session.abortTransaction();
    case 'endSession':
      return session.endSession();
    default:
      throw new Unsupported(`session.${name}`);
  }
}

async function onClient(client: ElmoClient, name: string, args: Args): Promise<unknown> {
  switch (name) {
    case 'clientBulkWrite': {
      const result = await client.bulkWrite(
        (args['models'] as Record<string, Document>[]).map((model) => {
          const [[kind, rest]] = Object.entries(model) as [[string, Document]];
          return { name: kind, ...rest } as never;
        }),
        options(args, 'models'),
      );
      // the official driver tells this besides
      for (const update of result.updateResults?.values() ?? []) delete (update as Document)['didUpsert'];
      return result;
    }
    case 'listDatabases':
      return (await client.db('admin').admin().listDatabases(args)).databases;
    default:
      throw new Unsupported(`client.${name}`);
  }
}

/** What an object is, of our classes or the official driver's, which are named alike. */
function kindOf(entity: unknown): string {
  const name = (entity as object | undefined)?.constructor.name ?? '';
  return name === 'MongoClient' ? 'ElmoClient' : name;
}

export function runOperation(entity: unknown, name: string, args: Args): Promise<unknown> {
  switch (kindOf(entity)) {
    case 'Collection':
      return onCollection(entity as Collection, name, args);
    case 'Db':
      return onDatabase(entity as Db, name, args);
    case 'GridFSBucket':
      return onBucket(entity as GridFSBucket, name, args);
    case 'ClientSession':
      return onSession(entity as ClientSession, name);
    case 'ElmoClient':
      return onClient(entity as ElmoClient, name, args);
    default:
      throw new Unsupported(`an entity for ${name}`);
  }
}
