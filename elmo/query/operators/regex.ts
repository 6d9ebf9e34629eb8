/** $regex with $options. Source: MongoDB manual, "$regex". */
import { readText, endOfCString } from '../../bson/read.js';
import { REGEX, STRING } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { compileRegex } from '../../regex/regex.js';
import type { FilterNode, RegexSpec } from '../filter.js';
import type { FieldOperators } from './operator.js';

/** The parts of a regular expression of BSON, checked. */
export function regexOf(value: Value): RegexSpec {
  const regex = partsOf(value);
  check(regex);
  return regex;
}

function partsOf({ bytes, at }: Value): RegexSpec {
  const patternEnd = endOfCString(bytes, at);
  return {
    pattern: readText(bytes, at, patternEnd),
    options: readText(bytes, patternEnd + 1, endOfCString(bytes, patternEnd + 1)),
  };
}

/** @throws ElmoError 51091, 51108: patterns are compiled here once, so that a wrong one is seen before any document */
function check(regex: RegexSpec): void {
  if (regex.pattern.includes('\0') || regex.options.includes('\0'))
    throw new ElmoError('BadValue', 'Regular expression cannot contain an embedded null byte');
  for (const flag of regex.options)
    if (!'imsxu'.includes(flag)) throw new ElmoError(51108, `invalid flag in regex options: ${flag}`);
  compileRegex(regex.pattern, regex.options);
}

export const regexOperators: FieldOperators = {
  $regex: {
    parse(argument, path, _position, _name, siblings): FilterNode {
      if (argument.type !== STRING && argument.type !== REGEX)
        throw new ElmoError('BadValue', '$regex has to be a string');
      const given: RegexSpec =
        argument.type === REGEX ? partsOf(argument) : { pattern: argument.text, options: '' };
      const options = siblings.find(({ name }) => name === '$options');
      if (options === undefined) {
        check(given);
        return { kind: 'regex', path, regex: given };
      }
      const optionsValue = options.value;
      if (optionsValue.type !== STRING) throw new ElmoError('BadValue', '$options has to be a string');
      if (given.options !== '') {
        const isOptionsFirst =
          siblings.indexOf(options) < siblings.findIndex(({ name }) => name === '$regex');
        throw new ElmoError(isOptionsFirst ? 51074 : 51075, 'options set in both $regex and $options');
      }
      const regex = { pattern: given.pattern, options: optionsValue.text };
      if (regex.options.includes('\0')) throw new ElmoError(51108, 'invalid flag in regex options');
      check(regex);
      return { kind: 'regex', path, regex };
    },
  },
  $options: {
    parse(argument, _path, _position, _name, siblings) {
      if (argument.type !== STRING) throw new ElmoError('BadValue', '$options has to be a string');
      if (!siblings.some(({ name }) => name === '$regex'))
        throw new ElmoError('BadValue', '$options needs a $regex');
      return undefined;
    },
  },
};
