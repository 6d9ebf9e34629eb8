/** One record of an input, with where it stands; or why it is none. */

/** Where in the text something is wrong: lines and columns count from 1. */
export interface BadRecord {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

export interface GoodRecord {
  readonly line: number;
  /** BSON. */
  readonly document: Uint8Array;
}

export type InputRecord = GoodRecord | BadRecord;

export function isBad(record: InputRecord): record is BadRecord {
  return 'reason' in record;
}
