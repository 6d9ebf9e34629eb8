/** Contract: what is refused, and how; the end of a store. */
import { expect } from 'chai';
import type { Bytes, Direction, KeyRange, OrderedKv, SeekMode } from '../../lsm/ordered-kv.js';
import { b, entries, expectCode, fill, freshStore, range, type OpenKv } from './fixture.js';

/** Arguments that break the contract. */
const asBytes = (value: unknown): Bytes => value as Bytes;
const asRange = (value: unknown): KeyRange => value as KeyRange;

const BAD_KEYS: readonly (readonly [string, Bytes])[] = [
  ['an empty key', new Uint8Array(0)],
  ['a key of 65,537 bytes', new Uint8Array(65_537)],
  ['a string for a key', asBytes('key')],
  ['nothing for a key', asBytes(undefined)],
  ['an array for a key', asBytes([1, 2, 3])],
];
const BAD_VALUES: readonly (readonly [string, Bytes])[] = [
  ['a string for a value', asBytes('value')],
  ['nothing for a value', asBytes(undefined)],
  ['null for a value', asBytes(null)],
  ['words for a value', asBytes(new Uint16Array(3))],
];
const BAD_RANGES: readonly (readonly [string, KeyRange])[] = [
  ['a reversed range', range('b', 'a')],
  ['a range whose low bound is a string', asRange({ low: 'a' })],
  ['a range whose high bound is a number', asRange({ high: 7 })],
  ['a range whose high bound is null', asRange({ high: null })],
];

export function refusalsContract(open: OpenKv): void {
  describe('refusals', () => {
    const store = freshStore(open, (kv) => {
      expect(entries(kv), 'a refusal changes nothing').to.deep.equal(['a=1']);
    });
    beforeEach(() => fill(store.kv, { a: '1' }));

    it('no byte of a key, or more than there are: BadKey', async () => {
      for (const length of [0, -1, 4, NaN])
        await expectCode('BadKey', () => store.kv.lookup(b('key'), length));
    });

    for (const [what, key] of BAD_KEYS) {
      it(`${what}: BadKey`, async () => {
        const { kv } = store;
        const batch = kv.batch();
        const tx = kv.begin();
        const cursor = kv.scan();
        for (const use of [
          () => kv.get(key),
          () => kv.has(key),
          () => kv.lookup(key),
          () => kv.describe(key),
          () => kv.openValue(key),
          () => kv.put(key, b('v')),
          () => kv.delete(key),
          () => kv.putStream(key, [b('v')]),
          () => batch.put(key, b('v')),
          () => batch.delete(key),
          () => tx.get(key),
          () => tx.put(key, b('v')),
          () => tx.delete(key),
          () => tx.putStream(key, [b('v')]),
          () => tx.declareRead(key),
          () => tx.hasConflict(key),
          () => cursor.seek(key, 'EQ'),
        ]) {
          await expectCode('BadKey', use);
        }
        cursor.close();
        await tx.commit();
        await kv.write(batch);
      });
    }

    for (const [what, value] of BAD_VALUES) {
      it(`${what}: BadValue`, async () => {
        const { kv } = store;
        const batch = kv.batch();
        const tx = kv.begin();
        await expectCode('BadValue', () => kv.put(b('k'), value));
        await expectCode('BadValue', () => batch.put(b('k'), value));
        await expectCode('BadValue', () => tx.put(b('k'), value));
        await tx.commit();
        await kv.write(batch);
      });
    }

    for (const [what, bad] of BAD_RANGES) {
      it(`${what}: BadRange`, async () => {
        const { kv } = store;
        const batch = kv.batch();
        const tx = kv.begin();
        for (const use of [
          () => kv.scan(bad),
          () => kv.estimate(bad),
          () => kv.deleteRange(bad),
          () => batch.deleteRange(bad),
          () => tx.scan(bad),
          () => tx.deleteRange(bad),
          () => tx.declareReadRange(bad),
        ]) {
          await expectCode('BadRange', use);
        }
        await tx.commit();
        await kv.write(batch);
      });
    }

    it('a direction or a mode that is none: BadRange', async () => {
      await expectCode('BadRange', () => store.kv.scan({}, 'sideways' as Direction));
      const cursor = store.kv.scan();
      await expectCode('BadRange', () => cursor.seek(b('a'), 'LT' as SeekMode));
      cursor.close();
    });

    it('a prefix that is not bytes: BadRange', async () => {
      await expectCode('BadRange', () => store.kv.scanPrefix(asBytes('a')));
    });
  });

  describe('a closed store', () => {
    const store = freshStore(open);

    const closeWith = async (kv: OrderedKv): Promise<void> => {
      await kv.close();
      await kv.close();
      await kv[Symbol.asyncDispose]();
    };

    it('refuses every use; closing it again does not matter', async () => {
      const { kv } = store;
      await fill(kv, { a: '1' });
      const batch = kv.batch().put(b('b'), b('2'));
      await closeWith(kv);
      for (const use of [
        () => kv.get(b('a')),
        () => kv.has(b('a')),
        () => kv.lookup(b('a')),
        () => kv.describe(b('a')),
        () => kv.openValue(b('a')),
        () => kv.scan(),
        () => kv.scanPrefix(b('a')),
        () => kv.estimate(),
        () => kv.snapshot(),
        () => kv.begin(),
        () => kv.put(b('a'), b('2')),
        () => kv.delete(b('a')),
        () => kv.deleteRange({}),
        () => kv.putStream(b('a'), [b('2')]),
        () => kv.write(batch),
      ]) {
        await expectCode('Closed', use);
      }
    });

    it('ends its snapshots, transactions and cursors', async () => {
      const { kv } = store;
      await fill(kv, { a: '1' });
      const snapshot = kv.snapshot();
      const tx = kv.begin();
      tx.put(b('b'), b('2'));
      const cursors = [kv.scan(), snapshot.scan(), tx.scan()];
      for (const cursor of cursors) cursor.next();
      await closeWith(kv);
      await expectCode('Closed', () => snapshot.get(b('a')));
      await expectCode('Closed', () => tx.get(b('a')));
      await expectCode('Closed', () => tx.commit());
      for (const cursor of cursors) await expectCode('Closed', () => cursor.next());
      snapshot.release();
      tx.rollback();
      for (const cursor of cursors) cursor.close();
    });

    it('has kept the writes that nobody waited for', async () => {
      const { kv } = store;
      const writes = Array.from({ length: 20 }, (_, i) => kv.put(b(`k${i}`), b('x')));
      await kv.close();
      await Promise.all(writes);
    });
  });
}
