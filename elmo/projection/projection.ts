/** Compiled projections and document transforms: how documents are reshaped on the way out, or between stages. */
import type { BsonWriter } from '../bson/writer.js';
import type { RowMetadata } from '../operation/row-source.js';

export interface Projection {
  /**
   * Appends the projected form of the document at `at`.
   * @param matchedIndex  the filter's, if `needsMatchedIndex`
   * @throws ElmoError of expressions; 51246, 51247 if the positional `$` has no element to show
   */
  apply(bytes: Uint8Array, at: number, into: BsonWriter, metadata?: RowMetadata, matchedIndex?: number): void;
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

/** What a stage like $project or $addFields does with each document. */
export interface Reshape {
  /**
   * Appends the new document.
   * @throws ElmoError of expressions
   */
  apply(bytes: Uint8Array, at: number, into: BsonWriter, metadata?: RowMetadata): void;
  /** The paths it reads or shows; undefined: the whole document. */
  readonly requiredPaths: readonly string[] | undefined;
  /** If `requiredPaths` is undefined: the paths it reads itself, where it shows all others as they are. */
  readonly readPaths?: readonly string[] | undefined;
  /** The paths whose values may be others afterwards; undefined: any. Those it only shows are not among them. */
  readonly changedPaths: readonly string[] | undefined;
  /** If `changedPaths` is undefined: those that are shown as they are, with all below them. */
  readonly keptPaths?: readonly string[] | undefined;
  /** Names of fields that are other fields as they were, with the names of those. */
  readonly renames?: ReadonlyMap<string, string> | undefined;
  readonly metaNames: readonly string[];
  /** Whether there may be documents of which it makes nothing but an error. */
  readonly mayFail: boolean;
  /** Whether the document that was made last still tells which record it came from. */
  readonly keepsRecord: boolean;
}
