/**
 * Tests of one value, wherever a path found it: comparisons, $in, $type and the rest. Each is a class of its own that
 * reads the bytes; none allocates.
 */
import { compareValues, type Collation } from '../../bson/compare.js';
import type { PathVisitor } from '../../bson/path.js';
import { readDouble, readInt32 } from '../../bson/read.js';
import {
  CLASS_NUMBER,
  DATE,
  DECIMAL128,
  BOOL,
  DOUBLE,
  INT32,
  INT64,
  MAX_KEY,
  MIN_KEY,
  MISSING,
  NULL,
  OBJECT_ID,
  STRING,
  SYMBOL,
  TIMESTAMP,
  TYPE_CLASS,
} from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import type { ComparisonKind } from '../filter.js';

export abstract class ValueTest implements PathVisitor {
  /** Whether arrays are tested as they are, not element by element first. */
  readonly wantsWholeArrays: boolean = false;
  /** Whether it throws for some values, or costs much: then it comes after all others. */
  readonly cost: number = 1;

  /** Whether the value of that type at `at` (nothing, if MISSING) passes. */
  abstract visit(bytes: Uint8Array, type: number, at: number): boolean;
}

/** A value compared with another; missing fields count as null. */
export function comparisonTest(
  kind: ComparisonKind,
  value: Value,
  collation: Collation | undefined,
): ValueTest {
  const { type } = value;
  if (type === NULL) return kind === 'lt' || kind === 'gt' ? new NeverTest() : new NullTest();
  if (type === MIN_KEY || type === MAX_KEY) return extremeTest(kind, type);
  if (TYPE_CLASS[type] === CLASS_NUMBER) return numberTest(kind, value);
  if (kind === 'eq') {
    if (type === STRING && collation === undefined) return new StringEqualityTest(value);
    const length = FIXED_BYTES[type];
    return length === undefined ? new EqualityTest(value, collation) : new BytesEqualityTest(value, length);
  }
  return new OrderTest(kind, value, collation);
}

/** Types whose equal values have equal bytes. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [OBJECT_ID]: 12,
  [DATE]: 8,
  [BOOL]: 1,
  [TIMESTAMP]: 8,
};

function extremeTest(kind: ComparisonKind, type: number): ValueTest {
  if (kind === 'eq') return new TypeTest([type]);
  const matchesOthers = type === MIN_KEY ? kind === 'gt' || kind === 'gte' : kind === 'lt' || kind === 'lte';
  const matchesSame = kind === 'gte' || kind === 'lte';
  if (matchesOthers) return matchesSame ? new AlwaysTest() : new OtherTypeTest(type);
  return matchesSame ? new TypeTest([type]) : new NeverTest();
}

function numberTest(kind: ComparisonKind, value: Value): ValueTest {
  const isExact = value.type === INT32 || value.type === DOUBLE;
  const number = isExact ? toNumber(value) : NaN;
  const isNotANumber = isExact ? number !== number : isDecimalNaN(value);
  if (isNotANumber) return kind === 'lt' || kind === 'gt' ? new NeverTest() : new NaNTest();
  if (!isExact)
    return kind === 'eq' ? new EqualityTest(value, undefined) : new OrderTest(kind, value, undefined);
  return kind === 'eq' ? new NumberEqualityTest(value, number) : new NumberOrderTest(kind, value, number);
}

function toNumber(value: Value): number {
  return value.type === INT32 ? readInt32(value.bytes, value.at) : readDouble(value.bytes, value.at);
}

const NAN_BYTES = new Uint8Array([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);

function isDecimalNaN({ bytes, type, at }: Value): boolean {
  return type === DECIMAL128 && compareValues(bytes, type, at, NAN_BYTES, DOUBLE, 0) === 0;
}

export class AlwaysTest extends ValueTest {
  override visit(): boolean {
    return true;
  }
}

export class NeverTest extends ValueTest {
  override visit(): boolean {
    return false;
  }
}

class NullTest extends ValueTest {
  override visit(_bytes: Uint8Array, type: number): boolean {
    return type === NULL || type === MISSING;
  }
}

class NaNTest extends ValueTest {
  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === DOUBLE) {
      const number = readDouble(bytes, at);
      return number !== number;
    }
    return type === DECIMAL128 && compareValues(bytes, type, at, NAN_BYTES, DOUBLE, 0) === 0;
  }
}

/** `{$type: …}`, with the types given. */
export class TypeTest extends ValueTest {
  private readonly isWanted = new Uint8Array(256);

  constructor(types: Iterable<number>) {
    super();
    for (const type of types) this.isWanted[type] = 1;
  }

  override visit(_bytes: Uint8Array, type: number): boolean {
    return this.isWanted[type] === 1;
  }
}

/** Anything, also nothing, but not that type. */
class OtherTypeTest extends ValueTest {
  constructor(private readonly type: number) {
    super();
  }

  override visit(_bytes: Uint8Array, type: number): boolean {
    return type !== this.type;
  }
}

class StringEqualityTest extends ValueTest {
  private readonly wanted: Uint8Array;

  constructor(value: Value) {
    super();
    this.wanted = value.bytes.slice(value.at, value.end);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== STRING && type !== SYMBOL) return false;
    const { wanted } = this;
    const { length } = wanted;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false;
    return true;
  }
}

class BytesEqualityTest extends ValueTest {
  private readonly wanted: Uint8Array;
  private readonly type: number;

  constructor(value: Value, length: number) {
    super();
    this.type = value.type;
    this.wanted = value.bytes.slice(value.at, value.at + length);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== this.type) return false;
    const { wanted } = this;
    const { length } = wanted;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false;
    return true;
  }
}

class NumberEqualityTest extends ValueTest {
  private readonly bytes: Uint8Array;
  private readonly type: number;
  private readonly at: number;

  constructor(
    value: Value,
    private readonly number: number,
  ) {
    super();
    ({ bytes: this.bytes, type: this.type, at: this.at } = value);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === INT32) return readInt32(bytes, at) === this.number;
    if (type === DOUBLE) return readDouble(bytes, at) === this.number;
    if (type !== INT64 && type !== DECIMAL128) return false;
    return compareValues(bytes, type, at, this.bytes, this.type, this.at) === 0;
  }
}

class EqualityTest extends ValueTest {
  private readonly bytes: Uint8Array;
  private readonly type: number;
  private readonly at: number;
  private readonly typeClass: number;

  constructor(
    value: Value,
    private readonly collation: Collation | undefined,
  ) {
    super();
    ({ bytes: this.bytes, type: this.type, at: this.at } = value);
    this.typeClass = TYPE_CLASS[value.type]!;
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    return (
      TYPE_CLASS[type] === this.typeClass &&
      compareValues(bytes, type, at, this.bytes, this.type, this.at, this.collation) === 0
    );
  }
}

/** Which signs of a comparison pass. */
class Signs {
  readonly allowsLess: boolean;
  readonly allowsEqual: boolean;
  readonly allowsGreater: boolean;

  constructor(kind: ComparisonKind) {
    this.allowsLess = kind === 'lt' || kind === 'lte';
    this.allowsEqual = kind === 'lte' || kind === 'gte';
    this.allowsGreater = kind === 'gt' || kind === 'gte';
  }

  allow(sign: number): boolean {
    return sign < 0 ? this.allowsLess : sign > 0 ? this.allowsGreater : this.allowsEqual;
  }
}

class NumberOrderTest extends ValueTest {
  private readonly signs: Signs;
  private readonly bytes: Uint8Array;
  private readonly type: number;
  private readonly at: number;

  constructor(
    kind: ComparisonKind,
    value: Value,
    private readonly number: number,
  ) {
    super();
    ({ bytes: this.bytes, type: this.type, at: this.at } = value);
    this.signs = new Signs(kind);
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    let number: number;
    if (type === INT32) number = readInt32(bytes, at);
    else if (type === DOUBLE) number = readDouble(bytes, at);
    else return this.visitOther(bytes, type, at);
    const { signs } = this;
    if (number < this.number) return signs.allowsLess;
    if (number > this.number) return signs.allowsGreater;
    return number === this.number && signs.allowsEqual; // NaN is in no range
  }

  private visitOther(bytes: Uint8Array, type: number, at: number): boolean {
    if (type === DECIMAL128) {
      if (compareValues(bytes, type, at, NAN_BYTES, DOUBLE, 0) === 0) return false;
    } else if (type !== INT64) return false;
    return this.signs.allow(compareValues(bytes, type, at, this.bytes, this.type, this.at));
  }
}

class OrderTest extends ValueTest {
  private readonly signs: Signs;
  private readonly typeClass: number;

  constructor(
    kind: ComparisonKind,
    private readonly value: Value,
    private readonly collation: Collation | undefined,
  ) {
    super();
    this.signs = new Signs(kind);
    this.typeClass = TYPE_CLASS[value.type]!;
  }

  override visit(bytes: Uint8Array, type: number, at: number): boolean {
    const { value } = this;
    if (TYPE_CLASS[type] !== this.typeClass) return false;
    if (this.typeClass === CLASS_NUMBER && compareValues(bytes, type, at, NAN_BYTES, DOUBLE, 0) === 0)
      return false;
    return this.signs.allow(
      compareValues(bytes, type, at, value.bytes, value.type, value.at, this.collation),
    );
  }
}
