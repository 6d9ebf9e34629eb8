import { expect } from 'chai';
import { crc32c } from '../../../server-compat/wire/crc32c.js';

describe('server-compat/wire/crc32c', () => {
  for (const [why, bytes, expected] of [
    ['nothing', Buffer.alloc(0), 0],
    ['the check value', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['counting up', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['counting down', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  ] as const)
    it(why, () => expect(crc32c(bytes)).to.equal(expected));

  it('of a part is that of the part alone', () => {
    const bytes = Buffer.from('xx123456789yyy');
    expect(crc32c(bytes, 2, 11)).to.equal(0xe3069283);
  });
});
