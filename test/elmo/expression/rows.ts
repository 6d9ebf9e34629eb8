/** Tables of expressions and what they give. */
import { expect } from 'chai';
import { Decimal128, Double, EJSON, Long } from '../../../elmo/bson/package.js';
import { outcome, shown } from './evaluating.js';

/** `expected`: a value, or 'missing', or 'error <code>'. */
export type Row = readonly [expression: unknown, document: object, expected: unknown];

export function rows(title: string, table: readonly Row[]): void {
  describe(title, () => {
    for (const [expression, document, expected] of table)
      it(`${EJSON.stringify({ e: expression })} of ${EJSON.stringify(document)}`, () => {
        const isOutcome = typeof expected === 'string' && /^(missing$|error )/.test(expected);
        expect(outcome(expression, document)).to.equal(isOutcome ? expected : shown(expected));
      });
  });
}

export const long = (value: number | string): Long => Long.fromString(String(value));
export const double = (value: number): Double => new Double(value);
export const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
