import { expect } from 'chai';
import { Crc64 } from '../../../cli/data/crc64.js';

describe('the checksum of archives', () => {
  for (const [text, checksum] of [
    ['', 0n],
    ['123456789', 0x995dc9bbdf1939fan],
    ['a text that is longer than one step of eight bytes', undefined],
  ] as const)
    it(`of '${text}', whole and in pieces`, () => {
      const whole = new Crc64();
      whole.update(Buffer.from(text));
      if (checksum !== undefined) expect(whole.value).to.equal(checksum);
      const pieces = new Crc64();
      for (let at = 0; at < text.length; at += 3)
        pieces.update(Buffer.from(text), at, Math.min(at + 3, text.length));
      expect(pieces.value).to.equal(whole.value);
    });
});
