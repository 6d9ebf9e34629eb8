import { expect } from 'chai';
import { openLsm, SPAN_ENTRIES, type LsmStore, type ReadView } from '../../../lsm/index.js';
import type { KeyRange } from '../../../lsm/ordered-kv.js';
import { noise } from '../../contract/fixture.js';
import { EntrySpan } from '../../../lsm/base/entry-span.js';

const key = (n: number): Uint8Array => new TextEncoder().encode(`key ${String(n).padStart(6, '0')}`);

/** Values of all kinds: short, packed, too long for a block, and blobs. */
function value(n: number, version: number): Uint8Array {
  const length = n % 997 === 0 ? 200_000 : n % 101 === 0 ? 20_000 : (n * 37) % 700;
  return n % 30 === 0 ? new Uint8Array(length).fill(version) : noise(length, n + version * 5000);
}

/** All entries of a view, read span by span, with other reads in between; compared with those found one by one. */
function compare(
  view: ReadView,
  most: number,
  isDisturbed: boolean,
  tailBytes?: number,
  range: KeyRange = {},
): number {
  const span = new EntrySpan();
  if (tailBytes !== undefined) span.tailBytes = tailBytes;
  const cursor = view.scan(range);
  const walker = view.scan(range);
  let longest = 0;
  while (cursor.read(span, most) > 0) {
    longest = Math.max(longest, span.count);
    for (let i = 0; i < span.count; i++) {
      expect(walker.next()).to.equal(true);
      if (isDisturbed) view.lookup(key((i * 7919) % 3000));
      const expected = walker.value();
      if (!cursor.isFresh(span)) cursor.refresh(span);
      const at = span.valueAt[i]!;
      expect(Buffer.compare(span.bytes.subarray(at, at + expected.length), expected)).to.equal(0);
      const found = span.keys.subarray(span.keyAt[i], span.keyEnds[i]);
      const whole = walker.key();
      if (tailBytes !== undefined)
        expect(found.length).to.be.within(Math.min(tailBytes, whole.length), whole.length);
      else expect(found.length).to.equal(whole.length);
      expect(Buffer.compare(found, whole.subarray(whole.length - found.length))).to.equal(0);
    }
  }
  expect(walker.next()).to.equal(false);
  cursor.close();
  walker.close();
  return longest;
}

async function write(store: LsmStore, version: number, step: number): Promise<void> {
  const batch = store.batch();
  for (let n = 0; n < 3000; n += step) batch.put(key(n), value(n, version));
  await store.write(batch);
}

describe('EntrySpan', () => {
  it('holds the ends of keys that lie close together, as those of an index do', async function () {
    this.timeout(60_000);
    const store = await openLsm(':memory:', {});
    const batch = store.batch();
    const entry = (n: number): Uint8Array => {
      const text = `status ${'abcde'[n % 5]!} ${String((n * n) % 7919).padStart(6 - (n % 3), '0')}`;
      return new TextEncoder().encode(text + String.fromCharCode(33 + (n % 90)).repeat(n % 12));
    };
    for (let n = 0; n < 9000; n++) batch.put(entry(n), new Uint8Array(n % 3));
    await store.write(batch);
    await store.settle();
    const snapshot = store.snapshot();
    expect(compare(snapshot, SPAN_ENTRIES, false, 8)).to.equal(SPAN_ENTRIES);
    for (const tailBytes of [1, 3, 8, 16])
      for (let n = 0; n < 9000; n += 487) {
        const [low, high] = [entry(n), entry((n * 31) % 9000)].sort(Buffer.compare);
        for (const most of [3, 40, SPAN_ENTRIES])
          compare(snapshot, most, n % 2 === 0, tailBytes, { low: low!, high: high! });
      }
    snapshot.release();
    await store.close();
  });

  for (const cacheBytes of [64 * 1024, 16 * 1024 * 1024])
    it(`holds what a cursor would find one by one, with a cache of ${cacheBytes} bytes, in memory, tables and both`, async function () {
      this.timeout(60_000);
      const store = await openLsm(':memory:', { cacheBytes });
      await write(store, 1, 1);
      compare(store, SPAN_ENTRIES, true);
      await store.settle();
      const snapshot = store.snapshot();
      expect(compare(snapshot, SPAN_ENTRIES, false)).to.be.above(8);
      for (const most of [1, 2, 7, SPAN_ENTRIES, 1000]) compare(snapshot, most, true);
      for (const tailBytes of [1, 4, 8, 10, 16, 17, 100]) {
        compare(snapshot, SPAN_ENTRIES, true, tailBytes);
        for (let low = 0; low < 3000; low += 411) {
          const range = { low: key(low), high: key(low + ((low * 7) % 500)) };
          for (const most of [5, 40, SPAN_ENTRIES]) compare(snapshot, most, low % 2 === 0, tailBytes, range);
        }
      }
      await write(store, 2, 13);
      for (let n = 5; n < 3000; n += 100) await store.delete(key(n));
      await store.deleteRange({ low: key(700), high: key(800) });
      compare(store, SPAN_ENTRIES, true);
      compare(snapshot, SPAN_ENTRIES, true);
      snapshot.release();
      await store.close();
    });
});
