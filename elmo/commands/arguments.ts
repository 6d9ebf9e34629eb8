/** The fields of one command, checked against their rules and ready to be read. */
import { readInt64, readText } from '../bson/read.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import type { RawDocument } from '../operation/requests.js';
import { ElmoError } from '../errors.js';
import {
  checkField,
  isTrue,
  plainNumber,
  typeName,
  wholeNumber,
  type FieldRule,
  type Fields,
} from './fields.js';

/** A command as it came: its document, and documents that the message brought beside it. */
export interface CommandMessage {
  readonly body: RawDocument;
  readonly sequences: ReadonlyMap<string, readonly RawDocument[]> | undefined;
}

/** The name of a document's first field; of a command, of a stage. */
export function firstName(document: RawDocument): string {
  const walker = new ElementWalker();
  walker.open(document, 0);
  return walker.next() ? readText(walker.bytes, walker.nameStart, walker.nameEnd) : '';
}

export class Arguments {
  constructor(
    private readonly values: ReadonlyMap<string, Value>,
    private readonly sequences?: ReadonlyMap<string, readonly RawDocument[]>,
  ) {}

  /** The fields of a document, as they are. */
  static of(value: Value): Arguments {
    return new Arguments(new Map(fieldsOf(value)));
  }

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

  /** A 64-bit integer. */
  long(name: string): bigint | undefined {
    const value = this.values.get(name);
    return value === undefined ? undefined : readInt64(value.bytes, value.at);
  }

  /** As it is, fraction included. */
  double(name: string): number | undefined {
    const value = this.values.get(name);
    return value === undefined ? undefined : plainNumber(value);
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
    return value === undefined ? undefined : Arguments.of(value);
  }

  /** Of all fields that were given in the command's document. */
  names(): IterableIterator<string> {
    return this.values.keys();
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

/** Declared fields made ready for lookups by name. */
export interface FieldTable {
  readonly rules: ReadonlyMap<string, FieldRule>;
  readonly required: readonly string[];
  /** The field that is the command's name: it is looked at after all others. */
  readonly own?: string;
}

/** Of several declarations of a name the last one counts. */
export function makeFieldTable(...declarations: readonly Fields[]): FieldTable {
  const rules = new Map<string, FieldRule>();
  for (const fields of declarations) for (const name in fields) rules.set(name, fields[name]!);
  return { rules, required: [...rules.keys()].filter((name) => rules.get(name)!.isRequired) };
}

const tables = new WeakMap<Fields, FieldTable>();

function tableOf(fields: Fields): FieldTable {
  let table = tables.get(fields);
  if (table === undefined) tables.set(fields, (table = makeFieldTable(fields)));
  return table;
}

/**
 * Checks a document against rules.
 * @param path  what stands before a field's name in messages: 'find'
 * @returns the fields that count as given
 * @throws ElmoError: unknown field 40415, twice the same 40413, wrong type, absent 40414
 */
export function parseFields(value: Value, fields: Fields, path: string, command: string): Map<string, Value> {
  return parseByTable(value, tableOf(fields), path, command);
}

/**
 * @param sequences  documents that came beside the command: fields they stand for are there
 * @param ignoresUnknown  take fields without a rule as they are
 */
export function parseByTable(
  value: Value,
  table: FieldTable,
  path: string,
  command: string,
  sequences?: ReadonlyMap<string, readonly RawDocument[]>,
  ignoresUnknown = false,
): Map<string, Value> {
  const values = new Map<string, Value>();
  let passedOver: Set<string> | undefined;
  const { rules } = table;
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  while (walker.next()) {
    const name = readText(walker.bytes, walker.nameStart, walker.nameEnd);
    const rule = rules.get(name);
    if (rule === undefined) {
      if (ignoresUnknown) {
        values.set(name, new Value(walker.type, walker.bytes, walker.valueStart));
        continue;
      }
      throw new ElmoError(40415, `BSON field '${path}.${name}' is an unknown field.`);
    }
    const where = `${path}.${name}`;
    if (values.has(name) || passedOver?.has(name) === true)
      throw new ElmoError(40413, `BSON field '${where}' is a duplicate field`);
    const inner = new Value(walker.type, walker.bytes, walker.valueStart);
    if (name === table.own) {
      values.set(name, inner);
      continue;
    }
    if (!checkField(rule, inner, where, command)) {
      (passedOver ??= new Set()).add(name);
      continue;
    }
    if (rule.fields !== undefined) checkInside(rule, inner, where, command);
    values.set(name, inner);
  }
  const { required } = table;
  for (let i = 0; i < required.length; i++) {
    const name = required[i]!;
    if (!values.has(name) && sequences?.has(name) !== true) throw missing(`${path}.${name}`);
  }
  if (table.own !== undefined) checkOwn(values, table.own, rules.get(table.own)!, path, command);
  return values;
}

function missing(where: string): ElmoError {
  return new ElmoError(40414, `BSON field '${where}' is missing but a required field`);
}

/** Checks what stands right of a command's name. */
function checkOwn(
  values: Map<string, Value>,
  name: string,
  rule: FieldRule,
  path: string,
  command: string,
): void {
  const value = values.get(name);
  if (value === undefined) return;
  const where = `${path}.${name}`;
  if (checkField(rule, value, where, command)) {
    if (rule.fields !== undefined) checkInside(rule, value, where, command);
    return;
  }
  values.delete(name);
  if (rule.isRequired) throw missing(where);
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
