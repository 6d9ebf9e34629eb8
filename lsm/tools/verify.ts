/**
 * The whole check of a file that nobody has open. Fast: meta slots, manifest, levels and space, logs. Deep: besides, every
 * byte of tables and blobs that has a meaning. It goes on after a problem, so that one run shows all of them.
 */
import { readU48, type Bytes } from '../base/bytes.js';
import { totalBytes } from '../base/extent.js';
import { checkBlob, checkBlobOwners, checkTable } from '../check/check-table.js';
import { checkLevels } from '../check/check-levels.js';
import { checkSpace } from '../check/check-space.js';
import { corrupt } from '../errors.js';
import { KIND_BLOB } from '../key/entry-kind.js';
import type { ManifestState } from '../manifest/manifest-state.js';
import { tablesOf } from '../manifest/version.js';
import { ExtentMap } from '../space/extents.js';
import { RunCursor } from '../table/run-cursor.js';
import type { TableReader } from '../table/table-reader.js';
import { attempt, type FileProblem } from './findings.js';
import { listPieces } from './pieces.js';
import { OVERLAPS, describeSpace } from './space-dump.js';
import type { StoreFile } from './store-file.js';

export interface VerifyProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** What comes next, for people. */
  readonly what: string;
}

/**
 * Checks a file step by step; each step takes a while, and tells how far it is.
 * @returns every problem; [] when all is well
 */
export function* verifyFile(file: StoreFile, isDeep: boolean): Generator<VerifyProgress, FileProblem[]> {
  const problems: FileProblem[] = [...file.problems, ...slotProblems(file), ...logProblems(file)];
  const state = file.manifest?.state;
  if (state === undefined) return problems;
  problems.push(...checkLevels(state.version));
  problems.push(...spaceProblems(file, state));
  if (!isDeep) return problems;

  const tables = [...tablesOf(state.version)].map(({ id }) => file.table(id));
  let sumBytes = 0;
  for (const { meta } of tables) sumBytes += meta.dataBytes;
  for (const own of state.blobs.values()) sumBytes += totalBytes(own);
  let doneBytes = 0;
  const damaged = new Set<number>();
  for (const table of tables) {
    yield { doneBytes, totalBytes: sumBytes, what: `table ${table.meta.id}` };
    const found = tableProblems(table);
    problems.push(...found);
    if (found.length > 0) damaged.add(table.meta.id);
    doneBytes += table.meta.dataBytes;
  }
  const whole = tables.filter(({ meta }) => !damaged.has(meta.id));
  const owners = checkBlobOwners(whole, state.blobs);
  // A blob of a damaged table is not lost: its owner cannot be asked.
  problems.push(...(damaged.size === 0 ? owners : owners.filter(({ code }) => code !== 'BlobLost')));
  for (const table of whole) {
    for (const [id, bytes, found] of blobProblems(file, table)) {
      yield { doneBytes, totalBytes: sumBytes, what: `blob ${id}` };
      problems.push(...found);
      doneBytes += bytes;
    }
  }
  return problems;
}

/** The space map, if it can be made at all. */
function spaceProblems(file: StoreFile, state: ManifestState): FileProblem[] {
  const problems: FileProblem[] = [];
  for (const { offset, use, id, problem } of describeSpace(file).segments) {
    if (problem === '') continue;
    const error = corrupt(`${use} ${id === 0 ? '' : `${id} `}${problem}`, file.path, offset);
    const code = problem === OVERLAPS ? 'SpaceOverlap' : 'FileCut';
    problems.push({ code, message: error.message, at: error.at });
  }
  if (problems.length > 0) return problems;
  const extents = ExtentMap.fromLive(state.liveExtents(), file.fileBytes, file.path);
  return checkSpace(extents, state);
}

/**
 * A slot that a power cut tore is no damage. While a store is closed both are whole; and one that is not closed has a log
 * beside it, or else it was the slot of its closing that was lost.
 */
function slotProblems({ slots, meta, logs, path, file }: StoreFile): FileProblem[] {
  const problems: FileProblem[] = [];
  const isAtRest =
    meta !== undefined &&
    (meta.isClean || (meta.sequence > 2 && !logs.some(({ isObsolete }) => !isObsolete)));
  for (const { slot, offset, isWhole, problem } of slots) {
    const refuse = (what: string, at: number): void => {
      const error = corrupt(`meta slot ${slot}: ${what}`, path, at);
      problems.push({ code: 'SlotDamaged', message: error.message, at: error.at });
    };
    if (!isWhole) {
      if (isAtRest) refuse(problem, offset);
      continue;
    }
    const rest = new Uint8Array(4096 - 512);
    file.read(rest, 0, rest.length, offset + 512);
    const wrong = rest.findIndex((byte) => byte !== 0);
    if (wrong >= 0) refuse('bytes that are to be zero are not', offset + 512 + wrong);
    if (sequenceAt(file, offset) % 2 !== slot) refuse('it stands in the place of the other one', offset);
  }
  return problems;
}

function sequenceAt(file: StoreFile['file'], offset: number): number {
  const bytes: Bytes = new Uint8Array(22);
  file.read(bytes, 0, 22, offset);
  return readU48(bytes, 16);
}

function logProblems({ logs }: StoreFile): FileProblem[] {
  return logs
    .filter(({ isObsolete, problem }) => !isObsolete && problem !== '')
    .map(({ path, problem }) => ({ code: 'LogDamaged', message: problem, at: { file: path } }));
}

/** The first problem of the table's own check; and every other piece whose checksum is wrong. */
function tableProblems(table: TableReader): FileProblem[] {
  const first = checkTable(table);
  if (first.length === 0) return [];
  const problems: FileProblem[] = [...first];
  const seen = new Set(first.map(({ at }) => at?.offset));
  for (const { kind, block, offset, problem } of listPieces(table).pieces) {
    if (problem === '' || seen.has(offset)) continue;
    const name = kind === 'block' ? `block ${block}` : kind;
    const error = corrupt(`table ${table.meta.id}: ${name}: ${problem}`, table.fileName, offset);
    problems.push({ code: 'TableDamaged', message: error.message, at: error.at });
  }
  return problems;
}

/** Reads every blob of a table that was verified. */
function* blobProblems(
  file: StoreFile,
  table: TableReader,
): Generator<[id: number, bytes: number, problems: readonly FileProblem[]]> {
  if (table.meta.blobCount === 0) return;
  const cursor = new RunCursor([table]);
  for (cursor.first(); cursor.isValid; cursor.next()) {
    if (cursor.kind !== KIND_BLOB) continue;
    cursor.refresh();
    const { valueBytes, valueOffset, storedLength } = cursor;
    const problems: FileProblem[] = [];
    const blob = attempt('BlobDamaged', problems, () => file.blob(valueBytes, valueOffset, storedLength));
    if (blob === undefined) {
      yield [0, 0, problems];
      continue;
    }
    const { id, extents } = blob.descriptor;
    yield [id, totalBytes(extents), checkBlob(id, blob.reader)];
  }
  cursor.close();
}
