import { deserialize, ObjectId, serialize } from 'bson';
import { expect } from 'chai';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { Decoder } from '../../../elmo/bson/decode.js';
import { DBRef } from '../../../elmo/bson/package.js';
import { ReaderPlace, type FieldReader } from '../../../elmo/bson/shapes.js';
import { documentBytes, fieldLists } from '../../support/bson-values.js';

const shown = (value: unknown): string => inspect(value, { depth: 50 });

/** A decoder that has seen so many objects of one kind that it has a reader for them. */
function decoderUsedTo(document: object, options = {}): Decoder {
  const decoder = new Decoder(options);
  for (let i = 0; i < 200; i++) decoder.decode(serialize(document));
  return decoder;
}

/** A reader that counts the objects which a reader of a shape handed over. */
function spyOn(decoder: Decoder): FieldReader & { rests: number } {
  const spy = {
    end: 0,
    rests: 0,
    readValue: (bytes: Uint8Array, type: number, at: number): unknown => {
      const value = decoder.readValue(bytes, type, at);
      spy.end = decoder.end;
      return value;
    },
    readArray: (bytes: Uint8Array, start: number, place: ReaderPlace): unknown[] => {
      const array = decoder.readArray(bytes, start, place);
      spy.end = decoder.end;
      return array;
    },
    readPlain: (bytes: Uint8Array, start: number): object => decoder.readPlain(bytes, start),
    readRest: (
      bytes: Uint8Array,
      start: number,
      at: number,
      names: readonly string[],
      values: readonly unknown[],
    ): object => {
      spy.rests++;
      return decoder.readRest(bytes, start, at, names, values);
    },
    readMore: (object: object, bytes: Uint8Array, start: number, at: number): object =>
      decoder.readMore(object, bytes, start, at),
  };
  return spy;
}

describe('objects of a shape that comes again and again', () => {
  const usual = { _id: 1, name: 'x', inner: { a: 1.5, b: [1, 2] }, at: new Date(0), flag: true };

  function gives(decoder: Decoder, document: object, options = {}): void {
    const bytes = serialize(document);
    expect(shown(decoder.decode(bytes))).to.equal(shown(deserialize(bytes, options)));
  }

  it('are read as all others are', () => {
    for (const options of [{}, { promoteValues: false }, { promoteLongs: false }]) {
      const decoder = decoderUsedTo(usual, options);
      gives(decoder, usual, options);
      gives(decoder, { ...usual, name: 7, inner: null, flag: 'no' }, options);
      gives(decoder, { ...usual, _id: 1.5, inner: { a: 'b', b: new Date(1) }, at: -0.5 }, options);
      gives(
        decoder,
        { ...usual, _id: new Date(-1), name: 2 ** 40, inner: { a: 7, b: 0 }, at: 'now' },
        options,
      );
    }
  });

  it('and those that differ from some field on too', () => {
    const decoder = decoderUsedTo(usual);
    gives(decoder, { _id: 1, name: 'x' });
    gives(decoder, { _id: 1, name: 'x', inner: {} });
    gives(decoder, { ...usual, more: 1, evenMore: [{ a: 1 }] });
    gives(decoder, { _id: 1, name: 'x', inne: 1 });
    gives(decoder, { _id: 1, name: 'x', inner2: 1, inner: 2 });
    gives(decoder, { _id: 1, nam: 'x', inner: 3 });
    gives(decoder, {});
  });

  it('are plain objects', () => {
    const decoded = decoderUsedTo(usual).decode(serialize(usual));
    expect(Object.getPrototypeOf(decoded)).to.equal(Object.prototype);
    expect(decoded.constructor).to.equal(Object);
    expect(decoded).to.deep.equal(usual);
  });

  it('whose names are those of methods, numbers or full of signs', () => {
    for (const document of [
      { constructor: 1, toString: 2, hasOwnProperty: 3, __defineGetter__: 4 },
      { b: 1, 10: 2, 9: 3, a: 4 },
      { 'a"b': 1, "c'd": 2, 'e\\f': 3, '`${g}`': 4, 'h\u2028': 5 },
      { a: { $x: 1 }, b: 2 },
      { ключ: 1, b: 2 },
      { '': 1, ' ': 2 },
    ])
      gives(decoderUsedTo(document), document);
  });

  it('with a field named __proto__', () => {
    const document = JSON.parse('{"a": 1, "__proto__": {"b": 2}}') as object;
    const decoded = decoderUsedTo(document).decode(serialize(document));
    expect(Object.keys(decoded)).to.deep.equal(['a', '__proto__']);
    expect(Object.getPrototypeOf(decoded)).to.equal(Object.prototype);
  });

  it('with more fields than are worth a reader', () => {
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`field${n}`, n]));
    gives(decoderUsedTo(wide), wide);
  });

  it('that turn out to be references', () => {
    const decoder = decoderUsedTo({ a: 1, b: 2 });
    const bytes = serialize({ a: 1, $ref: 'c', $id: new ObjectId('0123456789abcdef01234567') });
    expect(decoder.decode(bytes)).to.be.instanceOf(DBRef);
    expect(shown(decoder.decode(bytes))).to.equal(shown(deserialize(bytes)));
  });

  it('that come mixed with others of the same first fields', () => {
    const decoder = new Decoder();
    for (let i = 0; i < 3000; i++) {
      const document: Record<string, unknown> = { _id: i, type: 'a' };
      for (let n = 0; n < 6; n++) if (((i * 2_654_435_761) >>> n) & 1) document[`f${n}`] = n;
      gives(decoder, document);
    }
  });

  it('with objects in fields and arrays, whatever comes in their places', () => {
    const nested = {
      _id: 1,
      to: { city: 'a', geo: { x: 1, y: 2.5 } },
      items: [
        { sku: 'a', n: 1 },
        { sku: 'b', n: 2 },
      ],
      z: 1,
    };
    for (const options of [{}, { promoteValues: false }, { raw: true }]) {
      const decoder = decoderUsedTo(nested, options);
      for (const document of [
        nested,
        { ...nested, to: { city: 'b' } },
        { ...nested, to: { town: 'b', geo: { y: 1 } } },
        { ...nested, to: { city: 'b', geo: [1, 2], more: { x: 1 } } },
        { ...nested, to: {} },
        { ...nested, to: [{ city: 'a' }], items: { sku: 'a' } },
        { ...nested, to: 'a', items: 'b' },
        { ...nested, items: [] },
        { ...nested, items: [1, { sku: 'c' }, [{ sku: 'd', n: 4 }], { n: 1, sku: 'e' }, null] },
        { ...nested, items: Array.from({ length: 30 }, (_, n) => ({ sku: `${n}`, n })) },
        { ...nested, items: [{ $ref: 'c', $id: 7 }] },
      ])
        gives(decoder, document, options);
    }
  });

  it('with fields behind those of the shape', () => {
    const decoder = decoderUsedTo(usual);
    gives(decoder, { ...usual, more: 1 });
    gives(decoder, { ...usual, more: { _id: 2, name: 'y' }, evenMore: 'x'.repeat(500) });
    const again = new Uint8Array([...serialize(usual), ...serialize({ name: 7 }).subarray(4)]);
    again.copyWithin(serialize(usual).length - 1, serialize(usual).length);
    const bytes = again.subarray(0, -1);
    new DataView(bytes.buffer).setInt32(0, bytes.length, true);
    expect(decoder.decode(bytes)).to.deep.equal({ ...usual, name: 7 });
  });

  it('have a reader again and again, when others come for a while', () => {
    const place = new ReaderPlace({ numbers: true, objects: true });
    const kinds = [
      { _id: 1, name: 'x', a: 1 },
      { _id: 1, name: 'x', b: 1 },
      { _id: 1, name: 'x' },
    ];
    const reader = new Decoder();
    /** Comes as often. @returns how many of them had a reader that knew them */
    const come = (document: object, times: number): number => {
      const bytes = serialize(document);
      let known = 0;
      for (let i = 0; i < times; i++) {
        const found = place.reader;
        place.uses++;
        if (found === undefined) place.missed(bytes, 0);
        else {
          const slow = spyOn(reader);
          expect(found(slow, bytes, 0)).to.deep.equal(document);
          if (slow.rests === 0) known++;
        }
      }
      return known;
    };
    for (let round = 0; round < 8; round++)
      for (const kind of kinds) expect(come(kind, 5000)).to.be.above(4800);
    // where too many kinds come by turns none is made any more
    const many = Array.from({ length: 8 }, (_, n) => ({ _id: 1, name: 'x', [`f${n}`]: 'many bytes' }));
    for (let round = 0; round < 100; round++) for (const kind of many) come(kind, 1);
    expect(place.reader).to.equal(undefined);
  });

  it('whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(fieldLists, { minLength: 1, maxLength: 3 }), (kinds) => {
        const decoder = new Decoder({ bsonRegExp: true });
        const all = kinds.map(documentBytes);
        const wanted = all.map((bytes) => shown(deserialize(bytes, { bsonRegExp: true })));
        for (let i = 0; i < 150; i++) decoder.decode(all[i % all.length]!);
        expect(all.map((bytes) => shown(decoder.decode(bytes)))).to.deep.equal(wanted);
      }),
      { numRuns: 30 },
    );
  });

  describe('with long texts that follow each other', () => {
    const long = (letter: string, length = 60): string => letter.repeat(length);
    const texts = {
      _id: 1,
      a: long('a'),
      b: long('b', 100),
      c: long('c', 41),
      n: 7,
      d: long('d'),
      e: long('e'),
    };

    it('are read as all others are', () => {
      const decoder = decoderUsedTo(texts);
      gives(decoder, texts);
      gives(decoder, { ...texts, b: long('B', 3000) });
      gives(decoder, { ...texts, b: long('B', 127), c: long('C', 128), a: long('A', 256) });
      gives(decoder, { ...texts, a: '', b: 'x', c: long('C', 70) });
      gives(decoder, { ...texts, c: '' });
      gives(decoder, { ...texts, a: 'a', b: 'b', c: 'c' });
    });

    it('that are no ASCII', () => {
      const decoder = decoderUsedTo(texts);
      gives(decoder, { ...texts, a: 'ä' });
      gives(decoder, { ...texts, b: `${long('b')}€` });
      gives(decoder, { ...texts, c: '🙂', e: long('é') });
      gives(decoder, { ...texts, d: `\0${long('\u007f')}` });
    });

    it('and other values, or none, in their places', () => {
      const decoder = decoderUsedTo(texts);
      gives(decoder, { ...texts, a: 1 });
      gives(decoder, { ...texts, b: { c: long('c') } });
      gives(decoder, { ...texts, c: null, e: [1] });
      gives(decoder, { ...texts, a: new ObjectId('ffffffffffffffffffffffff'), d: 1.5 });
      gives(decoder, { _id: 1, a: texts.a, c: texts.c, b: texts.b });
      gives(decoder, { _id: 1, a: texts.a, b: texts.b });
      gives(decoder, { _id: 1, a: 5, b: texts.b, more: 1 });
      gives(decoder, { _id: 1, b: texts.b, a: texts.a });
    });

    it('whatever bytes they are of', () => {
      const byte = fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x80, 0xed, 0xa0),
      );
      const content = fc.oneof(
        fc.array(byte, { maxLength: 140 }),
        fc.array(fc.integer({ min: 0x20, max: 0x7e }), { minLength: 30, maxLength: 140 }),
      );
      fc.assert(
        fc.property(fc.array(content, { minLength: 5, maxLength: 5 }), (contents) => {
          const letters = contents.map(({ length }) => 'x'.repeat(length));
          const [a = '', b = '', c = '', d = '', e = ''] = letters;
          const bytes = serialize({ ...texts, a, b, c, d, e });
          contents.forEach((wanted, n) => {
            const start = Buffer.from(bytes).indexOf(`\x02${'abcde'[n]!}\0`) + 7;
            bytes.set(wanted, start);
          });
          expect(decoderOfTexts.decode(bytes)).to.deep.equal(new Decoder().decode(bytes));
        }),
      );
    });

    const decoderOfTexts = decoderUsedTo(texts);
  });

  it('are read where no code may be made from text', () => {
    const decodeUrl = new URL('../../../elmo/bson/decode.js', import.meta.url).href;
    const program = `
      import { serialize } from 'bson';
      import { Decoder } from ${JSON.stringify(decodeUrl)};
      const decoder = new Decoder();
      let last;
      for (let i = 0; i < 500; i++) last = decoder.decode(serialize({ a: i, b: 'x' }));
      process.stdout.write(JSON.stringify(last));`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', program];
    expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).to.equal('{"a":499,"b":"x"}');
  });
});
