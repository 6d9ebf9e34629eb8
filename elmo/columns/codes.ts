/** What stands in a column for the value that a record has at its path: two bytes. */

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

/** A column with more values than these is none: it would hardly save anything. */
export const MOST_VALUES = 4096;
/** In bytes, its type aside. */
export const LONGEST_VALUE = 128;

/** Records of a page have ids that differ in so many lowest bits. */
export const PAGE_BITS = 10;
export const PAGE_IDS: number = 1 << PAGE_BITS;
export const PAGE_BYTES: number = PAGE_IDS * 2;
/** Records of larger ids are in no column. */
export const LAST_ID = 0x7fff_ffff;
