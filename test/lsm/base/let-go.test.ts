import { expect } from 'chai';
import { letGo } from '../../../lsm/base/let-go.js';

const PIECE_BYTES = 1 << 20;
const PIECES = 64;
/** Of 1,280 that are let go, and four times as many that bring it about: version 24 of the runtime collects by other rules, later. */
const MOST_PIECES = Number(process.versions.node.split('.')[0]) < 24 ? 300 : 2000;

describe('letGo', () => {
  it('empties an array, and all others over its memory', () => {
    const array = new Uint8Array(100).fill(7);
    const part = array.subarray(10, 20);
    letGo(array);
    expect([array.length, part.length]).to.deep.equal([0, 0]);
  });

  it('gives memory back before much more is taken, however few objects are made', async () => {
    const held = (): number => process.memoryUsage().arrayBuffers;
    const before = held();
    let most = 0;
    for (let round = 0; round < 20; round++) {
      const pieces = Array.from({ length: PIECES }, () => new Uint8Array(PIECE_BYTES));
      for (const piece of pieces) letGo(piece);
      most = Math.max(most, held() - before);
      await new Promise(setImmediate);
    }
    expect(most / PIECE_BYTES).to.be.below(MOST_PIECES);
  });
});
