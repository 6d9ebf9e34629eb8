/** Columns of buckets as a server has packed them: `packed-buckets.json` holds these buckets, as base64. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Binary, deserialize, EJSON, type Document } from 'bson';
import { expect } from 'chai';
import { columnValues } from '../../../cli/data/bson-column.js';
import { unpackBucket } from '../../../cli/data/buckets.js';
import { Decoder, encodeDocument } from '../../../elmo/index.js';
import { projectFolder } from '../../support/source-tree.js';
import { COUNT, KIND_NAMES, measurementsOf, OPTIONS } from './packed-measurements.js';

const precise = new Decoder({ promoteValues: false });
const packed = JSON.parse(
  readFileSync(join(projectFolder(), 'test', 'cli', 'data', 'packed-buckets.json'), 'utf8'),
) as Record<string, readonly string[]>;

const bytesOf = (kind: string): Buffer[] => packed[kind]!.map((text) => Buffer.from(text, 'base64'));

/** Fields in the order of their names: columns come in another order than fields were. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, sorted(inner)]));
}

const asText = (document: Document): string =>
  JSON.stringify(sorted(EJSON.serialize(document, { relaxed: false })));

function unpack(bytes: Uint8Array): Document[] {
  const measurements = unpackBucket(precise.decode(bytes), OPTIONS);
  return measurements.map((each) => deserialize(encodeDocument(each), { promoteValues: false }));
}

describe('packed columns of buckets', () => {
  for (const kind of KIND_NAMES)
    it(`give ${kind} back as they were`, () => {
      const found = bytesOf(kind).flatMap(unpack).map(asText);
      expect(found.sort()).to.deep.equal(measurementsOf(kind, COUNT).map(asText).sort());
    });

  it('are of both versions: in the order of time, and as they came', () => {
    const versions = KIND_NAMES.flatMap((kind) =>
      bytesOf(kind).map((bytes) => Number((deserialize(bytes) as { control: Document }).control['version'])),
    );
    expect([...new Set(versions)].sort()).to.deep.equal([2, 3]);
  });

  it('that are damaged give an error, or other values', () => {
    const bucket = deserialize(bytesOf('numbers')[0]!, { promoteValues: false }) as {
      data: Record<string, { buffer: Uint8Array }>;
    };
    let faults = 0;
    for (const { buffer } of Object.values(bucket.data))
      for (let at = 0; at < buffer.length; at += 5)
        for (const wrong of [buffer[at]! ^ 0x80, buffer[at]! ^ 0x10, 0xff]) {
          const damaged = Uint8Array.from(buffer);
          damaged[at] = wrong;
          try {
            expect([...columnValues(damaged)].length).to.be.at.most(1920 * damaged.length);
          } catch (error) {
            faults++;
            expect((error as Error).message).to.match(
              /^(it |a value|a name|a packed word|.*, at byte |values of type)/,
            );
          }
        }
    expect(faults).to.be.greaterThan(20);
  });

  it('of more measurements than a bucket may have are refused', () => {
    const times = Buffer.from([
      9,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...new Array<number[]>(6).fill([0x80, 0xff, 0, 0, 0, 0, 0, 0, 0]).flat(),
      0,
    ]);
    const bucket = { control: { version: 2 }, data: { at: new Binary(times, 7) } };
    expect(() => unpackBucket(bucket, OPTIONS)).to.throw('its bucket has more than 10000 measurements');
  });

  for (const [what, bytes, message] of [
    ['nothing', [], 'it breaks off'],
    ['a value that is not whole', [0x10, 0, 1, 0], 'a value ends behind the end'],
    ['a value with a name', [0x10, 97, 0, 1, 0, 0, 0], 'a value in it has a name'],
    ['a word that is not whole', [0x80, 1, 2], 'it breaks off'],
    ['a byte that says nothing', [0x70], 'it has the byte 0x70 at 0'],
    ['a distance in front of all values', [0x80, 14, 0, 0, 0, 0, 0, 0, 0, 0], 'it begins with a distance'],
    ['a selector that is not there', [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'a packed word has the selector 0'],
    ['a shape without leaves', [0xf1, 5, 0, 0, 0, 0, 0], 'documents in it have no leaves'],
  ] as const)
    it(`refuse ${what}`, () => {
      expect(() => [...columnValues(Uint8Array.from(bytes))]).to.throw(message);
    });
});
