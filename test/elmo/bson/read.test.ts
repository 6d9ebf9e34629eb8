import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readText } from '../../../elmo/bson/read.js';

describe('text out of bytes', () => {
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

  function gives(text: string): void {
    const bytes = Buffer.from(`<${text}>`);
    expect(readText(bytes, 1, bytes.length - 1)).to.equal(text);
  }

  it('before functions are made for short ones, and then', () => {
    for (let n = 0; n < 120_000; n++) gives(alphabet.slice(0, n % 45));
  });

  it('of every length, from the empty one to what the runtime decodes', () => {
    for (let length = 0; length <= alphabet.length; length++) gives(alphabet.slice(0, length));
  });

  it('with a character that is no ASCII, wherever it stands', () => {
    for (const other of ['é', '€', '𝄞'])
      for (let length = 0; length <= 42; length++)
        for (let at = 0; at <= length; at++)
          gives(alphabet.slice(0, at) + other + alphabet.slice(at, length));
  });

  it('with bytes that are no UTF-8', () => {
    expect(readText(Uint8Array.of(0x61, 0xff, 0x62), 0, 3)).to.equal('a\ufffdb');
  });

  it('with a NUL', () => {
    gives('a\0b');
  });

  it('where no code may be made of text', () => {
    const module = new URL('../../../elmo/bson/read.js', import.meta.url).href;
    const program = `import { execFileSync } from 'node:child_process';
import { readText } from ${JSON.stringify(module)};
      const bytes = Buffer.from(${JSON.stringify(`${alphabet}é`)});
      let isRight = true;
      for (let n = 0; n < 120_000; n++) {
        const at = n % 50;
        isRight &&= readText(bytes, at, bytes.length) === bytes.toString('utf8', at);
        isRight &&= readText(bytes, 0, at) === bytes.toString('utf8', 0, at);
      }
      console.log(isRight);`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program];
    expect(execFileSync(process.execPath, flags, { encoding: 'utf8' }).trim()).to.equal('true');
  });
});
