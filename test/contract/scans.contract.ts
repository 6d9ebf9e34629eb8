/** Contract: cursors. */
import { expect } from 'chai';
import type { Cursor, Direction, OrderedKv, SeekMode } from '../../lsm/ordered-kv.js';
import { EntrySpan } from '../../lsm/base/entry-span.js';
import {
  b,
  drain,
  entries,
  expectCode,
  fill,
  freshStore,
  here,
  range,
  show,
  type OpenKv,
} from './fixture.js';

const DIRECTIONS: readonly Direction[] = ['forward', 'backward'];
const MODES: readonly SeekMode[] = ['EQ', 'LE', 'GE'];

/** b, d, f, h are there; c and g were; the rest never was. */
async function fillSparsely(kv: OrderedKv): Promise<void> {
  await fill(kv, { b: '1', c: 'x', d: '2', f: '3', g: 'x', h: '4' });
  await kv.delete(b('c'));
  await kv.deleteRange(range('g', 'h'));
}
const PRESENT = ['b', 'd', 'f', 'h'];
const PROBES = ['a', 'b', 'bb', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
const BOUNDS: readonly (readonly [string | undefined, string | undefined])[] = [
  [undefined, undefined],
  ['b', undefined],
  [undefined, 'h'],
  ['c', 'g'],
  ['b', 'h'],
  ['d', 'd'],
  ['c', 'd'],
  ['i', undefined],
  [undefined, 'a'],
];

/** The key that a seek finds, by its definition. */
function sought(keys: readonly string[], probe: string, mode: SeekMode): string | undefined {
  if (mode === 'EQ') return keys.find((key) => key === probe);
  return mode === 'GE' ? keys.find((key) => key >= probe) : keys.findLast((key) => key <= probe);
}

function keyOf(cursor: Cursor): string | undefined {
  return cursor.isValid ? show(cursor.key()) : undefined;
}

function spanKey(span: EntrySpan, i: number): string | undefined {
  return show(span.keys.slice(span.keyAt[i], span.keyEnds[i]));
}

export function scansContract(open: OpenKv): void {
  describe('cursors', () => {
    const store = freshStore(open);

    it('yield keys in the order of unsigned bytes, prefixes first', async () => {
      const keys = [
        '\x00',
        '\x00\x00',
        '\x01',
        'A',
        'a',
        'a\x00',
        'a\x00\x00',
        'aa',
        '\x7f',
        '\x80',
        '\xff',
        '\xff\x00',
        '\xff\xff',
      ];
      await fill(store.kv, Object.fromEntries([...keys].reverse().map((key) => [key, 'v'])));
      const expected = keys.map((key) => `${key}=v`);
      expect(entries(store.kv)).to.deep.equal(expected);
      expect(entries(store.kv, {}, 'backward')).to.deep.equal(expected.reverse());
    });

    it('keep to their range, which includes low and excludes high', async () => {
      await fillSparsely(store.kv);
      for (const [low, high] of BOUNDS) {
        const keys = PRESENT.filter(
          (key) => (low === undefined || key >= low) && (high === undefined || key < high),
        );
        for (const direction of DIRECTIONS) {
          const found = entries(store.kv, range(low, high), direction).map((entry) => entry[0]);
          expect(found, `${low} to ${high}, ${direction}`).to.deep.equal(
            direction === 'forward' ? keys : [...keys].reverse(),
          );
        }
      }
    });

    for (const mode of MODES) {
      it(`seek ${mode}: at keys there, deleted and absent, outside the range and in empty ones, then on to both sides`, async () => {
        await fillSparsely(store.kv);
        for (const [low, high] of BOUNDS) {
          const keys = PRESENT.filter(
            (key) => (low === undefined || key >= low) && (high === undefined || key < high),
          );
          for (const direction of DIRECTIONS) {
            for (const probe of PROBES) {
              const what = `${probe} in ${low} to ${high}, ${direction}`;
              const expected = sought(keys, probe, mode);
              const cursor = store.kv.scan(range(low, high), direction);
              expect(cursor.seek(b(probe), mode), what).to.equal(expected !== undefined);
              expect(keyOf(cursor), what).to.equal(expected);
              if (expected !== undefined) {
                const step = direction === 'forward' ? 1 : -1;
                const at = keys.indexOf(expected);
                expect(cursor.next(), what).to.equal(keys[at + step] !== undefined);
                expect(keyOf(cursor), `after ${what}`).to.equal(keys[at + step]);
                cursor.seek(b(probe), mode);
                cursor.previous();
                expect(keyOf(cursor), `before ${what}`).to.equal(keys[at - step]);
              }
              cursor.close();
            }
          }
        }
      });
    }

    it('advance over as many entries as so many moves, in both directions, and stand where these lead', async () => {
      await fillSparsely(store.kv);
      for (const [low, high] of BOUNDS) {
        for (const direction of DIRECTIONS) {
          for (let most = 0; most <= 5; most++) {
            const what = `${most} in ${low} to ${high}, ${direction}`;
            const cursor = store.kv.scan(range(low, high), direction);
            const walker = store.kv.scan(range(low, high), direction);
            let moves = 0;
            while (moves < most && walker.next()) moves++;
            expect(cursor.advance(most), what).to.equal(moves);
            expect(keyOf(cursor), what).to.equal(keyOf(walker));
            expect(cursor.advance(1), `on from ${what}`).to.equal(walker.next() ? 1 : 0);
            expect(keyOf(cursor), `on from ${what}`).to.equal(keyOf(walker));
            cursor.close();
            walker.close();
          }
        }
      }
    });

    it('read as many entries at once as so many moves find, and stand at the last of them', async () => {
      await fillSparsely(store.kv);
      const span = new EntrySpan();
      for (const [low, high] of BOUNDS) {
        for (const direction of DIRECTIONS) {
          for (let most = 0; most <= 5; most++) {
            const what = `${most} in ${low} to ${high}, ${direction}`;
            const cursor = store.kv.scan(range(low, high), direction);
            const walker = store.kv.scan(range(low, high), direction);
            while (cursor.read(span, most) > 0) {
              expect(span.count, what).to.be.within(1, most);
              for (let i = 0; i < span.count; i++) {
                expect(walker.next(), what).to.equal(true);
                expect(store.kv.has(b('d'))).to.equal(true);
                if (!cursor.isFresh(span)) cursor.refresh(span);
                const { bytes, valueAt } = span;
                expect(
                  `${spanKey(span, i)}=${show(bytes.slice(valueAt[i], valueAt[i]! + 1))}`,
                  what,
                ).to.equal(here(walker));
              }
              expect(keyOf(cursor), what).to.equal(keyOf(walker));
            }
            if (most > 0) expect(walker.next(), what).to.equal(false);
            cursor.close();
            walker.close();
          }
        }
      }
    });

    it('find a deleted key neither by itself nor by its neighbours', async () => {
      await fill(store.kv, { a: '1', b: '2', c: '3' });
      await store.kv.delete(b('b'));
      const cursor = store.kv.scan();
      expect(cursor.seek(b('b'), 'EQ')).to.equal(false);
      expect(cursor.isValid).to.equal(false);
      cursor.seek(b('b'), 'GE');
      expect(here(cursor)).to.equal('c=3');
      cursor.seek(b('b'), 'LE');
      expect(here(cursor)).to.equal('a=1');
      cursor.close();
    });

    it('are at no entry at first, and move to the first of the scan', async () => {
      await fill(store.kv, { a: '1', b: '2' });
      for (const direction of DIRECTIONS) {
        const cursor = store.kv.scan({}, direction);
        expect(cursor.isValid).to.equal(false);
        expect(cursor.next()).to.equal(true);
        expect(here(cursor)).to.equal(direction === 'forward' ? 'a=1' : 'b=2');
        cursor.close();
      }
    });

    it('turn around at any place, past the ends too', async () => {
      await fill(store.kv, { a: '1', b: '2', c: '3', d: '4' });
      for (const direction of DIRECTIONS) {
        const keys = direction === 'forward' ? 'abcd' : 'dcba';
        const cursor = store.kv.scan({}, direction);
        let at = -1;
        // n: next, p: previous.
        for (const move of 'nnpnpnnnnnppnpppppnnn') {
          at = move === 'n' ? Math.min(at + 1, 4) : Math.max(at - 1, -1);
          expect(move === 'n' ? cursor.next() : cursor.previous()).to.equal(keys[at] !== undefined);
          expect(keyOf(cursor)).to.equal(keys[at]);
        }
        cursor.close();
      }
    });

    it('scan the keys that start with a prefix, and no others', async () => {
      const keys = [
        'a',
        'ab',
        'ab\x00',
        'ab\xff',
        'ab\xff\xff',
        'ac',
        'b',
        '\xff',
        '\xff\xfe',
        '\xff\xff',
        '\xff\xff\x01',
      ];
      await fill(store.kv, Object.fromEntries(keys.map((key) => [key, ''])));
      for (const prefix of ['', 'a', 'ab', 'ab\xff', 'x', '\xff', '\xff\xff', '\xff\xff\xff']) {
        const expected = keys.filter((key) => key.startsWith(prefix)).map((key) => `${key}=`);
        expect(drain(store.kv.scanPrefix(b(prefix))), `prefix of ${prefix.length}`).to.deep.equal(expected);
        expect(drain(store.kv.scanPrefix(b(prefix), 'backward'))).to.deep.equal(expected.reverse());
      }
    });

    it('tell length and kind of a value without reading it', async () => {
      await store.kv.put(b('a'), new Uint8Array(5));
      await store.kv.put(b('b'), new Uint8Array(200_000));
      const cursor = store.kv.scan();
      cursor.next();
      expect([cursor.valueLength, cursor.valueKind]).to.deep.equal([5, store.kv.describe(b('a'))!.kind]);
      cursor.next();
      expect([cursor.valueLength, cursor.valueKind]).to.deep.equal([
        200_000,
        store.kv.describe(b('b'))!.kind,
      ]);
      const reader = cursor.openValue();
      expect(reader.length).to.equal(200_000);
      reader.close();
      cursor.close();
    });

    it('give copies of keys and values that outlive a move', async () => {
      await fill(store.kv, { a: '1', b: '2' });
      const cursor = store.kv.scan();
      cursor.next();
      const key = cursor.key();
      const value = cursor.value();
      key.fill(0x78);
      cursor.next();
      expect([show(key), show(value)]).to.deep.equal(['x', '1']);
      cursor.close();
      expect(entries(store.kv)).to.deep.equal(['a=1', 'b=2']);
    });

    it('keep their place and their sight while the store is written to', async () => {
      const { kv } = store;
      const many = Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [`k${String(i).padStart(3, '0')}`, 'old']),
      );
      await fill(kv, many);
      const forward = kv.scan();
      const backward = kv.scan({}, 'backward');
      for (let i = 0; i < 100; i++) {
        forward.next();
        backward.next();
      }
      for (const key of Object.keys(many)) {
        await kv.put(b(key), b('new'));
        await kv.put(b(`${key}x`), b('new'));
      }
      await kv.deleteRange(range('k100', 'k200'));
      await kv.delete(b('k250'));
      expect(here(forward)).to.equal('k099=old');
      expect(here(backward)).to.equal('k200=old');
      const rest = Object.keys(many).map((key) => `${key}=old`);
      expect(drain(forward)).to.deep.equal(rest.slice(100));
      expect(drain(backward)).to.deep.equal(rest.slice(0, 200).reverse());
    });

    it('do not disturb one another', async () => {
      const { kv } = store;
      await fill(kv, { a: '1', b: '2', c: '3', d: '4' });
      const one = kv.scan();
      const two = kv.scan({}, 'backward');
      const seen: (string | undefined)[] = [];
      for (let i = 0; i < 4; i++) {
        one.next();
        two.next();
        kv.get(b('c'));
        seen.push(here(one), here(two));
      }
      expect(seen).to.deep.equal(['a=1', 'd=4', 'b=2', 'c=3', 'c=3', 'b=2', 'd=4', 'a=1']);
      one.close();
      expect(here(two)).to.equal('a=1');
      two.close();
    });

    it('read nothing at a place without an entry', async () => {
      const cursor = store.kv.scan();
      expect(cursor.next()).to.equal(false);
      for (const read of ['key', 'value', 'loadValue', 'openValue'] as const) {
        await expectCode('NotFound', () => cursor[read]());
      }
      cursor.close();
    });

    it('are closed for good', async () => {
      await fill(store.kv, { a: '1' });
      const cursor = store.kv.scan();
      cursor.next();
      cursor.close();
      cursor.close();
      expect(cursor.isValid).to.equal(false);
      for (const use of [
        () => cursor.next(),
        () => cursor.previous(),
        () => cursor.seek(b('a'), 'EQ'),
        () => cursor.key(),
        () => cursor.value(),
        () => cursor.loadValue(),
        () => cursor.openValue(),
      ]) {
        await expectCode('Closed', use);
      }
    });
  });
}
