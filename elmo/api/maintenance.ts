/** What keeps a file in order: figures, checks, compaction, backups. */
import { LsmStore, type LsmStats } from '../../lsm/index.js';
import { collectionSpecs } from '../catalog/listing.js';
import { namespaceText } from '../catalog/namespace.js';
import type { Engine } from '../engine/engine.js';
import { MongoInvalidArgumentError } from './errors.js';
import { verifyInSlices } from '../index/verify.js';

/** Something in the file that is not as it has to be. */
export interface CheckProblem {
  /** Stable: branch on it. 'Documents' means that documents, indexes and counts of a collection disagree. */
  readonly code: string;
  /** For people: where, what was expected, what was found. */
  readonly message: string;
}

export interface CheckReport {
  readonly collections: number;
  readonly documents: number;
  readonly indexEntries: number;
  /** [] when all is well. */
  readonly problems: readonly CheckProblem[];
}

export type StoreStats = LsmStats;

function storeOf(engine: Engine): LsmStore {
  if (engine.kv instanceof LsmStore) return engine.kv;
  throw new MongoInvalidArgumentError('this database is kept in memory for tests, and has no file');
}

export function storeStats(engine: Engine): StoreStats {
  return storeOf(engine).stats();
}

/** Reads every byte of the file, then compares every document with every index, and the counts with both. */
export async function checkAll(engine: Engine): Promise<CheckReport> {
  const problems: CheckProblem[] = engine.kv instanceof LsmStore ? await engine.kv.check({ deep: true }) : [];
  const operation = engine.newOperation({});
  let [collections, documents, indexEntries] = [0, 0, 0];
  for (const db of engine.catalog.databaseNames()) {
    for (const { namespace } of collectionSpecs(engine.catalog, db)) {
      const collection = engine.collections.get(namespace);
      if (collection === undefined || collection.spec.kind === 'view') continue;
      const found = await verifyInSlices(engine.kv, collection, operation);
      collections++;
      documents += found.documents;
      indexEntries += found.entries;
      for (const problem of found.problems)
        problems.push({ code: 'Documents', message: `${namespaceText(namespace)}: ${problem}` });
    }
  }
  return { collections, documents, indexEntries, problems };
}

export function compactStore(engine: Engine): Promise<void> {
  return storeOf(engine).compact();
}

export function backupStore(engine: Engine, path: string): Promise<void> {
  return storeOf(engine).compactTo(path);
}
