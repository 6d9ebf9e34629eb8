/** Fields of the documents that stages and accumulators take as their arguments. */
import { readText } from '../bson/read.js';
import { ARRAY } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { BsonWriter } from '../bson/writer.js';

/** Names and values of a document in order; of equal names the last value stays, at the first one's place. */
export function argumentsOf(document: Value): Map<string, Value> {
  const fields = new Map<string, Value>();
  const walker = new ElementWalker();
  walker.open(document.bytes, document.at);
  while (walker.next())
    fields.set(
      readText(document.bytes, walker.nameStart, walker.nameEnd),
      new Value(walker.type, document.bytes, walker.valueStart),
    );
  return fields;
}

/** The elements of an array. */
export function elementsOf(array: Value): Value[] {
  const elements: Value[] = [];
  const walker = new ElementWalker();
  walker.open(array.bytes, array.at);
  while (walker.next()) elements.push(new Value(walker.type, array.bytes, walker.valueStart));
  return elements;
}

/** Longer values are searched by the runtime. */
const LOOP_BYTES = 512;

/** Whether a name (or a text) stands anywhere in a value. @param name  its bytes, of which the first is a dollar, and a NUL */
export function mentions({ bytes, at, end }: Value, name: Buffer): boolean {
  if (end - at > LOOP_BYTES) return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).includes(name);
  const last = end - name.length;
  for (let from = at; from <= last; from++) {
    if (bytes[from] !== DOLLAR) continue;
    let length = 1;
    while (length < name.length && bytes[from + length] === name[length]) length++;
    if (length === name.length) return true;
  }
  return false;
}

const DOLLAR = 0x24;

const shared = new BsonWriter();

/** A document (or array) of named values, in bytes of its own. MISSING values are left out. */
export function objectValue(fields: Iterable<readonly [string, Value]>, type: number): Value {
  const writer = shared;
  writer.clear();
  const start = writer.beginDocument();
  for (const [name, value] of fields) {
    if (value.isMissing) continue;
    writer.writeByte(value.type);
    writer.writeCString(name);
    writer.writeRange(value.bytes, value.at, value.end);
  }
  writer.endDocument(start);
  return new Value(type, writer.toBytes(), 0);
}

/** An array of values, in bytes of its own. */
export function arrayValue(values: readonly Value[]): Value {
  return objectValue(
    values.map((value, i) => [String(i), value] as const),
    ARRAY,
  );
}
