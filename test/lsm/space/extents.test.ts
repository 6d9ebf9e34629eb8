import { expect } from 'chai';
import fc from 'fast-check';
import { LsmError } from '../../../lsm/errors.js';
import {
  EXTENT_UNIT,
  ExtentMap,
  FIRST_EXTENT,
  type Extent,
  type ExtentState,
} from '../../../lsm/space/extents.js';

const UNIT = EXTENT_UNIT;
const FIRST = FIRST_EXTENT;

/** An extent of `count` units, `unit` units after the first one. */
function at(unit: number, count: number): Extent {
  return { offset: FIRST + unit * UNIT, bytes: count * UNIT };
}

/** The states of all units, a letter each. */
function picture(map: ExtentMap): string {
  const letters: Record<ExtentState, string> = { free: '.', lent: 'l', live: 'L', awaiting: 'a' };
  return map
    .partition()
    .map(({ bytes, state }) => letters[state].repeat(bytes / UNIT))
    .join('');
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof LsmError ? error.code : 'another error';
  }
  return 'no error';
}

describe('ExtentMap', () => {
  it('appends to an empty file after the meta slots, in whole units', () => {
    const map = new ExtentMap(0);
    expect(map.end).to.equal(FIRST);
    expect(map.allocate(1)).to.deep.equal(at(0, 1));
    expect(map.allocate(UNIT + 1)).to.deep.equal(at(1, 2));
    expect(map.end).to.equal(FIRST + 3 * UNIT);
    expect(picture(map)).to.equal('lll');
  });

  it('lends the lowest free stretch that is long enough, and splits it', () => {
    const map = ExtentMap.fromLive([at(2, 1), at(7, 1), at(9, 1)], FIRST + 12 * UNIT);
    expect(picture(map)).to.equal('..L....L.L..');
    expect(map.allocate(3 * UNIT)).to.deep.equal(at(3, 3));
    expect(map.allocate(UNIT)).to.deep.equal(at(0, 1));
    expect(map.allocate(2 * UNIT)).to.deep.equal(at(10, 2));
    expect(picture(map)).to.equal('l.Llll.L.Lll');
  });

  it('begins with the free tail when it grows the file', () => {
    const map = ExtentMap.fromLive([at(0, 1)], FIRST + 2 * UNIT);
    expect(map.allocate(3 * UNIT)).to.deep.equal(at(1, 3));
    expect(map.end).to.equal(FIRST + 4 * UNIT);
  });

  it('walks an extent through its life', () => {
    const map = new ExtentMap(0);
    const extent = map.allocate(2 * UNIT);
    map.publish(extent);
    expect(picture(map)).to.equal('LL');
    map.retire(extent, 5);
    expect(picture(map)).to.equal('aa');
    expect(map.awaiting()).to.deep.equal([{ ...extent, version: 5 }]);
    for (const [why, durable, pinned, freed] of [
      ['version 5 is not durable', 4, Infinity, 0],
      ['version 4 is pinned', 5, 4, 0],
      ['nothing needs it', 5, 5, 2 * UNIT],
    ] as const) {
      expect(map.release(durable, pinned), why).to.equal(freed);
    }
    expect(picture(map)).to.equal('..');
    expect(map.cutTail()).to.equal(FIRST);
    expect(picture(map)).to.equal('');
  });

  it('takes back part of an extent, and several as one', () => {
    const map = new ExtentMap(0);
    map.allocate(2 * UNIT);
    map.allocate(3 * UNIT);
    map.giveBack(at(4, 1));
    map.publish(at(0, 4));
    expect(picture(map)).to.equal('LLLL.');
    map.retire(at(1, 2), 3);
    expect(picture(map)).to.equal('LaaL.');
  });

  it('frees by version, whatever the order of retirement', () => {
    const map = ExtentMap.fromLive([at(0, 3)], FIRST + 3 * UNIT);
    map.retire(at(0, 1), 3);
    map.retire(at(1, 1), 2);
    map.retire(at(2, 1), 4);
    expect(map.release(10, 2)).to.equal(UNIT);
    expect(picture(map)).to.equal('a.a');
    expect(map.release(3, Infinity)).to.equal(UNIT);
    expect(picture(map)).to.equal('..a');
  });

  it('claims a certain place only when all of it is free', () => {
    const map = ExtentMap.fromLive([at(2, 1)], FIRST + 5 * UNIT);
    for (const [why, extent, claimed] of [
      ['overlaps a live one', at(1, 2), false],
      ['is live', at(2, 1), false],
      ['reaches past the end', at(4, 2), false],
      ['begins before the first', { offset: 0, bytes: UNIT }, false],
      ['is no whole unit', { offset: FIRST, bytes: 5 }, false],
      ['is free', at(3, 1), true],
      ['is lent by now', at(3, 1), false],
    ] as const) {
      expect(map.claim(extent), why).to.equal(claimed);
    }
    expect(picture(map)).to.equal('..Ll.');
  });

  it('allocates below a limit, or not at all', () => {
    const map = ExtentMap.fromLive([at(2, 1), at(5, 1)], FIRST + 6 * UNIT);
    expect(map.allocateBelow(2 * UNIT, FIRST + UNIT)).to.equal(undefined);
    expect(map.allocateBelow(3 * UNIT, FIRST + 20 * UNIT)).to.equal(undefined);
    expect(map.allocateBelow(2 * UNIT, FIRST + 2 * UNIT)).to.deep.equal(at(0, 2));
    expect(map.end).to.equal(FIRST + 6 * UNIT);
  });

  it('counts', () => {
    const map = ExtentMap.fromLive([at(2, 1), at(7, 1)], FIRST + 11 * UNIT);
    map.allocate(UNIT);
    map.retire(at(7, 1), 2);
    expect(map.stats()).to.deep.equal({
      endBytes: FIRST + 11 * UNIT,
      liveBytes: UNIT,
      lentBytes: UNIT,
      awaitingBytes: UNIT,
      freeBytes: 8 * UNIT,
      largestFreeBytes: 4 * UNIT,
      freeTailBytes: 3 * UNIT,
      fragments: 3,
    });
  });

  it('stops at a wrong change of state: that is a bug', () => {
    const map = ExtentMap.fromLive([at(0, 1)], FIRST + 2 * UNIT);
    expect(() => map.publish(at(0, 1))).to.throw('not all lent');
    expect(() => map.giveBack(at(0, 2))).to.throw('not all lent');
    expect(() => map.retire(at(0, 2), 1)).to.throw('not all live');
    expect(() => map.retire(at(-1, 1), 1)).to.throw('not all live');
    expect(picture(map)).to.equal('L.');
  });

  for (const [why, extents, fileEnd, code] of [
    ['two overlap', [at(0, 3), at(2, 1)], FIRST + 9 * UNIT, 'Corrupt'],
    ['two are the same', [at(0, 3), at(0, 3)], FIRST + 9 * UNIT, 'Corrupt'],
    ['one reaches past the end', [at(0, 3)], FIRST + 2 * UNIT, 'Corrupt'],
    ['one lies over a meta slot', [at(-1, 1)], FIRST + 2 * UNIT, 'Corrupt'],
    ['one is empty', [at(0, 0)], FIRST + 2 * UNIT, 'Corrupt'],
    ['one is no whole unit', [{ offset: FIRST + 1, bytes: UNIT }], FIRST + 2 * UNIT, 'Corrupt'],
    ['the last unit is not written to its end', [at(0, 2)], FIRST + UNIT + 1, 'no error'],
    ['there are none', [], 0, 'no error'],
  ] as const) {
    it(`opened with live extents of which ${why}: ${code}`, () => {
      expect(codeOf(() => ExtentMap.fromLive(extents, fileEnd))).to.equal(code);
    });
  }

  it('refuses to grow past what offsets can say', () => {
    expect(codeOf(() => new ExtentMap(2 ** 45))).to.equal('TooLarge');
    const map = new ExtentMap(2 ** 44 - UNIT * 4);
    map.allocate(2 ** 44 - UNIT * 4 - FIRST);
    expect(codeOf(() => map.allocate(UNIT * 4))).to.equal('TooLarge');
    expect(map.allocate(UNIT * 3).bytes).to.equal(3 * UNIT);
  });

  it('does the same as an array with a state for each unit', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('allocate'), n: fc.integer({ min: 1, max: 9 }) }),
      fc.record({
        kind: fc.constantFrom('publish', 'giveBack', 'retire', 'claim', 'below'),
        n: fc.nat(1000),
      }),
      fc.record({ kind: fc.constantFrom('release', 'cutTail'), n: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const map = new ExtentMap(0);
        const model = new UnitModel();
        for (const { kind, n } of steps) model.step(map, kind, n);
      }),
      { numRuns: 200 },
    );
  });
});

/** The map as it would be with a letter for each unit, and a version beside the awaiting ones. */
class UnitModel {
  states = '';
  versions: number[] = [];
  version = 1;

  step(map: ExtentMap, kind: string, n: number): void {
    const lent = this.stretch('l', n);
    const live = this.stretch('L', n);
    if (kind === 'allocate') {
      const unit = this.firstFit(n);
      expect(map.allocate(n * UNIT - 7)).to.deep.equal(at(unit, n));
      this.fill(unit, n, 'l');
    } else if (kind === 'below') {
      const count = 1 + (n % 5);
      const limit = n % 40;
      const unit = this.states.indexOf('.'.repeat(count));
      const fits = unit >= 0 && unit + count <= limit;
      expect(map.allocateBelow(count * UNIT, FIRST + limit * UNIT)).to.deep.equal(
        fits ? at(unit, count) : undefined,
      );
      if (fits) this.fill(unit, count, 'l');
    } else if (kind === 'claim') {
      const unit = n % (this.states.length + 1);
      const isFree = this.states.slice(unit, unit + 2) === '..';
      expect(map.claim(at(unit, 2))).to.equal(isFree);
      if (isFree) this.fill(unit, 2, 'l');
    } else if (kind === 'publish' && lent) {
      map.publish(at(...lent));
      this.fill(...lent, 'L');
    } else if (kind === 'giveBack' && lent) {
      map.giveBack(at(...lent));
      this.fill(...lent, '.');
    } else if (kind === 'retire' && live) {
      map.retire(at(...live), ++this.version);
      this.fill(...live, 'a');
      for (let i = 0; i < live[1]; i++) this.versions[live[0] + i] = this.version;
    } else if (kind === 'release') {
      map.release(this.version, this.version - n);
      this.states = [...this.states]
        .map((s, i) => (s === 'a' && this.versions[i]! <= this.version - n ? '.' : s))
        .join('');
    } else if (kind === 'cutTail') {
      this.states = this.states.replace(/\.+$/, '');
      expect(map.cutTail()).to.equal(FIRST + this.states.length * UNIT);
    }
    expect(picture(map)).to.equal(this.states);
    const segments = map.partition();
    segments.forEach(({ state }, i) => expect(state).not.to.equal(segments[i - 1]?.state));
    expect(map.stats().freeBytes).to.equal((this.states.split('.').length - 1) * UNIT);
  }

  private firstFit(n: number): number {
    const found = this.states.indexOf('.'.repeat(n));
    return found >= 0 ? found : this.states.replace(/\.+$/, '').length;
  }

  private fill(unit: number, count: number, letter: string): void {
    this.states = this.states.slice(0, unit) + letter.repeat(count) + this.states.slice(unit + count);
  }

  /** Part of a stretch of units in one state: its first unit and length. */
  private stretch(letter: string, n: number): [number, number] | undefined {
    const stretches = [...this.states.matchAll(new RegExp(`${letter}+`, 'g'))];
    if (stretches.length === 0) return undefined;
    const { index, 0: text } = stretches[n % stretches.length]!;
    const skipped = n % text.length;
    return [index + skipped, 1 + (n % (text.length - skipped))];
  }
}
