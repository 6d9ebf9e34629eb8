/**
 * The records of a manifest, one by one. The state is that of the last record before the first bad one; records behind it
 * are shown where they can be found, but not applied.
 */
import { readU32, type Bytes } from '../base/bytes.js';
import type { Extent } from '../base/extent.js';
import type { Cipher } from '../env/cipher.js';
import type { File } from '../env/file-system.js';
import { corrupt, LsmError } from '../errors.js';
import { RECORD_STATE, decodeRecord, type ManifestRecord } from '../manifest/format.js';
import { ManifestState } from '../manifest/manifest-state.js';
import type { Meta } from '../manifest/meta-slots.js';
import type { VersionEdit } from '../manifest/version-edit.js';
import { fileProblem, type FileProblem } from './findings.js';

/** Bytes of a record before its payload. */
const HEADER_BYTES = 15;

export interface RecordDump {
  /** Of the record in the file. */
  readonly offset: number;
  readonly bytes: number;
  readonly kind: 'state' | 'edit' | 'damaged';
  readonly edit: VersionEdit | undefined;
  /** Whether `ManifestDump.state` includes it. */
  readonly isApplied: boolean;
  /** What is wrong with it, or ''. */
  readonly problem: string;
}

export interface ManifestDump {
  readonly extent: Extent;
  readonly validBytes: number;
  readonly seed: number;
  readonly records: readonly RecordDump[];
  /** undefined when not even the first record can be read. */
  readonly state: ManifestState | undefined;
  readonly problems: readonly FileProblem[];
}

/** Reads the manifest that a meta slot points at. Throws nothing for damage. */
export function readManifest(file: File, meta: Meta, cipher: Cipher | undefined): ManifestDump {
  const { extent, validBytes, seed } = meta.manifest;
  const records: RecordDump[] = [];
  const problems: FileProblem[] = [];
  const state = new ManifestState();
  state.manifest = extent;
  const present = Math.max(0, Math.min(validBytes, file.size() - extent.offset));
  const bytes = new Uint8Array(present);
  const got = present === 0 ? 0 : file.read(bytes, 0, present, extent.offset);
  const refuse = (what: string, offset: number): void => {
    problems.push(fileProblem('ManifestDamaged', corrupt(what, file.path, offset)));
  };
  if (got < validBytes) {
    refuse(`the manifest has ${validBytes} bytes, the file ends after ${got} of them`, extent.offset + got);
  }
  let isGood = true;
  let hasState = false;
  for (let at = 0; at < got;) {
    const record = readRecord(bytes, at, got, seed, cipher, file.path, extent.offset);
    const offset = extent.offset + at;
    if (typeof record === 'string') {
      if (isGood) refuse(record, offset);
      isGood = false;
      const bytesLeft = guessedLength(bytes, at, got);
      records.push({
        offset,
        bytes: bytesLeft,
        kind: 'damaged',
        edit: undefined,
        isApplied: false,
        problem: record,
      });
      at += bytesLeft;
      continue;
    }
    const { edit, length } = record;
    const kind = record.kind === RECORD_STATE ? 'state' : 'edit';
    const problem: string = isGood ? applyRecord(state, record, at === 0) : 'stands behind a damaged record';
    if (problem !== '' && isGood) refuse(problem, offset);
    isGood &&= problem === '';
    hasState ||= isGood;
    records.push({ offset, bytes: length, kind, edit, isApplied: isGood, problem });
    at += length;
  }
  if (isGood && hasState && state.version.number !== meta.version) {
    refuse(
      `the manifest ends at version ${state.version.number}, the meta slot says ${meta.version}`,
      extent.offset,
    );
  }
  if (validBytes === 0) refuse('the manifest has no record', extent.offset);
  return { extent, validBytes, seed, records, state: hasState ? state : undefined, problems };
}

/** @returns the record, or what is wrong with it */
function readRecord(
  bytes: Bytes,
  at: number,
  end: number,
  seed: number,
  cipher: Cipher | undefined,
  fileName: string,
  position: number,
): ManifestRecord | string {
  try {
    return decodeRecord(bytes, at, end, seed, cipher, fileName, position);
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    return withoutPlace(error.message);
  }
}

/** @returns what does not fit, or '' */
function applyRecord(state: ManifestState, { kind, edit }: ManifestRecord, isFirst: boolean): string {
  if ((kind === RECORD_STATE) !== isFirst) return 'the kind of a record is not that of its place';
  try {
    state.apply(
      edit,
      state.check(edit, (what) => corrupt(what, '', 0)),
    );
    return '';
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    return `a record does not fit the one before: ${withoutPlace(error.message)}`;
  }
}

/** Where the next record may begin, if the damaged one tells its length truly. */
function guessedLength(bytes: Bytes, at: number, end: number): number {
  if (at + HEADER_BYTES > end) return end - at;
  const length = HEADER_BYTES + readU32(bytes, at + 4);
  return length <= end - at ? length : end - at;
}

function withoutPlace(message: string): string {
  return message.replace(/^.* is damaged at byte \d+: /, '');
}
