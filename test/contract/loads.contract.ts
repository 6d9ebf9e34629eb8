/** Contract: loads of many entries in any order. */
import { expect } from 'chai';
import type { Load } from '../../lsm/ordered-kv.js';
import { b, entries, expectCode, fill, freshStore, range, show, type OpenKv } from './fixture.js';

function put(load: Load, key: string, value: string): void {
  load.put(b(`${key}behind the key`), key.length, b(`${value}behind the value`), value.length);
}

export function loadsContract(open: OpenKv): void {
  describe('loads', () => {
    const store = freshStore(open);

    it('show their entries at the commit, in order', async () => {
      const { kv } = store;
      await fill(kv, { a: '1', c: '3' });
      const before = kv.snapshot();
      const load = kv.load({ label: 'of three' });
      for (const key of ['d', 'b', 'c']) put(load, key, `loaded ${key}`);
      await load.settle();
      expect(entries(kv)).to.deep.equal(['a=1', 'c=3']);
      expect(await load.commit()).to.equal(true);
      expect(entries(kv)).to.deep.equal(['a=1', 'b=loaded b', 'c=loaded c', 'd=loaded d']);
      expect(entries(before)).to.deep.equal(['a=1', 'c=3']);
      before.release();
    });

    it('are newer than what was written while they were filled, older than what comes after', async () => {
      const { kv } = store;
      const load = kv.load();
      put(load, 'a', 'loaded');
      put(load, 'b', 'loaded');
      await fill(kv, { a: 'early', b: 'early' });
      await load.commit();
      await kv.delete(b('b'));
      expect(entries(kv)).to.deep.equal(['a=loaded']);
      await kv.put(b('a'), b('late'));
      expect(entries(kv)).to.deep.equal(['a=late']);
    });

    it('hold many entries, of keys and values of all lengths', async () => {
      const { kv } = store;
      const load = kv.load();
      const expected: string[] = [];
      for (let i = 0; i < 3000; i++) {
        const n = (i * 7919) % 3000;
        put(load, `${'k'.repeat(n % 50)}${n}`, 'v'.repeat(n % 90));
        expected.push(`${'k'.repeat(n % 50)}${n}=${'v'.repeat(n % 90)}`);
        if (i % 100 === 0) await load.settle();
      }
      await load.commit();
      const sorted = expected.sort((one, two) => (one.split('=')[0]! < two.split('=')[0]! ? -1 : 1));
      expect(entries(kv)).to.deep.equal(sorted);
      await kv.deleteRange(range('k', 'kkkk'));
      expect(entries(kv).length).to.be.lessThan(sorted.length);
    });

    for (const pause of [0, 1])
      it(`count the last of several puts of one key (${pause === 0 ? 'at once' : 'far apart'})`, async () => {
        const { kv } = store;
        const load = kv.load();
        for (let i = 0; i < 900; i++) {
          put(load, `key ${i % 300}`, `value ${i}`);
          if (pause === 1) await load.settle();
        }
        expect(await load.commit()).to.equal(true);
        expect(entries(kv)).to.have.length(300);
        for (const i of [0, 150, 299]) expect(show(kv.get(b(`key ${i}`)))).to.equal(`value ${600 + i}`);
      });

    for (const at of [1, 899])
      it(`write nothing when keys that must be distinct are not (put ${at})`, async () => {
        const { kv } = store;
        await fill(kv, { a: '1' });
        const load = kv.load({ isDistinct: true });
        for (let i = 0; i < 900; i++) {
          put(load, `key ${i === at ? 0 : i}`, 'v'.repeat(30));
          await load.settle();
        }
        expect(await load.commit()).to.equal(false);
        expect(entries(kv)).to.deep.equal(['a=1']);
      });

    it('write distinct keys', async () => {
      const { kv } = store;
      const load = kv.load({ isDistinct: true });
      for (let i = 0; i < 900; i++) {
        put(load, `key ${i}`, 'v'.repeat(30));
        await load.settle();
      }
      expect(await load.commit()).to.equal(true);
      expect(entries(kv)).to.have.length(900);
    });

    it('may be empty', async () => {
      const { seq } = store.kv;
      expect(await store.kv.load().commit()).to.equal(true);
      expect(await store.kv.load({ isDistinct: true }).commit()).to.equal(true);
      expect(store.kv.seq).to.equal(seq);
    });

    it('leave nothing when they are rolled back, and are then over', async () => {
      const { kv } = store;
      const load = kv.load();
      for (let i = 0; i < 900; i++) {
        put(load, `key ${i}`, 'v'.repeat(30));
        if (i === 500) await load.settle();
      }
      load.rollback();
      load.rollback();
      expect(entries(kv)).to.deep.equal([]);
      await expectCode('Closed', () => put(load, 'a', '1'));
      await expectCode('Closed', () => load.settle());
      await expectCode('Closed', () => load.commit());
      const other = kv.load();
      put(other, 'a', '1');
      await other.commit();
      other.rollback();
      expect(entries(kv)).to.deep.equal(['a=1']);
      await expectCode('Closed', () => put(other, 'b', '2'));
    });

    it('refuse keys that are none', async () => {
      const load = store.kv.load();
      await expectCode('BadKey', () => load.put(b('x'), 0, b(''), 0));
      await expectCode('BadKey', () => load.put(new Uint8Array(70_000), 65_537, b(''), 0));
      load.rollback();
    });

    it('are for open stores', async () => {
      const { kv } = store;
      const load = kv.load();
      put(load, 'a', '1');
      await kv.close();
      await expectCode('Closed', () => load.commit());
      await expectCode('Closed', () => kv.load());
    });
  });
}
