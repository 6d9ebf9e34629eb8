/** Sums of Decimal128 values, by group. Groups without any take no room. */
import {
  addDecimals,
  decimalOfBigint,
  decimalOfDouble,
  decimalValue,
  divideDecimals,
  readDecimal,
  type Decimal,
} from '../../bson/decimal-arithmetic.js';
import type { Value } from '../../bson/value.js';

const ZERO = decimalOfBigint(0n);

export class DecimalTotals {
  private readonly totals = new Map<number, Decimal>();

  add(group: number, bytes: Uint8Array, at: number): void {
    this.totals.set(group, addDecimals(this.of(group), readDecimal(bytes, at)));
  }

  private of(group: number): Decimal {
    return this.totals.get(group) ?? ZERO;
  }

  /** What was added; undefined if nothing was. */
  held(group: number): Value | undefined {
    const total = this.totals.get(group);
    return total === undefined ? undefined : decimalValue(total);
  }

  /** Together with what was added in two doubles. */
  total(group: number, sum: number, rest: number): Decimal {
    const doubles = addDecimals(decimalOfDouble(sum), decimalOfDouble(rest));
    return addDecimals(this.of(group), doubles);
  }
}

export function dividedBy(total: Decimal, count: number): Value {
  return decimalValue(divideDecimals(total, decimalOfBigint(BigInt(count))));
}
