/** Whether two filters say the same in the same words. */
import { compareValues } from '../bson/compare.js';
import type { Value } from '../bson/value.js';
import type { FilterNode } from './filter.js';

export function isSameNode(a: FilterNode, b: FilterNode): boolean {
  if (a.kind !== b.kind) return false;
  if ('path' in a && 'path' in b && a.path !== b.path) return false;
  if ('children' in a && 'children' in b) return areSame(a.children, b.children, isSameNode);
  if ('child' in a && 'child' in b) return isSameNode(a.child, b.child);
  if ('value' in a && 'value' in b) return isIdentical(a.value, b.value);
  if (a.kind === 'schema' && b.kind === 'schema' && a.isRest !== b.isRest) return false;
  if ('raw' in a && 'raw' in b) return isIdentical(a.raw, b.raw);
  if (a.kind === 'in' && b.kind === 'in')
    return (
      areSame(a.values, b.values, isIdentical) &&
      areSame(a.regexes, b.regexes, (x, y) => x.pattern === y.pattern && x.options === y.options)
    );
  if (a.kind === 'regex' && b.kind === 'regex')
    return a.regex.pattern === b.regex.pattern && a.regex.options === b.regex.options;
  if (a.kind === 'type' && b.kind === 'type')
    return (
      a.number === b.number && areSame([...a.types].toSorted(), [...b.types].toSorted(), (x, y) => x === y)
    );
  if (a.kind === 'mod' && b.kind === 'mod') return a.divisor === b.divisor && a.remainder === b.remainder;
  if (a.kind === 'size' && b.kind === 'size') return a.size === b.size;
  if (a.kind === 'bits' && b.kind === 'bits')
    return a.test === b.test && areSame(a.positions, b.positions, (x, y) => x === y);
  if (a.kind === 'special' && b.kind === 'special')
    return a.name === b.name && isIdentical(a.argument, b.argument);
  return true; // exists, true, false
}

function areSame<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  return a.length === b.length && a.every((x, i) => same(x, b[i]!));
}

function isIdentical(a: Value, b: Value): boolean {
  return a.type === b.type && compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at) === 0;
}
