/**
 * From the document a client filters by to a tree of `FilterNode`s. Operators are in `operators/`; here is what stands
 * around them: fields, implicit equality, references, and how deep filters may nest.
 */
import { MISSING, OBJECT, REGEX } from '../bson/types.js';
import { documentValue, type Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import { elementsOf } from './elements.js';
import type { FilterContext, FilterNode } from './filter.js';
import { equality, isReference } from './operators/comparison.js';
import type { ParsePosition } from './operators/operator.js';
import { regexOf } from './operators/regex.js';
import { fieldOperatorOf, topOperatorOf } from './operators/table.js';

/** How deep filters may nest in filters. */
const MOST_DEPTH = 200;

/** Names that are fields although they start with a dollar: those of references to documents. */
const REFERENCE_FIELDS: ReadonlySet<string> = new Set(['$ref', '$id', '$db']);

/**
 * @param raw  a whole document, which may be overwritten afterwards
 * @throws ElmoError of the reference's code: BadValue, FailedToParse, TypeMismatch, and those of regular expressions,
 *   schemas and expressions
 */
export function parseFilter(raw: Uint8Array, context: FilterContext): FilterNode {
  return parseDocument(documentValue(raw), {
    context,
    isTopLevel: true,
    depth: 0,
    parseFilter: parseDocument,
    parseOperators,
  });
}

function parseDocument(document: Value, outer: ParsePosition): FilterNode {
  const position = deeper(outer);
  const children: FilterNode[] = [];
  for (const { name, value } of elementsOf(document)) {
    if (name.startsWith('$') && !REFERENCE_FIELDS.has(name)) {
      const node = parseTopOperator(name, value, position);
      if (node !== undefined) children.push(node);
    } else if (isOperatorDocument(value)) children.push(...parseOperators(value, name, position));
    else if (value.type === REGEX) children.push({ kind: 'regex', path: name, regex: regexOf(value) });
    else children.push(equality(name, value));
  }
  if (children.length === 0) return { kind: 'true' };
  return children.length === 1 ? children[0]! : { kind: 'and', children };
}

function parseTopOperator(name: string, argument: Value, position: ParsePosition): FilterNode | undefined {
  const operator = topOperatorOf(name);
  if (operator !== undefined) return operator.parse(argument, position, name);
  const advice =
    name === '$not'
      ? 'If you are trying to negate an entire expression, use $nor.'
      : "If you have a field name that starts with a '$' symbol, consider using $getField or $setField.";
  throw new ElmoError('BadValue', `unknown top level operator: ${name}. ${advice}`);
}

const DOLLAR = 0x24;
/** Where in a document its first element begins: a type and a name, or MISSING where it ends. */
const FIRST_TYPE = 4;

/** Whether a value says something of a field, and is not the value the field shall have. */
export function isOperatorDocument(value: Value): boolean {
  const { type, bytes, at } = value;
  if (type !== OBJECT) return false;
  const startsWithDollar = bytes[at + FIRST_TYPE] !== MISSING && bytes[at + FIRST_TYPE + 1] === DOLLAR;
  return startsWithDollar && !isReference(value);
}

function parseOperators(document: Value, path: string, outer: ParsePosition): FilterNode[] {
  const position = deeper(outer);
  const elements = elementsOf(document);
  const nodes: FilterNode[] = [];
  for (const { name, value } of elements) {
    const operator = fieldOperatorOf(name);
    if (operator === undefined) throw new ElmoError('BadValue', `unknown operator: ${name}`);
    const node = operator.parse(value, path, position, name, elements);
    if (node !== undefined) nodes.push(node);
  }
  return nodes;
}

function deeper(position: ParsePosition): ParsePosition {
  if (position.depth >= MOST_DEPTH)
    throw new ElmoError('Overflow', `the filter nests deeper than ${MOST_DEPTH} levels`);
  return { ...position, depth: position.depth + 1 };
}
