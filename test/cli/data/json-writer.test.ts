/** BSON to JSON: the text of every type in both forms, and back to the same bytes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EJSON, serialize } from 'bson';
import { expect } from 'chai';
import fc from 'fast-check';
import { writeIsoDate, LAST_ISO_MS } from '../../../cli/data/iso-date.js';
import { jsonRecords } from '../../../cli/data/json-records.js';
import { JsonWriter, type JsonForm } from '../../../cli/data/json-writer.js';
import { isBad } from '../../../cli/data/record.js';
import { projectFolder } from '../../support/source-tree.js';

const RELAXED: JsonForm = { isRelaxed: true, isPretty: false };
const CANONICAL: JsonForm = { isRelaxed: false, isPretty: false };

function textOf(document: Uint8Array, form: JsonForm): string {
  const writer = new JsonWriter(form);
  writer.writeDocument(document);
  return Buffer.from(writer.take()).toString();
}

/** By way of objects. */
const bsonOf = (canonical: string): Uint8Array =>
  serialize(EJSON.parse(canonical, { relaxed: false }) as object);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function readBack(text: string): Promise<string> {
  const pieces = [Buffer.from(text)] as unknown as AsyncIterable<Uint8Array>;
  let found = '';
  for await (const records of jsonRecords(pieces))
    for (const record of records) found += isBad(record) ? record.reason : hex(record.document);
  return found;
}

describe('BSON to JSON', () => {
  for (const [what, canonical, relaxed] of [
    ['nothing', '{}', '{}'],
    ['words', '{"a":true,"b":false,"c":null}', undefined],
    ['lists', '{"a":[],"b":[[],{"c":[true]}]}', undefined],
    ['texts with what JSON escapes', '{"a\\"\\\\":"\\b\\f\\n\\r\\t\\u0000\\u001f\\"\\\\/"}', undefined],
    ['texts of all kinds of characters', '{"ä":"ö \\" 漢字 \\n 😀"}', undefined],
    [
      'Int32',
      '{"a":[{"$numberInt":"0"},{"$numberInt":"-7"},{"$numberInt":"1234567890"},{"$numberInt":"-2147483648"}]}',
      '{"a":[0,-7,1234567890,-2147483648]}',
    ],
    [
      'Long, all its digits',
      '{"a":[{"$numberLong":"9223372036854775807"},{"$numberLong":"-9007199254740993"}]}',
      '{"a":[9223372036854775807,-9007199254740993]}',
    ],
    [
      'double, which is no Int32',
      '{"a":[{"$numberDouble":"1.0"},{"$numberDouble":"-0.0"},{"$numberDouble":"0.1"},{"$numberDouble":"2549081013601706496.0"},{"$numberDouble":"1e+21"},{"$numberDouble":"5e-324"}]}',
      '{"a":[1.0,-0.0,0.1,2549081013601706496.0,1e+21,5e-324]}',
    ],
    [
      'no numbers',
      '{"a":[{"$numberDouble":"NaN"},{"$numberDouble":"Infinity"},{"$numberDouble":"-Infinity"}]}',
      '{"a":[{"$numberDouble":"NaN"},{"$numberDouble":"Infinity"},{"$numberDouble":"-Infinity"}]}',
    ],
    ['Decimal128', '{"a":{"$numberDecimal":"1.10E+3"},"b":{"$numberDecimal":"NaN"}}', undefined],
    ['ObjectId', '{"_id":{"$oid":"65f0c0ffee65f0c0ffee65f0"}}', undefined],
    [
      'dates',
      '{"a":{"$date":{"$numberLong":"1709208000500"}},"b":{"$date":{"$numberLong":"0"}}}',
      '{"a":{"$date":"2024-02-29T12:00:00.500Z"},"b":{"$date":"1970-01-01T00:00:00Z"}}',
    ],
    [
      'dates before 1970 and after 9999',
      '{"a":{"$date":{"$numberLong":"-1"}},"b":{"$date":{"$numberLong":"253402300800000"}}}',
      undefined,
    ],
    [
      'bytes',
      '{"a":{"$binary":{"base64":"AAE=","subType":"80"}},"b":{"$binary":{"base64":"","subType":"00"}}}',
      undefined,
    ],
    ['patterns', '{"a":{"$regularExpression":{"pattern":"a/\\"b","options":"im"}}}', undefined],
    ['timestamps', '{"a":{"$timestamp":{"t":4294967295,"i":2}}}', undefined],
    ['the least and the greatest', '{"a":{"$minKey":1},"b":{"$maxKey":1}}', undefined],
    ['symbols', '{"a":{"$symbol":"s"}}', undefined],
    ['code', '{"a":{"$code":"f()"},"b":{"$code":"g","$scope":{"x":{"$code":"h"}}}}', undefined],
  ] as const)
    it(`${what}, in both forms, and back`, async () => {
      const raw = bsonOf(canonical);
      expect(textOf(raw, CANONICAL)).to.equal(canonical);
      expect(textOf(raw, RELAXED)).to.equal(relaxed ?? canonical);
      expect(await readBack(textOf(raw, CANONICAL))).to.equal(hex(raw));
      if (!what.startsWith('dates before')) expect(await readBack(textOf(raw, RELAXED))).to.equal(hex(raw));
    });

  it('fields that are numbers stay where they are, and so does a second of one name', () => {
    const raw = Buffer.from('17000000' + '086200010' + '83100010' + '8620000' + '00', 'hex');
    raw.writeInt32LE(raw.length);
    expect(textOf(raw, RELAXED)).to.equal('{"b":true,"1":true,"b":false}');
  });

  it('what is undefined, and a pointer of old', () => {
    const body = Buffer.concat([
      Buffer.from('\x06u\0\x0cp\0\x03\0\0\0ns\0', 'latin1'),
      Buffer.from('65f0c0ffee65f0c0ffee65f000', 'hex'),
    ]);
    const raw = Buffer.concat([Buffer.from([body.length + 4, 0, 0, 0]), body]);
    expect(textOf(raw, RELAXED)).to.equal(
      '{"u":{"$undefined":true},"p":{"$dbPointer":{"$ref":"ns","$id":{"$oid":"65f0c0ffee65f0c0ffee65f0"}}}}',
    );
  });

  it('text that is not UTF-8 is mended', () => {
    const raw = Buffer.from(serialize({ a: 'xy"z' }));
    raw[raw.indexOf('y')] = 0xff;
    expect(textOf(raw, RELAXED)).to.equal('{"a":"x\ufffd\\"z"}');
  });

  it('over several lines', () => {
    const raw = bsonOf('{"a":{"$oid":"65f0c0ffee65f0c0ffee65f0"},"b":[{"$numberInt":"1"},{}],"c":[]}');
    expect(textOf(raw, { isRelaxed: true, isPretty: true })).to.equal(
      '{\n  "a": {"$oid":"65f0c0ffee65f0c0ffee65f0"},\n  "b": [\n    1,\n    {}\n  ],\n  "c": []\n}',
    );
  });

  it('a document larger than a piece, and what was taken before stays until the next but one', () => {
    const writer = new JsonWriter(RELAXED);
    writer.writeDocument(serialize({ n: 1 }));
    const first = writer.take();
    writer.writeDocument(serialize({ s: '\u0001'.repeat(3_000_000) }));
    expect(writer.isFull).to.equal(true);
    const second = writer.take();
    expect(Buffer.from(first).toString()).to.equal('{"n":1}');
    expect(second.length).to.equal('{"s":""}'.length + 18_000_000);
    expect(Buffer.from(second.subarray(0, 11)).toString()).to.equal('{"s":"\\u000');
  });

  it('any text, as the runtime writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        expect(textOf(serialize({ a: text }), RELAXED)).to.equal(JSON.stringify({ a: text }));
      }),
    );
  });

  it('any moment up to the year 9999, as the runtime writes it', () => {
    const bytes = new Uint8Array(24);
    const text = (ms: number): string =>
      Buffer.from(bytes.subarray(0, writeIsoDate(bytes, 0, ms))).toString();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LAST_ISO_MS }), (ms) => {
        expect(text(ms)).to.equal(new Date(ms).toISOString().replace('.000Z', 'Z'));
      }),
    );
    for (let day = 0; day < 366 * 5; day++)
      expect(text(day * 86_400_000)).to.equal(new Date(day * 86_400_000).toISOString().replace('.000Z', 'Z'));
  });
});

describe('the corpus of BSON beside the project', () => {
  const folder = join(projectFolder(), '..', 'shared', 'data', 'bson-corpus');
  interface Case {
    readonly description: string;
    readonly canonical_bson: string;
    readonly canonical_extjson: string;
  }

  it('in the canonical form, and back', async function () {
    if (!existsSync(folder)) this.skip(); // on some machines only
    let count = 0;
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
      const { valid = [] } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { valid?: Case[] };
      for (const { description, canonical_bson: bson, canonical_extjson: json } of valid) {
        const text = textOf(Buffer.from(bson, 'hex'), CANONICAL);
        const same = (some: string): string =>
          JSON.stringify(JSON.parse(some)).replace(
            /("\$numberDouble":)"(-?[\d.]+(e\+?-?\d+)?)"/gi,
            (_, name: string, digits: string) =>
              // the same number may be written in several ways
              `${name}${digits.startsWith('-') ? '-' : ''}${Math.abs(Number(digits))}`,
          );
        expect(same(text), `${name}: ${description}`).to.equal(same(json));
        count++;
      }
    }
    expect(count).to.be.greaterThan(50);
  });
});
