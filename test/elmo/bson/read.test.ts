import { expect } from 'chai';
import { readText } from '../../../elmo/bson/read.js';

describe('text out of bytes', () => {
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN';

  function gives(text: string): void {
    const bytes = Buffer.from(`<${text}>`);
    expect(readText(bytes, 1, bytes.length - 1)).to.equal(text);
  }

  it('of every length, from the empty one to what the runtime decodes', () => {
    for (let length = 0; length <= alphabet.length; length++) gives(alphabet.slice(0, length));
  });

  it('with a character that is no ASCII, wherever it stands', () => {
    for (const other of ['é', '€', '𝄞'])
      for (let length = 0; length < 30; length++)
        for (let at = 0; at <= length; at++)
          gives(alphabet.slice(0, at) + other + alphabet.slice(at, length));
  });

  it('with bytes that are no UTF-8', () => {
    expect(readText(Uint8Array.of(0x61, 0xff, 0x62), 0, 3)).to.equal('a\ufffdb');
  });

  it('with a NUL', () => {
    gives('a\0b');
  });
});
