import { deserialize, EJSON, serialize, type DeserializeOptions } from 'bson';
import { expect } from 'chai';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { Decoder, decodeDocument, type DecodeOptions } from '../../../elmo/bson/decode.js';
import { Encoder } from '../../../elmo/bson/encode.js';
import { BsonError } from '../../../elmo/bson/errors.js';
import { BSONRegExp, DBRef, Double, Int32, Long, ObjectId, UUID } from '../../../elmo/bson/package.js';
import * as b from '../../support/bson-values.js';
import { documentBytes, EDGES, fieldLists, type Sample } from '../../support/bson-values.js';
import { bytesOf, hexOf, readCorpus } from './corpus.js';

/** What the package cannot decode: patterns that JavaScript refuses (theirs throws, ours keeps them). */
function isPlain({ text }: Sample): boolean {
  return !text.includes('$regularExpression');
}

/** Values with their classes. */
const shown = (value: unknown): string => inspect(value, { depth: 50 });

const OPTIONS: readonly (DecodeOptions & DeserializeOptions)[] = [
  {},
  { promoteValues: false },
  { promoteLongs: false },
  { promoteBuffers: true },
  { useBigInt64: true },
  { bsonRegExp: true },
];

describe('decoding documents', () => {
  for (const options of OPTIONS) {
    it(`gives what the package gives, with ${JSON.stringify(options)}`, () => {
      const decoder = new Decoder(options);
      const same = (bytes: Uint8Array): void => {
        expect(shown(decoder.decode(bytes))).to.equal(shown(deserialize(Buffer.from(bytes), options)));
      };
      for (const edge of EDGES) if (isPlain(edge) || options.bsonRegExp) same(b.wrapped(edge));
      fc.assert(
        fc.property(fieldLists, (fields) => {
          fc.pre(options.bsonRegExp === true || fields.every(([, value]) => isPlain(value)));
          same(documentBytes(fields));
        }),
      );
    });
  }

  it('gives embedded documents as bytes, if asked to', () => {
    const bytes = serialize({ a: { b: 1 }, c: [{ d: 2 }] });
    const decoded = new Decoder({ raw: true }).decode(bytes);
    expect(deserialize(decoded['a'] as Uint8Array)).to.deep.equal({ b: 1 });
    expect(deserialize((decoded['c'] as Uint8Array[])[0]!)).to.deep.equal({ d: 2 });
  });

  it('takes elements of arrays in their order, whatever their names and however many', () => {
    const names = ['', '0', '10', 'a', '', '\x01'];
    for (let count = 0; count <= names.length; count++)
      for (const [type, value] of [
        [0x10, Buffer.from([7, 0, 0, 0])],
        [0x08, Buffer.from([0])],
      ] as const) {
        const elements = names
          .slice(0, count)
          .map((name) => Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`, 'latin1'), value]));
        const body = Buffer.concat([...elements, Buffer.from([0])]);
        const length = Buffer.alloc(4);
        length.writeInt32LE(body.length + 4);
        const array = Buffer.concat([length, body]);
        const wanted = new Array<unknown>(count).fill(type === 0x10 ? 7 : false);
        expect(new Decoder().decodeValue(array, 0x04, 0)).to.deep.equal(wanted);
      }
  });

  it('starts anywhere', () => {
    const bytes = Buffer.concat([Buffer.alloc(3), serialize({ a: 'x' }), Buffer.alloc(2)]);
    expect(decodeDocument(bytes, 3)).to.deep.equal({ a: 'x' });
  });

  it('knows a name again, and tells it from others', () => {
    const decoder = new Decoder();
    const names = Array.from({ length: 5000 }, (_, i) => `field${(i * 7919) % 3000}${'x'.repeat(i % 40)}`);
    for (const name of names) expect(decoder.decode(serialize({ [name]: 1 }))).to.deep.equal({ [name]: 1 });
    const document = Object.fromEntries(names.map((name) => [name, 1]));
    for (let i = 0; i < 3; i++) expect(decoder.decode(serialize(document))).to.deep.equal(document);
  });

  it('a field named __proto__ is a field', () => {
    const decoded = decodeDocument(documentBytes([['__proto__', b.int32(1)]]));
    expect(Object.keys(decoded)).to.deep.equal(['__proto__']);
    expect(Object.getPrototypeOf(decoded)).to.equal(Object.prototype);
  });

  it('of a field that is there twice the last counts', () =>
    expect(decodeDocument(bytesOf('13000000106100010000001061000200000000'))).to.deep.equal({ a: 2 }));

  it('shares no memory with the bytes', () => {
    const bytes = serialize({ b: Buffer.from('abc'), d: new ObjectId('0123456789abcdef01234567') });
    for (const promoteBuffers of [false, true]) {
      const copy = Uint8Array.from(bytes);
      const decoded = new Decoder({ promoteBuffers }).decode(copy);
      copy.fill(0xff);
      const { b: content } = decoded as { b: { buffer: Uint8Array } | Buffer };
      expect(
        Buffer.from(Buffer.isBuffer(content) ? content : (content.buffer as Uint8Array)).toString(),
      ).to.equal('abc');
      expect(String(decoded['d'])).to.equal('0123456789abcdef01234567');
    }
  });

  it('makes DBRefs of what looks like one, but not of scopes', () => {
    const id = new ObjectId();
    expect(decodeDocument(serialize({ r: { $ref: 'c', $id: id, x: 1 } }))['r']).to.be.instanceOf(DBRef);
    expect(decodeDocument(serialize({ r: { $ref: 'c', $id: id, $x: 1 } }))['r']).not.to.be.instanceOf(DBRef);
    const scope = b.codeWithScope('f', [
      ['$ref', b.string('c')],
      ['$id', b.int32(1)],
    ]);
    const { v } = decodeDocument(b.wrapped(scope)) as { v: { scope: object } };
    expect(v.scope).to.deep.equal({ $ref: 'c', $id: 1 });
  });

  it('keeps patterns that JavaScript cannot compile', () => {
    const { v } = decodeDocument(b.wrapped(b.regex('(?i)a++', 'x')));
    expect(v).to.deep.equal(new BSONRegExp('(?i)a++', 'x'));
  });

  it('single values', () => {
    const decoder = new Decoder({ promoteValues: false });
    const value = ({ type, bytes }: Sample): unknown => decoder.decodeValue(bytes, type, 0);
    expect(value(b.int32(3))).to.deep.equal(new Int32(3));
    expect(value(b.double(3))).to.deep.equal(new Double(3));
    expect(value(b.int64(3n))).to.deep.equal(Long.fromInt(3));
    expect(value(b.binary(4, new Uint8Array(16)))).to.be.instanceOf(UUID);
    expect(decoder.decodeValue(new Uint8Array(0), 0, 0)).to.equal(undefined);
  });

  it('refuses contradictory options and unknown types', () => {
    expect(() => new Decoder({ useBigInt64: true, promoteLongs: false })).to.throw(BsonError);
    expect(() => decodeDocument(bytesOf('0800000020610000'))).to.throw('unknown type 0x20');
  });
});

describe('the BSON corpus, decoded', function () {
  const corpus = readCorpus();
  if (corpus === undefined) {
    it('(skipped: the corpus is not beside the project)');
    return;
  }
  const decoder = new Decoder({ promoteValues: false, bsonRegExp: true });
  const encoder = new Encoder();
  for (const { description, valid = [] } of corpus) {
    if (valid.length === 0) continue;
    it(`${description}: ${valid.length} come back byte by byte`, () => {
      for (const { description: why, canonical_bson, degenerate_bson, converted_bson } of valid)
        if (converted_bson === undefined)
          for (const hex of [canonical_bson, degenerate_bson ?? canonical_bson])
            expect(hexOf(encoder.encode(decoder.decode(bytesOf(hex)))), why).to.equal(
              canonical_bson.toUpperCase(),
            );
        else {
          // types that JavaScript has no form for are converted
          const [ours, theirs] = [canonical_bson, converted_bson].map((hex) => decodeDocument(bytesOf(hex)));
          expect(hexOf(encoder.encode(ours!)), why).to.equal(hexOf(encoder.encode(theirs!)));
        }
    });

    it(`${description}: and are the right Extended JSON`, () => {
      for (const { description: why, canonical_bson, canonical_extjson, converted_bson } of valid) {
        if (converted_bson !== undefined) continue;
        const json = EJSON.stringify(decoder.decode(bytesOf(canonical_bson)), { relaxed: false });
        const expected: unknown = EJSON.parse(canonical_extjson, { relaxed: false });
        expect(JSON.parse(json), why).to.deep.equal(
          JSON.parse(EJSON.stringify(expected, { relaxed: false })),
        );
      }
    });
  }
});
