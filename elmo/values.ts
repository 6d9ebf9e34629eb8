/**
 * The small door of the document layer: values of JavaScript to BSON and back, without the engine. Who only speaks with
 * an engine that runs elsewhere enters here, and starts in a tenth of the time.
 */
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
} from './bson/package.js';
export type { Document } from './bson/package.js';
export { Decoder, type DecodeOptions } from './bson/decode.js';
export { Encoder, type EncodeOptions } from './bson/encode.js';
export { codeNameOf } from './error-codes.js';
