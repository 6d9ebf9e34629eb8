/**
 * What an entry says of its key, and in which form its value is stored. Numbers are on disk: never renumber.
 */

/** The key is deleted: hides every older entry of the key. No value. */
export const KIND_DELETE = 0;
/** The value's bytes as they are. */
export const KIND_RAW = 1;
/** The value compressed by itself (codec `lz4`); only inside tables. `rawLength` is its length decompressed. */
export const KIND_LZ4 = 2;
/** The stored bytes are a blob descriptor (see blob/descriptor.ts); the value lies in extents of its own. */
export const KIND_BLOB = 3;
/** All keys of [key, value) are deleted; only in batches and logs. */
export const KIND_RANGE_DELETE = 4;

export type EntryKind = 0 | 1 | 2 | 3;
