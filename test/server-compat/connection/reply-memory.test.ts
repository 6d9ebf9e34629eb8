import { expect } from 'chai';
import fc from 'fast-check';
import { ReplyMemory } from '../../../server-compat/connection/reply-memory.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('memory for long replies', () => {
  it('lends a place of at least what is asked for, and none for what is short or very long', () => {
    const memory = new ReplyMemory();
    expect(memory.take(100 * KIB)!.length).to.be.at.least(100 * KIB);
    expect(memory.take(1000)).to.equal(undefined);
    expect(memory.take(17 * MIB)).to.be.instanceOf(Uint8Array);
    expect(memory.take(40 * MIB)).to.equal(undefined);
  });

  it('lends the place that was given back last again', () => {
    const memory = new ReplyMemory();
    const first = memory.take(200 * KIB)!;
    memory.give(first);
    const second = memory.take(200 * KIB)!;
    expect([second.buffer, second.byteOffset]).to.deep.equal([first.buffer, first.byteOffset]);
  });

  it('leaves arrays alone that are not its own', () => {
    const memory = new ReplyMemory();
    const own = memory.take(64 * KIB)!;
    const other = new Uint8Array(64 * KIB);
    expect([memory.has(own), memory.has(other)]).to.deep.equal([true, false]);
    memory.give(other);
    expect(memory.lentBytes).to.equal(own.length);
  });

  it('keeps one piece for the next reply until it is told that all is quiet', () => {
    let garbage = 0;
    const memory = new ReplyMemory(() => garbage++);
    const places = Array.from({ length: 10 }, () => memory.take(16 * MIB)!);
    const most = memory.pieceBytes;
    expect(most).to.be.at.least(160 * MIB);
    for (const place of places) memory.give(place);
    expect(memory.lentBytes).to.equal(0);
    expect(memory.pieceBytes).to.be.below(most / 4);
    expect(garbage).to.equal(4);
    memory.releaseIdle();
    expect(memory.pieceBytes).to.equal(0);
  });

  it('does not let go of a piece of which a place is lent', () => {
    const memory = new ReplyMemory();
    const place = memory.take(MIB)!;
    memory.releaseIdle();
    expect(memory.has(place)).to.equal(true);
  });

  it('never lends the same bytes twice', () => {
    const step = fc.oneof(
      fc.record({ take: fc.integer({ min: 32 * KIB, max: 18 * MIB }) }),
      fc.record({ give: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = new ReplyMemory();
        const lent: Uint8Array[] = [];
        for (const one of steps) {
          if ('take' in one) lent.push(memory.take(one.take)!);
          else if (lent.length > 0) memory.give(lent.splice(one.give % lent.length, 1)[0]!);
          expect(memory.lentBytes).to.equal(lent.reduce((sum, { length }) => sum + length, 0));
        }
        for (const [n, a] of lent.entries())
          for (const b of lent.slice(n + 1))
            expect(
              a.buffer !== b.buffer ||
                a.byteOffset + a.length <= b.byteOffset ||
                b.byteOffset + b.length <= a.byteOffset,
            ).to.equal(true);
      }),
      { numRuns: 50 },
    );
  });
});
