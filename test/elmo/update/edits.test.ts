import { expect } from 'chai';
import fc from 'fast-check';
import { Edits } from '../../../elmo/update/edits.js';
import { compareParts } from '../../../elmo/update/update-path.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('Edits', () => {
  it('replaces, inserts and takes away, in any order', () => {
    const edits = new Edits();
    const put = (start: number, end: number, text: string): void => {
      const from = edits.scratch.length;
      const bytes = bytesOf(text);
      edits.scratch.writeRange(bytes, 0, bytes.length);
      edits.replace(start, end, from);
    };
    put(8, 9, '');
    put(3, 5, 'three');
    put(10, 10, 'x');
    put(10, 10, 'y');
    put(2, 3, '2');
    expect(edits.delta).to.equal(4);
    expect(Buffer.from(edits.build(bytesOf('0123456789.'), 1, 11)).toString()).to.equal('12three5679xy.');
  });

  it('puts many in order as it puts few', () => {
    const edits = new Edits();
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 200 }), (places) => {
        edits.clear();
        const text = 'abcdefghij'.repeat(31);
        let expected = text;
        const inserted = places.map((at, i) => ({ at, text: `<${i}>` }));
        for (const { at, text: piece } of inserted) {
          const from = edits.scratch.length;
          edits.scratch.writeRange(bytesOf(piece), 0, piece.length);
          edits.replace(at, at, from);
        }
        // from the last place to the first, and of the same place the last first
        for (const { at, text: piece } of inserted.reverse().toSorted((a, b) => b.at - a.at))
          expected = expected.slice(0, at) + piece + expected.slice(at);
        expect(Buffer.from(edits.build(bytesOf(text), 0, text.length)).toString()).to.equal(expected);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the order of new fields', () => {
  it('is that of numbers, and else of bytes', () => {
    const names = ['x', '9', '10', '02', '0', 'é', '1', 'Z', 'a'];
    expect(names.toSorted(compareParts)).to.deep.equal(['0', '02', '1', '9', '10', 'Z', 'a', 'x', 'é']);
    // U+FF61 is one code unit, U+10000 two smaller ones
    const wide = ['b', 'a\u{10000}', 'a\uff61', 'a', '\u{10001}', '\u{10000}', '\uff61'];
    expect(wide.toSorted(compareParts)).to.deep.equal([
      'a',
      'a\uff61',
      'a\u{10000}',
      'b',
      '\uff61',
      '\u{10000}',
      '\u{10001}',
    ]);
  });
});
