/** Opening the database that a command works on, and the words that name things in it. */
import { existsSync, statSync } from 'node:fs';
import { EJSON, parseShellText, type Document } from '../elmo/index.js';
import { connect, type ElmoClient } from '../server-compat/index.js';
import { UsageError } from './errors.js';
import { keepHeapSmall } from './small-heap.js';

export interface DatabaseName {
  readonly db: string;
  readonly collection: string;
}

/** 'shop.orders.old' → database 'shop', collection 'orders.old'. @throws UsageError */
export function parseNamespace(text: string): DatabaseName {
  const dot = text.indexOf('.');
  if (dot <= 0 || dot === text.length - 1)
    throw new UsageError(`'${text}' does not name a collection: write DATABASE.COLLECTION`);
  return { db: text.slice(0, dot), collection: text.slice(dot + 1) };
}

/**
 * Commands pass over data once: they need no large caches, whatever the size of the file. Up to three memtables are there at a
 * time, and several tables are being built, each in memory; but each table that is there takes some memory as well.
 */
export const MODEST = {
  cacheBytes: 2 << 20,
  memtableBytes: 1 << 20,
  tableBytes: 2 << 20,
  levelOneBytes: 8 << 20,
};
/** What comes in and is small takes little memory anyway; larger memtables are merged less often. */
const SMALL = { ...MODEST, memtableBytes: 4 << 20, levelOneBytes: 16 << 20 };
const SMALL_INPUT_BYTES = 64 << 20;

export interface Use {
  /** Whether a process that shares the file may hold it. */
  readonly shared?: boolean;
  /** Of documents that pass through; undefined: few; 0: nobody knows. */
  readonly passingBytes?: number;
  /** Merges that are due wait for who writes next: they take time and memory. */
  readonly isReading?: boolean;
}

/**
 * Opens, does, closes.
 * @param mayCreate  whether a file that is not there is made
 */
export async function withDatabase<T>(
  path: string,
  mayCreate: boolean,
  work: (client: ElmoClient) => Promise<T>,
  { shared = false, passingBytes, isReading = false }: Use = {},
): Promise<T> {
  if (!mayCreate && !existsSync(path)) throw new Error(`there is no file ${path}`);
  const isMuch = passingBytes === 0 || (passingBytes ?? 0) > SMALL_INPUT_BYTES;
  if (isMuch) keepHeapSmall();
  const sizes = passingBytes === undefined || isMuch ? MODEST : SMALL;
  const client = await connect(path, {
    promoteValues: false,
    createIfMissing: mayCreate,
    shared,
    autoMerge: !isReading,
    ...sizes,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Bytes of a file, at least 1. */
export function sizeOf(path: string): number {
  return Math.max(statSync(path, { throwIfNoEntry: false })?.size ?? 0, 1);
}

/**
 * A value as people write it: Extended JSON, or as in the shell: {at: ISODate('2026-01-01'), _id: ObjectId('…')}.
 * @param what  for the message: 'filter'
 * @throws UsageError
 */
export function parseValue(text: string, what: string): Document {
  try {
    return EJSON.parse(text, { relaxed: false }) as Document;
  } catch {
    // not JSON: as in the shell
  }
  try {
    return parseShellText(text) as Document;
  } catch (error) {
    throw new UsageError(
      `the ${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** A list of stages. @throws UsageError */
export function parsePipeline(text: string): Document[] {
  const isList = text.trimStart().startsWith('[');
  const { pipeline } = parseValue(
    isList ? `{"pipeline": ${text}}` : `{"pipeline": [${text}]}`,
    'pipeline',
  ) as {
    pipeline: Document[];
  };
  return pipeline;
}
