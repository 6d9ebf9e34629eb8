/** The fields of one command, checked against their rules and ready to be read. */
import { readText } from '../bson/read.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import type { RawDocument } from '../operation/requests.js';
import { ElmoError } from '../errors.js';
import { checkField, isTrue, typeName, wholeNumber, type FieldRule, type Fields } from './fields.js';

/** A command as it came: its document, and documents that the message brought beside it. */
export interface CommandMessage {
  readonly body: RawDocument;
  readonly sequences: ReadonlyMap<string, readonly RawDocument[]> | undefined;
}

export class Arguments {
  constructor(
    private readonly values: ReadonlyMap<string, Value>,
    private readonly sequences?: ReadonlyMap<string, readonly RawDocument[]>,
  ) {}

  has(name: string): boolean {
    return this.values.has(name) || this.sequences?.has(name) === true;
  }

  value(name: string): Value | undefined {
    return this.values.get(name);
  }

  document(name: string): RawDocument | undefined {
    return this.values.get(name)?.document;
  }

  text(name: string): string | undefined {
    return this.values.get(name)?.text;
  }

  flag(name: string, fallback = false): boolean {
    const value = this.values.get(name);
    return value === undefined ? fallback : isTrue(value);
  }

  /** Cut to a whole number. */
  number(name: string): number | undefined {
    const value = this.values.get(name);
    return value === undefined ? undefined : wholeNumber(value);
  }

  /** Documents of an array, or those that came beside the command. Views. */
  documents(name: string): readonly RawDocument[] {
    return this.sequences?.get(name) ?? elementsOf(this.values.get(name)).map(({ document }) => document);
  }

  /** Elements of an array. */
  elements(name: string): readonly Value[] {
    return elementsOf(this.values.get(name));
  }

  /** The fields of a document that was declared with `struct`. */
  struct(name: string): Arguments | undefined {
    const value = this.values.get(name);
    if (value === undefined) return undefined;
    const values = new Map<string, Value>();
    for (const [field, inner] of fieldsOf(value)) values.set(field, inner);
    return new Arguments(values);
  }

  /** All that was given, in order. */
  entries(): IterableIterator<[string, Value]> {
    return this.values.entries();
  }
}

export function elementsOf(value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : fieldsOf(value).map(([, inner]) => inner);
}

/** The elements of a document or array, one after another. */
export function fieldsOf(value: Value): readonly (readonly [string, Value])[] {
  const fields: (readonly [string, Value])[] = [];
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  while (walker.next())
    fields.push([
      readText(walker.bytes, walker.nameStart, walker.nameEnd),
      new Value(walker.type, walker.bytes, walker.valueStart),
    ]);
  return fields;
}

/**
 * Checks a document against rules.
 * @param path  what stands before a field's name in messages: 'find'
 * @param common  more fields that are allowed
 * @returns the fields that count as given
 * @throws ElmoError: unknown field 40415, twice the same 40413, wrong type, absent 40414
 */
export function parseFields(
  value: Value,
  fields: Fields,
  path: string,
  command: string,
  common: Fields = NO_FIELDS,
  sequences?: ReadonlyMap<string, readonly RawDocument[]>,
  ignoresUnknown = false,
): Map<string, Value> {
  const values = new Map<string, Value>();
  const seen = new Set<string>();
  for (const [name, inner] of fieldsOf(value)) {
    const where = `${path}.${name}`;
    const field = ruleOf(fields, name) ?? ruleOf(common, name);
    if (field === undefined && ignoresUnknown) continue;
    if (field === undefined) throw new ElmoError(40415, `BSON field '${where}' is an unknown field.`);
    if (seen.has(name)) throw new ElmoError(40413, `BSON field '${where}' is a duplicate field`);
    seen.add(name);
    if (!checkField(field, inner, where, command)) continue;
    if (field.fields !== undefined) checkInside(field, inner, where, command);
    values.set(name, inner);
  }
  for (const name in fields)
    if (fields[name]!.isRequired && !values.has(name) && sequences?.has(name) !== true)
      throw new ElmoError(40414, `BSON field '${path}.${name}' is missing but a required field`);
  return values;
}

const NO_FIELDS: Fields = {};

function ruleOf(fields: Fields, name: string): FieldRule | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** Checks the fields of a document, or the elements of an array. */
function checkInside(field: FieldRule, value: Value, path: string, command: string): void {
  const { fields } = field;
  if (value.type === OBJECT) parseFields(value, fields!, path, command);
  else if (value.type === ARRAY) {
    const element = fields!['']!;
    for (const [index, inner] of fieldsOf(value)) {
      const where = `${path}.${index}`;
      if (!checkField(element, inner, where, command))
        throw new ElmoError(
          'TypeMismatch',
          `BSON field '${where}' is the wrong type '${typeName(inner.type)}', expected type '${typeName(element.types?.[0] ?? 0)}'`,
        );
      if (element.fields !== undefined) checkInside(element, inner, path, command);
    }
  }
}

/** Checks documents that came beside the command as elements of the field of that name. */
export function checkSequence(
  documents: readonly RawDocument[],
  field: FieldRule,
  path: string,
  command: string,
): void {
  const element = field.fields?.[''];
  if (element?.fields === undefined) return;
  for (const document of documents)
    parseFields(new Value(OBJECT, document, 0), element.fields, path, command);
}
