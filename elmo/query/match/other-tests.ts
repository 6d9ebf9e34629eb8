/** Tests of one value that are no comparisons: $exists, $size, $mod, $regex, bits, and what combines tests. */
import { endOfCString, readDouble, readInt32, readText } from '../../bson/read.js';
import {
  ARRAY,
  BINARY,
  DECIMAL128,
  DOUBLE,
  INT32,
  INT64,
  MISSING,
  REGEX,
  STRING,
  SYMBOL,
} from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import { ElementWalker, endOfValue } from '../../bson/walk.js';
import { compileRegex, type CompiledRegex } from '../../regex/regex.js';
import { truncated, wholeNumber } from '../elements.js';
import type { FilterNode, RegexSpec } from '../filter.js';
import { ValueTest } from './value-test.js';

export class ExistsTest extends ValueTest {
  override readonly wantsWholeArrays = true;

  override visit(_bytes: Uint8Array, type: number): boolean {
    return type !== MISSING;
  }
}

export class SizeTest extends ValueTest {
  override readonly wantsWholeArrays = true;

  constructor(private readonly size: number) {
    super();
  }

  override visit(bytes: Uint8Array, type: number, array: number): boolean {
    if (type !== ARRAY) return false;
    const limit = array + readInt32(bytes, array) - 1;
    let left = this.size;
    for (let at = array + 4; at < limit; left--) {
      if (left === 0) return false;
      at = endOfValue(bytes, bytes[at]!, endOfCString(bytes, at + 1) + 1);
    }
    return left === 0;
  }
}

/** Whole numbers up to here, and their quotients, are exact as doubles. */
const MOST_EXACT = Number.MAX_SAFE_INTEGER;

export class ModTest extends ValueTest {
  private readonly smallDivisor: number;
  private readonly smallRemainder: number;

  constructor(
    private readonly divisor: bigint,
    private readonly remainder: bigint,
  ) {
    super();
    const isSmall = divisor <= MOST_EXACT && divisor >= -MOST_EXACT;
    this.smallDivisor = isSmall ? Number(divisor) : NaN;
    this.smallRemainder = Number(remainder);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === INT32 || type === DOUBLE) {
      const number = type === INT32 ? readInt32(bytes, at) : Math.trunc(readDouble(bytes, at));
      if (number <= MOST_EXACT && number >= -MOST_EXACT && this.smallDivisor === this.smallDivisor)
        return number % this.smallDivisor === this.smallRemainder;
    } else if (type !== INT64 && type !== DECIMAL128) return false;
    const whole = truncated(new Value(type, bytes, at));
    return typeof whole === 'bigint' && whole % this.divisor === this.remainder;
  }
}

export class RegexTest extends ValueTest {
  override readonly cost = 4;
  private readonly regex: CompiledRegex;
  private readonly options: string;

  constructor(private readonly spec: RegexSpec) {
    super();
    this.regex = compileRegex(spec.pattern, spec.options);
    this.options = sorted(spec.options);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === STRING || type === SYMBOL)
      return this.regex.testBytes(bytes, at + 4, at + 3 + readInt32(bytes, at));
    return type === REGEX && this.isSame(bytes, at);
  }

  /** A stored regular expression matches itself. */
  private isSame(bytes: Uint8Array, at: number): boolean {
    const end = endOfCString(bytes, at);
    if (readText(bytes, at, end) !== this.spec.pattern) return false;
    return sorted(readText(bytes, end + 1, endOfCString(bytes, end + 1))) === this.options;
  }
}

function sorted(options: string): string {
  return [...new Set(options)].toSorted().join('');
}

type BitTest = Extract<FilterNode, { kind: 'bits' }>['test'];
const WORD_BITS = 32;

/** Numbers are read as 64 bits in two's complement, whose sign goes on for ever; binaries from their first byte on. */
export class BitsTest extends ValueTest {
  private readonly low: number;
  private readonly high: number;
  /** Whether a bit beyond the 64th is asked for. */
  private readonly isBeyond: boolean;
  private readonly wantsSet: boolean;
  private readonly wantsAll: boolean;

  constructor(
    test: BitTest,
    private readonly positions: readonly number[],
  ) {
    super();
    this.wantsSet = test === 'allSet' || test === 'anySet';
    this.wantsAll = test === 'allSet' || test === 'allClear';
    let low = 0;
    let high = 0;
    for (const position of positions) {
      if (position < WORD_BITS) low |= 1 << position;
      else if (position < 2 * WORD_BITS) high |= 1 << (position - WORD_BITS);
    }
    this.low = low;
    this.high = high;
    this.isBeyond = positions.some((position) => position >= 2 * WORD_BITS);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    switch (type) {
      case INT32: {
        const number = readInt32(bytes, at);
        return this.testWords(number, number >> 31);
      }
      case INT64:
        return this.testWords(readInt32(bytes, at), readInt32(bytes, at + 4));
      case DOUBLE:
      case DECIMAL128: {
        const whole = wholeNumber(new Value(type, bytes, at));
        if (typeof whole !== 'bigint') return false;
        return this.testWords(Number(BigInt.asIntN(32, whole)), Number(BigInt.asIntN(32, whole >> 32n)));
      }
      case BINARY:
        return this.testBinary(bytes, at);
      default:
        return false;
    }
  }

  private testWords(low: number, high: number): boolean {
    const flip = this.wantsSet ? 0 : -1;
    const isBeyondRight = high >> 31 !== flip;
    const lowRight = (low ^ flip) & this.low;
    const highRight = (high ^ flip) & this.high;
    return this.wantsAll
      ? lowRight === this.low && highRight === this.high && (!this.isBeyond || isBeyondRight)
      : lowRight !== 0 || highRight !== 0 || (this.isBeyond && isBeyondRight);
  }

  private testBinary(bytes: Uint8Array, at: number): boolean {
    const bitCount = readInt32(bytes, at) * 8;
    for (const position of this.positions) {
      const isSet = position < bitCount && ((bytes[at + 5 + (position >> 3)]! >> (position & 7)) & 1) === 1;
      if ((isSet === this.wantsSet) !== this.wantsAll) return !this.wantsAll;
    }
    return this.wantsAll;
  }
}

export class NotTest extends ValueTest {
  constructor(private readonly test: ValueTest) {
    super();
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    return !this.test.visit(bytes, type, at);
  }
}

export class AllTests extends ValueTest {
  constructor(private readonly tests: readonly ValueTest[]) {
    super();
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    for (const test of this.tests) if (!test.visit(bytes, type, at)) return false;
    return true;
  }
}

/** What an element of an array is asked. */
export interface ElementPredicate {
  accepts(bytes: Uint8Array, type: number, at: number): boolean;
}

/** `{$elemMatch: …}`: whether some element of an array passes. */
export class ElementMatchTest extends ValueTest {
  override readonly wantsWholeArrays = true;
  override readonly cost = 5;
  /** After a match: which element it was. */
  matchedIndex = -1;
  private readonly walker = new ElementWalker();

  constructor(private readonly predicate: ElementPredicate) {
    super();
  }

  override visit(bytes: Uint8Array, type: number, array: number): boolean {
    this.matchedIndex = -1;
    if (type !== ARRAY) return false;
    const { walker } = this;
    walker.open(bytes, array);
    for (let index = 0; walker.next(); index++)
      if (this.predicate.accepts(bytes, walker.type, walker.valueStart)) {
        this.matchedIndex = index;
        return true;
      }
    return false;
  }
}
