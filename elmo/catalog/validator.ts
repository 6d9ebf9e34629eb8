/** The validator of a collection, compiled. Source: MongoDB manual, "Schema Validation". */
import { documentValue } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { ElmoError } from '../errors.js';
import { openScope } from '../expression/scope.js';
import { compileFilter } from '../query/compile.js';
import type { FilterNode, Matcher } from '../query/filter.js';
import { parseFilter } from '../query/parse.js';
import { lateValidationDetails } from '../query/late-validation-details.js';
import type { CollectionSpec } from './collection-spec.js';
import { fieldOf, rawDocument } from './raw-document.js';

/** What the expressions of validators see of the world. */
export interface ValidatorContext {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

const FORBIDDEN: ReadonlySet<string> = new Set([
  '$text',
  '$where',
  '$near',
  '$nearSphere',
  '$geoNear',
  '$sampleRate',
]);

/** @throws ElmoError BadValue, FailedToParse … if it cannot be a validator */
export function parseValidator(
  raw: Uint8Array,
  collation: CollationSpec | undefined,
  { nowMs, random }: ValidatorContext,
): FilterNode {
  const scope = openScope({ collation, nowMs, random });
  return parseFilter(raw, { collation, scope, forbidden: FORBIDDEN });
}

export class Validator {
  private readonly matcher: Matcher;

  constructor(
    readonly spec: CollectionSpec,
    private readonly context: ValidatorContext,
  ) {
    const { validator, collation } = spec;
    this.matcher = compileFilter(parseValidator(validator!, collation, context), { collation });
  }

  /** An expression that fails accepts nothing. */
  accepts(bytes: Uint8Array, at: number): boolean {
    try {
      return this.matcher.matches(bytes, at);
    } catch (error) {
      if (!(error instanceof ElmoError)) throw error;
      return false;
    }
  }

  /** @returns why a whole document is refused: the `errInfo` of the error; undefined: it is accepted */
  check(document: Uint8Array): Uint8Array | undefined {
    if (this.accepts(document, 0)) return undefined;
    const { validator, collation } = this.spec;
    const scope = openScope({ collation, ...this.context });
    const details = lateValidationDetails().validationDetails(validator!, { collation, scope }, document, 0);
    return rawDocument([
      ['failingDocumentId', fieldOf(document, '_id')],
      ['details', documentValue(details)],
    ]);
  }
}
