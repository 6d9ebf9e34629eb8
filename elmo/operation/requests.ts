/**
 * What the document layer can be asked. Both faces, the embedded interface and the wire protocol's commands, fill in these;
 * documents inside stay raw BSON. Defaults are those of the commands of the same names.
 */
import type { ElmoError } from '../errors.js';
import type { Value } from '../bson/value.js';
import type { PlanTrace } from './plan-trace.js';

/** A collection by name; `collection` is '' where a whole database is meant. */
export interface Namespace {
  readonly db: string;
  readonly collection: string;
}

/** A whole BSON document from byte 0. */
export type RawDocument = Uint8Array;

/** What every request may carry. */
export interface CommonRequest {
  readonly maxTimeMs?: number;
  readonly signal?: AbortSignal;
  readonly comment?: Value;
  /** Raw document of variables. */
  readonly let?: RawDocument;
  readonly collation?: RawDocument;
  /** Wait for the sync of the log (write concern `j: true`). */
  readonly isDurable?: boolean;
  /** What is told of the plans. */
  readonly trace?: PlanTrace;
}

export interface FindRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly filter?: RawDocument;
  readonly sort?: RawDocument;
  readonly projection?: RawDocument;
  readonly skip?: number;
  /** 0 or undefined: no limit. */
  readonly limit?: number;
  /** A string (name) or document (key pattern, {$natural: ±1}). */
  readonly hint?: Value;
  readonly min?: RawDocument;
  readonly max?: RawDocument;
  readonly returnKey?: boolean;
  readonly showRecordId?: boolean;
  readonly isTailable?: boolean;
  readonly awaitData?: boolean;
  readonly allowDiskUse?: boolean;
}

export interface AggregateRequest extends CommonRequest {
  /** `collection` is '' for aggregations of a whole database. */
  readonly namespace: Namespace;
  readonly pipeline: readonly RawDocument[];
  readonly hint?: Value;
  readonly allowDiskUse?: boolean;
  readonly bypassDocumentValidation?: boolean;
}

export interface CountRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly filter?: RawDocument;
  readonly skip?: number;
  readonly limit?: number;
  readonly hint?: Value;
}

export interface DistinctRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly key: string;
  readonly filter?: RawDocument;
  readonly hint?: Value;
}

/** What any write says of itself. */
export interface WritingRequest extends CommonRequest {
  readonly namespace?: Namespace;
  /** Nobody has asked for it: it is not held back. */
  readonly isOwn?: boolean;
}

export interface InsertRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly documents: readonly RawDocument[];
  readonly isOrdered: boolean;
  /** Nobody has asked for it: it may write where, and when, clients may not. */
  readonly isOwn?: boolean;
  readonly bypassDocumentValidation?: boolean;
  /** Whether timestamps of zeros in whole documents stay so, and do not become the time of the write. */
  readonly keepsEmptyTimestamps?: boolean;
}

export interface UpdateStatement {
  readonly filter: RawDocument;
  /** A document (operators or a replacement) or an array (a pipeline). */
  readonly update: Value;
  /** Constants of a pipeline, raw. */
  readonly constants?: RawDocument;
  readonly isMulti: boolean;
  readonly isUpsert: boolean;
  /** Whether an upsert inserts the constant `new` as it is. */
  readonly isUpsertSupplied?: boolean;
  readonly arrayFilters?: readonly RawDocument[];
  readonly hint?: Value;
  readonly collation?: RawDocument;
  readonly sort?: RawDocument;
}

export interface UpdateRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly statements: readonly UpdateStatement[];
  readonly isOrdered: boolean;
  readonly bypassDocumentValidation?: boolean;
  /** Whether timestamps of zeros in whole documents stay so, and do not become the time of the write. */
  readonly keepsEmptyTimestamps?: boolean;
}

export interface DeleteStatement {
  readonly filter: RawDocument;
  readonly isMulti: boolean;
  readonly hint?: Value;
  readonly collation?: RawDocument;
}

export interface DeleteRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly statements: readonly DeleteStatement[];
  readonly isOrdered: boolean;
  /** As in an insert. */
  readonly isOwn?: boolean;
}

export interface FindAndModifyRequest extends CommonRequest {
  readonly namespace: Namespace;
  readonly filter: RawDocument;
  readonly sort?: RawDocument;
  readonly projection?: RawDocument;
  /** Undefined: remove. */
  readonly update?: Value;
  readonly isUpsert?: boolean;
  readonly returnsNew?: boolean;
  readonly arrayFilters?: readonly RawDocument[];
  readonly hint?: Value;
  readonly bypassDocumentValidation?: boolean;
  /** Whether timestamps of zeros in whole documents stay so, and do not become the time of the write. */
  readonly keepsEmptyTimestamps?: boolean;
}

/** One operation of a `bulkWrite`. */
export type BulkOperation = {
  readonly namespace: Namespace;
  /** 16 bytes that the collection has to have as its identity; undefined: it is not checked. */
  readonly collectionUuid?: Uint8Array;
} & (
  | { readonly kind: 'insert'; readonly document: RawDocument }
  | { readonly kind: 'update'; readonly statement: UpdateStatement }
  | { readonly kind: 'delete'; readonly statement: DeleteStatement }
);

export interface BulkWriteRequest extends CommonRequest {
  readonly operations: readonly BulkOperation[];
  readonly isOrdered: boolean;
  readonly bypassDocumentValidation?: boolean;
  /** Whether timestamps of zeros in whole documents stay so, and do not become the time of the write. */
  readonly keepsEmptyTimestamps?: boolean;
}

/** What became of one operation. */
export interface BulkOutcome {
  readonly index: number;
  readonly kind: BulkOperation['kind'];
  readonly error: ElmoError | undefined;
  /** Documents inserted, matched, upserted or deleted. */
  readonly count: number;
  readonly modified: number;
  readonly upsertedId: Value | undefined;
}

/** What went wrong with one document or statement of a write. */
export interface WriteFailure {
  readonly index: number;
  readonly error: ElmoError;
}

export interface InsertResult {
  readonly inserted: number;
  readonly failures: readonly WriteFailure[];
  /** Numbers of statements of a retryable write that had been done before. */
  readonly repeated?: readonly number[] | undefined;
}

export interface UpdateResult {
  readonly matched: number;
  readonly modified: number;
  readonly upserted: readonly { readonly index: number; readonly id: Value }[];
  readonly failures: readonly WriteFailure[];
  /** Numbers of statements of a retryable write that had been done before. */
  readonly repeated?: readonly number[] | undefined;
}

export interface DeleteResult {
  readonly deleted: number;
  readonly failures: readonly WriteFailure[];
  /** Numbers of statements of a retryable write that had been done before. */
  readonly repeated?: readonly number[] | undefined;
}

export interface FindAndModifyResult {
  /** The document before or after, projected; undefined if there is none. */
  readonly document: RawDocument | undefined;
  readonly updatedExisting: boolean;
  readonly matched: number;
  readonly upsertedId: Value | undefined;
  /** Numbers of statements of a retryable write that had been done before. */
  readonly repeated?: readonly number[] | undefined;
}
