/** How a dump's folder is laid out: DATABASE/COLLECTION.bson and .metadata.json, each with .gz behind it when packed. */
import { createHash } from 'node:crypto';

export const DATA_FILE = /\.bson(\.gz)?$/;
export const METADATA_FILE = /\.metadata\.json(\.gz)?$/;
/** What a time-series collection's documents lie in. */
export const BUCKETS_PREFIX = 'system.buckets.';

/** Longer names are cut, and end in a hash. */
const MOST_CHARACTERS = 238;
const KEPT_CHARACTERS = 208;
const HASHED_NAME = /%24[A-Za-z0-9_-]{27}=?$/;

/** A collection's file, without its ending. */
export function fileNameOf(collection: string): string {
  const name = collection.replace(/[%/\\:*?"<>|$]/g, encodeURIComponent);
  if (name.length <= MOST_CHARACTERS) return name;
  const hash = createHash('sha1').update(collection).digest('base64url');
  return `${name.slice(0, KEPT_CHARACTERS)}%24${hash}`;
}

/** @param told  the name in the metadata, the only whole one of a collection whose file name is cut */
export function collectionOf(fileName: string, told: string | undefined): string {
  if (told !== undefined && HASHED_NAME.test(fileName)) return told;
  try {
    return decodeURIComponent(fileName);
  } catch {
    return fileName;
  }
}
