import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { Decimal128, Double, Long, ObjectId } from '../../../elmo/bson/package.js';
import { ElmoError } from '../../../elmo/errors.js';
import { parseFilterText } from '../../../elmo/query/filter-text.js';

describe('parseFilterText', () => {
  for (const [text, expected] of [
    ['{a: 1, "b.c": {$gt: "x"}}', { a: 1, 'b.c': { $gt: 'x' } }],
    ['  ', {}],
    ['{a: NumberLong(5)}', { a: Long.fromNumber(5) }],
    ['{a: Double(2), b: NumberDecimal("1.50")}', { a: new Double(2), b: Decimal128.fromString('1.50') }],
    ['{_id: ObjectId("0123456789abcdef01234567")}', { _id: new ObjectId('0123456789abcdef01234567') }],
    ['{d: ISODate("2020-01-01"), r: /x/i}', { d: new Date('2020-01-01'), r: /x/i }],
  ] as const)
    it(text, () => expect(parseFilterText(text)).to.deep.equal(encodeDocument(expected)));

  for (const text of ['{a', '[1]', '1', 'process.exit()', '{a: require("fs")}'])
    it(`refuses ${text}`, () =>
      expect(() => parseFilterText(text))
        .to.throw(ElmoError)
        .with.property('code', 9));
});
