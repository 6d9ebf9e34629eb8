/** Making and reading small raw documents: definitions and options. */
import { OBJECT } from '../bson/types.js';
import { documentValue, Value, writeElement } from '../bson/value.js';
import { FieldFinder, FieldName } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { elementsOf, type Element } from '../query/elements.js';

const nameEncoder = new TextEncoder();

export type NamedValue = readonly [name: string, value: Value | undefined];

/** Names of indexes may have a NUL where they are values; as the name of a field it would end there. */
export function refuseEmbeddedNul(name: string): void {
  if (name.includes('\0')) throw new ElmoError(9527900, 'illegal embedded NUL byte');
}

/** A document of its fields in order; undefined ones are left out. @throws ElmoError 9527900 for a name with a NUL */
export function rawDocument(fields: Iterable<NamedValue>): Uint8Array {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  for (const [name, value] of fields) {
    if (value === undefined) continue;
    refuseEmbeddedNul(name);
    writeElement(writer, nameEncoder.encode(name), value);
  }
  writer.endDocument(start);
  return writer.toBytes();
}

/** An array of its elements. */
export function rawArray(values: Iterable<Value>): Uint8Array {
  return rawDocument([...values].map((value, i) => [String(i), value] as const));
}

/** The fields of a whole document. They share its bytes. */
export function fieldsOf(raw: Uint8Array): Element[] {
  return elementsOf(documentValue(raw));
}

/** The field of that name of the document at `at`; undefined if there is none. */
export function fieldOf(raw: Uint8Array, name: string, at = 0): Value | undefined {
  const finder = new FieldFinder();
  return finder.find(raw, at, new FieldName(name))
    ? new Value(finder.type, raw, finder.valueStart)
    : undefined;
}

/** The document that is the field of that name, in bytes of its own; undefined if it is none. */
export function documentOf(raw: Uint8Array, name: string): Uint8Array | undefined {
  const value = fieldOf(raw, name);
  return value?.type === OBJECT ? value.keep().document : undefined;
}

/** A document in which a field has another value, or (undefined) none; a new one comes last. */
export function withField(raw: Uint8Array, name: string, value: Value | undefined): Uint8Array {
  const fields: NamedValue[] = fieldsOf(raw).map(
    (field) => [field.name, field.name === name ? value : field.value] as const,
  );
  if (!fields.some(([given]) => given === name)) fields.push([name, value]);
  return rawDocument(fields);
}
