/** $bitsAllSet, $bitsAllClear, $bitsAnySet, $bitsAnyClear. Source: MongoDB manual, "Bitwise Query Operators". */
import { readInt32 } from '../../bson/read.js';
import { ARRAY, BINARY } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { ERROR_CODES } from '../../error-codes.js';
import { describe, elementsOf, expectNonNegative, expectNonNegativeInt32, isNumber } from '../elements.js';
import type { FilterNode } from '../filter.js';
import type { FieldOperator, FieldOperators } from './operator.js';

type BitTest = Extract<FilterNode, { kind: 'bits' }>['test'];

function bitTest(test: BitTest): FieldOperator {
  return {
    parse: (argument, path, _position, name) => ({
      kind: 'bits',
      path,
      test,
      positions: bitPositions(argument, path, name),
    }),
  };
}

/** @returns ascending */
function bitPositions(argument: Value, path: string, name: string): number[] {
  if (argument.type === ARRAY) {
    const positions = elementsOf(argument).map((element) =>
      expectNonNegativeInt32(
        element.name,
        element.value,
        ERROR_CODES.BadValue,
        'Failed to parse bit position. ',
      ),
    );
    return [...new Set(positions)].toSorted((a, b) => a - b);
  }
  if (argument.type === BINARY) {
    const length = readInt32(argument.bytes, argument.at);
    return positionsOf(length * 8, (bit) => (argument.bytes[argument.at + 5 + (bit >> 3)]! >> (bit & 7)) & 1);
  }
  if (!isNumber(argument))
    throw new ElmoError(
      'BadValue',
      `${path} takes an Array, a number, or a BinData but received: ${describe(name, argument)}`,
    );
  const mask = expectNonNegative(name, argument, ERROR_CODES.FailedToParse);
  return positionsOf(64, (bit) => Number((mask >> BigInt(bit)) & 1n));
}

function positionsOf(count: number, isSet: (bit: number) => number): number[] {
  const positions: number[] = [];
  for (let bit = 0; bit < count; bit++) if (isSet(bit) === 1) positions.push(bit);
  return positions;
}

export const bitwiseOperators: FieldOperators = {
  $bitsAllSet: bitTest('allSet'),
  $bitsAllClear: bitTest('allClear'),
  $bitsAnySet: bitTest('anySet'),
  $bitsAnyClear: bitTest('anyClear'),
};
