/** A compiled projection: how documents are reshaped on the way out. */
import type { BsonWriter } from '../bson/writer.js';
import type { RowMetadata } from '../operation/row-source.js';

export interface Projection {
  /** Appends the projected form of the document at `at`. */
  apply(bytes: Uint8Array, at: number, into: BsonWriter, metadata?: RowMetadata): void;
  /**
   * The paths it reads (with `_id` if it is shown), when it needs only those: a covered query is then possible.
   * Undefined: it needs the whole document.
   */
  readonly requiredPaths: readonly string[] | undefined;
  /** Whether it uses the positional `$`, and so the filter's matched index. */
  readonly needsMatchedIndex: boolean;
  /** Names of `{$meta: …}` it reads. */
  readonly metaNames: readonly string[];
}
