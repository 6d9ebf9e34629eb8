import { expect } from 'chai';
import { EntrySet } from '../../../elmo/index/entry-set.js';
import { KeyWriter } from '../../../elmo/keys/value-encoding.js';

function writerOf(text: string): KeyWriter {
  const writer = new KeyWriter();
  writer.appendBytes(Buffer.from(text), 0, text.length);
  return writer;
}

function setOf(...entries: readonly (readonly [key: string, value: string])[]): EntrySet {
  const set = new EntrySet();
  for (const [key, value] of entries) set.add(writerOf(key), writerOf(value));
  return set;
}

const shown = (set: EntrySet): string[] =>
  Array.from({ length: set.count }, (_, n) =>
    [set.key(n), set.value(n)].map((each) => Buffer.from(each)).join('='),
  );

describe('elmo/index/entry-set', () => {
  it('has entries in the order of their keys, each key once: the first counts', () => {
    expect(shown(setOf(['b', '1'], ['a', '22'], ['c', ''], ['a', '3'], ['ab', '4']))).to.deep.equal([
      'a=22',
      'ab=4',
      'b=1',
      'c=',
    ]);
  });

  it('is empty after clear, and can be filled again', () => {
    const set = setOf(['b', '1'], ['a', '2']);
    set.clear();
    expect(shown(set)).to.deep.equal([]);
    set.add(writerOf('x'.repeat(500)), writerOf('y'.repeat(100_000)));
    expect(set.key(0).length + set.value(0).length).to.equal(100_500);
    set.clear();
    expect(set.bytes.length).to.equal(0);
    set.add(writerOf('c'), writerOf('3'));
    expect(shown(set)).to.deep.equal(['c=3']);
  });

  it('takes many', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `k${(i * 389) % 1000}`);
    expect(shown(setOf(...keys.map((key) => [key, key] as const)))).to.deep.equal(
      keys.toSorted().map((key) => `${key}=${key}`),
    );
  });

  it('compares its entries with those of another, and takes them over', () => {
    const a = setOf(['a', '1'], ['b', '2']);
    const b = setOf(['b', '2'], ['c', '2']);
    expect(a.compareKeys(0, b, 0)).to.be.below(0);
    expect(a.compareKeys(1, b, 0)).to.equal(0);
    expect([a.hasSameValue(1, b, 0), a.hasSameValue(0, b, 0)]).to.deep.equal([true, false]);
    a.push(b, 1);
    expect(shown(a)).to.deep.equal(['a=1', 'b=2', 'c=2']);
  });
});
