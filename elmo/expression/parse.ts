/**
 * From the BSON a client writes to a tree of expressions. Constant parts are computed here, once, so an error in them is
 * seen even if no document is.
 */
import { ARRAY, OBJECT, STRING } from '../bson/types.js';
import { dateValue, EMPTY_ARRAY, MISSING_VALUE, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import { readInt32, readText } from '../bson/read.js';
import { ElmoError } from '../errors.js';
import type { Expression, ParseScope } from './expression.js';
import { checkFieldName, checkVariableRead, parsePath } from './field-names.js';
import {
  ArrayExpression,
  ConstantExpression,
  FieldPathExpression,
  ObjectExpression,
  PathFollower,
  RootExpression,
  UnavailableExpression,
  VariableExpression,
  VariablePathExpression,
} from './nodes.js';
import { foldConstants, parseWithFolding } from './operator-kinds.js';
import { checkTextLength } from './strings.js';
import { lateOperators } from './late-operators.js';

/**
 * @param value  `'$a.b'`, `'$$NOW'`, `{$add: […]}`, `{a: '$x'}`, `['$x', 1]`, or a constant
 * @throws ElmoError of the reference's code
 */
export function parseExpression(value: Value, scope: ParseScope): Expression {
  return parseWithFolding(() => parseValue(value, scope));
}

function parseValue(value: Value, scope: ParseScope): Expression {
  switch (value.type) {
    case STRING: {
      const { text } = value;
      return text.startsWith('$') ? parseReference(text, scope) : constantOf(value);
    }
    case OBJECT:
      return parseObject(value, scope);
    case ARRAY: {
      const operands = elementsOf(value).map((element) => parseValue(element.value, scope));
      return foldConstants(new ArrayExpression(operands), operands);
    }
    default:
      return constantOf(value);
  }
}

function constantOf(value: Value): Expression {
  if (value.type === STRING) checkTextLength(readInt32(value.bytes, value.at) - 1);
  return new ConstantExpression(value.keep());
}

interface Element {
  readonly name: string;
  readonly value: Value;
}

function elementsOf(value: Value): Element[] {
  const elements: Element[] = [];
  const walker = new ElementWalker();
  walker.open(value.bytes, value.at);
  while (walker.next())
    elements.push({
      name: readText(value.bytes, walker.nameStart, walker.nameEnd),
      value: new Value(walker.type, value.bytes, walker.valueStart),
    });
  return elements;
}

function parseObject(value: Value, scope: ParseScope): Expression {
  const elements = elementsOf(value);
  const first = elements[0];
  if (first?.name.startsWith('$') === true) {
    if (elements.length > 1)
      throw new ElmoError(
        15983,
        `an object that is an expression must have exactly one field, not ${elements.length}: ${first.name} …`,
      );
    return parseOperator(first.name, first.value, scope);
  }
  const names = elements.map(({ name }) => name);
  const operands = elements.map((element) => {
    checkFieldName(element.name);
    return parseValue(element.value, scope);
  });
  return foldConstants(new ObjectExpression(names, operands), operands);
}

function parseOperator(name: string, argument: Value, scope: ParseScope): Expression {
  const { expressionOperators } = lateOperators();
  const operator = Object.hasOwn(expressionOperators, name) ? expressionOperators[name] : undefined;
  if (operator === undefined)
    throw new ElmoError('InvalidPipelineOperator', `Unrecognized expression '${name}'`);
  return operator.parse(argument, scope, name);
}

/** `$a.b`, `$$name`, `$$name.a.b`. */
function parseReference(text: string, scope: ParseScope): Expression {
  if (text === '$') throw new ElmoError(16872, "'$' by itself is not a valid FieldPath");
  if (!text.startsWith('$$')) return parseVariable('CURRENT', parsePath(text.slice(1), 1), scope);
  const dot = text.indexOf('.');
  const name = text.slice(2, dot < 0 ? text.length : dot);
  checkVariableRead(name);
  if (!isKnown(name, scope)) throw new ElmoError(17276, `Use of undefined variable: ${name}`);
  if (text.endsWith('.')) throw new ElmoError(40353, "FieldPath must not end with a '.'.");
  return parseVariable(name, dot < 0 ? [] : parsePath(text.slice(dot + 1), 1), scope);
}

const UNAVAILABLE: ReadonlySet<string> = new Set(['JS_SCOPE', 'IS_MR']);
const ENGINE_VARIABLES: ReadonlySet<string> = new Set([
  'ROOT',
  'CURRENT',
  'REMOVE',
  'NOW',
  'CLUSTER_TIME',
  'SEARCH_META',
  'USER_ROLES',
  ...UNAVAILABLE,
]);

function isKnown(name: string, scope: ParseScope): boolean {
  return ENGINE_VARIABLES.has(name) || scope.variable(name) !== undefined;
}

function parseVariable(name: string, path: readonly string[], scope: ParseScope): Expression {
  const slot = scope.variable(name);
  if (slot !== undefined) {
    const constant = scope.constantOf(name);
    if (constant !== undefined) return constantAt(constant, path);
    return path.length === 0 ? new VariableExpression(slot) : new VariablePathExpression(slot, path);
  }
  switch (name) {
    case 'ROOT':
    case 'CURRENT':
      return path.length === 0 ? new RootExpression() : new FieldPathExpression(path.join('.'));
    case 'NOW':
      return constantAt(dateValue(scope.nowMs), path);
    case 'CLUSTER_TIME':
      return scope.clusterTime === undefined
        ? new UnavailableExpression(name)
        : constantAt(scope.clusterTime, path);
    case 'USER_ROLES':
      return constantAt(EMPTY_ARRAY, path);
    case 'SEARCH_META':
      throw new ElmoError(
        6347902,
        "Can't access $$SEARCH_META without a $search stage earlier in the pipeline",
      );
    case 'REMOVE':
      return new ConstantExpression(MISSING_VALUE);
    default:
      return new UnavailableExpression(name);
  }
}

function constantAt(value: Value, path: readonly string[]): Expression {
  return new ConstantExpression(path.length === 0 ? value : new PathFollower(path).followValue(value));
}
