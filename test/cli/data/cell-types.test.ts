/** The types of columns, with their arguments. */
import { expect } from 'chai';
import { EJSON } from 'bson';
import { cellParser } from '../../../cli/data/cell-types.js';

describe('types of columns', () => {
  for (const [type, text, value] of [
    ['auto()', '1', { $numberInt: '1' }],
    ['auto()', '-5000000000', { $numberLong: '-5000000000' }],
    ['auto()', '.5', { $numberDouble: '0.5' }],
    ['auto()', 'x1', 'x1'],
    ['string()', '007', '007'],
    ['int32()', '-7', { $numberInt: '-7' }],
    ['int64()', '9007199254740993', { $numberLong: '9007199254740993' }],
    ['double()', '7', { $numberDouble: '7.0' }],
    ['decimal()', '1.10', { $numberDecimal: '1.10' }],
    ['boolean()', 'TRUE', true],
    ['boolean()', '0', false],
    ['binary(base64)', 'AAE=', { $binary: { base64: 'AAE=', subType: '00' } }],
    ['binary(hex)', '00ff', { $binary: { base64: 'AP8=', subType: '00' } }],
    ['binary(base32)', 'MZXW6===', { $binary: { base64: 'Zm9v', subType: '00' } }],
    ['date()', '1815-12-10', '1815-12-10T00:00:00Z'],
    ['date(2006-01-02 15:04:05)', '1999-12-31 23:59:58', '1999-12-31T23:59:58Z'],
    ['date_go(Jan 2, 2006 at 3:04PM)', 'Feb 29, 2020 at 1:05PM', '2020-02-29T13:05:00Z'],
    ['date_go(2006-01-02T15:04:05-07:00)', '2020-01-01T00:30:00+01:00', '2019-12-31T23:30:00Z'],
    ['date_ms(dd.MM.yyyy H:mm:ss.fff)', '1.2.2020 4:05:06.789', '2020-02-01T04:05:06.789Z'],
    ['date_ms(MMMM d, yy)', 'March 7, 70', '1970-03-07T00:00:00Z'],
    ['date_oracle(DD-MON-YYYY HH24:MI:SS)', '05-JUL-2021 16:07:08', '2021-07-05T16:07:08Z'],
    ['date_oracle(YYYY/MM/DD HH:MI AM)', '2021/07/05 12:07 AM', '2021-07-05T00:07:00Z'],
  ] as const)
    it(`${type}: ${text}`, () => {
      const [, name, argument] = /^(\w+)\((.*)\)$/.exec(type)!;
      const wanted = name!.startsWith('date')
        ? { $date: { $numberLong: String(Date.parse(value as string)) } }
        : value;
      const parsed = cellParser(name!, argument!)!(text);
      expect(JSON.parse(EJSON.stringify({ v: parsed }, { relaxed: false }))).to.deep.equal({ v: wanted });
    });

  for (const [type, argument, text, message] of [
    ['int32', '', '1.5', "'1.5' is no whole number"],
    ['int32', '', '2147483648', "'2147483648' is no number of 32 bits"],
    ['int64', '', '9223372036854775808', "'9223372036854775808' is no number of 64 bits"],
    ['double', '', 'x', "'x' is no number"],
    ['decimal', '', 'x', "'x' is no decimal number"],
    ['boolean', '', 'maybe', "'maybe' is neither true nor false"],
    ['binary', 'hex', 'abc', "'abc' is not hex"],
    ['date', '', 'x', "'x' is no date"],
    ['date_ms', 'yyyy-MM-dd', '2021-02-30', "'2021-02-30' is no date of the form yyyy-MM-dd"],
  ] as const)
    it(`${type}(${argument}) refuses ${text}`, () => {
      expect(() => cellParser(type, argument)!(text)).to.throw(message);
    });

  it('knows no other types and arguments', () => {
    expect(cellParser('int', '')).to.equal(undefined);
    expect(cellParser('binary', 'rot13')).to.equal(undefined);
  });
});
