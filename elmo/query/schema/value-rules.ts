/** Keywords about numbers, strings and types. Source: MongoDB manual, "$jsonSchema". */
import { readInt32 } from '../../bson/read.js';
import { BINARY, CLASS_NUMBER, INT32, STRING, TYPE_CLASS, TYPE_NAMES, OBJECT } from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import { remainderOfDecimals } from '../../bson/decimal-arithmetic.js';
import { decimalOf } from '../../expression/numbers.js';
import { compileRegex, type CompiledRegex } from '../../regex/regex.js';
import type { ComparisonKind, Conditions } from '../filter.js';
import { comparisonTest, type ValueTest } from '../match/value-test.js';
import type { Details } from './details.js';
import type { SchemaRule } from './schema.js';
import { isEqualUnordered } from './unordered.js';

/** minimum, maximum. */
export class LimitRule implements SchemaRule {
  readonly ofDocuments = true;
  private readonly test: ValueTest;

  constructor(
    private readonly keyword: 'minimum' | 'maximum',
    kind: ComparisonKind,
    private readonly specifiedAs: Details,
    limit: Value,
  ) {
    this.test = comparisonTest(kind, limit, undefined);
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return TYPE_CLASS[type] !== CLASS_NUMBER || this.test.visit(bytes, type, at);
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: this.keyword,
      specifiedAs: this.specifiedAs,
      reason: 'comparison failed',
      consideredValue: new Value(type, bytes, at),
    };
  }
}

export class MultipleOfRule implements SchemaRule {
  readonly ofDocuments = true;
  constructor(private readonly divisor: Value) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    if (TYPE_CLASS[type] !== CLASS_NUMBER) return true;
    if (type === INT32 && this.divisor.type === INT32)
      return readInt32(bytes, at) % readInt32(this.divisor.bytes, this.divisor.at) === 0;
    const number = decimalOf(new Value(type, bytes, at));
    return number.isFinite && remainderOfDecimals(number, decimalOf(this.divisor)).isZero;
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: 'multipleOf',
      specifiedAs: { multipleOf: this.divisor },
      reason: 'considered value is not a multiple of the specified value',
      consideredValue: new Value(type, bytes, at),
    };
  }
}

/** minLength, maxLength: in code points. */
export class LengthRule implements SchemaRule {
  readonly ofDocuments = true;
  constructor(
    private readonly keyword: 'minLength' | 'maxLength',
    private readonly limit: number,
    private readonly specified: Value,
  ) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== STRING) return true;
    const end = at + 3 + readInt32(bytes, at);
    let length = 0;
    for (let i = at + 4; i < end; i++) if ((bytes[i]! & 0xc0) !== 0x80) length++;
    return this.keyword === 'minLength' ? length >= this.limit : length <= this.limit;
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: this.keyword,
      specifiedAs: { [this.keyword]: this.specified },
      reason: 'specified string length was not satisfied',
      consideredValue: new Value(type, bytes, at),
    };
  }
}

export class PatternRule implements SchemaRule {
  readonly ofDocuments = true;
  private readonly regex: CompiledRegex;

  constructor(private readonly pattern: string) {
    this.regex = compileRegex(pattern, '');
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== STRING || this.regex.testBytes(bytes, at + 4, at + 3 + readInt32(bytes, at));
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: 'pattern',
      specifiedAs: { pattern: this.pattern },
      reason: 'regular expression did not match',
      consideredValue: new Value(type, bytes, at),
    };
  }
}

/** type, bsonType. */
export class TypeRule implements SchemaRule {
  private readonly isAllowed = new Uint8Array(256);

  constructor(
    private readonly keyword: string,
    private readonly specified: Value,
    types: ReadonlySet<number>,
  ) {
    for (const type of types) this.isAllowed[type] = 1;
  }

  get ofDocuments(): boolean {
    return this.isAllowed[OBJECT] === 1;
  }

  accepts(_bytes: Uint8Array, type: number): boolean {
    return this.isAllowed[type] === 1;
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: this.keyword,
      specifiedAs: { [this.keyword]: this.specified },
      reason: 'type did not match',
      consideredValue: new Value(type, bytes, at),
      consideredType: TYPE_NAMES.get(type),
    };
  }
}

const ENCRYPTED_SUBTYPE = 6;

/** encrypt: a binary that a client encrypted. */
export class EncryptedRule implements SchemaRule {
  readonly ofDocuments = undefined;
  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type === BINARY && bytes[at + 4] === ENCRYPTED_SUBTYPE;
  }

  explain(): Details {
    return { operatorName: 'encrypt', reason: 'value was not encrypted' };
  }
}

export class EnumRule implements SchemaRule {
  constructor(
    private readonly specified: Value,
    private readonly values: readonly Value[],
    /** Whether no document is among the values though only documents are asked. */
    private readonly isImpossible: boolean,
  ) {}

  get ofDocuments(): false | undefined {
    return this.values.some(({ type }) => type === OBJECT) ? undefined : false;
  }

  ownConditions(among: Conditions): readonly string[] | undefined {
    const { length } = this.values.filter(({ type }) => type === OBJECT);
    return length === 1 || among === 'any' ? ['enum'] : undefined;
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    const given = new Value(type, bytes, at);
    return this.values.some((value) => isEqualUnordered(value, given));
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    const specifiedAs = { enum: this.specified };
    return this.isImpossible
      ? { operatorName: 'enum', specifiedAs, reason: 'expression always evaluates to false' }
      : {
          operatorName: 'enum',
          specifiedAs,
          reason: 'value was not found in enum',
          consideredValue: new Value(type, bytes, at),
        };
  }
}
