/** $not; $and, $or, $nor, $expr and whatever else stands in the place of a field. Source: MongoDB manual, "Query Operators". */
import { ARRAY, CODE, CODE_WITH_SCOPE, OBJECT, REGEX, STRING } from '../../bson/types.js';
import { documentValue, writeElement, type Value } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import { parseExpression } from '../../expression/parse.js';
import { elementsOf, expectWhole, isNumber } from '../elements.js';
import type { FilterContext, FilterNode } from '../filter.js';
import { SampleRateExpression } from '../sample-rate.js';
import { lateSchema } from '../late-schema.js';
import type { FieldOperators, ParsePosition, TopOperator, TopOperators } from './operator.js';
import { regexOf } from './regex.js';

const QUERY_FEATURE_NOT_ALLOWED = 224;

/** By operator: the code of its refusal where it is not 224. */
const REFUSAL_CODES: Readonly<Record<string, number>> = {
  $where: ERROR_CODES.BadValue,
  $text: ERROR_CODES.BadValue,
  $near: 5626500,
  $nearSphere: 5626500,
  $geoNear: 5626500,
  $sampleRate: 3040500,
};

/** @throws ElmoError if the place of the filter does not allow the operator */
export function refuseForbidden(name: string, context: FilterContext): void {
  if (context.forbidden?.has(name) === true)
    throw new ElmoError(
      REFUSAL_CODES[name] ?? QUERY_FEATURE_NOT_ALLOWED,
      `${name} is not allowed in this context`,
    );
}

function refuseInside(name: string, { isTopLevel }: ParsePosition): void {
  if (!isTopLevel) throw new ElmoError('BadValue', `${name} can only be applied to the top-level document`);
}

export const negation: FieldOperators = {
  $not: {
    parse(argument, path, position): FilterNode {
      if (argument.type === REGEX)
        return { kind: 'not', child: { kind: 'regex', path, regex: regexOf(argument) } };
      if (argument.type !== OBJECT)
        throw new ElmoError('BadValue', '$not argument must be a regex or an object');
      if (elementsOf(argument).length === 0)
        throw new ElmoError('BadValue', '$not argument must be a non-empty object');
      const children = position.parseOperators(argument, path, position);
      return { kind: 'not', child: children.length === 1 ? children[0]! : { kind: 'and', children } };
    },
  },
};

function combination(kind: 'and' | 'or' | 'nor'): TopOperator {
  return {
    parse(argument, position, name): FilterNode {
      if (argument.type !== ARRAY) throw new ElmoError('BadValue', `${name} argument must be an array`);
      const parts = elementsOf(argument);
      if (parts.length === 0) throw new ElmoError('BadValue', `${name} argument must be a non-empty array`);
      const children = parts.map(({ value }) => {
        if (value.type !== OBJECT)
          throw new ElmoError('BadValue', `${name} argument's entries must be objects`);
        return position.parseFilter(value, position);
      });
      return { kind, children };
    },
  };
}

function constant(kind: 'true' | 'false'): TopOperator {
  return {
    parse(argument, _position, name) {
      if (expectWhole(name, argument, ERROR_CODES.FailedToParse) !== 1n)
        throw new ElmoError('FailedToParse', `${name} must be an integer value of 1`);
      return { kind };
    },
  };
}

/** `{name: argument}` */
function wrapped(name: string, argument: Value): Value {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  writeElement(writer, Buffer.from(name), argument);
  writer.endDocument(start);
  return documentValue(writer.toBytes());
}

function scopeOf(name: string, context: FilterContext) {
  refuseForbidden(name, context);
  if (context.scope === undefined)
    throw new ElmoError(QUERY_FEATURE_NOT_ALLOWED, `${name} is not allowed in this context`);
  return context.scope;
}

export const topOperators: TopOperators = {
  $and: combination('and'),
  $or: combination('or'),
  $nor: combination('nor'),
  $alwaysTrue: constant('true'),
  $alwaysFalse: constant('false'),
  $comment: { parse: () => undefined },
  $expr: {
    parse(argument, position, name) {
      refuseInside(name, position);
      const expression = parseExpression(argument, scopeOf(name, position.context));
      return { kind: 'expr', expression, raw: wrapped(name, argument) };
    },
  },
  $sampleRate: {
    parse(argument, position, name) {
      refuseInside(name, position);
      if (!isNumber(argument)) throw new ElmoError('BadValue', `argument to ${name} must be a numeric type`);
      const scope = scopeOf(name, position.context);
      return {
        kind: 'expr',
        expression: SampleRateExpression.parse(argument, scope),
        raw: wrapped(name, argument),
      };
    },
  },
  $jsonSchema: {
    parse(argument, position, name) {
      refuseForbidden(name, position.context);
      if (argument.type !== OBJECT) throw new ElmoError('TypeMismatch', '$jsonSchema must be an object');
      const raw = argument.keep();
      return { kind: 'schema', schema: lateSchema().parseSchema(raw), raw };
    },
  },
  $text: {
    parse(argument, position, name) {
      refuseInside(name, position);
      refuseForbidden(name, position.context);
      if (argument.type !== OBJECT) throw new ElmoError('BadValue', '$text expects an object');
      return { kind: 'special', name, path: '', argument: argument.keep() };
    },
  },
  $where: {
    parse(argument, position, name) {
      refuseInside(name, position);
      refuseForbidden(name, position.context);
      const { type } = argument;
      if (type !== STRING && type !== CODE && type !== CODE_WITH_SCOPE)
        throw new ElmoError('BadValue', '$where got bad type');
      throw new ElmoError(6108304, 'no globalScriptEngine in $where parsing');
    },
  },
};
