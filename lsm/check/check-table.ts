/**
 * Whether tables and blobs are whole, and whether each blob has one owner. These checks read every byte.
 */
import type { TableMeta } from '../manifest/table-meta.js';
import { problemsOf, problemsOfSteps, type Problem } from './report.js';

/** The part of a `TableReader` that checks need. */
export interface CheckedTable {
  readonly meta: TableMeta;
  /** Reads and verifies every block. @throws LsmError Corrupt */
  verify(): void;
  /** Ids of the blobs that entries of the table are. */
  blobIds(): readonly number[];
}

/** The part of a `BlobReader` that checks need. */
export interface CheckedBlob {
  /** Reads and verifies every chunk. @throws LsmError Corrupt */
  verify(): void;
}

/** @returns a problem when the table does not pass its own checks */
export function checkTable(table: CheckedTable): Problem[] {
  return problemsOf('TableDamaged', `table ${table.meta.id}`, () => table.verify());
}

/** The same, block by block. */
export function checkTableInSteps(
  table: CheckedTable & { verifySteps(): Iterator<unknown> },
  pause: () => Promise<void>,
): Promise<Problem[]> {
  return problemsOfSteps('TableDamaged', `table ${table.meta.id}`, () => table.verifySteps(), pause);
}

/** @returns a problem when the blob does not pass its own checks */
export function checkBlob(id: number, blob: CheckedBlob): Problem[] {
  return problemsOf('BlobDamaged', `blob ${id}`, () => blob.verify());
}

/**
 * Whether the blobs of the manifest are those of the tables, each in one of them.
 * @param tables  every table of the newest version
 * @param blobs   ids of the manifest's blobs: `ManifestState.blobs`
 */
export function checkBlobOwners(
  tables: Iterable<CheckedTable>,
  blobs: { has(id: number): boolean; keys(): Iterable<number> },
): Problem[] {
  const problems: Problem[] = [];
  const owners = new Map<number, number>();
  for (const table of tables) {
    const tableId = table.meta.id;
    let ids: readonly number[] = [];
    problems.push(
      ...problemsOf('TableDamaged', `table ${tableId}`, () => {
        ids = table.blobIds();
      }),
    );
    for (const id of ids) {
      const other = owners.get(id);
      if (other !== undefined) {
        problems.push({
          code: 'BlobShared',
          message: `blob ${id} is in table ${other} and in table ${tableId}`,
        });
      } else if (!blobs.has(id)) {
        problems.push({
          code: 'BlobUnknown',
          message: `blob ${id} of table ${tableId} is not in the manifest`,
        });
      }
      owners.set(id, tableId);
    }
  }
  for (const id of blobs.keys()) {
    if (!owners.has(id)) problems.push({ code: 'BlobLost', message: `blob ${id} is in no table` });
  }
  return problems;
}
