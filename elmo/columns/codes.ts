/** What stands in a column for the value that a record has at its path: two bytes, or the four of a signature. */
import { WIDE_BYTES } from '../operation/row-source.js';

/** Nobody has looked yet, or the record has changed since. */
export const UNKNOWN = 0;
/** There is no record of that id. */
export const ABSENT = 1;
/** The value is too long for a code, or the path leads through an array or past a value that is no document. */
export const UNCODED = 2;
/** The record has no value there. */
export const NO_VALUE = 3;
/** The first value met. */
export const FIRST_CODE = 4;

/** A column has at most so many values, or one for four records if these are more; there are no more codes than these. */
export const FEW_VALUES = 4096;
export const MOST_VALUES: number = 0xffff - FIRST_CODE;
/** With more ids no column is looked through as a whole. */
export const MOST_RECORDS = 1_000_000;
/** In bytes, its type aside. */
export const LONGEST_VALUE = 128;

/** Records of a page have ids that differ in so many lowest bits. */
export const PAGE_BITS = 10;
export const PAGE_IDS: number = 1 << PAGE_BITS;
export const PAGE_BYTES: number = PAGE_IDS * 2;
export const SIGNATURE_PAGE_BYTES: number = PAGE_IDS * 4;
/** Of the values of a column that is wide. */
export const WIDE_PAGE_BYTES: number = PAGE_IDS * WIDE_BYTES;
/** Records of larger ids are in no column. */
export const LAST_ID = 0x7fff_ffff;

/** Whether it is known of each record of a page what it has, or that it is not there. */
export function isCoded(codes: Uint16Array | undefined): codes is Uint16Array {
  return codes?.includes(UNKNOWN) === false && !codes.includes(UNCODED);
}
