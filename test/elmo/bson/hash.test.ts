import { expect } from 'chai';
import { hashOfValue } from '../../../elmo/bson/hash.js';
import {
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  MaxKey,
  MinKey,
  Timestamp,
} from '../../../elmo/bson/package.js';
import { exactJs, valueOf } from '../../../elmo/bson/value.js';

describe('the hash of a value', () => {
  const hash = (value: unknown): string => String(exactJs(hashOfValue(valueOf(value))));

  for (const [value, expected] of [
    [undefined, '2338878944348059895'],
    [null, '2338878944348059895'],
    [1, '5902408780260971510'],
    ['x', '-5169800095944007213'],
    [true, '6405873908747105701'],
    [{}, '7980500913326740417'],
    [{ a: 1 }, '-8705610352600103477'],
    [[1, 2], '8312708174902235769'],
    [new Code('x', { a: 1 }), '1114765668211402900'],
  ] as const)
    it(`of ${JSON.stringify(value)}`, () => expect(hash(value)).to.equal(expected));

  it('is the same for equal numbers of all types, and for what they are as longs', () => {
    for (const one of [1n, new Double(1.9), Decimal128.fromString('1.4')])
      expect(hash(one)).to.equal(hash(1));
    expect(hash(Decimal128.fromString('1.9'))).to.equal(hash(2));
    expect(hash(new Double(NaN))).to.equal(hash(0));
    expect(hash(new Double(1e300))).to.equal(hash(2n ** 63n - 1n));
    expect(hash(Decimal128.fromString('-Infinity'))).to.equal(hash(-(2n ** 63n)));
  });

  it('tells types apart', () => {
    const values = [
      'x',
      new Code('x'),
      new BSONRegExp('x'),
      new MinKey(),
      new MaxKey(),
      new Timestamp({ t: 1, i: 0 }),
    ];
    expect(new Set(values.map(hash)).size).to.equal(values.length);
  });
});
