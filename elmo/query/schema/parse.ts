/**
 * `$jsonSchema` documents to rules. Keywords are known from one table; a rule about a type that the schema excludes by
 * `type` or `bsonType` says nothing, as in the reference. Source: MongoDB manual, "$jsonSchema".
 */
import { ARRAY, BOOL, OBJECT, STRING, TYPE_CLASS, TYPE_NAMES, CLASS_NUMBER } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import { elementsOf, expectNonNegative, isNumber, isTruthy } from '../elements.js';
import { parseTypes, typeNamed } from '../operators/element.js';
import { EachItemRule, ItemCountRule, NoMoreItemsRule, TupleRule, UniqueItemsRule } from './array-rules.js';
import { CombinationRule, NotRule } from './logical-rules.js';
import {
  DependenciesRule,
  PatternPropertiesRule,
  PropertiesRule,
  Property,
  PropertyCountRule,
  RequiredRule,
} from './object-rules.js';
import { AdditionalPropertiesRule, type Dependency, type PatternSchema } from './object-rules.js';
import { compilePattern } from '../../regex/regex.js';
import { PatternError } from '../../regex/pattern.js';
import { Schema, type SchemaRule } from './schema.js';
import { firstRepeated } from './unordered.js';
import {
  EncryptedRule,
  EnumRule,
  LengthRule,
  LimitRule,
  MultipleOfRule,
  PatternRule,
  TypeRule,
} from './value-rules.js';

/** @param raw  a document of its own. @throws ElmoError FailedToParse, TypeMismatch, BadValue, 51091 */
export function parseSchema(raw: Value): Schema {
  return new SchemaParser(raw, true).parse();
}

const UNSUPPORTED: ReadonlySet<string> = new Set([
  '$ref',
  '$schema',
  'default',
  'definitions',
  'format',
  'id',
]);

const KEYWORDS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'type', 'bsonType', 'encrypt', 'encryptMetadata', 'enum'],
  ...['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum'],
  ...['maxLength', 'minLength', 'pattern'],
  ...['minItems', 'maxItems', 'uniqueItems', 'items', 'additionalItems'],
  ...['required', 'properties', 'additionalProperties', 'patternProperties'],
  ...['minProperties', 'maxProperties', 'dependencies'],
  ...['allOf', 'anyOf', 'oneOf', 'not'],
]);

/** The names that `type` knows beside those of BSON. */
const JSON_TYPES: Readonly<Record<string, string>> = {
  array: 'array',
  boolean: 'bool',
  null: 'null',
  number: 'number',
  object: 'object',
  string: 'string',
};

const NUMBERS = new Set([...TYPE_NAMES.keys()].filter((type) => TYPE_CLASS[type] === CLASS_NUMBER));

function refuseType(message: string): never {
  throw new ElmoError('TypeMismatch', `$jsonSchema keyword ${message}`);
}

function refuse(message: string): never {
  throw new ElmoError('FailedToParse', `$jsonSchema keyword ${message}`);
}

function nameOf(value: Value): string {
  return TYPE_NAMES.get(value.type) ?? 'unknown';
}

class SchemaParser {
  private readonly keywords = new Map<string, Value>();
  private readonly rules: SchemaRule[] = [];
  /** What types the schema allows at all; undefined: any. */
  private types: ReadonlySet<number> | undefined;

  constructor(
    private readonly raw: Value,
    private readonly isTop: boolean,
  ) {}

  parse(): Schema {
    for (const { name, value } of elementsOf(this.raw)) {
      if (UNSUPPORTED.has(name)) refuse(`'${name}' is not currently supported`);
      if (!KEYWORDS.has(name)) throw new ElmoError('FailedToParse', `Unknown $jsonSchema keyword: ${name}`);
      this.keywords.set(name, value);
    }
    const title = this.text('title');
    const description = this.text('description');
    this.refuseConflicts();
    const typeRule = this.parseType();
    this.parseStringRules();
    this.parseNumberRules();
    this.parseArrayRules();
    if (this.parseEncryption()) this.rules.push(new EncryptedRule());
    this.parseObjectRules();
    this.parseCombinations();
    if (typeRule !== undefined) this.rules.push(typeRule);
    const isImpossible = this.isTop && this.types?.has(OBJECT) === false;
    return new Schema(this.rules, title, description, isImpossible ? this.raw : undefined);
  }

  private text(keyword: string): string | undefined {
    const value = this.keywords.get(keyword);
    if (value !== undefined && value.type !== STRING) refuseType(`'${keyword}' must be of type string`);
    return value?.text;
  }

  /** Adds a rule about values of some types, unless the schema has none of these. */
  private add(types: ReadonlySet<number>, rule: () => SchemaRule): void {
    const possible = this.isTop ? DOCUMENTS : this.types;
    const isMoot = possible !== undefined && ![...types].some((type) => possible.has(type));
    if (!isMoot) this.rules.push(rule());
  }

  /** Keywords that say the same are not given together. */
  private refuseConflicts(): void {
    const refuseBoth = (one: string, other: string): void => {
      if (this.keywords.has(one) && this.keywords.has(other))
        throw new ElmoError(
          'FailedToParse',
          `Cannot specify both $jsonSchema keywords '${one}' and '${other}'`,
        );
    };
    refuseBoth('type', 'bsonType');
    refuseBoth('encrypt', 'encryptMetadata');
    if (!this.keywords.has('encrypt')) return;
    for (const other of ['type', 'bsonType'])
      if (this.keywords.has(other)) refuse(`'encrypt' cannot be used in conjunction with '${other}'`);
  }

  private parseType(): SchemaRule | undefined {
    const jsonType = this.keywords.get('type');
    const bsonType = this.keywords.get('bsonType');
    const keyword = jsonType === undefined ? 'bsonType' : 'type';
    const value = jsonType ?? bsonType;
    if (value === undefined) return undefined;
    this.types = this.parseTypeNames(keyword, value);
    return new TypeRule(keyword, value, this.types);
  }

  private parseTypeNames(keyword: string, value: Value): ReadonlySet<number> {
    if (value.type !== STRING && value.type !== ARRAY)
      refuseType(`'${keyword}' must be either a string or an array of strings`);
    const names = value.type === STRING ? [value] : elementsOf(value).map((element) => element.value);
    if (names.length === 0) refuse(`'${keyword}' must name at least one type`);
    const seen = new Set<string>();
    const types = new Set<number>();
    for (const name of names) {
      if (name.type !== STRING) refuseType(`'${keyword}' array elements must be strings`);
      const { text } = name;
      if (text === 'integer')
        throw new ElmoError('FailedToParse', "$jsonSchema type 'integer' is not currently supported.");
      if (seen.has(text)) refuse(`'${keyword}' has duplicate value: ${text}`);
      seen.add(text);
      for (const type of typesNamed(keyword, name)) types.add(type);
    }
    return types;
  }

  private parseEncryption(): boolean {
    const metadata = this.keywords.get('encryptMetadata');
    if (metadata !== undefined) {
      if (metadata.type !== OBJECT) refuseType("'encryptMetadata' must be an object");
      if (elementsOf(metadata).length === 0) refuse("'encryptMetadata' cannot be an empty object");
    }
    const encrypt = this.keywords.get('encrypt');
    if (encrypt === undefined) return false;
    if (encrypt.type !== OBJECT) refuseType("'encrypt' must be an object");
    return true;
  }

  private parseNumberRules(): void {
    const divisor = this.keywords.get('multipleOf');
    if (divisor !== undefined) {
      if (!isNumber(divisor)) refuseType("'multipleOf' must be a number");
      if (!isTruthy(divisor) || isNegative(divisor)) refuse("'multipleOf' must have a positive value");
      this.add(NUMBERS, () => new MultipleOfRule(divisor));
    }
    this.parseLimit('maximum', 'exclusiveMaximum');
    this.parseLimit('minimum', 'exclusiveMinimum');
  }

  private parseLimit(keyword: 'minimum' | 'maximum', exclusive: string): void {
    const limit = this.keywords.get(keyword);
    if (limit !== undefined && !isNumber(limit)) refuseType(`'${keyword}' must be a number`);
    const flag = this.keywords.get(exclusive);
    if (flag !== undefined) {
      if (limit === undefined) refuse(`'${keyword}' must be a present if ${exclusive} is present`);
      if (flag.type !== BOOL) refuseType(`'${exclusive}' must be a boolean`);
    }
    if (limit === undefined) return;
    const isExclusive = flag !== undefined && isTruthy(flag);
    const [strict, loose] = keyword === 'minimum' ? (['gt', 'gte'] as const) : (['lt', 'lte'] as const);
    const specifiedAs = { [keyword]: limit, [exclusive]: flag };
    this.add(NUMBERS, () => new LimitRule(keyword, isExclusive ? strict : loose, specifiedAs, limit));
  }

  private count(keyword: string): number | undefined {
    const value = this.keywords.get(keyword);
    return value === undefined
      ? undefined
      : Number(expectNonNegative(keyword, value, ERROR_CODES.FailedToParse));
  }

  private parseStringRules(): void {
    const pattern = this.keywords.get('pattern');
    if (pattern !== undefined) {
      if (pattern.type !== STRING) refuseType("'pattern' must be a string");
      // at the top nothing is a string, and the pattern is not even looked at
      if (!this.isTop) {
        const rule = new PatternRule(pattern.text);
        this.add(STRINGS, () => rule);
      }
    }
    for (const keyword of ['maxLength', 'minLength'] as const) {
      const limit = this.count(keyword);
      if (limit !== undefined)
        this.add(STRINGS, () => new LengthRule(keyword, limit, this.keywords.get(keyword)!));
    }
  }

  private parseArrayRules(): void {
    for (const keyword of ['minItems', 'maxItems'] as const) {
      const limit = this.count(keyword);
      if (limit !== undefined)
        this.add(ARRAYS, () => new ItemCountRule(keyword, limit, this.keywords.get(keyword)!));
    }
    const unique = this.keywords.get('uniqueItems');
    if (unique !== undefined) {
      if (unique.type !== BOOL) refuseType("'uniqueItems' must be a boolean");
      if (isTruthy(unique)) this.add(ARRAYS, () => new UniqueItemsRule());
    }
    const tupleLength = this.parseItems();
    this.parseAdditionalItems(tupleLength);
  }

  /** @returns how many items have a schema of their own; undefined if all have the same, or none */
  private parseItems(): number | undefined {
    const items = this.keywords.get('items');
    if (items === undefined) return undefined;
    if (items.type === OBJECT) {
      const schema = parseNested(items);
      this.add(ARRAYS, () => new EachItemRule('items', schema, 0));
      return undefined;
    }
    if (items.type !== ARRAY) refuseType(`'items' must be an array or an object, not ${nameOf(items)}`);
    const schemas = elementsOf(items).map(({ value }) => {
      if (value.type !== OBJECT)
        refuseType(
          `'items' requires that each element of the array is an object, but found a ${nameOf(value)}`,
        );
      return parseNested(value);
    });
    this.add(ARRAYS, () => new TupleRule(schemas));
    return schemas.length;
  }

  private parseAdditionalItems(tupleLength: number | undefined): void {
    const additional = this.keywords.get('additionalItems');
    if (additional === undefined) return;
    if (additional.type === OBJECT) {
      const schema = parseNested(additional);
      if (tupleLength !== undefined)
        this.add(ARRAYS, () => new EachItemRule('additionalItems', schema, tupleLength));
    } else if (additional.type !== BOOL)
      refuseType(`'additionalItems' must be either an object or a boolean, but got a ${nameOf(additional)}`);
    else if (tupleLength !== undefined && !isTruthy(additional))
      this.add(ARRAYS, () => new NoMoreItemsRule(tupleLength));
  }

  private parseObjectRules(): void {
    const required = this.parseRequired();
    const names = this.parseProperties();
    const patterns = this.parsePatterns();
    this.parseAdditionalProperties(names, patterns);
    if (this.keywords.has('patternProperties'))
      this.add(DOCUMENTS, () => new PatternPropertiesRule(patterns));
    if (required !== undefined) this.add(DOCUMENTS, () => required);
    for (const keyword of ['minProperties', 'maxProperties'] as const) {
      const limit = this.count(keyword);
      if (limit !== undefined)
        this.add(DOCUMENTS, () => new PropertyCountRule(keyword, limit, this.keywords.get(keyword)!));
    }
    this.parseDependencies();
  }

  private parseRequired(): RequiredRule | undefined {
    const required = this.keywords.get('required');
    if (required === undefined) return undefined;
    if (required.type !== ARRAY)
      refuseType(`'required' must be an array, but found an element of type ${nameOf(required)}`);
    const names = elementsOf(required).map(({ value }) => {
      if (value.type !== STRING)
        refuseType(`'required' must be an array of strings, but found an element of type: ${nameOf(value)}`);
      return value.text;
    });
    if (names.length === 0) refuse("'required' cannot be an empty array");
    if (new Set(names).size < names.length) refuse("'required' array cannot contain duplicate values");
    return new RequiredRule(
      required,
      names.map((name) => new Property(name)),
    );
  }

  private parseProperties(): ReadonlySet<string> {
    const properties = this.keywords.get('properties');
    if (properties === undefined) return new Set();
    if (properties.type !== OBJECT) refuseType("'properties' must be an object");
    const parsed = elementsOf(properties).map(({ name, value }) => {
      if (value.type !== OBJECT)
        throw new ElmoError(
          'TypeMismatch',
          `Nested schema for $jsonSchema property '${name}' must be an object`,
        );
      return { property: new Property(name), schema: parseNested(value) };
    });
    this.add(DOCUMENTS, () => new PropertiesRule(parsed));
    return new Set(parsed.map(({ property }) => property.name));
  }

  private parsePatterns(): PatternSchema[] {
    const patterns = this.keywords.get('patternProperties');
    if (patterns === undefined) return [];
    if (patterns.type !== OBJECT) refuseType("'patternProperties' must be an object");
    return elementsOf(patterns).map(({ name, value }) => {
      if (value.type !== OBJECT)
        refuseType(`'patternProperties' has property '${name}' which is not an object`);
      const schema = parseNested(value);
      try {
        return { pattern: name, regex: compilePattern(name, ''), schema };
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        throw new ElmoError('BadValue', `Invalid regular expression: ${error.reason}`, { cause: error });
      }
    });
  }

  private parseAdditionalProperties(names: ReadonlySet<string>, patterns: readonly PatternSchema[]): void {
    const additional = this.keywords.get('additionalProperties');
    if (additional === undefined) return;
    if (additional.type !== OBJECT && additional.type !== BOOL)
      refuseType("'additionalProperties' must be an object or a boolean");
    const unbound = isTruthy(additional) ? new Schema([], undefined, undefined) : undefined;
    const schema = additional.type === OBJECT ? parseNested(additional) : unbound;
    const regexes = patterns.map(({ regex }) => regex);
    this.add(DOCUMENTS, () => new AdditionalPropertiesRule(names, regexes, schema));
  }

  private parseDependencies(): void {
    const dependencies = this.keywords.get('dependencies');
    if (dependencies === undefined) return;
    if (dependencies.type !== OBJECT) refuseType("'dependencies' must be an object");
    const parsed = elementsOf(dependencies).map(({ name, value }) => parseDependency(name, value));
    this.rules.push(new DependenciesRule(parsed));
  }

  private parseCombinations(): void {
    for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
      const list = this.keywords.get(keyword);
      if (list === undefined) continue;
      if (list.type !== ARRAY) refuseType(`'${keyword}' must be an array`);
      const schemas = elementsOf(list).map(({ value }) => {
        if (value.type !== OBJECT)
          refuseType(
            `'${keyword}' must be an array of objects, but found an element of type ${nameOf(value)}`,
          );
        return parseNested(value, this.isTop);
      });
      if (schemas.length === 0)
        throw new ElmoError('BadValue', `$jsonSchema keyword '${keyword}' must be a non-empty array`);
      this.rules.push(new CombinationRule(keyword, schemas));
    }
    const not = this.keywords.get('not');
    if (not !== undefined) {
      if (not.type !== OBJECT)
        refuseType(`'not' must be an object, but found an element of type ${nameOf(not)}`);
      this.rules.push(new NotRule(parseNested(not, this.isTop)));
    }
    this.parseEnum();
  }

  private parseEnum(): void {
    const list = this.keywords.get('enum');
    if (list === undefined) return;
    if (list.type !== ARRAY)
      refuseType(`'enum' must be an array, but found an element of type ${nameOf(list)}`);
    const values = elementsOf(list).map(({ value }) => value);
    if (values.length === 0) refuse("'enum' cannot be an empty array");
    if (firstRepeated(values) !== undefined) refuse("'enum' array cannot contain duplicate values.");
    const isImpossible = this.isTop && !values.some(({ type }) => type === OBJECT);
    this.rules.push(new EnumRule(list, values, isImpossible));
  }
}

const DOCUMENTS: ReadonlySet<number> = new Set([OBJECT]);
const ARRAYS: ReadonlySet<number> = new Set([ARRAY]);
const STRINGS: ReadonlySet<number> = new Set([STRING]);

/** @param isTop  whether it is asked of the whole document */
function parseNested(raw: Value, isTop = false): Schema {
  return new SchemaParser(raw, isTop).parse();
}

function typesNamed(keyword: string, name: Value): Iterable<number> {
  if (keyword === 'bsonType') return parseTypes(name, keyword).types;
  const { text } = name;
  const bsonName = Object.hasOwn(JSON_TYPES, text) ? JSON_TYPES[text]! : undefined;
  if (bsonName === undefined) throw new ElmoError('BadValue', `Unknown type name alias: ${text}`);
  return bsonName === 'number' ? NUMBERS : [typeNamed(bsonName)];
}

function isNegative(value: Value): boolean {
  return (value.bytes[value.end - 1]! & 0x80) !== 0;
}

function parseDependency(name: string, value: Value): Dependency {
  const property = new Property(name);
  if (value.type === OBJECT) return { property, wants: parseNested(value) };
  if (value.type !== ARRAY)
    throw new ElmoError(
      'TypeMismatch',
      `property '${name}' in $jsonSchema keyword 'dependencies' must be either an object or an array`,
    );
  const names = elementsOf(value).map((element) => {
    if (element.value.type !== STRING)
      throw new ElmoError(
        'TypeMismatch',
        `array '${name}' in $jsonSchema keyword 'dependencies' can only contain strings, but found element of type: ${nameOf(element.value)}`,
      );
    return element.value.text;
  });
  if (names.length === 0)
    throw new ElmoError(
      'FailedToParse',
      `property '${name}' in $jsonSchema keyword 'dependencies' cannot be an empty array`,
    );
  if (new Set(names).size < names.length)
    throw new ElmoError(
      'FailedToParse',
      `array '${name}' in $jsonSchema keyword 'dependencies' contains duplicate element`,
    );
  return { property, wants: names.map((wanted) => new Property(wanted)) };
}
