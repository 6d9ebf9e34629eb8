/** A compiled update: old document in, new document out. */
import type { Matcher } from '../query/filter.js';

/** What an application of an update needs beside the document. */
export interface UpdateContext {
  /** Milliseconds for $currentDate. */
  readonly nowMs: number;
  /** Seconds and counter of the next Timestamp. */
  nextTimestamp(): { seconds: number; increment: number };
  /** The filter's matcher after it matched, for the positional `$`; undefined in an upsert. */
  readonly matcher: Matcher | undefined;
  /** Whether the update inserts ($setOnInsert applies, immutable fields may be set). */
  readonly isInsert: boolean;
}

export interface Update {
  /**
   * @returns the new document, or undefined if nothing would change
   * @throws ElmoError ImmutableField if `_id` would change, PathNotViable, ConflictingUpdateOperators …
   */
  apply(bytes: Uint8Array, at: number, context: UpdateContext): Uint8Array | undefined;
  /**
   * Paths that may have changed, after `apply`: indexes on none of them need no look. Undefined: any may.
   */
  readonly touchedPaths: readonly string[] | undefined;
  readonly kind: 'replacement' | 'operators' | 'pipeline';
  /** Whether it uses the positional `$`. */
  readonly needsMatchedIndex: boolean;
}
