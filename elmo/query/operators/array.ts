/** $all, $elemMatch, $size. Source: MongoDB manual, "Array Query Operators". */
import { ARRAY, OBJECT, REGEX } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import { elementsOf, expectNonNegativeInt32 } from '../elements.js';
import type { FilterNode } from '../filter.js';
import { equality, isReference } from './comparison.js';
import { isKnownFieldOperator, isTopOperator } from './names.js';
import type { FieldOperators, ParsePosition } from './operator.js';
import { regexOf } from './regex.js';

const REFERENCE_FIELDS: ReadonlySet<string> = new Set(['$ref', '$id', '$db']);

function elementMatch(argument: Value, path: string, position: ParsePosition): FilterNode {
  if (argument.type !== OBJECT) throw new ElmoError('BadValue', '$elemMatch needs an Object');
  const inside = { ...position, isTopLevel: false };
  const first = elementsOf(argument)[0]?.name ?? '';
  const isAboutValue = first.startsWith('$') && !isTopOperator(first) && !REFERENCE_FIELDS.has(first);
  return isAboutValue
    ? { kind: 'elemMatchValue', path, children: position.parseOperators(argument, '', inside) }
    : { kind: 'elemMatchObject', path, child: position.parseFilter(argument, inside) };
}

function all(argument: Value, path: string, position: ParsePosition): FilterNode {
  if (argument.type !== ARRAY) throw new ElmoError('BadValue', '$all needs an array');
  const wanted = elementsOf(argument).map(({ value }) => value);
  if (wanted.length === 0) return { kind: 'false' };
  const operators = wanted.map((value) => (value.type === OBJECT ? (elementsOf(value)[0]?.name ?? '') : ''));
  const children =
    operators[0] === '$elemMatch'
      ? wanted.map((value, i) => {
          if (operators[i] !== '$elemMatch')
            throw new ElmoError('BadValue', '$all/$elemMatch has to be consistent');
          return elementMatch(elementsOf(value)[0]!.value, path, position);
        })
      : wanted.map((value, i) => {
          if (isKnownFieldOperator(operators[i]!) && !isReference(value))
            throw new ElmoError('BadValue', 'no $ expressions in $all');
          return value.type === REGEX
            ? ({ kind: 'regex', path, regex: regexOf(value) } as const)
            : equality(path, value);
        });
  return children.length === 1 ? children[0]! : { kind: 'and', children };
}

export const arrayOperators: FieldOperators = {
  $all: { parse: all },
  $elemMatch: { parse: elementMatch },
  $size: {
    parse: (argument, path) => ({
      kind: 'size',
      path,
      size: expectNonNegativeInt32('$size', argument, ERROR_CODES.BadValue, 'Failed to parse $size. '),
    }),
  },
};
