/** Contract: transactions and their savepoints. Conflicts: see conflicts.contract.ts. */
import { expect } from 'chai';
import {
  b,
  drain,
  entries,
  expectBytes,
  expectCode,
  fill,
  freshStore,
  here,
  noise,
  range,
  show,
  type OpenKv,
} from './fixture.js';

export function transactionsContract(open: OpenKv): void {
  describe('transactions', () => {
    const store = freshStore(open);
    beforeEach(() => fill(store.kv, { a: '1', b: '2', c: '3', d: '4' }));

    it('read their own writes, which nobody else sees before the commit', async () => {
      const { kv } = store;
      const tx = kv.begin({ label: 'reader of its writes' });
      tx.put(b('b'), b('own'));
      tx.put(b('bb'), b('own'));
      tx.delete(b('c'));
      expect(show(tx.get(b('b')))).to.equal('own');
      expect(tx.lookup(b('bb'))).to.equal(true);
      expect(show(tx.valueBytes.subarray(tx.valueOffset, tx.valueOffset + tx.valueLength))).to.equal('own');
      expect(tx.has(b('c'))).to.equal(false);
      expect(tx.describe(b('b'))).to.deep.equal({ kind: 'inline', length: 3 });
      expect(tx.openValue(b('bb'))!.length).to.equal(3);
      expect(entries(tx)).to.deep.equal(['a=1', 'b=own', 'bb=own', 'd=4']);
      expect(entries(tx, {}, 'backward')).to.deep.equal(['d=4', 'bb=own', 'b=own', 'a=1']);
      expect(drain(tx.scanPrefix(b('b')))).to.deep.equal(['b=own', 'bb=own']);
      expect(tx.estimate().count).to.be.within(2, 10);
      expect(entries(kv)).to.deep.equal(['a=1', 'b=2', 'c=3', 'd=4']);
      await tx.commit();
      expect(entries(kv)).to.deep.equal(['a=1', 'b=own', 'bb=own', 'd=4']);
    });

    it('rest when much was written, and go on when there is more', async () => {
      const { kv } = store;
      const memory = kv.workMemory();
      memory.set(1 << 20);
      const tx = kv.begin({ isLarge: true });
      for (let n = 0; n < 200; n++) tx.put(b(`n${n}`), noise(500, n));
      await tx.rest();
      expectBytes(tx.get(b('n7')), noise(500, 7));
      tx.put(b('n7'), b('again'));
      await tx.rest();
      expect(show(tx.get(b('n7')))).to.equal('again');
      memory.set(0);
      await tx.commit();
      expect(show(kv.get(b('n7')))).to.equal('again');
      expectBytes(kv.get(b('n199')), noise(500, 199));
      await expectCode('Closed', () => tx.rest());
    });

    it('delete ranges of the snapshot and of their own writes', async () => {
      const { kv } = store;
      const tx = kv.begin();
      tx.put(b('bb'), b('own'));
      tx.put(b('e'), b('own'));
      tx.deleteRange(range('b', 'd'));
      tx.put(b('c'), b('after'));
      tx.deleteRange(range('x', 'x'));
      expect(entries(tx)).to.deep.equal(['a=1', 'c=after', 'd=4', 'e=own']);
      expect(tx.has(b('b'))).to.equal(false);
      await tx.commit();
      expect(entries(kv)).to.deep.equal(['a=1', 'c=after', 'd=4', 'e=own']);
    });

    it('read a frozen store', async () => {
      const { kv } = store;
      const tx = kv.begin();
      expect(tx.seq).to.equal(kv.seq);
      await kv.put(b('a'), b('new'));
      await kv.deleteRange(range('c'));
      expect(entries(tx)).to.deep.equal(['a=1', 'b=2', 'c=3', 'd=4']);
      tx.rollback();
    });

    it('number their commit', async () => {
      const { kv } = store;
      const tx = kv.begin();
      tx.put(b('x'), b('1'));
      const seq = await tx.commit();
      expect(seq).to.equal(kv.seq);
      expect(seq).to.be.greaterThan(tx.seq);
    });

    it('leave nothing behind when rolled back, which may be repeated', async () => {
      const { kv } = store;
      const tx = kv.begin();
      tx.put(b('a'), b('own'));
      tx.deleteRange(range('b'));
      await tx.putStream(b('large'), [noise(100_000, 1)]);
      tx.rollback();
      tx.rollback();
      tx[Symbol.dispose]();
      expect(tx.isOpen).to.equal(false);
      expect(entries(kv)).to.deep.equal(['a=1', 'b=2', 'c=3', 'd=4']);
    });

    it('give cursors that see the transaction as it was when they were opened', async () => {
      const { kv } = store;
      const tx = kv.begin();
      tx.put(b('bb'), b('own'));
      const cursor = tx.scan();
      const backward = tx.scan({}, 'backward');
      cursor.next();
      tx.put(b('a2'), b('late'));
      tx.put(b('bb'), b('late'));
      tx.delete(b('c'));
      tx.deleteRange(range('d'));
      tx.put(b('cc'), b('late'));
      expect(drain(cursor)).to.deep.equal(['b=2', 'bb=own', 'c=3', 'd=4']);
      expect(drain(backward)).to.deep.equal(['d=4', 'c=3', 'bb=own', 'b=2', 'a=1']);
      expect(entries(tx)).to.deep.equal(['a=1', 'a2=late', 'b=2', 'bb=late', 'cc=late']);
      tx.rollback();
    });

    it('hold values of every size', async () => {
      const { kv } = store;
      const tx = kv.begin();
      for (const length of [0, 1, 40_000, 1 << 20]) tx.put(b(`v${length}`), noise(length, length));
      for (const length of [0, 1, 40_000, 1 << 20]) {
        expectBytes(tx.get(b(`v${length}`)), noise(length, length));
        expect(tx.describe(b(`v${length}`))!.length).to.equal(length);
      }
      await tx.commit();
      for (const length of [0, 1, 40_000, 1 << 20])
        expectBytes(kv.get(b(`v${length}`)), noise(length, length));
    });

    it('take copies of what they are given', async () => {
      const { kv } = store;
      const tx = kv.begin();
      const key = b('k');
      const value = b('v');
      tx.put(key, value);
      key.fill(0);
      value.fill(0);
      const bounds = { low: b('a'), high: b('c') };
      tx.deleteRange(bounds);
      bounds.high.fill(255);
      await tx.commit();
      expect(entries(kv)).to.deep.equal(['c=3', 'd=4', 'k=v']);
    });

    it('hold ten thousand writes, and settle between', async () => {
      const { kv } = store;
      const tx = kv.begin();
      for (let i = 0; i < 10_000; i++) {
        tx.put(b(`k${String(i).padStart(5, '0')}`), noise(100, i));
        if (i % 1000 === 999) await tx.settle();
      }
      expect(entries(tx, range('k')).length).to.equal(10_000);
      await tx.commit();
      expect(entries(kv, range('k')).length).to.equal(10_000);
      expectBytes(kv.get(b('k07777')), noise(100, 7777));
    });

    it('may be open by the thousand', async () => {
      const { kv } = store;
      const open = Array.from({ length: 3000 }, () => kv.begin());
      open.forEach((tx, i) => tx.put(b(`k${i}`), b('x')));
      for (let i = 0; i < open.length; i += 2) open[i]!.rollback();
      await Promise.all(open.filter((_, i) => i % 2 === 1).map((tx) => tx.commit()));
      expect(entries(kv, range('k')).length).to.equal(1500);
    });

    it('refuse use once they are over', async () => {
      const { kv } = store;
      const committed = kv.begin();
      committed.put(b('x'), b('1'));
      const mark = committed.savepoint();
      await committed.commit();
      const rolledBack = kv.begin();
      rolledBack.rollback();
      for (const tx of [committed, rolledBack]) {
        expect(tx.isOpen).to.equal(false);
        for (const use of [
          () => tx.get(b('a')),
          () => tx.has(b('a')),
          () => tx.lookup(b('a')),
          () => tx.describe(b('a')),
          () => tx.openValue(b('a')),
          () => tx.scan(),
          () => tx.estimate(),
          () => tx.put(b('a'), b('1')),
          () => tx.delete(b('a')),
          () => tx.deleteRange(range('a')),
          () => tx.putStream(b('a'), [b('1')]),
          () => tx.declareRead(b('a')),
          () => tx.declareReadRange(range('a')),
          () => tx.hasConflict(b('a')),
          () => tx.savepoint(),
          () => tx.rollbackTo(mark),
          () => tx.settle(),
          () => tx.commit(),
        ]) {
          await expectCode('Closed', use);
        }
        tx.rollback();
      }
      expect(show(kv.get(b('x')))).to.equal('1');
    });
  });

  describe('savepoints', () => {
    const store = freshStore(open);
    beforeEach(() => fill(store.kv, { a: '1', b: '2' }));

    it('undo what was written since, and nest', async () => {
      const { kv } = store;
      const tx = kv.begin();
      tx.put(b('a'), b('first'));
      const outer = tx.savepoint();
      tx.put(b('a'), b('second'));
      tx.put(b('x'), b('second'));
      tx.delete(b('b'));
      const inner = tx.savepoint();
      tx.put(b('a'), b('third'));
      tx.deleteRange({});
      tx.put(b('y'), b('third'));
      expect(entries(tx)).to.deep.equal(['y=third']);
      tx.rollbackTo(inner);
      expect(entries(tx)).to.deep.equal(['a=second', 'x=second']);
      tx.put(b('z'), b('fourth'));
      tx.rollbackTo(outer);
      expect(entries(tx)).to.deep.equal(['a=first', 'b=2']);
      tx.put(b('w'), b('fifth'));
      tx.rollbackTo(outer);
      expect(entries(tx)).to.deep.equal(['a=first', 'b=2']);
      await tx.commit();
      expect(entries(kv)).to.deep.equal(['a=first', 'b=2']);
    });

    it('undo the first write of a key, a range deletion, a large value', async () => {
      const { kv } = store;
      const tx = kv.begin();
      const mark = tx.savepoint();
      tx.put(b('new'), b('x'));
      await tx.putStream(b('large'), [noise(200_000, 5)]);
      tx.deleteRange(range('a', 'c'));
      tx.rollbackTo(mark);
      expect(entries(tx)).to.deep.equal(['a=1', 'b=2']);
      tx.put(b('c'), b('3'));
      await tx.commit();
      expect(entries(kv)).to.deep.equal(['a=1', 'b=2', 'c=3']);
    });

    it('when rolled back to end the cursors opened since, and no others', async () => {
      const tx = store.kv.begin();
      const before = tx.scan();
      const mark = tx.savepoint();
      tx.put(b('x'), b('1'));
      const since = tx.scan();
      since.next();
      tx.rollbackTo(mark);
      await expectCode('Closed', () => since.next());
      before.next();
      expect(here(before)).to.equal('a=1');
      before.close();
      tx.rollback();
    });

    it('can be released, with those set after them, keeping what was written', async () => {
      const tx = store.kv.begin();
      const outer = tx.savepoint();
      tx.put(b('x'), b('1'));
      const middle = tx.savepoint();
      tx.put(b('y'), b('2'));
      const inner = tx.savepoint();
      tx.releaseSavepoint(middle);
      expect(entries(tx)).to.deep.equal(['a=1', 'b=2', 'x=1', 'y=2']);
      await expectCode('NotFound', () => tx.rollbackTo(middle));
      await expectCode('NotFound', () => tx.rollbackTo(inner));
      tx.rollbackTo(outer);
      expect(entries(tx)).to.deep.equal(['a=1', 'b=2']);
      tx.rollback();
    });

    it('that were undone are no more', async () => {
      const tx = store.kv.begin();
      const outer = tx.savepoint();
      const inner = tx.savepoint();
      tx.rollbackTo(outer);
      await expectCode('NotFound', () => tx.rollbackTo(inner));
      await expectCode('NotFound', () => tx.rollbackTo(123_456));
      tx.rollback();
    });

    it('take conflicts back with the writes they undo', async () => {
      const { kv } = store;
      const tx = kv.begin();
      const mark = tx.savepoint();
      tx.put(b('a'), b('own'));
      await kv.put(b('a'), b('other'));
      tx.rollbackTo(mark);
      tx.put(b('b'), b('own'));
      await tx.commit();
      expect(entries(kv)).to.deep.equal(['a=other', 'b=own']);
    });
  });
}
