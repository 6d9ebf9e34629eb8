import { expect } from 'chai';
import fc from 'fast-check';
import { Pins, type Pin } from '../../../lsm/space/pins.js';

describe('Pins', () => {
  it('knows the oldest pinned version', () => {
    const pins = new Pins();
    expect(pins.oldest).to.equal(Infinity);
    const seven = pins.pin(7, 0);
    const five = pins.pin(5, 1);
    const sevenAgain = pins.pin(7, 2);
    expect(pins.oldest).to.equal(5);
    pins.unpin(five);
    expect(pins.oldest).to.equal(7);
    pins.unpin(seven);
    expect(pins.oldest).to.equal(7);
    pins.unpin(sevenAgain);
    expect(pins.oldest).to.equal(Infinity);
    expect(pins.count).to.equal(0);
  });

  it('lists pins with their ages, the oldest version first', () => {
    const pins = new Pins();
    pins.pin(3, 100, 'backup');
    pins.pin(2, 150);
    pins.pin(3, 160);
    expect(pins.list(200)).to.deep.equal([
      { version: 2, ageMs: 50, label: '' },
      { version: 3, ageMs: 100, label: 'backup' },
      { version: 3, ageMs: 40, label: '' },
    ]);
    expect(pins.list(200, 1)).to.have.length(1);
    expect(pins.versions(200)).to.deep.equal([
      { version: 2, count: 1, ageMs: 50 },
      { version: 3, count: 2, ageMs: 100 },
    ]);
  });

  it('stops when a pin ends twice: that is a bug', () => {
    const pins = new Pins();
    const pin = pins.pin(1, 0);
    pins.unpin(pin);
    expect(() => pins.unpin(pin)).to.throw('unpinned twice');
  });

  it('does the same as a list of numbers', () => {
    const step = fc.record({ isPin: fc.boolean(), n: fc.nat(12) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pins = new Pins();
        const held: Pin[] = [];
        for (const { isPin, n } of steps) {
          if (isPin) held.push(pins.pin(n, held.length));
          else if (held.length > 0) pins.unpin(held.splice(n % held.length, 1)[0]!);
          const versions = held.map((pin) => pin.version).sort((a, b) => a - b);
          expect(pins.count).to.equal(held.length);
          expect(pins.oldest).to.equal(versions[0] ?? Infinity);
          expect(pins.list(0, 1000).map((pin) => pin.version)).to.deep.equal(versions);
        }
      }),
      { numRuns: 100 },
    );
  });
});
