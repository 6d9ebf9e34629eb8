/**
 * Errors as users of the official driver know them: the same class names, `code`, `codeName`, `keyPattern`, `keyValue`,
 * `errorLabels`. Code written for one works with the other.
 */
import { decodeDocument } from '../bson/decode.js';
import { BsonError } from '../bson/errors.js';
import type { Document } from '../bson/package.js';
import { codeNameOf } from '../error-codes.js';
import { ElmoError } from '../errors.js';
import type { WriteFailure } from '../operation/requests.js';
import { LsmError } from '../../lsm/index.js';

/** The root of all. */
export class MongoError extends Error {
  private readonly labels: Set<string>;
  code?: number | string;

  constructor(message: string, options: { cause?: unknown; errorLabels?: readonly string[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.labels = new Set(options.errorLabels ?? []);
    Object.defineProperty(this, 'labels', { enumerable: false });
  }

  override get name(): string {
    return 'MongoError';
  }

  get errmsg(): string {
    return this.message;
  }

  get errorLabels(): string[] {
    return [...this.labels];
  }

  hasErrorLabel(label: string): boolean {
    return this.labels.has(label);
  }

  addErrorLabel(label: string): void {
    this.labels.add(label);
  }
}

/** What the database answered. */
export class MongoServerError extends MongoError {
  override code: number;
  codeName: string;
  keyPattern?: Document;
  keyValue?: Document;
  errInfo?: Document;
  ok = 0;

  constructor(response: {
    message: string;
    code: number;
    keyPattern?: Document;
    keyValue?: Document;
    errInfo?: Document;
    errorLabels?: readonly string[];
    cause?: unknown;
  }) {
    super(response.message, response);
    this.code = response.code;
    this.codeName = codeNameOf(response.code);
    if (response.keyPattern !== undefined) this.keyPattern = response.keyPattern;
    if (response.keyValue !== undefined) this.keyValue = response.keyValue;
    if (response.errInfo !== undefined) this.errInfo = response.errInfo;
  }

  override get name(): string {
    return 'MongoServerError';
  }

  /** The reply as a server would have sent it. */
  get errorResponse(): Document {
    const { ok, message, code, codeName, keyPattern, keyValue, errInfo } = this;
    return {
      ok,
      errmsg: message,
      code,
      codeName,
      ...(keyPattern === undefined ? {} : { keyPattern }),
      ...(keyValue === undefined ? {} : { keyValue }),
      ...(errInfo === undefined ? {} : { errInfo }),
    };
  }
}

/** A use of the interface that cannot be right. */
export class MongoDriverError extends MongoError {
  override get name(): string {
    return 'MongoDriverError';
  }
}

export class MongoAPIError extends MongoDriverError {
  override get name(): string {
    return 'MongoAPIError';
  }
}

export class MongoRuntimeError extends MongoDriverError {
  override get name(): string {
    return 'MongoRuntimeError';
  }
}

export class MongoInvalidArgumentError extends MongoAPIError {
  override get name(): string {
    return 'MongoInvalidArgumentError';
  }
}

export class MongoTransactionError extends MongoAPIError {
  override get name(): string {
    return 'MongoTransactionError';
  }
}

export class MongoNotConnectedError extends MongoAPIError {
  override get name(): string {
    return 'MongoNotConnectedError';
  }
}

export class MongoExpiredSessionError extends MongoAPIError {
  override get name(): string {
    return 'MongoExpiredSessionError';
  }
}

export class MongoCursorExhaustedError extends MongoAPIError {
  override get name(): string {
    return 'MongoCursorExhaustedError';
  }
}

export class MongoCursorInUseError extends MongoAPIError {
  override get name(): string {
    return 'MongoCursorInUseError';
  }
}

export class MongoTailableCursorError extends MongoAPIError {
  override get name(): string {
    return 'MongoTailableCursorError';
  }
}

export class MongoBatchReExecutionError extends MongoAPIError {
  override get name(): string {
    return 'MongoBatchReExecutionError';
  }
}

export class MongoMissingDependencyError extends MongoAPIError {
  override get name(): string {
    return 'MongoMissingDependencyError';
  }
}

export class MongoGridFSStreamError extends MongoRuntimeError {
  override get name(): string {
    return 'MongoGridFSStreamError';
  }
}

export class MongoGridFSChunkError extends MongoRuntimeError {
  override get name(): string {
    return 'MongoGridFSChunkError';
  }
}

export class MongoParseError extends MongoDriverError {
  override get name(): string {
    return 'MongoParseError';
  }
}

/** One failed statement of a bulk write. */
export class WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
  readonly errInfo: Document | undefined;

  constructor(
    failure: WriteFailure,
    private readonly operation: Document,
  ) {
    this.index = failure.index;
    this.code = failure.error.code;
    this.errmsg = failure.error.message;
    const { errInfo } = failure.error.details;
    this.errInfo = errInfo === undefined ? undefined : decodeDocument(errInfo);
  }

  getOperation(): Document {
    return this.operation;
  }

  toJSON(): Document {
    return { code: this.code, index: this.index, errmsg: this.errmsg, op: this.operation };
  }

  toString(): string {
    return `WriteError(${JSON.stringify(this.toJSON())})`;
  }
}

/** Some statements of a bulk write failed; `result` tells what became of the others. */
export class MongoBulkWriteError extends MongoServerError {
  readonly writeErrors: readonly WriteError[];

  constructor(
    first: ElmoError,
    writeErrors: readonly WriteError[],
    readonly result: BulkWriteCounts,
  ) {
    super(responseOf(first));
    this.writeErrors = writeErrors;
  }

  override get name(): string {
    return 'MongoBulkWriteError';
  }

  get insertedCount(): number {
    return this.result.insertedCount;
  }
  get matchedCount(): number {
    return this.result.matchedCount;
  }
  get modifiedCount(): number {
    return this.result.modifiedCount;
  }
  get deletedCount(): number {
    return this.result.deletedCount;
  }
  get upsertedCount(): number {
    return this.result.upsertedCount;
  }
  get insertedIds(): Record<number, unknown> {
    return this.result.insertedIds;
  }
  get upsertedIds(): Record<number, unknown> {
    return this.result.upsertedIds;
  }
}

export interface BulkWriteCounts {
  readonly insertedCount: number;
  readonly matchedCount: number;
  readonly modifiedCount: number;
  readonly deletedCount: number;
  readonly upsertedCount: number;
  readonly insertedIds: Record<number, unknown>;
  readonly upsertedIds: Record<number, unknown>;
}

function responseOf(error: ElmoError): ConstructorParameters<typeof MongoServerError>[0] {
  const { keyPattern, keyValue, errInfo, errorLabels } = error.details;
  return {
    message: error.message,
    code: error.code,
    cause: error,
    ...(keyPattern === undefined ? {} : { keyPattern: decodeDocument(keyPattern) }),
    ...(keyValue === undefined ? {} : { keyValue: decodeDocument(keyValue) }),
    ...(errInfo === undefined ? {} : { errInfo: decodeDocument(errInfo) }),
    ...(errorLabels === undefined ? {} : { errorLabels }),
  };
}

/** Any error of the layers below as one of these; others stay what they are, and so does the reason of an abort. */
export function publicError(thrown: unknown): unknown {
  if (thrown instanceof ElmoError && thrown.codeName === 'Interrupted' && thrown.cause !== undefined)
    return thrown.cause;
  if (thrown instanceof ElmoError) return new MongoServerError(responseOf(thrown));
  if (thrown instanceof BsonError)
    return thrown.offset === undefined
      ? new MongoInvalidArgumentError(thrown.message, { cause: thrown })
      : new MongoServerError({ message: thrown.message, code: thrown.code, cause: thrown });
  if (thrown instanceof LsmError && thrown.code === 'Closed')
    return new MongoNotConnectedError('Client must be connected before running operations', {
      cause: thrown,
    });
  return thrown;
}
