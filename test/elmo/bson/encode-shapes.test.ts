import { ObjectId, serialize } from 'bson';
import { expect } from 'chai';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Encoder, type EncodeOptions } from '../../../elmo/bson/encode.js';
import { BsonError } from '../../../elmo/bson/errors.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** An encoder that has seen so many objects of these kinds that it has writers for them. */
function encoderUsedTo(documents: readonly object[], options: EncodeOptions = {}): Encoder {
  const encoder = new Encoder(options);
  for (let i = 0; i < 200 * documents.length; i++) encoder.encode(documents[i % documents.length]!);
  return encoder;
}

describe('documents of a shape that comes again and again', () => {
  const usual = {
    _id: 1,
    name: 'x',
    inner: { a: 1.5, deeper: { b: 'é' } },
    items: [
      { sku: 'a', price: 2.5 },
      { sku: 'b', price: 3 },
    ],
    at: new Date(5),
    flag: true,
    none: null,
  };

  const everywhere = (value: unknown): object => ({
    ...usual,
    _id: value,
    name: value,
    inner: value,
    items: value,
    at: value,
    flag: value,
  });

  const writes = (encoder: Encoder, document: object, options: EncodeOptions = {}): void => {
    expect(hex(encoder.encode(document))).to.equal(hex(serialize(document, options)));
    expect(hex(encoder.encode(document))).to.equal(hex(new Encoder(options).encode(document)));
  };

  it('are written as all others are', () => {
    const encoder = encoderUsedTo([usual]);
    writes(encoder, usual);
    for (const value of [0, -0, 2 ** 31, -(2 ** 31), 0.5, NaN, Infinity, 5n, 'text', '\u{1f600}', true, null])
      writes(encoder, everywhere(value));
    for (const value of [
      new ObjectId(),
      new Date(NaN),
      new Date(-1),
      /a/i,
      new Uint8Array(3),
      [],
      {},
      new Map(),
    ])
      writes(encoder, everywhere(value));
    writes(encoder, {
      ...usual,
      items: [{ sku: 1, price: 'x' }, 7, null, new ObjectId(), [usual], usual.items[0]],
    });
  });

  it('and those that have other fields, or in another order, too', () => {
    const encoder = encoderUsedTo([usual]);
    const { at, ...without } = usual;
    writes(encoder, without);
    writes(encoder, { ...without, at });
    writes(encoder, { ...usual, more: 1 });
    writes(encoder, { _id: 1 });
    writes(encoder, { ...usual, inner: { a: 1, deeper: { b: 'x', c: 1 } } });
    writes(encoder, {});
  });

  it('with fields that are undefined, or have no form, as the options say', () => {
    for (const options of [{ ignoreUndefined: true }, { ignoreUndefined: false }]) {
      const encoder = encoderUsedTo([usual], options);
      writes(encoder, { ...usual, name: undefined, items: [undefined, usual.items[0]] }, options);
      writes(encoder, { ...usual, name: () => 1, inner: Symbol('s') }, options);
    }
  });

  it('with what is inherited left out', () => {
    class Named {
      a = 1;
    }
    Object.defineProperty(Named.prototype, 'b', { value: 2, enumerable: true });
    const encoder = encoderUsedTo([{ a: 1, b: 2 }, { a: 1 }]);
    expect(hex(encoder.encode(new Named()))).to.equal(hex(serialize({ a: 1 })));
    expect(
      hex(encoder.encode(Object.create({ b: 2 }, { a: { value: 1, enumerable: true } }) as object)),
    ).to.equal(hex(serialize({ a: 1 })));
  });

  it('with forms of their own, whether they can be seen or not', () => {
    const encoder = encoderUsedTo([usual]);
    const hidden = Object.defineProperty({ ...usual.inner }, 'toBSON', { value: () => 7 });
    writes(encoder, { ...usual, inner: hidden, items: [hidden] });
    writes(encoder, { ...usual, inner: { ...usual.inner, toBSON: () => 'seen' } });
    const date = Object.assign(new Date(5), { toBSON: () => 'day' });
    const list = Object.assign([1], { toBSON: () => 'list' });
    writes(encoder, { ...usual, at: date, items: list });
  });

  it('with values that getters give', () => {
    const encoder = encoderUsedTo([{ a: 1, b: 2 }]);
    let asked = 0;
    const document = {
      get a(): number {
        return ++asked;
      },
      b: 2,
    };
    expect(hex(encoder.encode(document))).to.equal(hex(serialize({ a: 1, b: 2 })));
    expect(asked).to.equal(1);
  });

  it('whose names are those of methods, numbers, long or full of signs', () => {
    for (const name of [
      'constructor',
      'toString',
      '7',
      'it\'s "quoted" \\ \n',
      '$set',
      'a.b',
      'ü',
      'x'.repeat(100),
    ])
      writes(encoderUsedTo([{ [name]: 1, z: 'x' }]), { [name]: 2, z: 'y' });
    const own = JSON.parse('{"__proto__": 1}') as object;
    writes(encoderUsedTo([own]), own);
  });

  it('are refused when they hold themselves, or are too deep', () => {
    const encoder = encoderUsedTo([usual]);
    const circle: Record<string, unknown> = { ...usual };
    circle['inner'] = { a: 1, deeper: circle };
    expect(() => encoder.encode(circle)).to.throw(BsonError, 'circular');
    circle['inner'] = 0;
    circle['items'] = [circle];
    expect(() => encoder.encode(circle)).to.throw(BsonError, 'circular');
    writes(encoder, usual);
    const nested = { a: { a: { a: 1 } } };
    const shallow = encoderUsedTo([{ a: { a: 1 } }], { maxDepth: 2 });
    expect(() => shallow.encode(nested)).to.throw(BsonError, 'deeper than 2');
    expect(hex(shallow.encode({ a: { a: 1 } }))).to.equal(hex(serialize({ a: { a: 1 } })));
  });

  it('take turns with others', () => {
    const kinds = Array.from({ length: 12 }, (_, n) => ({ _id: n, [`field${n}`]: { [`inner${n}`]: 'x' } }));
    for (const count of [2, 4, 5, 12]) {
      const encoder = encoderUsedTo(kinds.slice(0, count));
      for (const kind of kinds) writes(encoder, kind);
    }
  });

  it('give what they give one by one, whatever they are', () => {
    const value = fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.double(),
      fc.string({ maxLength: 40 }),
      fc.constantFrom(null, true, undefined, new Date(3), new ObjectId(), 7n),
    );
    const object = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), value, { noNullPrototype: true });
    const document = fc.record(
      {
        a: fc.oneof(value, object),
        b: fc.oneof(fc.array(object, { maxLength: 3 }), value),
        c: object,
        d: value,
      },
      { requiredKeys: ['a'], noNullPrototype: true },
    );
    const encoder = new Encoder();
    fc.assert(
      fc.property(document, (made) => {
        expect(hex(encoder.encode(made))).to.equal(hex(new Encoder().encode(made)));
      }),
      { numRuns: 3000 },
    );
  });

  it('are written where the runtime makes no code from text, too', () => {
    const module = fileURLToPath(new URL('../../../elmo/bson/encode.js', import.meta.url));
    const program = `
      const { Encoder } = await import(${JSON.stringify(module)});
      const encoder = new Encoder();
      for (let i = 0; i < 500; i++) encoder.encode({ a: 'x', b: { c: 1 } });
      process.stdout.write(Buffer.from(encoder.encode({ a: 'y', b: { c: 2 } })).toString('hex'));`;
    const args = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', program];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).to.equal(
      hex(serialize({ a: 'y', b: { c: 2 } })),
    );
  });
});
