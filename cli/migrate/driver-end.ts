/**
 * What both ends have in common: the file's client and that of the official driver are asked alike. Only documents go in
 * by different ways.
 */
import type { Document } from '../../elmo/index.js';
import {
  isOfServer,
  portableIndexes,
  portableOptions,
  type CollectionName,
  type InsertOutcome,
  type MigratedCollection,
  type MigrationEnd,
  type ReadOrder,
} from './end.js';

/** What of a client is used, of either kind. */
export interface DriverClient {
  db(name: string): DriverDb;
  close(): Promise<void>;
}

interface DriverDb {
  command(command: Document): Promise<Document>;
  listCollections(): { toArray(): Promise<unknown[]> };
  collection(name: string): {
    drop(): Promise<unknown>;
    indexes(): Promise<unknown[]>;
    estimatedDocumentCount(): Promise<number>;
    find(filter: Document, options: { raw: true; batchSize: number }): DriverCursor;
  };
}

interface DriverCursor extends AsyncIterable<unknown> {
  sort(order: Document): this;
  hint(index: Document): this;
  min(low: Document): this;
}

const BATCH_DOCUMENTS = 1000;

export abstract class DriverEnd implements MigrationEnd {
  abstract readonly name: string;

  constructor(
    protected readonly client: DriverClient,
    /** Of one document, every type kept. */
    private readonly decode: (raw: Uint8Array) => Document,
  ) {}

  abstract insert(name: CollectionName, documents: readonly Uint8Array[]): Promise<InsertOutcome>;

  async collections(): Promise<readonly MigratedCollection[]> {
    const found: MigratedCollection[] = [];
    const { databases } = (await this.client.db('admin').command({ listDatabases: 1, nameOnly: true })) as {
      databases: { name: string }[];
    };
    for (const { name: db } of databases) {
      const infos = (await this.client.db(db).listCollections().toArray()) as Document[];
      for (const { name, type, options } of infos) {
        const collection = String(name);
        if (!isOfServer({ db: String(db), collection }))
          found.push({
            db: String(db),
            collection,
            type: String(type),
            options: portableOptions(options as Document),
          });
      }
    }
    const key = ({ db, collection }: CollectionName): string => `${db}\0${collection}`;
    return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  async indexes({ db, collection }: CollectionName): Promise<readonly Document[]> {
    return portableIndexes((await this.client.db(db).collection(collection).indexes()) as Document[]);
  }

  count({ db, collection }: CollectionName): Promise<number> {
    return this.client.db(db).collection(collection).estimatedDocumentCount();
  }

  async *read(
    { db, collection }: CollectionName,
    order: ReadOrder,
    after?: Uint8Array,
  ): AsyncGenerator<Uint8Array> {
    const cursor = this.client
      .db(db)
      .collection(collection)
      .find({}, { raw: true, batchSize: BATCH_DOCUMENTS });
    if (order === 'id') cursor.sort({ _id: 1 }).hint({ _id: 1 });
    // a bound of the index, for a filter would only find values of the same type
    if (after !== undefined) cursor.min(this.decode(after));
    let mayBeLast = after !== undefined;
    for await (const raw of cursor) {
      const document = raw as Uint8Array;
      if (mayBeLast && sameId(document, after!)) continue;
      mayBeLast = false;
      yield document;
    }
  }

  async create({ db, collection, options }: MigratedCollection): Promise<void> {
    const isThere = (await this.collections()).some((one) => one.db === db && one.collection === collection);
    if (!isThere) await this.client.db(db).command({ create: collection, ...options });
  }

  async drop({ db, collection }: CollectionName): Promise<void> {
    await this.client.db(db).collection(collection).drop();
  }

  async createIndex({ db, collection }: CollectionName, definition: Document): Promise<void> {
    await this.client.db(db).command({ createIndexes: collection, indexes: [definition] });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

/** Whether a document begins with the elements of another, which is how `_id` stands in documents of a collection. */
function sameId(document: Uint8Array, id: Uint8Array): boolean {
  return Buffer.compare(document.subarray(4, id.length - 1), id.subarray(4, id.length - 1)) === 0;
}
