import { expect } from 'chai';
import { MemoryKv, type ReadView } from '../../../lsm/index.js';
import { HighestKey } from '../../../elmo/catalog/highest-key.js';
import type { WriteUnit } from '../../../elmo/operation/write-unit.js';

const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

/** As much of a unit as is asked. */
function unitOn(view: ReadView, isTransaction = false): WriteUnit {
  return { view, isTransaction } as WriteUnit;
}

describe('elmo/catalog/highest-key', () => {
  let kv: MemoryKv;
  let highest: HighestKey;
  beforeEach(async () => {
    kv = new MemoryKv();
    const batch = kv.batch();
    batch.put(key(7, 5), key(1));
    batch.put(key(8, 0), key(1)); // another index's
    await kv.write(batch);
    highest = new HighestKey({ low: key(7), high: key(8) });
  });

  it('knows what was in the store', () => {
    expect(highest.isBelow(key(7, 6), unitOn(kv))).to.equal(true);
    expect(highest.isBelow(key(7, 5, 0), unitOn(kv))).to.equal(true);
    expect(highest.isBelow(key(7, 5), unitOn(kv))).to.equal(false);
    expect(highest.isBelow(key(7, 4, 9), unitOn(kv))).to.equal(false);
  });

  it('is above all of an empty index', () => {
    expect(new HighestKey({ low: key(9), high: key(10) }).isBelow(key(9), unitOn(kv))).to.equal(true);
  });

  it('knows what was put before it was first asked, and after', () => {
    highest.note(key(7, 9));
    expect(highest.isBelow(key(7, 9), unitOn(kv))).to.equal(false);
    expect(highest.isBelow(key(7, 9, 1), unitOn(kv))).to.equal(true);
    highest.note(key(7, 11));
    highest.note(key(7, 10));
    expect(highest.isBelow(key(7, 11), unitOn(kv))).to.equal(false);
    expect(highest.isBelow(key(7, 12), unitOn(kv))).to.equal(true);
  });

  it("learns nothing from a transaction's snapshot", () => {
    const old = kv.snapshot();
    highest.note(key(7, 1));
    expect(highest.isBelow(key(7, 6), unitOn(old, true))).to.equal(false);
    expect(highest.isBelow(key(7, 6), unitOn(kv))).to.equal(true);
    expect(highest.isBelow(key(7, 6), unitOn(old, true))).to.equal(true);
    old.release();
  });
});
