/**
 * What is wrong with bytes that should be BSON, or with a value that should become BSON. Extends the package's class,
 * so that a caller who knows the official driver catches it the same way; from the first error on, since the package is loaded
 * when something of it is first used.
 */
import { ERROR_CODES } from '../error-codes.js';
import { BSONError } from './package.js';

/** What a `BsonError` complains of, and the number a server answers with. */
export const BSON_FAULTS = {
  length: ERROR_CODES.InvalidBSON, // a length that does not fit what is around it
  terminator: ERROR_CODES.InvalidBSON, // a final NUL that is absent
  type: ERROR_CODES.InvalidBSON, // a type byte that is none
  value: ERROR_CODES.InvalidBSON, // a boolean that is neither 0 nor 1
  utf8: ERROR_CODES.InvalidBSON, // text that is not UTF-8
  depth: ERROR_CODES.Overflow, // more levels of nesting than allowed
  size: ERROR_CODES.BSONObjectTooLarge, // more bytes than a document may have
  cycle: ERROR_CODES.BadValue, // an object that holds itself
  key: ERROR_CODES.BadValue, // a NUL where the format cannot have one
  class: ERROR_CODES.BadValue, // a value that has no form in BSON
} as const;

export type BsonFault = keyof typeof BSON_FAULTS;

const Base = Error as unknown as typeof BSONError;

export class BsonError extends Base {
  /**
   * @param offset  byte in the array that was read, where the trouble starts; undefined when encoding
   */
  constructor(
    message: string,
    readonly fault: BsonFault,
    readonly offset?: number,
  ) {
    if (Object.getPrototypeOf(BsonError) === Base) {
      Object.setPrototypeOf(BsonError, BSONError);
      Object.setPrototypeOf(BsonError.prototype, BSONError.prototype as object);
    }
    super(offset === undefined ? message : `${message}, at byte ${offset}`);
  }

  override get name(): string {
    return 'BsonError';
  }

  /** The server's number for this error. */
  get code(): number {
    return BSON_FAULTS[this.fault];
  }
}
