/** Updates that give the whole new document, its `_id` aside. */
import type { Value } from '../bson/value.js';
import { copyBytes } from '../bson/writer.js';
import { isUnchanged, withOldId } from './document-id.js';
import { checkDollarFields } from './dollar-fields.js';
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

  /**
   * @param document  in bytes that are kept
   * @param keepsEmptyTimestamps  whether timestamps of zeros stay so
   */
  constructor(document: Value, keepsEmptyTimestamps: boolean) {
    this.document = document.document;
    this.takesTimestamps = !keepsEmptyTimestamps && hasEmptyTimestamp(this.document);
  }

  apply(bytes: Uint8Array, at: number, context: UpdateContext): Uint8Array | undefined {
    let { document } = this;
    if (!context.isInsert) checkDollarFields(document, 0, '');
    checkNesting(document);
    if (this.takesTimestamps) {
      document = document.slice();
      fillTimestamps(document, () => context.nextTimestamp());
    }
    if (isUnchanged(document, bytes, at)) return undefined;
    const updated = withOldId(document, bytes, at, context.isInsert);
    checkUpdatedSize(updated.length);
    return updated === this.document ? copyBytes(updated, 0, updated.length) : updated;
  }
}
