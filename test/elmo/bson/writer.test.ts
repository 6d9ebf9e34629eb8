import { deserialize } from 'bson';
import { expect } from 'chai';
import { INT32, STRING } from '../../../elmo/bson/types.js';
import { FieldName } from '../../../elmo/bson/walk.js';
import { BsonWriter, copyBytes } from '../../../elmo/bson/writer.js';

describe('writing BSON', () => {
  it('fills in the lengths of documents', () => {
    const writer = new BsonWriter();
    const outer = writer.beginDocument();
    writer.writeName(INT32, new FieldName('one').bytes);
    writer.writeInt32(1);
    writer.writeName(0x04, new FieldName('list').bytes);
    const inner = writer.beginDocument();
    for (let i = 0; i < 120; i++) {
      writer.writeIndex(STRING, i);
      writer.writeText(`é${i}`);
    }
    writer.endDocument(inner);
    writer.writeName(0x01, new FieldName('half').bytes);
    writer.writeDouble(0.5);
    writer.endDocument(outer);
    const list = Array.from({ length: 120 }, (_, i) => `é${i}`);
    expect(deserialize(writer.toBytes())).to.deep.equal({ one: 1, list, half: 0.5 });
  });

  it('starts anew', () => {
    const writer = new BsonWriter();
    writer.writeRange(new Uint8Array(3 << 20), 0, 3 << 20);
    writer.clear();
    expect(writer.length).to.equal(0);
    expect(writer.bytes.length).to.be.below(1 << 20);
  });

  it('copies are apart, small and large', () => {
    const from = Uint8Array.from({ length: 10_000 }, (_, i) => i);
    const ranges = Array.from({ length: 200 }, (_, i) => [i, i * 50] as const).slice(1);
    const expected = ranges.map(([start, end]) => Buffer.from(from.subarray(start, end)).toString('hex'));
    const copies = ranges.map(([start, end]) => copyBytes(from, start, end));
    from.fill(0);
    expect(copies.map((copy) => Buffer.from(copy).toString('hex'))).to.deep.equal(expected);
  });
});
