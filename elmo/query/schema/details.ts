/** Why a document was refused, as plain parts that are put together and then written as one raw document. */
import { MISSING } from '../../bson/types.js';
import { boolValue, int32Value, stringValue, Value, writeElement } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { ARRAY, OBJECT } from '../../bson/types.js';

export type DetailPart = string | number | boolean | Value | Details | readonly DetailPart[] | undefined;

/** Fields in their order; those that are undefined are left out. */
export interface Details {
  readonly [name: string]: DetailPart;
}

export function detailsToBson(details: Details): Uint8Array {
  const writer = new BsonWriter();
  writeDetails(writer, details);
  return writer.toBytes();
}

function writeDetails(writer: BsonWriter, details: Details): void {
  const start = writer.beginDocument();
  for (const [name, part] of Object.entries(details))
    if (part !== undefined) writePart(writer, Buffer.from(name), part);
  writer.endDocument(start);
}

function writePart(writer: BsonWriter, name: Uint8Array, part: Exclude<DetailPart, undefined>): void {
  if (part instanceof Value) {
    if (part.type !== MISSING) writeElement(writer, name, part);
  } else if (typeof part === 'string') writeElement(writer, name, stringValue(part));
  else if (typeof part === 'number') writeElement(writer, name, int32Value(part));
  else if (typeof part === 'boolean') writeElement(writer, name, boolValue(part));
  else if (isList(part)) {
    writer.writeName(ARRAY, name);
    const start = writer.beginDocument();
    part.forEach((inner, index) => {
      if (inner !== undefined) writePart(writer, Buffer.from(String(index)), inner);
    });
    writer.endDocument(start);
  } else {
    writer.writeName(OBJECT, name);
    writeDetails(writer, part);
  }
}

function isList(part: Details | readonly DetailPart[]): part is readonly DetailPart[] {
  return Array.isArray(part);
}
