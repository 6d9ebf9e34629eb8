/** Contract: which commits fail because another came first. */
import { expect } from 'chai';
import type { OrderedKv, Transaction } from '../../lsm/ordered-kv.js';
import { b, expectCode, fill, freshStore, range, show, type OpenKv } from './fixture.js';

export function conflictsContract(open: OpenKv): void {
  describe('conflicts', () => {
    const store = freshStore(open);
    beforeEach(() => fill(store.kv, { a: '1', b: '2', c: '3', d: '4' }));

    type Act = (kv: OrderedKv) => unknown;
    type Claim = (tx: Transaction) => unknown;
    const put =
      (key: string): Claim & Act =>
      (to: OrderedKv | Transaction) =>
        to.put(b(key), b('new'));
    const remove =
      (key: string): Claim & Act =>
      (to: OrderedKv | Transaction) =>
        to.delete(b(key));
    const removeRange =
      (low?: string, high?: string): Claim & Act =>
      (to: OrderedKv | Transaction) =>
        to.deleteRange(range(low, high));
    const readKey =
      (key: string): Claim =>
      (tx) =>
        tx.declareRead(b(key));
    const readRange =
      (low?: string, high?: string): Claim =>
      (tx) =>
        tx.declareReadRange(range(low, high));

    const rows: readonly (readonly [string, Claim, Act, boolean])[] = [
      ['put and put of one key', put('a'), put('a'), true],
      ['put and put of a new key', put('x'), put('x'), true],
      ['put and put of two keys', put('a'), put('b'), false],
      ['put and deletion', put('a'), remove('a'), true],
      ['deletion and put', remove('a'), put('a'), true],
      ['deletion and deletion', remove('a'), remove('a'), true],
      ['put and a range deletion over it', put('b'), removeRange('a', 'c'), true],
      ['put and a range deletion over everything', put('x'), removeRange(), true],
      ['put and a range deletion that ends at it', put('c'), removeRange('a', 'c'), false],
      ['put and a range deletion that begins after it', put('c'), removeRange('c\x00', 'e'), false],
      ['put and an empty range deletion', put('c'), removeRange('c', 'c'), false],
      ['range deletion and a put in it', removeRange('a', 'c'), put('b'), true],
      ['range deletion and a put of a new key in it', removeRange('a', 'c'), put('bb'), true],
      ['range deletion and a put at its end', removeRange('a', 'c'), put('c'), false],
      ['range deletion and a deletion in it', removeRange('a', 'c'), remove('a'), true],
      ['range deletions that overlap', removeRange('a', 'c'), removeRange('b', 'd'), true],
      ['range deletions that touch', removeRange('a', 'c'), removeRange('c', 'd'), false],
      ['range deletions that touch the other way', removeRange('c', 'd'), removeRange('a', 'c'), false],
      ['declared read and put', readKey('a'), put('a'), true],
      ['declared read of what is absent, and put', readKey('x'), put('x'), true],
      ['declared read and deletion', readKey('a'), remove('a'), true],
      ['declared read and a range deletion over it', readKey('b'), removeRange('a', 'c'), true],
      ['declared read and put of another key', readKey('a'), put('b'), false],
      ['declared range and a put in it', readRange('b', 'd'), put('c'), true],
      ['declared range and a put of a new key in it', readRange('b', 'd'), put('cc'), true],
      ['declared range and a put at its low bound', readRange('b', 'd'), put('b'), true],
      ['declared range and a put at its high bound', readRange('b', 'd'), put('d'), false],
      ['declared range and a deletion in it', readRange('b', 'd'), remove('c'), true],
      ['declared range and a range deletion over it', readRange('b', 'c'), removeRange(), true],
      ['declared open range and a put', readRange('c'), put('z'), true],
      ['declared empty range and a put at it', readRange('b', 'b'), put('b'), false],
    ];
    for (const [what, claim, act, conflicts] of rows) {
      it(`${what}: ${conflicts ? 'WriteConflict' : 'none'}`, async () => {
        const { kv } = store;
        const tx = kv.begin();
        await claim(tx);
        tx.put(b('~mine'), b('1'));
        await act(kv);
        if (conflicts) await expectCode('WriteConflict', () => tx.commit());
        else await tx.commit();
        expect(tx.isOpen).to.equal(false);
        expect(kv.has(b('~mine'))).to.equal(!conflicts);
      });
    }

    it('of declared reads stop a transaction that wrote nothing', async () => {
      const tx = store.kv.begin();
      tx.declareRead(b('a'));
      await store.kv.put(b('a'), b('new'));
      await expectCode('WriteConflict', () => tx.commit());
    });

    it('are between transactions too: the first to commit wins', async () => {
      const { kv } = store;
      const one = kv.begin();
      const two = kv.begin();
      one.put(b('a'), b('one'));
      two.put(b('a'), b('two'));
      await two.commit();
      await expectCode('WriteConflict', () => one.commit());
      expect(show(kv.get(b('a')))).to.equal('two');
    });

    it('are decided in the order of un-awaited commits', async () => {
      const { kv } = store;
      const open = Array.from({ length: 20 }, (_, i) => {
        const tx = kv.begin();
        tx.put(b('a'), b(String(i)));
        return tx;
      });
      const ends = await Promise.allSettled(open.map((tx) => tx.commit()));
      expect(ends.map(({ status }) => status)).to.deep.equal([
        'fulfilled',
        ...Array<string>(19).fill('rejected'),
      ]);
      expect(show(kv.get(b('a')))).to.equal('0');
    });

    it('can be asked for before the commit', async () => {
      const { kv } = store;
      const tx = kv.begin();
      expect(tx.hasConflict(b('a'))).to.equal(false);
      await kv.put(b('a'), b('new'));
      await kv.deleteRange(range('c', 'd'));
      for (const [key, conflicts] of [
        ['a', true],
        ['b', false],
        ['c', true],
        ['cc', true],
        ['d', false],
      ] as const) {
        expect(tx.hasConflict(b(key)), key).to.equal(conflicts);
      }
      tx.rollback();
    });

    it('are none with writes of before, nor with what a rolled back transaction wrote', async () => {
      const { kv } = store;
      await kv.put(b('a'), b('before'));
      const tx = kv.begin();
      const other = kv.begin();
      other.put(b('a'), b('other'));
      other.rollback();
      tx.put(b('a'), b('own'));
      await tx.commit();
      expect(show(kv.get(b('a')))).to.equal('own');
    });
  });
}
