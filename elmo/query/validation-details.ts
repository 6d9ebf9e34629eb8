/**
 * Why a validator in the form of a filter refuses a document: the `errInfo.details` of a failed validation. Worked out from
 * the filter as it was written, clause by clause, and only after a refusal, so it need not be fast.
 */
import { PathReader } from '../bson/path.js';
import { MISSING, OBJECT, REGEX, TYPE_NAMES } from '../bson/types.js';
import { documentValue, Value, writeElement } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { Frame } from '../expression/expression.js';
import { compileFilter } from './compile.js';
import { elementsOf, isTruthy, type Element } from './elements.js';
import type { FilterContext } from './filter.js';
import { isOperatorDocument, parseFilter } from './parse.js';
import { detailsToBson, type Details } from './schema/details.js';
import { Schema } from './schema/schema.js';

/**
 * @param filter  the validator, raw, which does not match the document at `at`
 * @returns a raw document; if no reason can be given, one that says so
 */
export function validationDetails(
  filter: Uint8Array,
  context: FilterContext,
  bytes: Uint8Array,
  at: number,
): Uint8Array {
  try {
    return detailsToBson(new Explainer(context, bytes, at).document(documentValue(filter), false));
  } catch (error) {
    if (!(error instanceof ElmoError) || error.code !== NO_ANNOTATION) throw error;
    return detailsToBson({ code: error.code, codeName: error.codeName, errmsg: error.message });
  }
}

const NO_ANNOTATION = 4994600;

/** One condition of a filter. */
interface Clause {
  readonly path: string;
  readonly operator: string;
  readonly argument: Value;
  /** The clause as a filter of its own. */
  readonly filter: Uint8Array;
}

/** What is said of the values an operator looked at. */
interface Wording {
  readonly failed: string;
  readonly succeeded: string;
  /** Whether arrays are looked at as they are. */
  readonly isAboutArrays?: boolean;
  /** The types it says anything about, by name. */
  readonly expectedTypes?: readonly string[];
}

const COMPARISON: Wording = { failed: 'comparison failed', succeeded: 'comparison succeeded' };
/** Of the operators that are `not` of another: success and failure are those of the other. */
const NOT_EQUAL: Wording = { failed: 'comparison succeeded', succeeded: 'comparison failed' };
const NUMERIC_NAMES = ['decimal', 'double', 'int', 'long'];
const BITWISE: Wording = {
  failed: 'bitwise operator failed to match',
  succeeded: 'bitwise operator matched successfully',
  expectedTypes: ['binData', ...NUMERIC_NAMES],
};
const NO_MATCH = 'no matching value found in array';
const A_MATCH = 'matching value found in array';

const WORDINGS: Readonly<Record<string, Wording>> = {
  $eq: COMPARISON,
  $gt: COMPARISON,
  $gte: COMPARISON,
  $lt: COMPARISON,
  $lte: COMPARISON,
  $ne: NOT_EQUAL,
  $in: { failed: NO_MATCH, succeeded: A_MATCH },
  $nin: { failed: A_MATCH, succeeded: NO_MATCH },
  $type: { failed: 'type did not match', succeeded: 'type did match' },
  $mod: {
    failed: '$mod did not evaluate to expected remainder',
    succeeded: '$mod did evaluate to expected remainder',
    expectedTypes: NUMERIC_NAMES,
  },
  $regex: {
    failed: 'regular expression did not match',
    succeeded: 'regular expression did match',
    expectedTypes: ['regex', 'string', 'symbol'],
  },
  $size: {
    failed: 'array length was not equal to given size',
    succeeded: 'array length was equal to given size',
    isAboutArrays: true,
    expectedTypes: ['array'],
  },
  $all: {
    failed: 'array did not contain all specified values',
    succeeded: 'array did contain all specified values',
    isAboutArrays: true,
  },
  $elemMatch: {
    failed: 'array did not satisfy the child predicate',
    succeeded: 'array did satisfy the child predicate',
    isAboutArrays: true,
    expectedTypes: ['array'],
  },
  $bitsAllSet: BITWISE,
  $bitsAllClear: BITWISE,
  $bitsAnySet: BITWISE,
  $bitsAnyClear: BITWISE,
  $geoWithin: {
    failed: 'none of the considered geometries were contained within the expression’s geometry',
    succeeded: 'at least one of considered geometries was contained within the expression’s geometry',
  },
  $geoIntersects: {
    failed: 'none of the considered geometries intersected the expression’s geometry',
    succeeded: 'at least one of considered geometries intersected the expression’s geometry',
  },
};

class Explainer {
  constructor(
    private readonly context: FilterContext,
    private readonly bytes: Uint8Array,
    private readonly at: number,
  ) {}

  /** @param isInverted  whether that it matches is what has to be explained */
  document(filter: Value, isInverted: boolean): Details {
    return this.conjunction(clausesOf(filter), isInverted);
  }

  private conjunction(clauses: readonly Clause[], isInverted: boolean): Details {
    const [only] = clauses;
    if (only !== undefined && clauses.length === 1) return this.clause(only, isInverted);
    const relevant = clauses.flatMap((clause, index) =>
      this.isRelevant(clause.filter, isInverted) ? [{ index, details: this.clause(clause, isInverted) }] : [],
    );
    return { operatorName: '$and', [clausesName(isInverted)]: relevant };
  }

  /** Whether the filter matches as wanted, or cannot tell since an expression fails. */
  private isRelevant(filter: Uint8Array, wantsMatching: boolean): boolean {
    const { context, bytes, at } = this;
    const matcher = compileFilter(parseFilter(filter, context), { collation: context.collation });
    try {
      return matcher.matches(bytes, at) === wantsMatching;
    } catch (error) {
      if (!(error instanceof ElmoError)) throw error;
      return true;
    }
  }

  private clause(clause: Clause, isInverted: boolean): Details {
    const { operator, argument, path } = clause;
    switch (operator) {
      case '$and':
      case '$or':
        return this.list(clause, isInverted, isInverted);
      case '$nor':
        return this.list(clause, !isInverted, !isInverted);
      case '$not':
        return {
          operatorName: '$not',
          details: this.conjunction(
            argument.type === REGEX ? [regexClause(path, argument)] : operatorClauses(path, argument),
            !isInverted,
          ),
        };
      case '$jsonSchema':
        return this.schema(clause, isInverted);
      case '$expr':
        return this.expression(clause, isInverted);
      case '$exists':
        return {
          operatorName: '$exists',
          specifiedAs: documentValue(clause.filter),
          reason: isTruthy(argument) === isInverted ? 'path does exist' : 'path does not exist',
        };
      default:
        return this.values(clause, isInverted);
    }
  }

  /** @param wantsMatching  whether those that match are shown, or those that do not */
  private list(clause: Clause, isInverted: boolean, wantsMatching: boolean): Details {
    const relevant = elementsOf(clause.argument).flatMap(({ value }, index) =>
      this.isRelevant(value.document, wantsMatching)
        ? [{ index, details: this.document(value, isInverted) }]
        : [],
    );
    return { operatorName: clause.operator, [clausesName(isInverted)]: relevant };
  }

  private schema({ filter }: Clause, isInverted: boolean): Details {
    const node = parseFilter(filter, this.context);
    if (isInverted || node.kind !== 'schema' || !(node.schema instanceof Schema))
      return { operatorName: '$jsonSchema', reason: 'schema matched' };
    return node.schema.explainDocument(this.bytes, OBJECT, this.at);
  }

  private expression({ filter }: Clause, isInverted: boolean): Details {
    const node = parseFilter(filter, this.context);
    const frame = new Frame();
    frame.setDocument(this.bytes, this.at);
    const about = { operatorName: '$expr', specifiedAs: documentValue(filter) };
    try {
      const expressionResult = node.kind === 'expr' ? node.expression.evaluate(frame) : undefined;
      return {
        ...about,
        reason: isInverted ? 'expression did match' : 'expression did not match',
        expressionResult,
      };
    } catch (error) {
      if (!(error instanceof ElmoError)) throw error;
      const { code, codeName, message: errmsg } = error;
      return {
        ...about,
        reason: 'failed to evaluate aggregation expression',
        details: { code, codeName, errmsg },
      };
    }
  }

  private values({ operator, path, filter }: Clause, isInverted: boolean): Details {
    const wording = WORDINGS[operator];
    if (wording === undefined)
      throw new ElmoError(
        NO_ANNOTATION,
        `Cannot generate validation error details: no annotation found for expression ${operator}`,
      );
    const about = { operatorName: operator, specifiedAs: documentValue(filter) };
    if (this.visited(path, 'whole').length === 0) return { ...about, reason: 'field was missing' };
    const values = this.visited(path, wording.isAboutArrays === true ? 'whole' : 'elements');
    const considered = values.length === 1 ? { consideredValue: values[0] } : { consideredValues: values };
    const types = [...new Set(values.map(({ type }) => TYPE_NAMES.get(type)!))].toSorted();
    const typed = types.length === 1 ? { consideredType: types[0] } : { consideredTypes: types };
    const { expectedTypes } = wording;
    if (!isInverted && expectedTypes !== undefined && !types.some((type) => expectedTypes.includes(type)))
      return {
        ...about,
        reason: 'type did not match',
        ...typed,
        ...(expectedTypes.length === 1 ? { expectedType: expectedTypes[0] } : { expectedTypes }),
        ...considered,
      };
    return {
      ...about,
      reason: isInverted ? wording.succeeded : wording.failed,
      ...considered,
      ...(operator === '$type' && types.length > 0 ? typed : {}),
    };
  }

  /** What a path leads to, without what is missing. */
  private visited(path: string, leafArrays: 'whole' | 'elements'): Value[] {
    const values: Value[] = [];
    new PathReader(path, { leafArrays }).visit(this.bytes, this.at, {
      visit(bytes, type, at) {
        if (type !== MISSING) values.push(new Value(type, bytes, at));
        return false;
      },
    });
    return values;
  }
}

function clausesName(isInverted: boolean): string {
  return isInverted ? 'clausesSatisfied' : 'clausesNotSatisfied';
}

function clausesOf(filter: Value): Clause[] {
  return elementsOf(filter).flatMap((element) => {
    const { name, value } = element;
    if (name === '$comment') return [];
    if (name.startsWith('$'))
      return [{ path: '', operator: name, argument: value, filter: filterOf([element]) }];
    if (isOperatorDocument(value)) return operatorClauses(name, value);
    if (value.type === REGEX) return [regexClause(name, value)];
    return [{ path: name, operator: '$eq', argument: value, filter: filterOf([element]) }];
  });
}

function regexClause(path: string, value: Value): Clause {
  return { path, operator: '$regex', argument: value, filter: filterOf([{ name: path, value }]) };
}

/** `{$gt: 1, $lt: 5}`; $regex and $options are one. */
function operatorClauses(path: string, operators: Value): Clause[] {
  const elements = elementsOf(operators);
  return elements
    .filter(({ name }) => name !== '$options')
    .map((element) => {
      const isOfClause = ({ name }: Element): boolean =>
        name === element.name || (element.name === '$regex' && name === '$options');
      const own = documentValue(filterOf(elements.filter(isOfClause)));
      return {
        path,
        operator: element.name,
        argument: element.value,
        filter: filterOf([{ name: path, value: own }]),
      };
    });
}

function filterOf(elements: readonly Element[]): Uint8Array {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  for (const { name, value } of elements) writeElement(writer, Buffer.from(name), value);
  writer.endDocument(start);
  return writer.toBytes();
}
