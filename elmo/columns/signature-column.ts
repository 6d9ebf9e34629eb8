/**
 * The values that the records of a collection have at one path, as signatures: for paths that lead to arrays, or to values
 * that almost all differ. What a condition is asked about at this path is in the signature: the value there, or the
 * elements of the array, of all of them if the path leads through arrays.
 */
import { PathReader, type PathVisitor } from '../bson/path.js';
import { endOfCString, readInt32 } from '../bson/read.js';
import { ARRAY } from '../bson/types.js';
import { endOfValue } from '../bson/walk.js';
import { PageColumn } from './page-column.js';
import { ALL_BITS, hasSignature, NO_BITS, signatureOf } from './signature.js';

export class SignatureColumn extends PageColumn implements PathVisitor {
  private readonly reader: PathReader;
  private signature = NO_BITS;

  constructor(path: string, slot: number) {
    super(path, slot);
    // whole: $elemMatch asks about the elements of arrays that are named by an index, others do not
    this.reader = new PathReader(path, { leafArrays: 'whole' });
  }

  override codeOf(bytes: Uint8Array, at: number): number {
    this.signature = NO_BITS;
    this.reader.visit(bytes, at, this);
    return this.signature;
  }

  visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === ARRAY) this.addElements(bytes, at);
    else if (hasSignature(type)) this.signature |= signatureOf(bytes, type, at);
    return this.signature === ALL_BITS;
  }

  private addElements(bytes: Uint8Array, array: number): void {
    const limit = array + readInt32(bytes, array) - 1;
    for (let at = array + 4; at < limit && this.signature !== ALL_BITS;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      if (hasSignature(type)) this.signature |= signatureOf(bytes, type, value);
      at = endOfValue(bytes, type, value);
    }
  }
}
