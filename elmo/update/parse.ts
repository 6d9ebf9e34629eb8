/** From what a client writes as an update to an `Update`: operators, a new document, or a pipeline. */
import { readText } from '../bson/read.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { ElementWalker } from '../bson/walk.js';
import type { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import type { ParseScope } from '../expression/expression.js';
import { ArrayFilters } from './array-filters.js';
import { parseOperatorsUpdate } from './operators-update.js';
import { latePipeline } from './late-pipeline.js';
import { ReplacementUpdate } from './replacement.js';
import type { Update } from './update.js';

export interface UpdateOptions {
  /** Raw documents. */
  readonly arrayFilters?: readonly Uint8Array[] | undefined;
  /** Raw document of the variables of a pipeline. */
  readonly constants?: Uint8Array | undefined;
  /** Rules for comparing strings; undefined: bytes. */
  readonly collation?: CollationSpec | undefined;
  /** Variables and time of the expressions of a pipeline. A getter may make it: few updates ask for it. */
  readonly scope: ParseScope;
  /** Whether it may concern many documents: a new document cannot replace them all. */
  readonly isMulti?: boolean | undefined;
  /** Whether timestamps of zeros in a new document stay so. */
  readonly keepsEmptyTimestamps?: boolean | undefined;
  /** Whether a pipeline outside of updates could have such a stage: says which error others are refused by. */
  readonly isStageName?: ((name: string) => boolean) | undefined;
}

/**
 * @param update  may be overwritten afterwards
 * @throws ElmoError of the reference's code
 */
export function parseUpdate(update: Value, options: UpdateOptions): Update {
  const { arrayFilters, constants } = options;
  if (update.type === ARRAY) {
    if (arrayFilters !== undefined && arrayFilters.length > 0) {
      checkArrayFilters(options);
      throw new ElmoError('FailedToParse', 'arrayFilters may not be specified for pipeline-style updates');
    }
    const { parsePipelineUpdate } = latePipeline();
    return parsePipelineUpdate(update.keep(), options.scope, constants, options.isStageName ?? (() => false));
  }
  if (update.type !== OBJECT)
    throw new ElmoError('FailedToParse', 'Update argument must be either an object or an array');
  if (constants !== undefined) {
    checkArrayFilters(options);
    throw new ElmoError(51198, 'Constant values may only be specified for pipeline updates');
  }
  if (isByOperators(update)) return parseOperatorsUpdate(update.keep(), options);
  if (options.isMulti === true)
    throw new ElmoError('FailedToParse', 'multi update is not supported for replacement-style update');
  checkArrayFilters(options);
  return new ReplacementUpdate(update.keep(), options.keepsEmptyTimestamps === true);
}

/** Whether a document says how to change another, and is not itself the new one. */
export function isByOperators(document: Value): boolean {
  const walker = new ElementWalker();
  walker.open(document.bytes, document.at);
  return walker.next() && readText(walker.bytes, walker.nameStart, walker.nameEnd).startsWith('$');
}

/** Where there is no use for array filters, wrong ones are refused all the same. */
function checkArrayFilters(options: UpdateOptions): void {
  const { arrayFilters, collation } = options;
  if (arrayFilters !== undefined && arrayFilters.length > 0)
    new ArrayFilters(arrayFilters, collation, options.scope);
}
