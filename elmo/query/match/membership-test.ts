/** `{$in: […]}`. */
import { compareValues, type Collation } from '../../bson/compare.js';
import { readDouble, readInt32 } from '../../bson/read.js';
import { DOUBLE, INT32, MISSING, NULL, TYPE_CLASS } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import type { RegexSpec } from '../filter.js';
import { RegexTest } from './other-tests.js';
import { ValueTest } from './value-test.js';

const CLASSES = 32;

export class MembershipTest extends ValueTest {
  override readonly cost = 2;
  private readonly hasNull: boolean;
  /** The numbers that doubles hold, when all numbers of the list are such: looked up without comparing. */
  private readonly numbers: ReadonlySet<number> | undefined;
  private readonly hasClass = new Uint8Array(CLASSES);
  private readonly regexes: readonly RegexTest[];

  /** @param values  ascending by the collation */
  constructor(
    private readonly values: readonly Value[],
    regexes: readonly RegexSpec[],
    private readonly collation: Collation | undefined,
  ) {
    super();
    this.hasNull = values.some(({ type }) => type === NULL);
    for (const { type } of values) this.hasClass[TYPE_CLASS[type]!] = 1;
    const numeric = values.filter(({ type }) => TYPE_CLASS[type] === TYPE_CLASS[DOUBLE]);
    if (numeric.every(({ type }) => type === INT32 || type === DOUBLE))
      this.numbers = new Set(
        numeric.map(({ bytes, type, at }) => (type === INT32 ? readInt32(bytes, at) : readDouble(bytes, at))),
      );
    this.regexes = regexes.map((regex) => new RegexTest(regex));
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === MISSING) return this.hasNull;
    if (this.hasClass[TYPE_CLASS[type]!] === 1) {
      if (this.numbers !== undefined && (type === INT32 || type === DOUBLE)) {
        if (this.numbers.has(type === INT32 ? readInt32(bytes, at) : readDouble(bytes, at))) return true;
      } else if (this.search(bytes, type, at)) return true;
    }
    for (const regex of this.regexes) if (regex.visit(bytes, type, at)) return true;
    return false;
  }

  private search(bytes: Uint8Array, type: number, at: number): boolean {
    const { values, collation } = this;
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = values[middle]!;
      const sign = compareValues(bytes, type, at, value.bytes, value.type, value.at, collation);
      if (sign === 0) return true;
      if (sign < 0) high = middle;
      else low = middle + 1;
    }
    return false;
  }
}
