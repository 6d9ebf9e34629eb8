/** What tests of updates share. */
import { expect } from 'chai';
import { EJSON } from 'bson';
import { Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { valueOf } from '../../../elmo/bson/value.js';
import { ElmoError } from '../../../elmo/errors.js';
import { parseCollation } from '../../../elmo/collation/parse.js';
import { openScope } from '../../../elmo/expression/scope.js';
import { compileFilter } from '../../../elmo/query/compile.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import { parseUpdate, type UpdateOptions } from '../../../elmo/update/parse.js';
import type { Update, UpdateContext } from '../../../elmo/update/update.js';
import { buildUpsert } from '../../../elmo/update/upsert.js';

export const scope = openScope({ nowMs: 5, random: () => 0.25 });
const decoder = new Decoder({ promoteValues: false, promoteLongs: false });

export interface UpdateCase {
  /** What the document was found by. Default: all. */
  readonly filter?: object;
  readonly arrayFilters?: readonly object[];
  readonly constants?: object;
  readonly collation?: object;
  readonly isMulti?: boolean;
}

/** Instead of a document: nothing changes. */
export const SAME = 'same';

export function updateOf(update: unknown, given: UpdateCase = {}): Update {
  const options: UpdateOptions = {
    scope,
    arrayFilters: given.arrayFilters?.map((filter) => encodeDocument(filter)),
    constants: given.constants && encodeDocument(given.constants),
    collation: given.collation && parseCollation(encodeDocument(given.collation)),
    isMulti: given.isMulti,
    isStageName: (name) => name === '$match',
  };
  return parseUpdate(valueOf(update), options);
}

export function contextOf(filter: object, document?: Uint8Array): UpdateContext {
  const node = parseFilter(encodeDocument(filter), { collation: undefined, scope });
  const matcher = compileFilter(node, { positional: true });
  if (document !== undefined)
    expect(matcher.matches(document, 0), 'the filter accepts the document').to.equal(true);
  return {
    nowMs: 1000,
    nextTimestamp: () => ({ seconds: 7, increment: 3 }),
    matcher,
    isInsert: document === undefined,
  };
}

/** What is stored afterwards; 'same' if nothing changes; the code of the refusal. */
export function outcome(
  document: object,
  update: unknown,
  given: UpdateCase = {},
): Uint8Array | string | number {
  try {
    const compiled = updateOf(update, given);
    // somewhere inside of an array of bytes, as stored documents lie
    const bytes = encodeDocument(document);
    const around = new Uint8Array(bytes.length + 9).fill(0xee);
    around.set(bytes, 3);
    const updated = compiled.apply(around, 3, contextOf(given.filter ?? {}, bytes));
    expect(around.subarray(3, -6), 'the old document stays as it is').to.deep.equal(bytes);
    return updated ?? SAME;
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
}

/** The document that an upsert inserts, before it gets an `_id`; the code of the refusal. */
export function upserted(filter: object, update: unknown): Uint8Array | number {
  try {
    const node = parseFilter(encodeDocument(filter), { collation: undefined, scope });
    return buildUpsert(node, updateOf(update), contextOf({}));
  } catch (error) {
    if (error instanceof ElmoError) return error.code;
    throw error;
  }
}

/** Compares types, values and the order of fields. */
export function expectOutcome(
  actual: Uint8Array | string | number,
  expected: object | string | number,
): void {
  if (typeof expected !== 'object' || !(actual instanceof Uint8Array)) {
    expect(actual instanceof Uint8Array ? text(actual) : actual).to.equal(
      typeof expected === 'object' ? text(encodeDocument(expected)) : expected,
    );
  } else expect(text(actual)).to.equal(text(encodeDocument(expected)));
}

function text(document: Uint8Array): string {
  return EJSON.stringify(decoder.decode(document), { relaxed: false });
}
