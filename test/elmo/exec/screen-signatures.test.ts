import { expect } from 'chai';
import fc from 'fast-check';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { UNDEFINED } from '../../../elmo/bson/types.js';
import { Value, valueOf } from '../../../elmo/bson/value.js';
import { signatureOf } from '../../../elmo/columns/signature.js';
import { SignatureColumn } from '../../../elmo/columns/signature-column.js';
import { signaturesOf } from '../../../elmo/exec/screen-signatures.js';
import { compileFilter } from '../../../elmo/query/compile.js';
import type { FilterNode } from '../../../elmo/query/filter.js';
import { normalizeFilter } from '../../../elmo/query/normalize.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import {
  array,
  documentBytes,
  object,
  samplePairs,
  samples,
  type Sample,
} from '../../support/bson-values.js';

function signed(value: unknown): number {
  const { bytes, type, at } = valueOf(value);
  return signatureOf(bytes, type, at);
}

const [x, y, one] = [signed('x'), signed('y'), signed(1)];

function asked(condition: unknown): readonly number[] | undefined {
  const found = signaturesOf(
    normalizeFilter(parseFilter(encodeDocument({ a: condition }), { collation: undefined })),
  );
  return found?.toSorted((a, b) => a - b);
}

describe('elmo/exec/screen-signatures', () => {
  for (const [condition, wanted] of [
    ['x', [x]],
    [1, [one]],
    [{ $in: ['x', 'y'] }, [x, y]],
    [{ $all: ['x', 'y'] }, [x | y]],
    [{ $eq: 'x', $in: [1, 'y'] }, [x | one, x | y]],
    [{ $eq: 'x', $gt: 'a' }, [x]],
    [{ $elemMatch: { $eq: 'x' } }, [x]],
    [{ $elemMatch: { $in: ['x', 1], $ne: 'y' } }, [x, one]],
  ] as const)
    it(`asks for signatures by ${JSON.stringify(condition)}`, () =>
      expect(asked(condition)).to.deep.equal(wanted.toSorted((a, b) => a - b)));

  for (const condition of [
    null,
    ['x'],
    { b: 'x' },
    /x/,
    { $in: ['x', null] },
    { $in: ['x', /y/] },
    { $in: ['x', ['y']] },
    { $ne: 'x' },
    { $nin: ['x'] },
    { $not: { $eq: 'x' } },
    { $gte: 'x' },
    { $size: 1 },
    { $exists: true },
    { $elemMatch: { $gt: 1 } },
    { $elemMatch: { $elemMatch: { $eq: 'x' } } },
    { $elemMatch: { b: 'x' } },
    { $in: Array.from({ length: 33 }, (_, i) => i) },
  ])
    it(`asks for none by ${condition instanceof RegExp ? condition.source : JSON.stringify(condition)}`, () =>
      expect(asked(condition)).to.equal(undefined));

  it('asks for one of several, if each has signatures', () => {
    const or = (...conditions: unknown[]): readonly number[] | undefined => {
      const filter = { $or: conditions.map((a) => ({ a })) };
      return signaturesOf(parseFilter(encodeDocument(filter), { collation: undefined }));
    };
    expect(or('x', { $in: ['y', 1] })).to.have.members([x, y, one]);
    expect(or('x', { $gt: 'y' })).to.equal(undefined);
  });

  it('asks for nothing that a document lacks which the condition accepts', () => {
    const columns = new Map(['a', 'a.b', 'a.0'].map((path) => [path, new SignatureColumn(path, 0)]));
    const nested = ([x, y]: readonly [Sample, Sample], other: Sample): (readonly [Sample, Sample])[] =>
      [x, array([other, x]), array([array([x])]), object([['b', x]])].flatMap((found) =>
        [found, array([found, other]), object([['b', found]])].map((value) => [value, y] as const),
      );
    fc.assert(
      fc.property(samplePairs, samples, (pair, other) => {
        for (const [value, { type, bytes }] of nested(pair, other))
          for (const [path, column] of columns) {
            const eq: FilterNode = { kind: 'eq', path, value: new Value(type, bytes, 0) };
            const element: FilterNode = { kind: 'elemMatchValue', path, children: [{ ...eq, path: '' }] };
            const document = documentBytes([['a', value]]);
            for (const node of [eq, element])
              if (type !== UNDEFINED && compileFilter(node).matches(document, 0)) {
                const signature = column.codeOf(document, 0);
                const wanted = signaturesOf(node)?.[0] ?? signature;
                expect(signature & wanted, `${path} ${value.text}`).to.equal(wanted);
              }
          }
      }),
    );
  });

  it('asks for less where too many combinations would be asked for', () => {
    const six = [0, 1, 2, 3, 4, 5].map((n) => ({ a: { $in: [n, n + 10, n + 20] } }));
    const found = signaturesOf(parseFilter(encodeDocument({ $and: six }), { collation: undefined }));
    expect(found).to.have.length(27);
  });
});
