/** Messages with the types that the package `bson` cannot say: undefined and DBPointer. */
import { encodeDocument, Encoder } from '../../elmo/bson/encode.js';
import { ARRAY, DB_POINTER, OBJECT, UNDEFINED } from '../../elmo/bson/types.js';

export class Undefined {
  toJSON(): unknown {
    return { $undefined: true };
  }
}

export class DbPointer {
  constructor(
    readonly namespace: string,
    /** Last byte of the id; the others are 0. */
    readonly id: number,
  ) {}

  toJSON(): unknown {
    return { $dbPointer: { $ref: this.namespace, $id: { $oid: this.id.toString(16).padStart(24, '0') } } };
  }
}

const TYPE_AT = 4;
const VALUE_AT = 7;

export function encodeMessage(document: object): Uint8Array {
  const writer = new Encoder();
  writeFields(writer, document);
  return writer.toBytes();
}

function writeFields(writer: Encoder, document: object): void {
  const start = writer.beginDocument();
  const isArray = Array.isArray(document);
  let index = 0;
  for (const [name, value] of Object.entries(document))
    writeElement(writer, isArray ? String(index++) : name, value);
  writer.endDocument(start);
}

function writeElement(writer: Encoder, name: string, value: unknown): void {
  if (value instanceof Undefined) return writer.writeHead(UNDEFINED, name, -1);
  if (value instanceof DbPointer) {
    writer.writeHead(DB_POINTER, name, -1);
    writer.writeText(value.namespace);
    const id = new Uint8Array(12);
    id[11] = value.id;
    return writer.writeRange(id, 0, 12);
  }
  if (Array.isArray(value)) {
    writer.writeHead(ARRAY, name, -1);
    return writeFields(writer, value);
  }
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    writer.writeHead(OBJECT, name, -1);
    return writeFields(writer, value);
  }
  const alone = encodeDocument({ v: value });
  writer.writeHead(alone[TYPE_AT]!, name, -1);
  writer.writeRange(alone, VALUE_AT, alone.length - 1);
}
