/** One end of a migration: where documents come from, or where they go. Documents are raw, whole bytes. */
import type { Document } from '../../elmo/index.js';

export interface CollectionName {
  readonly db: string;
  readonly collection: string;
}

export interface MigratedCollection extends CollectionName {
  /** 'collection', 'view', 'timeseries'. */
  readonly type: string;
  readonly options: Document;
}

/** In the order of `_id`, so that reading can go on behind any document; or in that of the collection itself. */
export type ReadOrder = 'id' | 'natural';

export interface InsertOutcome {
  readonly inserted: number;
  /** Why the others did not go in. */
  readonly failures: readonly { readonly isDuplicateId: boolean; readonly message: string }[];
}

export interface MigrationEnd {
  /** How it is called, without a password. */
  readonly name: string;
  /** All but what a server keeps for itself, without users. */
  collections(): Promise<readonly MigratedCollection[]>;
  /** Definitions, without that of `_id`. */
  indexes(name: CollectionName): Promise<readonly Document[]>;
  count(name: CollectionName): Promise<number>;
  /** @param after  a document {_id}, with order 'id': reading begins behind it */
  read(name: CollectionName, order: ReadOrder, after?: Uint8Array): AsyncIterable<Uint8Array>;
  /** Does nothing when it is there. */
  create(collection: MigratedCollection): Promise<void>;
  drop(name: CollectionName): Promise<void>;
  /** Resolves when the documents are on stable storage. */
  insert(name: CollectionName, documents: readonly Uint8Array[]): Promise<InsertOutcome>;
  createIndex(name: CollectionName, definition: Document): Promise<void>;
  close(): Promise<void>;
}

/** Databases a server keeps for itself. */
const DATABASES_OF_SERVER = new Set(['admin', 'config', 'local']);

export function isOfServer({ db, collection }: CollectionName): boolean {
  return DATABASES_OF_SERVER.has(db) || collection.startsWith('system.');
}

/** What some servers tell of a collection or an index, and others do not take. */
const OWN_OPTIONS = new Set(['uuid', 'autoIndexId', 'idIndex', 'flags']);
const OWN_TIMESERIES_OPTIONS = new Set(['fixedBucketing']);
const OWN_DEFINITIONS = new Set(['ns', 'v', 'background']);

export function portableOptions(options: Document): Document {
  const { timeseries, ...rest } = without(options, OWN_OPTIONS);
  if (timeseries === undefined) return rest;
  return { ...rest, timeseries: without(timeseries as Document, OWN_TIMESERIES_OPTIONS) };
}

export function portableIndexes(definitions: readonly Document[]): Document[] {
  return definitions
    .filter(({ name }) => name !== '_id_')
    .map((definition) => {
      const { collation, ...rest } = without(definition, OWN_DEFINITIONS);
      const isSimple = (collation as Document | undefined)?.['locale'] === 'simple';
      return collation === undefined || isSimple ? rest : { ...rest, collation };
    });
}

function without(document: Document, names: ReadonlySet<string>): Document {
  return Object.fromEntries(Object.entries(document).filter(([name]) => !names.has(name)));
}
