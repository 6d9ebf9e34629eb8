/**
 * The one import of the package `bson`. Its classes are the public types of values; bytes are read, written, compared
 * and checked by this room's own code, which the package's would cost two to thirty times as much.
 */
export {
  Binary,
  BSONError,
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
} from 'bson';
export type { Document } from 'bson';
