import { deserialize, serialize } from 'bson';
import { expect } from 'chai';
import fc from 'fast-check';
import { createContext, runInContext } from 'node:vm';
import { encodeDocument, Encoder, MAX_MESSAGE_DEPTH } from '../../../elmo/bson/encode.js';
import { BsonError } from '../../../elmo/bson/errors.js';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from '../../../elmo/bson/package.js';
import { validateExactly } from '../../../elmo/bson/validate.js';
import { documentBytes, fieldLists } from '../../support/bson-values.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const theirs = (document: object, ignoreUndefined = false): string =>
  hex(serialize(document, { ignoreUndefined }));

const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((n) => Long.fromBigInt(n)),
    fc.double().map((x) => new Double(x)),
    fc.integer().map((n) => new Int32(n)),
    fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)).map(([t, i]) => new Timestamp({ t, i })),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => new Decimal128(bytes)),
    fc
      .tuple(fc.uint8Array(), fc.constantFrom(0, 2, 3, 5, 128))
      .map(([bytes, type]) => new Binary(bytes, type)),
    fc.string().map((text) => new BSONSymbol(text)),
    fc.string().map((text) => new Code(text)),
    fc.constantFrom(new MinKey(), new MaxKey(), new UUID(), /a\/b/gim, new BSONRegExp('a', 'xmi')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: fc.constantFrom('a', 'é', '$', '.', '0') }), tie('value'), {
      maxKeys: 4,
    }),
    fc
      .dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 2 })
      .map((o) => new Map(Object.entries(o))),
    fc
      .dictionary(fc.constantFrom('x', 'y'), tie('value'), { maxKeys: 2 })
      .map((scope) => new Code('f', scope)),
    tie('value').map((id) => new DBRef('c', id as ObjectId, 'db', { extra: id })),
  ),
})).value;

describe('encoding documents', () => {
  it('gives what the package gives', () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), anyValue, { maxKeys: 5 }),
        fc.boolean(),
        (document, ignoreUndefined) => {
          fc.pre(!Object.keys(document).some((name) => name.includes('\0')));
          expect(hex(new Encoder({ ignoreUndefined }).encode(document))).to.equal(
            theirs(document, ignoreUndefined),
          );
        },
      ),
      { numRuns: 500 },
    ));

  it('gives valid BSON, whatever the text', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(0xffff), (text, unit) => {
        validateExactly(encodeDocument({ a: text, b: String.fromCharCode(unit), c: 'x'.repeat(40) + text }));
      }),
    ));

  it('gives back what was decoded', () =>
    fc.assert(
      fc.property(fieldLists, (fields) => {
        fc.pre(
          !fields.some(([, { text }]) =>
            /\$(undefined|dbPointer|bits|regular|symbol|binary|date)/.test(text),
          ),
        );
        fc.pre(!JSON.stringify(fields.map(([name, { text }]) => [name, text])).match(/"\d+\\*"/)); // JavaScript reorders such names
        const document = deserialize(documentBytes(fields), { promoteValues: false });
        expect(hex(encodeDocument(document))).to.equal(hex(documentBytes(fields)));
      }),
    ));

  it('leaves what it gave before alone, whatever comes after', () => {
    const encoder = new Encoder();
    const given: [Uint8Array, string][] = [];
    const circle: Record<string, unknown> = { text: 'x'.repeat(300) };
    circle['self'] = circle;
    const inner = { toBSON: () => encoder.encode({ asked: 'on the way' }).length };
    for (let i = 0; i < 3000; i++) {
      const length = i % 500 === 499 ? 100_000 : i % 97 === 96 ? 5000 : i % 90;
      const document = { i, text: 'é'.repeat(length), inner: i % 10 === 0 ? inner : i };
      given.push([encoder.encode(document), theirs({ ...document, inner: i % 10 === 0 ? 27 : i })]);
      if (i % 50 === 0) expect(() => encoder.encode(circle)).to.throw(BsonError);
    }
    for (const [bytes, wanted] of given) expect(hex(bytes)).to.equal(wanted);
  });

  describe('numbers', () => {
    for (const [value, type] of [
      [0, 0x10],
      [-0, 0x01],
      [1, 0x10],
      [1.5, 0x01],
      [2 ** 31 - 1, 0x10],
      [2 ** 31, 0x01],
      [-(2 ** 31), 0x10],
      [-(2 ** 31) - 1, 0x01],
      [NaN, 0x01],
      [Infinity, 0x01],
      [5n, 0x12],
    ] as const)
      it(`${Object.is(value, -0) ? '-0' : value} has type ${type}`, () =>
        expect(encodeDocument({ a: value })[4]).to.equal(type));
  });

  it('undefined is null, or left out; in arrays always null', () => {
    expect(deserialize(encodeDocument({ a: undefined, b: [undefined] }))).to.deep.equal({
      a: null,
      b: [null],
    });
    const encoder = new Encoder({ ignoreUndefined: true });
    expect(deserialize(encoder.encode({ a: undefined, b: [undefined] }))).to.deep.equal({ b: [null] });
  });

  it('functions and symbols are left out, or functions become code', () => {
    const f = function twice(): void {};
    expect(deserialize(encodeDocument({ f, s: Symbol('s'), a: [1, f, 2] }))).to.deep.equal({ a: [1, 2] });
    const code = deserialize(new Encoder({ serializeFunctions: true }).encode({ f }))['f'] as Code;
    expect(code.code).to.contain('twice');
  });

  it('calls toBSON: of the document, of fields, of elements', () => {
    const toBSON = (): unknown => ({ x: 1 });
    const expected = { a: { x: 1 }, b: [{ x: 1 }], c: 'text' };
    const document = { a: { toBSON }, b: [{ toBSON }], c: { toBSON: (): unknown => 'text' } };
    expect(deserialize(encodeDocument({ toBSON: () => document }))).to.deep.equal(expected);
    expect(() => encodeDocument({ toBSON: () => 5 })).to.throw('toBSON function did not return an object');
  });

  it('takes fields of its own, not inherited ones', () => {
    class Point {
      x = 1;
    }
    Object.assign(Point.prototype, { y: 2 });
    expect(deserialize(encodeDocument(new Point()))).to.deep.equal({ x: 1 });
    expect(deserialize(encodeDocument(Object.create(null) as object))).to.deep.equal({});
  });

  it('maps are documents, the outermost too', () =>
    expect(deserialize(encodeDocument(new Map<string, unknown>([['a', new Map([['b', 1]])]])))).to.deep.equal(
      {
        a: { b: 1 },
      },
    ));

  it('dates, maps and bytes of another realm are what they are', () => {
    const foreign = runInContext(
      '({ d: new Date(5), r: /x/i, m: new Map([["a", 1]]), u: new Uint8Array(2) })',
      createContext({}),
    ) as object;
    expect(hex(encodeDocument(foreign))).to.equal(theirs(foreign));
  });

  it('an old version of the package is understood by its names', () => {
    class ObjectID {
      id = Buffer.from('0123456789abcdef01234567', 'hex');
      get _bsontype(): string {
        return 'ObjectID';
      }
    }
    class BinaryId extends ObjectID {
      override id = Buffer.from('0123456789abcdef01234567', 'hex').toString(
        'latin1',
      ) as unknown as Buffer<ArrayBuffer>;
    }
    class OldSymbol {
      value = 's';
      get _bsontype(): string {
        return 'Symbol';
      }
    }
    class OldRef {
      namespace = 'c';
      oid = 1;
      get _bsontype(): string {
        return 'DBRef';
      }
    }
    const id = new ObjectId('0123456789abcdef01234567');
    expect(hex(encodeDocument({ a: new ObjectID(), b: new BinaryId() }))).to.equal(theirs({ a: id, b: id }));
    expect(hex(encodeDocument({ a: new OldSymbol() }))).to.equal(theirs({ a: new BSONSymbol('s') }));
    expect(hex(encodeDocument({ a: new OldRef() }))).to.equal(theirs({ a: { $ref: 'c', $id: 1 } }));
  });

  it('grows, and keeps its other documents whole', () => {
    const encoder = new Encoder();
    const documents = Array.from({ length: 300 }, (_, i) => ({ i, text: 'é'.repeat((i * 97) % 5000) }));
    const bytes = documents.map((document) => encoder.encode(document));
    documents.forEach((document, i) => expect(hex(bytes[i]!)).to.equal(theirs(document)));
    expect(encoder.encode({ big: new Uint8Array(3_000_000) }).length).to.be.greaterThan(3_000_000);
    expect(deserialize(encoder.encode({ a: 1 }))).to.deep.equal({ a: 1 });
  });

  it('may be asked again by a toBSON', () => {
    const encoder = new Encoder();
    const bytes = encoder.encode({ a: 1, b: { toBSON: () => ({ inner: encoder.encode({ c: 1 }) }) }, d: 2 });
    const { a, b, d } = deserialize(bytes) as { a: number; b: { inner: Binary }; d: number };
    expect([a, deserialize(b.inner.buffer), d]).to.deep.equal([1, { c: 1 }, 2]);
  });

  it('writes documents one behind the other', () => {
    const encoder = new Encoder();
    encoder.append({ a: 1 });
    const { length } = encoder;
    encoder.append({ b: 2 });
    expect(deserialize(encoder.toBytes().subarray(length))).to.deep.equal({ b: 2 });
  });

  describe('refuses', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['a'] = [cyclic];
    let deep: object = {};
    for (let i = 0; i < MAX_MESSAGE_DEPTH; i++) deep = { deep };
    class Odd {
      get _bsontype(): string {
        return 'Odd';
      }
    }
    for (const [why, document, message, fault] of [
      ['what holds itself', cyclic, 'circular', 'cycle'],
      ['what is too deep', deep, 'deeper than 200', 'depth'],
      ['NUL in names', { 'a\0b': 1 }, 'null bytes', 'key'],
      ['NUL in names of maps', new Map([['é\0', 1]]), 'null bytes', 'key'],
      [
        'NUL in patterns',
        { a: new BSONRegExp('a', '') && Object.assign(new BSONRegExp('a'), { pattern: '\0' }) },
        'null bytes',
        'key',
      ],
      ['arrays', [], 'array as the root', 'class'],
      ['values', new ObjectId(), 'BSON types cannot', 'class'],
      ['dates', new Date(), 'cannot be BSON documents', 'class'],
      ['bytes', new Uint8Array(1), 'cannot be BSON documents', 'class'],
      ['null', null as unknown as object, 'non-object', 'class'],
      ['unknown classes', { a: new Odd() }, 'Unrecognized or invalid _bsontype: Odd', 'class'],
      ['a class that is only claimed', { a: { _bsontype: 'ObjectId', id: 'x' } }, '_bsontype', 'class'],
    ] as const)
      it(why, () =>
        expect(() => encodeDocument(document))
          .to.throw(BsonError, message)
          .with.property('fault', fault),
      );

    it('and goes on with the next', () => {
      const encoder = new Encoder();
      for (const document of [cyclic, deep, { a: { 'b\0': 1 } }]) {
        expect(() => encoder.encode(document)).to.throw(BsonError);
        expect(deserialize(encoder.encode({ a: { b: 1 } }))).to.deep.equal({ a: { b: 1 } });
      }
    });

    for (const [why, vector] of [
      ['padding of bytes', [3, 1, 0]],
      ['half a float', [0x27, 0, 1, 2]],
      ['8 bits of padding', [0x10, 8, 0]],
      ['padding of nothing', [0x10, 1]],
    ] as const)
      it(`a vector with ${why}`, () =>
        expect(() => encodeDocument({ v: new Binary(Uint8Array.from(vector), 9) })).to.throw(BsonError));
  });
});
