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
/** The first number for collections and indexes. */
export const FIRST_KEYSPACE = 16;

/** The layout this code reads and writes. */
export const LAYOUT_FORMAT = 1;
