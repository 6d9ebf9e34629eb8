import { expect } from 'chai';
import { FrameReader } from '../../../server-compat/wire/framing.js';
import { WireError } from '../../../server-compat/wire/header.js';
import { int32, message } from './messages.js';

function taken(reader: FrameReader): string[] {
  const messages: string[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next())
    messages.push(Buffer.from(next).toString('hex'));
  return messages;
}

describe('server-compat/wire/framing', () => {
  const first = message(2013, 1, Buffer.from('abc'));
  const second = message(2013, 2);
  const third = message(2013, 3, Buffer.alloc(40, 7));
  const all = Buffer.concat([first, second, third]);
  const expected = [first, second, third].map((bytes) => bytes.toString('hex'));

  it('cuts what came in one piece', () => {
    const reader = new FrameReader();
    reader.push(all);
    expect(taken(reader)).to.deep.equal(expected);
    expect(reader.waitingBytes).to.equal(0);
  });

  it('puts together what came in two pieces, wherever it was cut', () => {
    for (let cut = 0; cut <= all.length; cut++) {
      const reader = new FrameReader();
      reader.push(all.subarray(0, cut));
      const messages = taken(reader);
      reader.push(all.subarray(cut));
      expect([...messages, ...taken(reader)], `cut at ${cut}`).to.deep.equal(expected);
    }
  });

  it('puts together single bytes', () => {
    const reader = new FrameReader();
    const messages: string[] = [];
    for (const byte of all) {
      reader.push(Buffer.from([byte]));
      messages.push(...taken(reader));
    }
    expect(messages).to.deep.equal(expected);
  });

  it('tells how much waits', () => {
    const reader = new FrameReader();
    reader.push(first.subarray(0, 10));
    expect(reader.next()).to.equal(undefined);
    expect(reader.waitingBytes).to.equal(10);
  });

  for (const [why, length] of [
    ['shorter than a header', 15],
    ['negative', -1],
    ['zero', 0],
    ['longer than allowed', 101],
  ] as const)
    it(`refuses a length that is ${why}`, () => {
      const reader = new FrameReader(100);
      reader.push(int32(length));
      expect(() => reader.next()).to.throw(WireError);
    });
});
