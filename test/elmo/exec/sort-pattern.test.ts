/** Sort specifications: which fields in which order, and what is refused. */
import { expect } from 'chai';
import { Decimal128, serialize } from 'bson';
import { parseSort } from '../../../elmo/exec/sort-pattern.js';

const codeOf = (pattern: Uint8Array): number => {
  try {
    parseSort(pattern);
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
};

const fieldsOf = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 1]));

describe('a sort pattern', () => {
  it('keeps its fields in order, also those whose names are numbers', () => {
    const pattern = serialize(
      new Map<string, unknown>([
        ['b.c', -1],
        ['10', 1],
        ['2', 1],
        ['s', { $meta: 'randVal' }],
      ]),
    );
    expect(parseSort(pattern)).to.deep.equal([
      { path: 'b.c', direction: -1, meta: undefined },
      { path: '10', direction: 1, meta: undefined },
      { path: '2', direction: 1, meta: undefined },
      { path: 's', direction: -1, meta: 'randVal' },
    ]);
  });

  it('is refused if it names a field twice', () => {
    const pattern = serialize({ a: 1, b: 1 });
    pattern[pattern.indexOf('b'.charCodeAt(0))] = 'a'.charCodeAt(0);
    expect(codeOf(pattern)).to.equal(7472500);
  });

  for (const [why, pattern, code] of [
    ['32 fields', fieldsOf(32), 0],
    ['33 fields', fieldsOf(33), 13103],
    ['fields of a DBRef', { 'a.$id': 1, $ref: 1 }, 0],
    ['other names with a dollar', { 'a.$idx': 1 }, 16410],
    ['an empty name', { '': 1 }, 40352],
    ['an empty component', { 'a..b': 1 }, 15998],
    ['a direction that is no number', { a: 'x' }, 15974],
    ['a direction that is neither 1 nor -1', { a: 2 }, 15975],
    ['a decimal that is rounded to 1', { a: Decimal128.fromString('0.51') }, 0],
    ['a decimal that is rounded to 2', { a: Decimal128.fromString('1.5') }, 15975],
    ['a decimal that is none', { a: Decimal128.fromString('NaN') }, 15975],
    ['a double that is none', { a: NaN }, 15974],
    ['a document that is no $meta', { a: { b: 1 } }, 17312],
    ['an empty document', { a: {} }, 17312],
    ['a $meta that is not the first field', { a: { b: 1, $meta: 'randVal' } }, 17312],
    ['a $meta with something behind it', { a: { $meta: 'foo', b: 1 } }, 9],
    ['metadata that do not exist', { a: { $meta: 'foo' } }, 31138],
    ['metadata that are no text', { a: { $meta: 1 } }, 31138],
    ['metadata that do not sort', { a: { $meta: 'recordId' } }, 31138],
    ['metadata that are not there', { a: { $meta: 'textScore' } }, 40218],
    ['metadata that are not there, at a path that cannot be', { 'a.': { $meta: 'score' } }, 40218],
  ] as const)
    it(`${why}: ${code === 0 ? 'allowed' : code}`, () => expect(codeOf(serialize(pattern))).to.equal(code));
});
