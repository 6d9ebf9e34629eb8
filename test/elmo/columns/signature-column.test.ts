import { expect } from 'chai';
import { valueOf } from '../../../elmo/bson/value.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { ALL_BITS, NO_BITS, signatureOf } from '../../../elmo/columns/signature.js';
import { SignatureColumn } from '../../../elmo/columns/signature-column.js';

function signed(value: unknown): number {
  const { bytes, type, at } = valueOf(value);
  return signatureOf(bytes, type, at);
}

describe('elmo/columns/signature-column', () => {
  for (const [path, document, values] of [
    ['a', { a: 'x' }, ['x']],
    ['a', { a: ['x', 'y', 'x'] }, ['x', 'y']],
    ['a', { a: [] }, []],
    ['a', {}, []],
    ['a', { a: [null, { b: 'x' }, ['y']] }, []],
    ['a.b', { a: { b: ['x', 1] } }, ['x', 1]],
    ['a.b', { a: [{ b: 'x' }, { c: 'y' }, { b: ['z', ['w']] }, 7] }, ['x', 'z']],
    ['a.b', { a: [[{ b: 'x' }]] }, []],
    ['a.b', { a: 'x' }, []],
    ['a.0', { a: ['x', 'y'] }, ['x']],
    ['a.0', { a: [['x', 'y'], 'z'] }, ['x', 'y']],
    ['a.0', { a: [{ 0: 'x' }] }, ['x']],
  ] as const)
    it(`${path} of ${JSON.stringify(document)} is ${values.length === 0 ? 'nothing' : values.join(' and ')}`, () => {
      const wanted = values.reduce<number>((all, value) => all | signed(value), NO_BITS);
      expect(new SignatureColumn(path, 0).codeOf(encodeDocument(document), 0)).to.equal(wanted);
    });

  it('may have everything if there is too much', () => {
    const long = encodeDocument({ a: Array.from({ length: 100 }, (_, i) => i) });
    const column = new SignatureColumn('a', 0);
    expect(column.codeOf(long, 0)).to.equal(ALL_BITS);
    expect(column.codeOf(encodeDocument({ a: ['x'] }), 0)).to.equal(signed('x'));
  });
});
