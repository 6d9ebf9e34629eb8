/** What a dump holds, as one stream of steps, whether it is a folder, a file or an archive. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { archiveSteps } from './archive-reader.js';
import { bsonRecords } from './bson-records.js';
import { BUCKETS_PREFIX, collectionOf, DATA_FILE, METADATA_FILE } from './dump-files.js';
import { openInput, type Input } from './input.js';

export interface DumpedName {
  readonly db: string;
  readonly collection: string;
}

/** For each collection: `collection`, `documents` any number of times, `end`. Collections may be interleaved. */
export type DumpStep = DumpedName &
  (
    | {
        readonly kind: 'collection';
        /** Extended JSON; '': there is none. */
        readonly metadata: string;
      }
    | { readonly kind: 'documents'; readonly documents: readonly Uint8Array[] }
    | {
        readonly kind: 'end';
        /** Why not everything came. */
        readonly fault: string | undefined;
      }
  );

export interface DumpSource {
  /** Bytes; 0: not known. */
  readonly total: number;
  /** Bytes that have been read. */
  done(): number;
  steps(): AsyncGenerator<DumpStep>;
}

/** @param path  undefined or '-': standard input */
export async function archiveSource(path: string | undefined): Promise<DumpSource> {
  const input = await openInput(path);
  return { total: input.total, done: input.done, steps: () => stepsOfArchive(input, path) };
}

async function* stepsOfArchive(input: Input, path: string | undefined): AsyncGenerator<DumpStep> {
  const open = new Map<string, DumpedName>();
  const begin = (db: string, collection: string, metadata: string): DumpStep => {
    open.set(`${db}.${collection}`, { db, collection });
    return { kind: 'collection', db, collection, metadata };
  };
  let fault: string | undefined;
  try {
    for await (const step of archiveSteps(input.chunks)) {
      if (step.kind === 'prelude') {
        for (const { db, collection, metadata } of step.collections) yield begin(db, collection, metadata);
        continue;
      }
      const { db } = step;
      const collection = ownerOf(step.collection);
      if (!open.has(`${db}.${collection}`)) yield begin(db, collection, '');
      if (step.kind === 'documents') yield { ...step, collection };
      else {
        open.delete(`${db}.${collection}`);
        const damage = step.isWhole ? undefined : 'the checksum of its documents is another one';
        yield { kind: 'end', db, collection, fault: damage };
      }
    }
  } catch (error) {
    fault = faultOf(path ?? 'standard input', error);
    if (open.size === 0) throw new Error(fault, { cause: error });
  }
  for (const name of open.values()) {
    yield { kind: 'end', ...name, fault };
    if (fault !== undefined) fault = 'the archive broke off';
  }
}

/** With the file's name, once. */
function faultOf(file: string, error: unknown): string {
  const { message } = error as Error;
  return message.startsWith(`${file} `) ? message : `${file}: ${message}`;
}

/** The collection whose buckets these are. */
function ownerOf(collection: string): string {
  return collection.startsWith(BUCKETS_PREFIX) ? collection.slice(BUCKETS_PREFIX.length) : collection;
}

/** A collection of a dump's folder. */
interface Part extends DumpedName {
  data?: string;
  metadata?: string;
}

/**
 * @param path  a dump, the folder of one database of it, or one file of that
 * @param into  the database it goes into, where that is not the folder's name
 */
export function folderSource(path: string, into: string | undefined, collection?: string): DumpSource {
  const parts = partsAt(path, into, collection);
  if (parts.length === 0)
    throw new Error(`${path} has no dump: no file of it ends in .bson or .metadata.json`);
  const sizes = parts.map(({ data }) => (data === undefined ? 0 : statSync(data).size));
  let before = 0;
  let input: Input | undefined;
  return {
    total: sizes.reduce((sum, size) => sum + size, 0),
    done: () => before + (input?.done() ?? 0),
    steps: async function* () {
      for (const [i, part] of parts.entries()) {
        const { db, collection } = part;
        let fault: string | undefined;
        let at = part.metadata;
        try {
          if (at === undefined && basename(part.data ?? '').startsWith(BUCKETS_PREFIX)) {
            at = part.data;
            throw new Error(
              `${collection}.metadata.json, which tells what its buckets are, is not beside it`,
            );
          }
          yield { kind: 'collection', db, collection, metadata: readText(part.metadata) };
          at = part.data;
          if (at !== undefined) {
            input = await openInput(at);
            for await (const documents of bsonRecords(input.chunks))
              yield { kind: 'documents', db, collection, documents };
          }
        } catch (error) {
          fault = faultOf(String(at), error);
        }
        input = undefined;
        before += sizes[i]!;
        yield { kind: 'end', db, collection, fault };
      }
    },
  };
}

function partsAt(path: string, into: string | undefined, collection: string | undefined): Part[] {
  if (!existsSync(path)) throw new Error(`there is no folder ${path}`);
  if (statSync(path).isDirectory()) {
    const parts = partsOf(path, into);
    if (parts.length > 0 || into === undefined || !existsSync(join(path, into))) return parts;
    return partsOf(join(path, into), into);
  }
  if (!DATA_FILE.test(path)) throw new Error(`${path} is neither a folder nor a file that ends in .bson`);
  const name = basename(path).replace(DATA_FILE, '');
  const own = partsOf(dirname(path), into ?? basename(dirname(resolve(path))), name);
  return own.map((part) => ({ ...part, collection: collection ?? part.collection }));
}

/** @param only  the one file of it, without its ending */
function partsOf(folder: string, into: string | undefined, only?: string): Part[] {
  const names = readdirSync(folder, { withFileTypes: true });
  const parts = new Map<string, Part>();
  const db = into ?? basename(resolve(folder));
  for (const { name } of names) {
    const kind = DATA_FILE.test(name) ? 'data' : METADATA_FILE.test(name) ? 'metadata' : undefined;
    if (kind === undefined) continue;
    const bare = name.replace(METADATA_FILE, '').replace(DATA_FILE, '');
    if (only !== undefined && ownerOf(bare) !== ownerOf(only)) continue;
    const file = ownerOf(bare);
    const part = parts.get(file) ?? { db, collection: file };
    part[kind] = join(folder, name);
    parts.set(file, part);
  }
  const own = [...parts].map(([file, part]) => ({ ...part, collection: collectionOf(file, toldName(part)) }));
  if (only !== undefined || (into !== undefined && own.length > 0)) return own;
  const folders = names.filter((entry) => entry.isDirectory());
  if (into !== undefined) return own;
  return [...own, ...folders.flatMap(({ name }) => partsOf(join(folder, name), undefined))];
}

/** The collection's name as its metadata has it. */
function toldName({ metadata }: Part): string | undefined {
  try {
    return (JSON.parse(readText(metadata)) as { collectionName?: string }).collectionName;
  } catch {
    return undefined; // told when its turn comes
  }
}

function readText(path: string | undefined): string {
  if (path === undefined) return '';
  const bytes = readFileSync(path);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
}
