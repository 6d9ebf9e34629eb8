/** Updates that give the whole new document, its `_id` aside. */
import { readText } from '../bson/read.js';
import { documentLength, ElementWalker } from '../bson/walk.js';
import type { Value } from '../bson/value.js';
import { copyBytes } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { withOldId } from './document-id.js';
import { checkUpdatedSize } from './limits.js';
import { checkNesting } from './nesting.js';
import { fillTimestamps, hasEmptyTimestamp } from './timestamps.js';
import type { Update, UpdateContext } from './update.js';

export class ReplacementUpdate implements Update {
  readonly kind = 'replacement';
  readonly touchedPaths = undefined;
  readonly needsMatchedIndex = false;
  private readonly document: Uint8Array;
  private readonly takesTimestamps: boolean;

  /** @param document  in bytes that are kept */
  constructor(document: Value) {
    this.document = document.document;
    this.takesTimestamps = hasEmptyTimestamp(this.document);
  }

  apply(bytes: Uint8Array, at: number, context: UpdateContext): Uint8Array | undefined {
    let { document } = this;
    refuseDollars(document);
    checkNesting(document);
    if (this.takesTimestamps) {
      document = document.slice();
      fillTimestamps(document, () => context.nextTimestamp());
    }
    if (isSameDocument(document, bytes, at)) return undefined;
    const updated = withOldId(document, bytes, at, context.isInsert);
    checkUpdatedSize(updated.length);
    return updated === this.document ? copyBytes(updated, 0, updated.length) : updated;
  }
}

/** Whether a document is, byte by byte, the one at `at`. */
export function isSameDocument(document: Uint8Array, bytes: Uint8Array, at: number): boolean {
  if (document.length !== documentLength(bytes, at)) return false;
  for (let i = 0; i < document.length; i++) if (document[i] !== bytes[at + i]) return false;
  return true;
}

/** @throws ElmoError DollarPrefixedFieldName */
function refuseDollars(document: Uint8Array): void {
  const walker = new ElementWalker();
  walker.open(document, 0);
  while (walker.next()) {
    if (document[walker.nameStart] !== 0x24) continue;
    const name = readText(document, walker.nameStart, walker.nameEnd);
    throw new ElmoError(
      'DollarPrefixedFieldName',
      `The dollar ($) prefixed field '${name}' in '${name}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
    );
  }
}
