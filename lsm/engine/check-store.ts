/** The whole check of an open store: levels and space from the manifest; deep: every byte of tables and blobs. */
import { BlobReader } from '../blob/blob-reader.js';
import { decodeBlobDescriptor } from '../blob/descriptor.js';
import { checkLevels } from '../check/check-levels.js';
import { checkSpace } from '../check/check-space.js';
import { checkBlob, checkBlobOwners, checkTableInSteps } from '../check/check-table.js';
import type { Problem } from '../check/report.js';
import { KIND_BLOB } from '../key/entry-kind.js';
import { RunCursor } from '../table/run-cursor.js';
import type { TableReader } from '../table/table-reader.js';
import type { StoreParts } from './parts.js';

/** @param checkOpen  throws when the store was closed meanwhile */
export async function checkStore(
  parts: StoreParts,
  isDeep: boolean,
  checkOpen: () => void,
): Promise<Problem[]> {
  const { open, live, transactions } = parts;
  const { state, extents } = open.manifest;
  const problems = [...checkLevels(state.version), ...checkSpace(extents, state)];
  if (!isDeep) return problems;
  const tables = state.version.runs.flatMap((run) => run.tables.map((meta) => live.tableReader(meta)));
  problems.push(...checkBlobOwners(tables, new Map(state.blobs)));
  const pause = async (): Promise<void> => {
    await transactions.yieldSlice();
    checkOpen();
  };
  for (const table of tables) {
    const found = await checkTableInSteps(table, pause);
    problems.push(...found);
    if (found.length === 0 && table.meta.blobCount > 0) problems.push(...checkBlobs(parts, table));
    await pause();
  }
  return problems;
}

function checkBlobs({ open, blobs }: StoreParts, table: TableReader): Problem[] {
  const problems: Problem[] = [];
  const cursor = new RunCursor([table]);
  for (cursor.first(); cursor.isValid; cursor.next()) {
    if (cursor.kind !== KIND_BLOB) continue;
    const { valueBytes, valueOffset, storedLength } = cursor;
    const { id } = decodeBlobDescriptor(valueBytes, valueOffset, storedLength, open.file.path);
    const blob = blobs.decode(valueBytes, valueOffset, storedLength);
    problems.push(...checkBlob(id, new BlobReader(open.file, blob, open.cipher)));
  }
  cursor.close();
  return problems;
}
