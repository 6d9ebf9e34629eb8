import { expect } from 'chai';
import { OwnKeys } from '../../../elmo/operation/own-keys.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const text = (value: Uint8Array | null | undefined): string | null | undefined =>
  value instanceof Uint8Array ? Buffer.from(value).toString() : value;

describe('elmo/operation/own-keys', () => {
  it('knows what was put and deleted last, before and after it was asked', () => {
    const own = new OwnKeys();
    expect(own.get(bytes('a'))).to.equal(undefined);
    own.put(bytes('.a1'), 1, 2, 3);
    own.put(bytes('b22'), 0, 1, 3);
    own.delete(bytes('xbx'), 1, 2);
    expect([text(own.get(bytes('a'))), own.get(bytes('b')), own.get(bytes('c'))]).to.deep.equal([
      '1',
      null,
      undefined,
    ]);
    own.put(bytes('b3'), 0, 1, 2);
    own.delete(bytes('a'), 0, 1);
    own.put(bytes('c'), 0, 1, 1);
    expect([own.get(bytes('a')), text(own.get(bytes('b'))), text(own.get(bytes('c')))]).to.deep.equal([
      null,
      '3',
      '',
    ]);
  });

  it('copies what it is given, and forgets', () => {
    const own = new OwnKeys();
    const given = bytes('a1');
    own.put(given, 0, 1, 2);
    given.fill(0);
    expect(text(own.get(bytes('a')))).to.equal('1');
    own.put(bytes('b1'), 0, 1, 2);
    own.clear();
    expect([own.get(bytes('a')), own.get(bytes('b'))]).to.deep.equal([undefined, undefined]);
  });

  it('takes many, and large ones', () => {
    const own = new OwnKeys();
    for (let i = 0; i < 3000; i++) {
      const key = bytes(`key ${i}`);
      own.put(bytes(`key ${i} is ${i}`), 0, key.length, key.length + 4);
    }
    const large = new Uint8Array(300_000).fill(7);
    own.put(large, 0, 10, large.length);
    expect(text(own.get(bytes('key 2999')))).to.equal(' is ');
    expect(own.get(large.slice(0, 10))?.length).to.equal(large.length - 10);
    own.clear();
    expect(own.get(bytes('key 2999'))).to.equal(undefined);
  });
});
