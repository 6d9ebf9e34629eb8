import { expect } from 'chai';
import fc from 'fast-check';
import { endOfPrefix, formatBytes, parseBytes, shortBytes } from '../../cli/keys.js';
import { bytes } from './fixture.js';

describe('keys as text', () => {
  for (const [key, text] of [
    [bytes('user:1'), 'user:1'],
    [bytes('grün ✓'), 'grün ✓'],
    [bytes('0x12'), '0x30783132'],
    [bytes('a\nb'), '0x610a62'],
    [bytes('\u202eevil'), '0xe280ae6576696c'],
    [Uint8Array.of(0xff), '0xff'],
    [new Uint8Array(0), ''],
  ] as const) {
    it(`${text === '' ? 'nothing' : text}`, () => {
      expect(formatBytes(key)).to.equal(text);
      expect(parseBytes(text)).to.deep.equal(key);
    });
  }

  it('what is shown can be given back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary' }).map(bytes)), (key) => {
        expect(parseBytes(formatBytes(key))).to.deep.equal(key);
      }),
    );
  });

  it('long ones are shortened in the middle', () => {
    expect(shortBytes(bytes('short'), 10)).to.equal('short');
    const short = shortBytes(bytes('a-very-long-key-of-many-parts'), 12);
    expect(short).to.have.length(12);
    expect(short.startsWith('a-very')).to.equal(true);
    expect(short.endsWith('arts')).to.equal(true);
    expect(shortBytes(new Uint8Array(60_000).fill(65), 12)).to.equal(`${'A'.repeat(11)}…`);
  });

  it('a prefix ends before the next one', () => {
    expect(endOfPrefix(bytes('ab'))).to.deep.equal(bytes('ac'));
    expect(endOfPrefix(Uint8Array.of(1, 0xff))).to.deep.equal(Uint8Array.of(2));
    expect(endOfPrefix(Uint8Array.of(0xff))).to.equal(undefined);
  });
});
