/** Contract: point reads. */
import { expect } from 'chai';
import type { Bytes } from '../../lsm/ordered-kv.js';
import { b, entries, expectBytes, fill, freshStore, noise, show, type OpenKv } from './fixture.js';

export function readsContract(open: OpenKv): void {
  describe('point reads', () => {
    const store = freshStore(open);

    it('finds what was put, and only that', async () => {
      await fill(store.kv, { a: '1', b: '', ab: '3' });
      for (const [key, value] of [
        ['a', '1'],
        ['b', ''],
        ['ab', '3'],
        ['aa', undefined],
        ['abc', undefined],
        ['\x00', undefined],
        ['\xff', undefined],
      ] as const) {
        expect(show(store.kv.get(b(key))), key).to.equal(value);
        expect(store.kv.has(b(key)), key).to.equal(value !== undefined);
        expect(store.kv.lookup(b(key)), key).to.equal(value !== undefined);
        expect(store.kv.lookup(b(`${key} and more`), key.length), key).to.equal(value !== undefined);
        expect(store.kv.describe(b(key))?.length, key).to.equal(value?.length);
        expect(store.kv.openValue(b(key))?.length, key).to.equal(value?.length);
      }
    });

    it('finds nothing in an empty store', () => {
      expect(store.kv.get(b('a'))).to.equal(undefined);
      expect(store.kv.has(b('a'))).to.equal(false);
      expect(store.kv.lookup(b('a'))).to.equal(false);
      expect(store.kv.describe(b('a'))).to.equal(undefined);
      expect(store.kv.openValue(b('a'))).to.equal(undefined);
      expect(entries(store.kv)).to.deep.equal([]);
      expect(store.kv.estimate().count).to.equal(0);
    });

    it('shows the last value put, and nothing after a deletion', async () => {
      const { kv } = store;
      await kv.put(b('k'), b('one'));
      await kv.put(b('k'), b('two'));
      expect(show(kv.get(b('k')))).to.equal('two');
      await kv.delete(b('k'));
      expect(kv.get(b('k'))).to.equal(undefined);
      expect(kv.describe(b('k'))).to.equal(undefined);
      await kv.put(b('k'), b('three'));
      expect(show(kv.get(b('k')))).to.equal('three');
    });

    it('lets a deletion of what is absent pass', async () => {
      await store.kv.delete(b('nothing'));
      expect(store.kv.has(b('nothing'))).to.equal(false);
    });

    it('places a value looked up in registers', async () => {
      await fill(store.kv, { k: 'value' });
      const { kv } = store;
      expect(kv.lookup(b('k'))).to.equal(true);
      expect(show(kv.valueBytes.subarray(kv.valueOffset, kv.valueOffset + kv.valueLength))).to.equal('value');
    });

    it('gives copies that are the caller’s own', async () => {
      await fill(store.kv, { k: 'value' });
      store.kv.get(b('k'))!.fill(0);
      expect(show(store.kv.get(b('k')))).to.equal('value');
    });

    it('takes copies of keys and values at the call', async () => {
      const { kv } = store;
      const key = b('k');
      const value = b('value');
      const written = kv.put(key, value);
      key.fill(1);
      value.fill(1);
      await written;
      expect(entries(kv)).to.deep.equal(['k=value']);
      const again = b('k');
      const deleted = kv.delete(again);
      again.fill(1);
      await deleted;
      expect(entries(kv)).to.deep.equal([]);
    });

    it('takes views into larger arrays, and Buffers', async () => {
      const { kv } = store;
      const large = b('xxkeyxxvaluexx');
      await kv.put(large.subarray(2, 5), large.subarray(7, 12));
      await kv.put(Buffer.from('other'), Buffer.from('thing'));
      expect(entries(kv)).to.deep.equal(['key=value', 'other=thing']);
      expect(show(kv.get(Buffer.from('key')))).to.equal('value');
      expect(Buffer.isBuffer(kv.get(b('other')))).to.equal(false);
    });

    for (const length of [0, 1, 15, 255, 256, 4096, 16_384, 32_767, 32_768, 65_536, 1 << 20]) {
      for (const [what, make] of [
        ['noise', (n: number) => noise(n, n)],
        ['repetition', (n: number) => new Uint8Array(n).fill(7)],
      ] as const) {
        it(`keeps a value of ${length} bytes of ${what}`, async () => {
          const { kv } = store;
          const value: Bytes = make(length);
          await kv.put(b('before'), b('1'));
          await kv.put(b('k'), value);
          await kv.put(b('z'), b('2'));
          expectBytes(kv.get(b('k')), value);
          expect(kv.describe(b('k'))!.length).to.equal(length);
          expect(kv.lookup(b('k'))).to.equal(true);
          expectBytes(kv.valueBytes.subarray(kv.valueOffset, kv.valueOffset + kv.valueLength), value);
          const cursor = kv.scan();
          expect(cursor.seek(b('k'), 'EQ')).to.equal(true);
          expect(cursor.valueLength).to.equal(length);
          expect(cursor.valueKind).to.equal(kv.describe(b('k'))!.kind);
          expectBytes(cursor.value(), value);
          cursor.close();
          expect(show(kv.get(b('z')))).to.equal('2');
        });
      }
    }

    it('says of a byte that it is inline, and of a megabyte that it is a blob', async () => {
      await store.kv.put(b('small'), b('1'));
      await store.kv.put(b('large'), noise(1 << 20, 1));
      expect(store.kv.describe(b('small'))).to.deep.equal({ kind: 'inline', length: 1 });
      expect(store.kv.describe(b('large'))).to.deep.equal({ kind: 'blob', length: 1 << 20 });
    });

    for (const length of [1, 2, 255, 4096, 65_535, 65_536]) {
      it(`keeps a key of ${length} bytes`, async () => {
        const { kv } = store;
        const key = noise(length, 3);
        const sibling = key.slice();
        sibling[length - 1]! ^= 1;
        await kv.put(key, b('this'));
        await kv.put(sibling, b('that'));
        expect(show(kv.get(key))).to.equal('this');
        expect(show(kv.get(sibling))).to.equal('that');
        const cursor = kv.scan();
        expect(cursor.seek(key, 'EQ')).to.equal(true);
        expectBytes(cursor.key(), key);
        expect(cursor.keyLength).to.equal(length);
        cursor.close();
        await kv.delete(key);
        expect(kv.has(key)).to.equal(false);
        expect(kv.has(sibling)).to.equal(true);
      });
    }

    it('estimates entries within a factor of two, in parts of the key space too', async () => {
      const { kv } = store;
      const batch = kv.batch();
      for (let i = 0; i < 10_000; i++) batch.put(b(String(i).padStart(6, '0')), noise(40, i));
      await kv.write(batch);
      for (const [low, high] of [
        [0, 10_000],
        [0, 5_000],
        [2_500, 7_500],
        [9_000, 10_000],
      ] as const) {
        const { count, bytes } = kv.estimate({
          low: b(String(low).padStart(6, '0')),
          high: b(String(high).padStart(6, '0')),
        });
        const real = high - low;
        expect(count, `${low} to ${high}`).to.be.within(real / 2, real * 2);
        expect(bytes, `${low} to ${high}`).to.be.within(real * 20, real * 200);
      }
      expect(kv.estimate().count).to.be.within(5_000, 20_000);
      expect(kv.estimate({ low: b('x') }).count).to.be.lessThan(500);
    });
  });
}
