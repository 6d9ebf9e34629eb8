/** From the bytes of an index entry back to the values: for covered queries, error messages and checks. */
import { Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import type { EntryReader } from '../keys/key-layout.js';
import { TypeBitsReader } from '../keys/type-bits.js';
import { KeyReader } from '../keys/value-decoding.js';

const reader = new KeyReader();
const typeBits = new TypeBitsReader();

/**
 * The values of an entry, exact types included. They lie in bytes of their own.
 * @throws BsonError if the entry is damaged
 */
export function decodeEntry(
  entries: EntryReader,
  key: Uint8Array,
  value: Uint8Array,
  keyEnd = key.length,
  valueStart = 0,
  valueEnd = value.length,
): Value[] {
  entries.parse(key, keyEnd, value, valueStart, valueEnd);
  const writer = new BsonWriter();
  reader.open(key, entries.valuesStart, entries.valuesEnd);
  typeBits.open(value, entries.typeBitsStart, valueEnd);
  const places = entries.directions.map((direction) => {
    const at = writer.length;
    return { type: reader.readValue(writer, typeBits, direction < 0), at };
  });
  return places.map(({ type, at }) => new Value(type, writer.bytes, at));
}
