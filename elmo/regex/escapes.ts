/** What single letters after a backslash mean, and sets as they are put together. */
import type { CharacterSet, CodeRange, Place } from './pattern.js';

export const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
]);
export const ESCAPED_PLACES: ReadonlyMap<string, Place> = new Map([
  ['A', 'subjectStart'],
  ['Z', 'subjectEndOrLastNewline'],
  ['z', 'subjectEnd'],
  ['b', 'wordEdge'],
  ['B', 'noWordEdge'],
]);
export const UNICODE_PLACES: ReadonlyMap<Place, Place> = new Map([
  ['wordEdge', 'unicodeWordEdge'],
  ['noWordEdge', 'noUnicodeWordEdge'],
]);

export class SetBuilder {
  readonly ranges: CodeRange[] = [];
  readonly classes: CodeRange[] = [];
  readonly properties: string[] = [];

  build(isNegated: boolean, isCaseless: boolean): CharacterSet {
    const { ranges, classes, properties } = this;
    return { kind: 'set', ranges, classes, properties, isNegated, isCaseless };
  }
}
