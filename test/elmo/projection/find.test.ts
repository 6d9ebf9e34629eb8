import { expect } from 'chai';
import { Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { BsonWriter } from '../../../elmo/bson/writer.js';
import { ElmoError } from '../../../elmo/errors.js';
import { openScope } from '../../../elmo/expression/scope.js';
import { compileFilter } from '../../../elmo/query/compile.js';
import { parseFilter } from '../../../elmo/query/parse.js';
import { parseProjection } from '../../../elmo/projection/find.js';

const context = { collation: undefined, scope: openScope({ nowMs: 0, random: () => 0 }) };
const decoder = new Decoder();

function project(projection: object, document: object, filter: object = {}): object {
  const parsed = parseProjection(encodeDocument(projection), context);
  const node = parseFilter(encodeDocument(filter), context);
  const matcher = compileFilter(node, { positional: parsed.needsMatchedIndex });
  const bytes = encodeDocument(document);
  expect(matcher.matches(bytes, 0)).to.equal(true);
  const writer = new BsonWriter();
  parsed.apply(bytes, 0, writer, undefined, matcher.matchedIndex);
  return decoder.decode(writer.toBytes());
}

const document = {
  _id: 1,
  c: 1,
  arr: [1, 2, { x: 5, y: 6 }, [{ x: 7, y: 8 }, 9]],
  a: 1,
  b: { p: 1, q: [3, 4, 5] },
  objs: [{ l: [1, 2, 3] }, { l: [4, 5, 6] }, 7],
  s: 5,
};

/** Order of fields included: documents are compared as text. */
const expectSame = (actual: object, expected: object): void => {
  expect(JSON.stringify(actual)).to.equal(JSON.stringify(expected));
};

describe('parseProjection', () => {
  describe('inclusion', () => {
    for (const [projection, expected] of [
      [
        { a: 1, c: true },
        { _id: 1, c: 1, a: 1 },
      ],
      [{ _id: 0, a: 1.5 }, { a: 1 }],
      [{ _id: 1 }, { _id: 1 }],
      [{ 'b.p': 1 }, { _id: 1, b: { p: 1 } }],
      [
        { b: { p: 1 }, 'b.q': 1 },
        { _id: 1, b: { p: 1, q: [3, 4, 5] } },
      ],
      [{ 's.x': 1 }, { _id: 1 }],
      [{ 'arr.x': 1 }, { _id: 1, arr: [{ x: 5 }, [{ x: 7 }]] }],
      [{ 'arr.0': 1 }, { _id: 1, arr: [{}, [{}]] }],
      [
        { x: '$a', a: 1, b: '$c' },
        { _id: 1, a: 1, x: 1, b: 1 },
      ],
      [
        { a: 'text', b: { $literal: 1 } },
        { _id: 1, a: 'text', b: 1 },
      ],
      [
        { 'arr.x': '$a', 'arr.y': 1 },
        { _id: 1, arr: [{ x: 1 }, { x: 1 }, { y: 6, x: 1 }, [{ y: 8, x: 1 }, { x: 1 }]] },
      ],
      [
        { 's.x': '$a', c: 1 },
        { _id: 1, c: 1, s: { x: 1 } },
      ],
      [
        { 'new.x': '$nope', c: 1 },
        { _id: 1, c: 1, new: {} },
      ],
      [{ _id: { x: '$a' } }, { _id: { x: 1 } }],
    ] as const)
      it(JSON.stringify(projection), () => expectSame(project(projection, document), expected));
  });

  describe('exclusion', () => {
    const rest = { arr: document.arr, a: 1, b: document.b, objs: document.objs, s: 5 };
    for (const [projection, expected] of [
      [{}, document],
      [{ c: 0 }, { _id: 1, ...rest }],
      [{ _id: 0 }, { c: 1, ...rest }],
      [
        { _id: 1, c: false },
        { _id: 1, ...rest },
      ],
      [
        { c: 0, 'b.q': 0, 's.x': 0 },
        { _id: 1, ...rest, b: { p: 1 } },
      ],
      [
        { c: 0, 'arr.x': 0 },
        { _id: 1, ...rest, arr: [1, 2, { y: 6 }, [{ y: 8 }, 9]] },
      ],
    ] as const)
      it(JSON.stringify(projection), () => expectSame(project(projection, document), expected));
  });

  describe('$slice', () => {
    for (const [slice, expected] of [
      [2, [3, 4]],
      [-2, [4, 5]],
      [0, []],
      [1.9, [3]],
      [NaN, []],
      [[1, 1], [4]],
      [[-2, 1], [4]],
      [
        [-100, 2],
        [3, 4],
      ],
      [
        [1, Infinity],
        [4, 5],
      ],
    ] as const)
      it(JSON.stringify(slice), () =>
        expectSame(project({ 'b.q': { $slice: slice }, c: 1 }, document), {
          _id: 1,
          c: 1,
          b: { q: expected },
        }),
      );

    it('shows everything else, unless fields are named', () =>
      expectSame(project({ 'objs.l': { $slice: 1 } }, document), {
        ...document,
        objs: [{ l: [1] }, { l: [4] }, 7],
      }));

    it('with two arguments of other kinds is the expression', () =>
      expectSame(project({ x: { $slice: ['$b.q', 1] } }, document), { _id: 1, x: [3] }));
  });

  describe('$elemMatch', () => {
    for (const [projection, expected] of [
      [{ arr: { $elemMatch: { x: 5 } } }, { _id: 1, arr: [{ x: 5, y: 6 }] }],
      [{ arr: { $elemMatch: { x: 99 } } }, { _id: 1 }],
      [
        { s: { $elemMatch: { x: 5 } }, c: 1 },
        { _id: 1, c: 1 },
      ],
      [
        { arr: { $elemMatch: { x: 5 } }, c: 1, s: 1 },
        { _id: 1, c: 1, s: 5, arr: [{ x: 5, y: 6 }] },
      ],
      [
        { arr: { $elemMatch: { $gt: 1 } }, a: 0, b: 0, objs: 0 },
        { _id: 1, c: 1, arr: [2], s: 5 },
      ],
    ] as const)
      it(JSON.stringify(projection), () => expectSame(project(projection, document), expected));
  });

  describe('the positional $', () => {
    for (const [filter, projection, expected] of [
      [{ arr: 2 }, { 'arr.$': 1 }, { _id: 1, arr: [2] }],
      [{ arr: 2 }, { 'objs.$': 1 }, { _id: 1, objs: [{ l: [4, 5, 6] }] }],
      [{ 'objs.l': 5 }, { 'objs.l.$': 1 }, { _id: 1, objs: [{ l: [4, 5, 6] }] }],
      [{ 'b.q': 5 }, { 'b.q.$': 1, c: 1 }, { _id: 1, c: 1, b: { q: [5] } }],
      [{}, { 'a.$': 1 }, { _id: 1, a: 1 }],
    ] as const)
      it(`${JSON.stringify(projection)} after ${JSON.stringify(filter)}`, () =>
        expectSame(project(projection, document, filter), expected));

    it('51246: no element was matched', () =>
      expect(() => project({ 'arr.$': 1 }, document))
        .to.throw(ElmoError)
        .with.property('code', 51246));
    it('51247: there is no such element', () =>
      expect(() => project({ 'b.q.$': 1 }, { arr: [0, 0, 0, 7], b: { q: [1] } }, { arr: 7 }))
        .to.throw(ElmoError)
        .with.property('code', 51247));
  });

  describe('refuses, with the code', () => {
    for (const [code, projection] of [
      [31253, { a: 0, b: 1 }],
      [31254, { a: 1, b: 0 }],
      [31254, { x: '$a', b: 0 }],
      [31249, { b: 1, 'b.c': 1 }],
      [31250, { 'b.c': 1, b: 1 }],
      [31250, { b: { d: 1 }, 'b.d': { x: 1 } }],
      [51270, { a: {} }],
      [51270, { 'a.': {} }],
      [40352, { '': 1 }],
      [40353, { 'a.': 1 }],
      [15998, { 'a..b': 1 }],
      [16410, { $a: 1 }],
      [16410, { a: { $add: [1], x: 1 } }],
      [31325, { a: { $foo: 1 } }],
      [31252, { c: 0, x: { $add: [1, 2] } }],
      [31310, { c: 0, x: 'text' }],
      [31274, { a: { $elemMatch: 1 } }],
      [31275, { 'a.b': { $elemMatch: { x: 1 } } }],
      [2, { a: { $elemMatch: { $where: '1' } } }],
      [224, { a: { $elemMatch: { $jsonSchema: {} } } }],
      [28667, { a: { $slice: 'x' } }],
      [28667, { a: { $slice: [1] } }],
      [16410, { $a: { $slice: 1 } }],
      // a name is looked at before the operator behind it
      [16410, { a: { $elemMatch: { $gte: 2 }, extra: 1 } }],
      [16410, { a: { $elemMatch: { $foo: 2 }, $slice: 1 } }],
      [16410, { $a: { $foo: 1 } }],
      [16410, { b: 0, $a: { $add: [1] } }],
      [40353, { 'a.': { $meta: 'foo' } }],
      [16020, { a: { b: { $gte: 2 }, $slice: 1 } }],
      [31255, { 'arr.$': 1, objs: { $elemMatch: { a: 1 } } }],
      [31276, { 'arr.$': 1, 'objs.$': 1 }],
      [31394, { 'a.$.b': 1 }],
      [31395, { 'a.$': 0 }],
      [31308, { 'a.$': 'x' }],
      [31271, { 'a.$': { x: 1 } }],
    ] as const)
      it(`${code}: ${JSON.stringify(projection)}`, () =>
        expect(() => parseProjection(encodeDocument(projection), context))
          .to.throw(ElmoError)
          .with.property('code', code));
  });

  describe('requiredPaths', () => {
    for (const [projection, paths] of [
      [{ a: 1, 'b.c': 1 }, ['a', 'b.c', '_id']],
      [{ _id: 0, a: 1, x: '$d.e' }, ['a', 'd.e']],
      [{ x: '$$ROOT' }, undefined],
      [{ a: 0 }, undefined],
      [{}, undefined],
    ] as const)
      it(JSON.stringify(projection), () => {
        const required = parseProjection(encodeDocument(projection), context).requiredPaths;
        expect(required?.toSorted()).to.deep.equal(paths?.toSorted());
      });
  });
});
