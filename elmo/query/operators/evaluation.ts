/** $mod, and what no field can have. Source: MongoDB manual, "Evaluation Query Operators". */
import { ARRAY } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { elementsOf, isNumber, truncated } from '../elements.js';
import type { FieldOperators } from './operator.js';

function modOperand(value: Value, what: string): bigint {
  if (!isNumber(value)) throw new ElmoError('BadValue', `malformed mod, ${what} not a number`);
  const whole = truncated(value);
  if (typeof whole === 'bigint') return whole;
  const why =
    whole === 'large'
      ? 'Out of bounds coercing to integral value'
      : 'Unable to coerce NaN/Inf to integral type';
  throw new ElmoError('BadValue', `malformed mod, ${what} value is invalid :: caused by :: ${why}`);
}

export const evaluationOperators: FieldOperators = {
  $mod: {
    parse(argument, path) {
      if (argument.type !== ARRAY) throw new ElmoError('BadValue', 'malformed mod, needs to be an array');
      const [divisor, remainder, ...rest] = elementsOf(argument).map(({ value }) => value);
      if (divisor === undefined || remainder === undefined)
        throw new ElmoError('BadValue', 'malformed mod, not enough elements');
      if (rest.length > 0) throw new ElmoError('BadValue', 'malformed mod, too many elements');
      const by = modOperand(divisor, 'divisor');
      const left = modOperand(remainder, 'remainder');
      if (by === 0n) throw new ElmoError('BadValue', 'divisor cannot be 0');
      return { kind: 'mod', path, divisor: by, remainder: left };
    },
  },
  $where: {
    parse() {
      throw new ElmoError('BadValue', '$where cannot be applied to a field');
    },
  },
};
