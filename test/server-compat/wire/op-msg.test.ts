import { deserialize, serialize } from 'bson';
import { expect } from 'chai';
import { BsonError, ReplyWriter } from '../../../elmo/index.js';
import { WireError } from '../../../server-compat/wire/header.js';
import {
  beginOpMsg,
  CHECKSUM_PRESENT,
  endOpMsg,
  takeOpMsg,
  EXHAUST_ALLOWED,
  MORE_TO_COME,
  readOpMsg,
} from '../../../server-compat/wire/op-msg.js';
import { int32, message, opMsg, replyDocument } from './messages.js';

const body = serialize({ ping: 1 });
const kind0 = Buffer.concat([Buffer.from([0]), body]);

describe('server-compat/wire/op-msg', () => {
  it('reads a body', () => {
    const { flags, command } = readOpMsg(opMsg({ ping: 1, $db: 'admin' }));
    expect(flags).to.equal(0);
    expect(deserialize(command.body)).to.deep.equal({ ping: 1, $db: 'admin' });
    expect(command.sequences).to.equal(undefined);
  });

  it('reads sequences of documents beside the body, before and after it', () => {
    const documents = [{ _id: 1 }, { _id: 2 }];
    const { command } = readOpMsg(
      opMsg(
        { insert: 'c' },
        {
          sections: [
            { name: 'documents', documents },
            { name: 'empty', documents: [] },
          ],
        },
      ),
    );
    expect(command.sequences!.get('documents')!.map((raw) => deserialize(raw))).to.deep.equal(documents);
    expect(command.sequences!.get('empty')).to.deep.equal([]);
  });

  for (const flag of [MORE_TO_COME, EXHAUST_ALLOWED, 0x40000000])
    it(`takes the flag 0x${flag.toString(16)}`, () =>
      expect(readOpMsg(opMsg({ ping: 1 }, { flags: flag })).flags).to.equal(flag));

  it('checks the checksum', () => {
    const good = opMsg({ ping: 1 }, { flags: CHECKSUM_PRESENT });
    expect(deserialize(readOpMsg(good).command.body)).to.deep.equal({ ping: 1 });
    good[25]! ^= 1;
    expect(() => readOpMsg(good)).to.throw(WireError, 'checksum');
  });

  const sequence = (name: string, size?: number): Buffer => {
    const content = Buffer.concat([Buffer.from(`${name}\0`), body]);
    return Buffer.concat([Buffer.from([1]), int32(size ?? content.length + 4), content]);
  };
  for (const [why, parts] of [
    ['an unknown flag that must be known', [int32(4), kind0]],
    ['no body', [int32(0), sequence('documents')]],
    ['two bodies', [int32(0), kind0, kind0]],
    ['an unknown kind of section', [int32(0), Buffer.from([2]), body]],
    ['nothing but flags', [int32(0)]],
    ['two sequences of a name', [int32(0), kind0, sequence('a'), sequence('a')]],
    ['a sequence that is too long', [int32(0), kind0, sequence('a', 1000)]],
    ['a sequence that is too short', [int32(0), kind0, sequence('a', 4)]],
    ['a sequence of negative size', [int32(0), kind0, sequence('a', -5)]],
    [
      'a sequence without the end of its name',
      [int32(0), kind0, Buffer.from([1]), int32(7), Buffer.from('abc')],
    ],
    ['a section that is cut off', [int32(0), kind0, Buffer.from([1, 0])]],
  ] as const)
    it(`refuses ${why}`, () => expect(() => readOpMsg(message(2013, 1, ...parts))).to.throw(WireError));

  for (const [why, damage] of [
    ['a body that is longer than the message', (bytes: Buffer) => bytes.writeInt32LE(1000, 21)],
    ['a body that does not end', (bytes: Buffer) => (bytes[bytes.length - 1] = 7)],
    ['an unknown type', (bytes: Buffer) => (bytes[25] = 0x55)],
  ] as const)
    it(`refuses ${why}`, () => {
      const bytes = opMsg({ ping: 1 });
      damage(bytes);
      expect(() => readOpMsg(bytes)).to.throw(BsonError);
    });

  it('writes replies, with a checksum when asked', () => {
    const writer = new ReplyWriter();
    for (const flags of [0, CHECKSUM_PRESENT, MORE_TO_COME]) {
      beginOpMsg(writer);
      const start = writer.beginDocument();
      writer.double('ok', 1);
      writer.endDocument(start);
      const reply = endOpMsg(writer, 7, 9, flags);
      const read = readOpMsg(reply);
      expect(read.flags).to.equal(flags);
      expect(Buffer.from(reply).readInt32LE(8)).to.equal(9);
      expect(deserialize(read.command.body)).to.deep.equal({ ok: 1 });
    }
  });

  it('leaves a reply where the writer has it', () => {
    const writer = new ReplyWriter();
    beginOpMsg(writer);
    writer.endDocument(writer.beginDocument());
    const reply = endOpMsg(writer, 1, 1, CHECKSUM_PRESENT);
    expect(reply.buffer).to.equal(writer.bytes.buffer);
    expect(() => readOpMsg(reply)).not.to.throw();
  });

  for (const length of [400, 400_000])
    it(`gives messages of ${length} bytes away: what is written next does not change them`, () => {
      const writer = new ReplyWriter();
      const document = serialize({ text: 'x'.repeat(length) });
      beginOpMsg(writer);
      const start = writer.beginDocument();
      writer.document('first', document);
      writer.endDocument(start);
      const reply = takeOpMsg(writer, 1, 1, CHECKSUM_PRESENT);
      beginOpMsg(writer);
      writer.endDocument(writer.beginDocument());
      endOpMsg(writer, 2, 2, 0);
      expect(replyDocument(reply.subarray(0, reply.length - 4)).first.text).to.have.length(length);
      expect(() => readOpMsg(reply)).not.to.throw();
    });
});
