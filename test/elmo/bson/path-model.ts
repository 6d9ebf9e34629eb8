/**
 * What paths lead to, the plain way over values of JavaScript; and small documents of every shape. Both are also held
 * against the reference engine (path.reference.test.ts).
 */
import fc from 'fast-check';

export type Json = null | number | Json[] | { [name: string]: Json };
type Fields = { [name: string]: Json };

export const PATHS: readonly string[] = [
  'a',
  'a.b',
  'a.0',
  'a.1',
  'a.0.b',
  'a.b.0',
  'a.0.0',
  'a.b.b',
  'a.b.c',
  'a.1.b',
  'a.0.1',
  'a.b.0.b',
  'a.0.0.b',
];

/** `{a: …}` with every value of a few atoms, two to three levels deep. */
export function smallDocuments(): Fields[] {
  const atoms: Json[] = [1, {}, [], { b: 1 }, { 0: 1 }];
  const pairs = atoms.flatMap((x): Json[] => [[x], { b: x }, ...atoms.map((y): Json => [x, y])]);
  const nested = pairs.flatMap((x): Json[] => [
    [x],
    { b: x },
    { 0: x },
    ...atoms.flatMap((y): Json[] => [
      [x, y],
      [y, x],
    ]),
  ]);
  const deep = nested.filter((_, i) => i % 3 === 0).flatMap((x): Json[] => [[x], [1, x]]);
  return [...[...atoms, ...pairs, ...nested, ...deep].map((value) => ({ a: value })), {}];
}

/** Random values of the same shapes, deeper. */
export const small: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<Json>(1, 2, null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0', '1'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
  ),
})).value;

const isFields = (value: Json): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** All that the path leads to, in order; undefined for what is missing. */
export function visitModel(document: Fields, path: string): (Json | undefined)[] {
  const seen: (Json | undefined)[] = [];
  intoFields(document, path.split('.'), seen);
  return seen;
}

function intoFields(fields: Fields, [name, ...rest]: readonly string[], seen: (Json | undefined)[]): void {
  const value = Object.hasOwn(fields, name!) ? fields[name!]! : undefined;
  if (Array.isArray(value)) {
    if (rest.length === 0) seen.push(...value, value);
    else intoArray(value, rest, false, seen);
  } else if (rest.length === 0 || value === undefined) seen.push(value);
  else if (isFields(value)) intoFields(value, rest, seen);
  else seen.push(undefined);
}

function intoArray(
  array: readonly Json[],
  path: readonly string[],
  isIndexed: boolean,
  seen: (Json | undefined)[],
): void {
  const [name, ...rest] = path;
  const isIndex = /^\d+$/.test(name!);
  let isFollowed = isIndexed;
  array.forEach((element, i) => {
    const isNested = typeof element === 'object' && element !== null;
    if (isFields(element)) intoFields(element, path, seen);
    if (isIndex && String(i) === name) {
      if (rest.length === 0) seen.push(element);
      else if (isFields(element)) intoFields(element, rest, seen);
      else if (Array.isArray(element)) intoArray(element, rest, true, seen);
      else return;
      isFollowed = true;
    } else if (!isIndex && !isNested) {
      seen.push(undefined);
      isFollowed = true;
    } else if (isFields(element)) isFollowed = true;
  });
  if (!isFollowed) seen.push(undefined);
}
