/** What users of the package see, beside `connect`. Names are those of the official driver. */
export {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  EJSON,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from '../bson/package.js';
export { Admin, type ListDatabasesResult } from './admin.js';
export { AggregationCursor } from './aggregation-cursor.js';
export { BulkOperation, BulkWriteResult, FindOperators } from './bulk.js';
export {
  MongoClientBulkWriteError,
  type ClientBulkWriteModel,
  type ClientBulkWriteOptions,
  type ClientBulkWriteResult,
} from './client-bulk.js';
export { Collection } from './collection.js';
export type { CollectionOptions } from './collection-indexes.js';
export { AbstractCursor, type CursorFlag } from './cursor.js';
export { Db, type DbOptions } from './db.js';
export {
  MongoAPIError,
  MongoBatchReExecutionError,
  MongoBulkWriteError,
  MongoCursorExhaustedError,
  MongoDriverError,
  MongoError,
  MongoExpiredSessionError,
  MongoGridFSChunkError,
  MongoGridFSStreamError,
  MongoInvalidArgumentError,
  MongoMissingDependencyError,
  MongoNotConnectedError,
  MongoParseError,
  MongoRuntimeError,
  MongoServerError,
  MongoTailableCursorError,
  MongoTransactionError,
  WriteError,
} from './errors.js';
export { FindCursor } from './find-cursor.js';
export {
  GridFSBucket,
  GridFSBucketReadStream,
  GridFSBucketWriteStream,
  type GridFSBucketOptions,
  type GridFSBucketReadStreamOptions,
  type GridFSBucketWriteStreamOptions,
  type GridFSFile,
} from './gridfs.js';
export { ListCursor } from './list-cursor.js';
export type { CheckProblem, CheckReport, StoreStats } from './maintenance.js';
export { ClientSession, type ClientSessionOptions, type TransactionOptions } from './session.js';
export type * from './types.js';
