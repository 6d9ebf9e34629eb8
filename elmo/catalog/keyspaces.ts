/**
 * Which number stands for what at the start of a key (keys/key-layout.ts). Small numbers are the database's own; those of
 * collections and indexes are given out in order and never again.
 * In keys since format 1: never renumber.
 */
/** 'format' → the number of this layout; 'next' → the next free keyspace. */
export const KEYSPACE_META = 0;
/** Database, NUL, collection → what the catalog knows of it. */
export const KEYSPACE_CATALOG = 1;
/** Keyspace of a collection → count and bytes of its documents, as of the last clean close. */
export const KEYSPACE_COUNTS = 2;
/** Changes in the order of their commits, for change streams. */
export const KEYSPACE_CHANGES = 3;
/** Results of retryable writes, by session. */
export const KEYSPACE_RETRIES = 4;
/** Users and their credentials. */
export const KEYSPACE_USERS = 5;
/** What sorts and groups spill: only ever in transactions that are rolled back. */
export const KEYSPACE_SPILL = 6;
/** Keyspace of an index under construction → namespace of its collection. */
export const KEYSPACE_BUILDS = 7;
/** Keyspace of a wildcard index, path → nothing: documents have had an array there (array-paths.ts). Since layout 2. */
export const KEYSPACE_ARRAYS = 8;
/** The first number for collections and indexes. */
export const FIRST_KEYSPACE = 16;

/** The newest layout this code reads. */
export const LAYOUT_FORMAT = 2;
/** What a new file has, as long as nothing in it is of a later one. */
export const FIRST_LAYOUT = 1;
/** From here on a file may say of wildcard indexes by path where documents have arrays; who does not know it must not write. */
export const ARRAYS_LAYOUT = 2;
