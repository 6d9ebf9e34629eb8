/** Contract: batches, range deletions, snapshots. */
import { expect } from 'chai';
import { b, entries, expectCode, fill, freshStore, range, show, type OpenKv } from './fixture.js';

export function writesContract(open: OpenKv): void {
  describe('batches', () => {
    const store = freshStore(open);

    it('apply their operations in order: the later one wins', async () => {
      const { kv } = store;
      await fill(kv, { a: '0', b: '0', c: '0' });
      const batch = kv.batch();
      batch.put(b('a'), b('1')).put(b('a'), b('2'));
      batch.put(b('b'), b('1')).delete(b('b'));
      batch.delete(b('c')).put(b('c'), b('1'));
      batch.put(b('d'), b('1')).deleteRange(range('d', 'e')).put(b('d2'), b('2'));
      batch.deleteRange(range('f', 'g')).put(b('f'), b('1'));
      expect(batch.count).to.equal(11);
      await kv.write(batch);
      expect(entries(kv)).to.deep.equal(['a=2', 'c=1', 'd2=2', 'f=1']);
    });

    it('are seen whole as soon as written, before they are durable', async () => {
      const { kv } = store;
      const written = kv.write(kv.batch().put(b('a'), b('1')).put(b('b'), b('2')));
      expect(entries(kv)).to.deep.equal(['a=1', 'b=2']);
      await written;
    });

    it('are not applied at all when an operation is refused', async () => {
      const { kv } = store;
      const batch = kv.batch().put(b('a'), b('1'));
      await expectCode('BadKey', () => batch.put(b(''), b('2')));
      expect(batch.count).to.equal(1);
      expect(entries(kv)).to.deep.equal([]);
      await kv.write(batch);
      expect(entries(kv)).to.deep.equal(['a=1']);
    });

    it('copy what they are given, and can be used again', async () => {
      const { kv } = store;
      const key = b('a');
      const value = b('1');
      const batch = kv.batch();
      batch.put(key, value);
      expect(batch.byteLength).to.be.greaterThan(0);
      key.fill(0);
      value.fill(0);
      const written = kv.write(batch);
      batch.clear();
      expect([batch.count, batch.byteLength]).to.deep.equal([0, 0]);
      batch.put(b('b'), b('2'));
      await Promise.all([written, kv.write(batch)]);
      expect(entries(kv)).to.deep.equal(['a=1', 'b=2']);
    });

    it('take parts of arrays', async () => {
      const { kv } = store;
      await fill(kv, { b: '0' });
      const bytes = b('xa12');
      const batch = kv.batch().putPart(bytes, 1, 2, bytes, 2, 4).putPart(b('c'), 0, 1, bytes, 3, 3);
      batch.deletePart(b('abc'), 1, 2);
      bytes.fill(0);
      expect(batch.count).to.equal(3);
      await kv.write(batch);
      expect(entries(kv)).to.deep.equal(['a=12', 'c=']);
    });

    it('refuse parts that are none', async () => {
      const { kv } = store;
      const batch = kv.batch();
      const long = new Uint8Array(65_537);
      await expectCode('BadKey', () => batch.putPart(b('ab'), 1, 1, b('v'), 0, 1));
      await expectCode('BadKey', () => batch.putPart(long, 0, long.length, b('v'), 0, 1));
      await expectCode('BadKey', () => batch.deletePart(b('ab'), 2, 2));
      await expectCode('BadValue', () => batch.putPart(b('ab'), 1, 3, b('v'), 0, 1));
      await expectCode('BadValue', () => batch.putPart(b('ab'), 0, 1, b('v'), -1, 1));
      await expectCode('BadValue', () => batch.deletePart(b('ab'), 2, 1));
      expect(batch.count).to.equal(0);
    });

    it('may be empty', async () => {
      await store.kv.write(store.kv.batch());
      expect(entries(store.kv)).to.deep.equal([]);
    });

    it('may hold thousands of operations, and values of every size', async () => {
      const { kv } = store;
      const batch = kv.batch();
      for (let i = 0; i < 5000; i++) batch.put(b(`k${i}`), b(`v${i}`));
      batch.put(b('large'), new Uint8Array(300_000).fill(1));
      batch.put(b('k'), b('')).delete(b('k77'));
      await kv.write(batch);
      expect(entries(kv, range('k', 'l')).length).to.equal(5000);
      expect(kv.describe(b('large'))?.length).to.equal(300_000);
      expect(kv.has(b('k77'))).to.equal(false);
    });

    it('keep their order when nobody waits for them', async () => {
      const { kv } = store;
      const writes: Promise<void>[] = [];
      for (let i = 0; i < 200; i++) {
        writes.push(kv.put(b('last'), b(String(i))));
        if (i % 3 === 0) writes.push(kv.put(b(`k${i}`), b('x')));
        if (i % 5 === 0) writes.push(kv.delete(b(`k${i}`)));
        if (i === 150) writes.push(kv.deleteRange(range('k', 'l')));
        if (i % 50 === 0) writes.push(kv.put(b('large'), new Uint8Array(100_000).fill(i)));
      }
      await Promise.all(writes);
      expect(show(kv.get(b('last')))).to.equal('199');
      expect(kv.get(b('large'))![5]).to.equal(150);
      const expected = Array.from({ length: 49 }, (_, i) => i + 151)
        .filter((i) => i % 3 === 0 && i % 5 !== 0)
        .map((i) => `k${i}=x`);
      expect(entries(kv, range('k', 'l'))).to.deep.equal(expected);
    });

    it('number the writes upwards', async () => {
      const { kv } = store;
      const before = kv.seq;
      await kv.put(b('a'), b('1'));
      const between = kv.seq;
      await kv.put(b('a'), b('2'));
      expect(between).to.be.greaterThan(before);
      expect(kv.seq).to.be.greaterThan(between);
    });

    it('can be asked to be durable', async () => {
      await store.kv.put(b('a'), b('1'), { sync: true });
      await store.kv.write(store.kv.batch().put(b('b'), b('2')), { sync: true });
      expect(entries(store.kv)).to.deep.equal(['a=1', 'b=2']);
    });
  });

  describe('range deletions', () => {
    const store = freshStore(open);
    const all = { a: '1', b: '2', c: '3', d: '4', e: '5' };

    for (const [low, high, left] of [
      ['b', 'd', 'ade'],
      ['b', undefined, 'a'],
      [undefined, 'c', 'cde'],
      [undefined, undefined, ''],
      ['c', 'c', 'abcde'],
      ['', '', 'abcde'],
      [undefined, '', 'abcde'],
      ['', 'b', 'bcde'],
      ['bb', 'cc', 'abde'],
      ['x', 'z', 'abcde'],
      ['a', 'a\x00', 'bcde'],
    ] as const) {
      it(`of ${low ?? 'the start'} to ${high ?? 'the end'} leaves "${left}"`, async () => {
        const { kv } = store;
        await fill(kv, all);
        await kv.deleteRange(range(low, high));
        const keys = entries(kv).map((entry) => entry[0]);
        expect(keys.join('')).to.equal(left);
        expect(entries(kv, {}, 'backward').map((entry) => entry[0])).to.deep.equal(keys.reverse());
        for (const key of 'abcde') expect(kv.has(b(key)), key).to.equal(left.includes(key));
      });
    }

    it('hide what came before, not what comes after', async () => {
      const { kv } = store;
      await fill(kv, all);
      await kv.deleteRange(range('b', 'e'));
      await kv.put(b('c'), b('new'));
      expect(entries(kv)).to.deep.equal(['a=1', 'c=new', 'e=5']);
      await kv.deleteRange(range('c', 'd'));
      await kv.put(b('d'), b('new'));
      expect(entries(kv)).to.deep.equal(['a=1', 'd=new', 'e=5']);
    });

    it('overlap and nest', async () => {
      const { kv } = store;
      await fill(
        kv,
        Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${String(i).padStart(2, '0')}`, 'x'])),
      );
      await kv.deleteRange(range('k10', 'k50'));
      await kv.deleteRange(range('k20', 'k30'));
      await kv.deleteRange(range('k40', 'k60'));
      await kv.put(b('k25'), b('y'));
      await kv.deleteRange(range('k90', undefined));
      expect(entries(kv).length).to.equal(10 + 1 + 30);
    });

    it('copy their bounds', async () => {
      const { kv } = store;
      await fill(kv, all);
      const bounds = { low: b('b'), high: b('d') };
      const written = kv.deleteRange(bounds);
      bounds.low.fill(0);
      bounds.high.fill(255);
      await written;
      expect(entries(kv).length).to.equal(3);
    });

    it('do not reach into snapshots taken before', async () => {
      const { kv } = store;
      await fill(kv, all);
      const snapshot = kv.snapshot();
      await kv.deleteRange({});
      expect(entries(kv)).to.deep.equal([]);
      expect(entries(snapshot).length).to.equal(5);
      expect(show(snapshot.get(b('c')))).to.equal('3');
      snapshot.release();
    });
  });

  describe('snapshots', () => {
    const store = freshStore(open);

    it('see what was written before them, for ever', async () => {
      const { kv } = store;
      await fill(kv, { a: '1', b: '2', c: '3' });
      const snapshot = kv.snapshot();
      expect(snapshot.seq).to.equal(kv.seq);
      await kv.put(b('a'), b('new'));
      await kv.delete(b('b'));
      await kv.put(b('d'), b('new'));
      await kv.put(b('a'), b('newer'));
      expect(entries(snapshot)).to.deep.equal(['a=1', 'b=2', 'c=3']);
      expect(entries(snapshot, {}, 'backward')).to.deep.equal(['c=3', 'b=2', 'a=1']);
      expect(show(snapshot.get(b('a')))).to.equal('1');
      expect(snapshot.has(b('b'))).to.equal(true);
      expect(snapshot.describe(b('d'))).to.equal(undefined);
      expect(snapshot.estimate().count).to.be.within(1, 10);
      expect(entries(kv)).to.deep.equal(['a=newer', 'c=3', 'd=new']);
      snapshot.release();
    });

    it('stand beside one another, each with its moment', async () => {
      const { kv } = store;
      const snapshots = [];
      for (let i = 0; i < 50; i++) {
        await kv.put(b('k'), b(String(i)));
        if (i % 7 === 0) await kv.deleteRange(range('a', 'z'));
        snapshots.push(kv.snapshot());
      }
      snapshots.forEach((snapshot, i) => {
        expect(show(snapshot.get(b('k'))), `snapshot ${i}`).to.equal(i % 7 === 0 ? undefined : String(i));
      });
      for (const snapshot of snapshots) snapshot.release();
      expect(kv.get(b('k'))).to.equal(undefined);
    });

    it('refuse use after their release, which may be repeated', async () => {
      const { kv } = store;
      await fill(kv, { a: '1' });
      const snapshot = kv.snapshot();
      snapshot.release();
      snapshot.release();
      snapshot[Symbol.dispose]();
      for (const use of [
        () => snapshot.get(b('a')),
        () => snapshot.has(b('a')),
        () => snapshot.lookup(b('a')),
        () => snapshot.describe(b('a')),
        () => snapshot.openValue(b('a')),
        () => snapshot.scan(),
        () => snapshot.scanPrefix(b('a')),
        () => snapshot.estimate(),
      ]) {
        await expectCode('Closed', use);
      }
      expect(show(kv.get(b('a')))).to.equal('1');
    });
  });
}
