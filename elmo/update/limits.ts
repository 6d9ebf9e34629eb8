/** What an update may make of a document at most. */
import { ElmoError } from '../errors.js';

/** Bytes of a stored document. */
export const MAX_DOCUMENT_BYTES: number = 16 * 1024 * 1024;
/** Documents and arrays in one another, the outermost included. */
export const MAX_NESTING = 180;
/** Parts of a path. */
export const MAX_PATH_PARTS = 255;
/** Nulls that an assignment beyond the end of an array may put in between. */
export const MAX_BACKFILL = 1_500_000;
/** An index of an array as a path may name it. */
export const MAX_ARRAY_INDEX = 0xffff_ffff;

/** @throws ElmoError BSONObjectTooLarge */
export function checkUpdatedSize(bytes: number): void {
  if (bytes > MAX_DOCUMENT_BYTES)
    throw new ElmoError(
      'BSONObjectTooLarge',
      `Resulting document after update is larger than ${MAX_DOCUMENT_BYTES}`,
    );
}
