/** A filter as a document again, in the words of the reference's `parsedQuery`. */
import { ARRAY, DECIMAL128, DOUBLE, INT32, INT64, OBJECT, REGEX } from '../bson/types.js';
import {
  boolValue,
  int32Value,
  int64Value,
  stringValue,
  Value,
  valueOf,
  writeElement,
} from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { elementsOf } from './elements.js';
import type { FilterNode, RegexSpec } from './filter.js';

/** @returns a whole raw document */
export function filterToBson(node: FilterNode): Uint8Array {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  if (node.kind !== 'true') writeNode(writer, node);
  writer.endDocument(start);
  return writer.toBytes();
}

function nameOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Writes `name: {…}`. */
function nest(writer: BsonWriter, name: string, write: () => void): void {
  writer.writeName(OBJECT, nameOf(name));
  const start = writer.beginDocument();
  write();
  writer.endDocument(start);
}

function writeList(writer: BsonWriter, name: string, nodes: readonly FilterNode[]): void {
  writer.writeName(ARRAY, nameOf(name));
  const start = writer.beginDocument();
  const shown = nodes.filter((node) => node.kind !== 'schema' || node.isRest !== true);
  shown.forEach((node, index) => {
    writer.writeIndex(OBJECT, index);
    const inner = writer.beginDocument();
    if (node.kind !== 'true') writeNode(writer, node);
    writer.endDocument(inner);
  });
  writer.endDocument(start);
}

function writeNode(writer: BsonWriter, node: FilterNode): void {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'nor':
      writeList(writer, `$${node.kind}`, node.children);
      return;
    case 'true':
      writeElement(writer, nameOf('$alwaysTrue'), int32Value(1));
      return;
    case 'false':
      writeElement(writer, nameOf('$alwaysFalse'), int32Value(1));
      return;
    case 'not':
      writeNot(writer, node.child);
      return;
    case 'expr':
      for (const { name, value } of elementsOf(node.raw)) writeElement(writer, nameOf(name), value);
      return;
    case 'schema':
      writeElement(writer, nameOf('$jsonSchema'), node.raw);
      return;
    case 'special':
      if (node.path === '') writeOperators(writer, node);
      else nest(writer, node.path, () => writeOperators(writer, node));
      return;
    default:
      nest(writer, node.path, () => writeOperators(writer, node));
  }
}

function writeNot(writer: BsonWriter, child: FilterNode): void {
  if ('path' in child && child.path !== '')
    nest(writer, child.path, () => nest(writer, '$not', () => writeOperators(writer, child)));
  else writeList(writer, '$nor', [child]);
}

/** What stands right of the path. */
function writeOperators(writer: BsonWriter, node: FilterNode): void {
  const write = (name: string, value: Value): void => writeElement(writer, nameOf(name), value);
  switch (node.kind) {
    case 'eq':
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      write(`$${node.kind}`, node.value);
      return;
    case 'in':
      write('$in', arrayOf([...node.values, ...node.regexes.map(regexValue)]));
      return;
    case 'regex':
      write('$regex', stringValue(node.regex.pattern));
      if (node.regex.options !== '') write('$options', stringValue(node.regex.options));
      return;
    case 'exists':
      write('$exists', boolValue(true));
      return;
    case 'type':
      write('$type', arrayOf(typesOf(node)));
      return;
    case 'mod':
      write('$mod', arrayOf([integerValue(node.divisor), integerValue(node.remainder)]));
      return;
    case 'size':
      write('$size', int32Value(node.size));
      return;
    case 'bits':
      write(`$bits${node.test[0]!.toUpperCase()}${node.test.slice(1)}`, valueOf(node.positions));
      return;
    case 'elemMatchObject':
      nest(writer, '$elemMatch', () => {
        if (node.child.kind !== 'true') writeNode(writer, node.child);
      });
      return;
    case 'elemMatchValue':
      nest(writer, '$elemMatch', () => {
        for (const child of node.children) writeOperators(writer, child);
      });
      return;
    case 'not':
      nest(writer, '$not', () => writeOperators(writer, node.child));
      return;
    case 'and':
      for (const child of node.children) writeOperators(writer, child);
      return;
    case 'special':
      write(node.name, node.argument);
      return;
    default:
      writeNode(writer, node);
  }
}

function typesOf({ types, number }: Extract<FilterNode, { kind: 'type' }>): Value[] {
  const isNumeric = (type: number): boolean => number && NUMERIC_TYPES.includes(type);
  const codes = [...types].filter((type) => !isNumeric(type)).toSorted((a, b) => a - b);
  return [...(number ? [stringValue('number')] : []), ...codes.map((type) => int32Value((type << 24) >> 24))];
}
const NUMERIC_TYPES: readonly number[] = [DOUBLE, INT32, INT64, DECIMAL128];

function integerValue(value: bigint): Value {
  return BigInt.asIntN(32, value) === value ? int32Value(Number(value)) : int64Value(value);
}

function regexValue({ pattern, options }: RegexSpec): Value {
  const writer = new BsonWriter();
  writer.writeCString(pattern);
  writer.writeCString(options);
  return new Value(REGEX, writer.toBytes(), 0);
}

function arrayOf(values: readonly Value[]): Value {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  values.forEach((value, index) => {
    writer.writeIndex(value.type, index);
    writer.writeRange(value.bytes, value.at, value.end);
  });
  writer.endDocument(start);
  return new Value(ARRAY, writer.toBytes(), 0);
}
