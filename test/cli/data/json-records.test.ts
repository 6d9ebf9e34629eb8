/** JSON to BSON: the same bytes as by way of objects, in whatever pieces it comes; what is wrong is told with its place. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { EJSON, serialize } from 'bson';
import { expect } from 'chai';
import { jsonRecords } from '../../../cli/data/json-records.js';
import { isBad, type InputRecord } from '../../../cli/data/record.js';
import { projectFolder } from '../../support/source-tree.js';

async function recordsOf(text: string | Uint8Array, pieceBytes = 1 << 20): Promise<InputRecord[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const pieces = (function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  })();
  const records: InputRecord[] = [];
  for await (const some of jsonRecords(pieces as unknown as AsyncIterable<Uint8Array>)) records.push(...some);
  return records;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** By way of objects. */
const expected = (canonical: string): string =>
  hex(serialize(EJSON.parse(canonical, { relaxed: false }) as object));

describe('JSON to BSON', () => {
  for (const [what, text, canonical] of [
    ['words', '{"a":true,"b":false,"c":null}', undefined],
    ['nothing', '{ }', undefined],
    ['lists', '{"a":[],"b":[1,[2,{"c":[]}]]}', undefined],
    ['names with escapes', '{"a\\"\\u00e9":1}', undefined],
    ['texts with escapes', '{"a":"\\n\\\\\\ud83d\\ude00\\/"}', undefined],
    ['texts of all kinds of characters', '{"ä":"ö 漢字 😀"}', undefined],
    ['a tab inside a text', '{"a":"x\ty \\n"}', '{"a":"x\\ty \\n"}'],
    ['the greatest and the least Int32', '{"a":[2147483647,-2147483648]}', undefined],
    [
      'more is a Long',
      '{"a":[2147483648,-2147483649,9007199254740993]}',
      '{"a":[{"$numberLong":"2147483648"},{"$numberLong":"-2147483649"},{"$numberLong":"9007199254740993"}]}',
    ],
    [
      'the greatest Long',
      '{"a":[9223372036854775807,-9223372036854775808]}',
      '{"a":[{"$numberLong":"9223372036854775807"},{"$numberLong":"-9223372036854775808"}]}',
    ],
    ['still more is a double', '{"a":9223372036854775808}', '{"a":{"$numberDouble":"9223372036854775808"}}'],
    [
      'a point makes a double',
      '{"a":[1.0,-2.5,1e3,1E-2]}',
      '{"a":[{"$numberDouble":"1.0"},{"$numberDouble":"-2.5"},{"$numberDouble":"1000"},{"$numberDouble":"0.01"}]}',
    ],
    [
      'no numbers',
      '{"a":[NaN,Infinity,-Infinity]}',
      '{"a":[{"$numberDouble":"NaN"},{"$numberDouble":"Infinity"},{"$numberDouble":"-Infinity"}]}',
    ],
    ['ObjectIds', '{"_id":{"$oid":"65f0c0ffEE65f0c0ffee65f0"}}', undefined],
    [
      'wrapped numbers',
      '{"a":{"$numberInt":"-1"},"b":{"$numberLong":"9223372036854775807"},"c":{"$numberDouble":"-0.0"},"d":{"$numberDecimal":"1.10E+3"}}',
      undefined,
    ],
    [
      'wrapped numbers that are none',
      '{"c":{"$numberDouble":"NaN"},"d":{"$numberDouble":"-Infinity"}}',
      undefined,
    ],
    [
      'dates',
      '{"a":{"$date":"2020-02-29T12:00:00.5Z"},"b":{"$date":{"$numberLong":"-1"}},"c":{"$date":"1960-01-01T00:00:00Z"}}',
      undefined,
    ],
    [
      'dates of version 1',
      '{"a":{"$date":5},"b":{"$date":"2020-01-01T01:00:00.000+0100"}}',
      '{"a":{"$date":{"$numberLong":"5"}},"b":{"$date":"2020-01-01T00:00:00Z"}}',
    ],
    [
      'bytes of version 1',
      '{"a":{"$binary":"AAE=","$type":"5"},"b":{"$type":"00","$binary":"AA=="}}',
      '{"a":{"$binary":{"base64":"AAE=","subType":"05"}},"b":{"$binary":{"base64":"AA==","subType":"00"}}}',
    ],
    [
      'patterns of version 1',
      '{"a":{"$regex":"^x","$options":"im"}}',
      '{"a":{"$regularExpression":{"pattern":"^x","options":"im"}}}',
    ],
    [
      'the rest',
      '{"a":{"$binary":{"base64":"AAE=","subType":"80"}},"b":{"$timestamp":{"t":1,"i":2}},"c":{"$minKey":1},"d":{"$maxKey":1},"e":{"$code":"x","$scope":{"y":1}},"f":{"$symbol":"s"},"g":{"$uuid":"00112233-4455-6677-8899-aabbccddeeff"}}',
      undefined,
    ],
    ['references are documents', '{"a":{"$ref":"c","$id":{"$numberInt":"1"},"$db":"d"}}', undefined],
    [
      'what only looks like a wrapper',
      '{"a":{"$type":"string","x":[{"$oid":"65f0c0ffee65f0c0ffee65f0"}]}}',
      undefined,
    ],
    ['fields with dollars', '{"q":{"$exists":true,"$gt":1}}', undefined],
  ] as const)
    for (const pieceBytes of [1 << 20, 1, 7])
      it(`${what}, in pieces of ${pieceBytes}`, async () => {
        const [record, ...more] = await recordsOf(` ${text}\n`, pieceBytes);
        expect(more).to.deep.equal([]);
        expect(record).not.to.have.property('reason');
        expect(hex((record as { document: Uint8Array }).document)).to.equal(expected(canonical ?? text));
      });

  for (const [what, text, line, column, reason] of [
    ['a word that is none', '{"a":\n tru}', 2, 2, "a value was expected, got 't'"],
    ['no name', '{"a":1,}', 1, 8, "a name was expected, got '}'"],
    ['no colon', '{"ä" 1}', 1, 6, "':' was expected, got '1'"],
    ['no comma', '{"a":1 "b":2}', 1, 8, "',' or '}' was expected, got '\"'"],
    ['no comma in a list', '{"a":[1 2]}', 1, 9, "',' or ']' was expected, got '2'"],
    ['a number that is none', '{"a":1.2.3}', 1, 6, "'1.2.3' is no number"],
    ['a number with a zero in front', '{"a":007}', 1, 6, 'a number begins with 0'],
    ['an escape that is none', '{"a":"\\x"}', 1, 6, 'a text has an escape that is none'],
    ['a text without its end', '{"a":"x\n', 1, 6, 'a text does not end'],
    ['a name with a NUL', '{"a\\u0000":1}', 1, 2, 'a name holds a NUL'],
    ['an ObjectId that is none', '{"a":{"$oid":"xyz"}}', 1, 6, /24 character hex/],
    ['too many levels', `{"a":${'['.repeat(300)}`, 1, 256, 'the document nests too deep'],
    ['a document without its end', '{"_id":5,"q":{\n{"_id":1}\n', 1, 1, 'the document does not end'],
    ['the end of the input', '\n {"a":1', 2, 2, 'the input ends in the middle of a document'],
    ['another kind of file', '%PDF-1.4\n', 1, 1, "a document was expected, got '%'"],
  ] as const)
    for (const pieceBytes of [1 << 20, 1])
      it(`tells of ${what}, in pieces of ${pieceBytes}`, async () => {
        const [bad] = (await recordsOf(text, pieceBytes)).filter(isBad);
        expect([bad!.line, bad!.column]).to.deep.equal([line, column]);
        if (typeof reason === 'string') expect(bad!.reason).to.equal(reason);
        else expect(bad!.reason).to.match(reason);
      });

  it('a stored query with $regex is a document', async () => {
    const [record] = await recordsOf('{"q":{"$regex":["x"]}}');
    expect(hex((record as { document: Uint8Array }).document)).to.equal(
      hex(serialize({ q: { $regex: ['x'] } })),
    );
  });

  it('tells of bytes that are no UTF-8, and of UTF-16', async () => {
    const [bad] = await recordsOf(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]));
    expect(bad).to.deep.include({ line: 1, column: 6, reason: 'a text is not UTF-8' });
    let message = '';
    try {
      await recordsOf(Buffer.from('\ufeff{}', 'utf16le'));
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).to.equal('the input is UTF-16: convert it to UTF-8');
  });

  it('a fault costs one document of an array in one line', async () => {
    const records = await recordsOf('[{"a":1},{"a":x,"b":["}"]},{"a":3}]', 3);
    expect(records.map((record) => isBad(record))).to.deep.equal([false, true, false]);
  });

  it('columns count from the start of a line that came in pieces', async () => {
    const [, bad] = await recordsOf('[{"a":"ä漢"}, {"a":x}]', 4);
    expect(bad).to.include({ line: 1, column: 19 });
  });
});

describe('the data sets', () => {
  const folder = join(projectFolder(), '..', 'shared', 'data');

  for (const name of ['small', 'sample_mflix', 'countries', 'demo'])
    it(`${name}: the same bytes as by way of objects`, async function () {
      if (!existsSync(folder)) this.skip(); // beside the project on some machines only
      for (const file of readdirSync(join(folder, name)).filter((file) => file.endsWith('.ndjson.gz'))) {
        const text = gunzipSync(readFileSync(join(folder, name, file))).subarray(0, 1 << 19);
        const whole = text.subarray(0, text.lastIndexOf(10) + 1);
        const records = await recordsOf(whole, 65_536);
        const lines = whole.toString().split('\n').slice(0, -1);
        expect(records.length).to.equal(lines.length);
        lines.forEach((line, i) => {
          // numbers with a point are doubles here, by way of objects only when they are not whole
          if (i % 7 !== 0 || /\d\.0*[,}\]]|\de/i.test(line)) return;
          expect(hex((records[i] as { document: Uint8Array }).document)).to.equal(expected(line));
        });
      }
    });
});
