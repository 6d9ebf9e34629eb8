/** Values as the shell shows them. The notation is that of MongoDB's shell, held against it. */
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { installNotation, jsonText, valueText } from '../../../cli/shell/print.js';
import { bsonTypes, isoDate } from '../../../cli/shell/types.js';

const types = bsonTypes();
const typed = (code: string): unknown => runInNewContext(`(${code})`, { ...types });
const plain = { hasColors: false, columns: 80 };

describe('values in the shell', () => {
  before(() => installNotation());

  for (const [code, shown, json] of [
    [
      "ObjectId('65f0c0ffee65f0c0ffee65f0')",
      "ObjectId('65f0c0ffee65f0c0ffee65f0')",
      '{"$oid":"65f0c0ffee65f0c0ffee65f0"}',
    ],
    [
      "new ObjectId('65f0c0ffee65f0c0ffee65f0')",
      "ObjectId('65f0c0ffee65f0c0ffee65f0')",
      '{"$oid":"65f0c0ffee65f0c0ffee65f0"}',
    ],
    ["ISODate('2026-01-31')", "ISODate('2026-01-31T00:00:00.000Z')", '{"$date":"2026-01-31T00:00:00Z"}'],
    ["NumberLong('900719925474099')", "Long('900719925474099')", '900719925474099'],
    ['NumberLong(5)', "Long('5')", '5'],
    ['NumberInt(5)', 'Int32(5)', '5'],
    ['Double(1.5)', 'Double(1.5)', '1.5'],
    ["NumberDecimal('1.50')", "Decimal128('1.50')", '{"$numberDecimal":"1.50"}'],
    [
      "UUID('00112233-4455-6677-8899-aabbccddeeff')",
      "UUID('00112233-4455-6677-8899-aabbccddeeff')",
      '{"$binary":{"base64":"ABEiM0RVZneImaq7zN3u/w==","subType":"04"}}',
    ],
    [
      "BinData(0, 'AQID')",
      "Binary.createFromBase64('AQID', 0)",
      '{"$binary":{"base64":"AQID","subType":"00"}}',
    ],
    [
      "HexData(5, 'ff')",
      "Binary.createFromBase64('/w==', 5)",
      '{"$binary":{"base64":"/w==","subType":"05"}}',
    ],
    ['Timestamp({t: 1, i: 2})', 'Timestamp({ t: 1, i: 2 })', '{"$timestamp":{"t":1,"i":2}}'],
    ['Timestamp(1, 2)', 'Timestamp({ t: 1, i: 2 })', '{"$timestamp":{"t":1,"i":2}}'],
    ['MinKey()', 'MinKey()', '{"$minKey":1}'],
    ['new MaxKey()', 'MaxKey()', '{"$maxKey":1}'],
    ["Code('x')", "Code('x')", '{"$code":"x"}'],
    ["Code('x', {a: 1})", "Code('x', { a: 1 })", '{"$code":"x","$scope":{"a":1}}'],
    ["DBRef('a', 1)", "DBRef('a', 1)", '{"$ref":"a","$id":1}'],
    ["BSONSymbol('x')", "BSONSymbol('x')", '{"$symbol":"x"}'],
    ['/a/i', '/a/i', '{"$regularExpression":{"pattern":"a","options":"i"}}'],
    [
      '{a: 1.0, b: [null, true, "it\'s"]}',
      '{ a: 1, b: [ null, true, "it\'s" ] }',
      '{"a":1,"b":[null,true,"it\'s"]}',
    ],
  ] as const)
    it(`${code} is shown as ${shown}`, () => {
      expect(valueText(typed(code), plain)).to.equal(shown);
      expect(jsonText(typed(code), false)).to.equal(json);
    });

  it('canonical JSON keeps the type of each number', () => {
    expect(jsonText(typed('{a: NumberLong(5), b: 1.5, c: NumberInt(5)}'), true)).to.equal(
      '{"a":{"$numberLong":"5"},"b":{"$numberDouble":"1.5"},"c":{"$numberInt":"5"}}',
    );
  });

  it('nothing is left out, however much or deep it is', () => {
    const text = valueText(typed('{a: {b: {c: {d: {e: {f: {g: 1}}}}}}, l: Array(200).fill(7)}'), plain);
    expect(text).to.contain('{ g: 1 }');
    expect(text.match(/7/g)).to.have.length(200);
  });

  it('names are made to last', () => {
    expect(typed("ObjectId('65f0c0ffee65f0c0ffee65f0') instanceof ObjectId")).to.equal(true);
    expect(typed('ObjectId.createFromTime(0).toHexString()')).to.equal('000000000000000000000000');
    expect(typed('ObjectId() < ObjectId()')).to.be.a('boolean');
  });
});

describe('ISODate', () => {
  for (const [text, expected] of [
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['20260131', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T10:20', '2026-01-31T10:20:00.000Z'],
    ['2026-01-31 10:20:30', '2026-01-31T10:20:30.000Z'],
    ['2026-01-31T10:20:30.5Z', '2026-01-31T10:20:30.500Z'],
    ['2026-01-31T10:20:30+02:00', '2026-01-31T08:20:30.000Z'],
    ['2026-01-31T10:20:30-0130', '2026-01-31T11:50:30.000Z'],
  ] as const)
    it(text, () => expect(isoDate(text).toISOString()).to.equal(expected));

  for (const text of ['yesterday', '2026-13-01', '2026-01-31T25:00'])
    it(`${text} is none`, () => expect(() => isoDate(text)).to.throw(text));
});
