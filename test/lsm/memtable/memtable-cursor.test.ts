import { expect } from 'chai';
import fc from 'fast-check';
import { NO_BYTES, type Bytes } from '../../../lsm/base/bytes.js';
import { Memtable } from '../../../lsm/memtable/memtable.js';
import { ModelMemtable, apply, hex, put, remove, show, showCursor, text } from './batches.js';

const overlay = (): Memtable =>
  new Memtable({ capacityBytes: 16 * 1024 * 1024, shared: false, growable: true, baseSeq: 0 });
const name = (i: number): Bytes => text(`key/${String(i).padStart(4, '0')}`);

interface Walk {
  readonly initial: readonly number[];
  /** At each step: keys to insert before it. */
  readonly inserts: readonly (readonly number[])[];
}
const walks: fc.Arbitrary<Walk> = fc.record({
  initial: fc.array(fc.nat(300), { minLength: 1, maxLength: 300 }),
  inserts: fc.array(fc.array(fc.nat(300), { maxLength: 8 }), { minLength: 1, maxLength: 60 }),
});

describe('MemtableCursor', () => {
  it('finds the place of every key, and of the keys beside it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 }), { maxLength: 150 }),
        (keys) => {
          const memtable = overlay();
          const model = new ModelMemtable();
          keys.forEach((key, i) => {
            const operations = [i % 5 === 0 ? remove(key) : put(key, text(`${i}`))];
            apply(memtable, operations, i + 1, i);
            model.apply(operations, i + 1, i);
          });
          const cursor = memtable.cursor();
          const probes = keys.flatMap((key) => [key, Uint8Array.of(...key, 0), key.subarray(1)]);
          for (const probe of [NO_BYTES, text('\xff'), ...probes]) {
            const at = model.lowerBound(probe);
            cursor.seekAtLeast(probe, 0, probe.length);
            expect(cursor.isValid).to.equal(at < model.entries.length);
            if (cursor.isValid) expect(showCursor(cursor)).to.equal(show(model.entries[at]!));
            cursor.seekBefore(probe, 0, probe.length);
            expect(cursor.isValid).to.equal(at > 0);
            if (cursor.isValid) expect(showCursor(cursor)).to.equal(show(model.entries[at - 1]!));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('turns around anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { minLength: 1 }),
        fc.array(fc.boolean(), { maxLength: 100 }),
        (keys, turns) => {
          const memtable = overlay();
          const model = new ModelMemtable();
          keys.forEach((key, i) => {
            apply(memtable, [put(name(key))], i + 1, i);
            model.apply([put(name(key))], i + 1, i);
          });
          const cursor = memtable.cursor();
          cursor.first();
          let at = 0;
          for (const isForward of turns) {
            at += isForward ? 1 : -1;
            if (isForward) cursor.next();
            else cursor.previous();
            expect(cursor.isValid).to.equal(at >= 0 && at < model.entries.length);
            if (!cursor.isValid) return;
            expect(showCursor(cursor)).to.equal(show(model.entries[at]!));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  for (const direction of ['forward', 'backward'] as const) {
    it(`sees everything once while versions are added, ${direction}`, () => {
      fc.assert(
        fc.property(walks, ({ initial, inserts }) => {
          const memtable = overlay();
          let seq = 0;
          const write = (key: number): void =>
            apply(memtable, [put(name(key), text(`${seq}`))], ++seq, seq - 1);
          initial.forEach(write);
          const before = new Set<string>();
          const cursor = memtable.cursor();
          for (cursor.first(); cursor.isValid; cursor.next()) before.add(showCursor(cursor));
          const seen: string[] = [];
          let step = 0;
          if (direction === 'forward') cursor.first();
          else cursor.last();
          while (cursor.isValid) {
            const shown = showCursor(cursor);
            if (before.has(shown)) seen.push(shown);
            inserts[step++ % inserts.length]!.forEach(write);
            expect(showCursor(cursor)).to.equal(shown);
            if (step > 400) return; // later entries of one key may come without end
            if (direction === 'forward') cursor.next();
            else cursor.previous();
          }
          const expected = [...before];
          expect(seen).to.deep.equal(direction === 'forward' ? expected : expected.reverse());
        }),
        { numRuns: 40 },
      );
    });

    it(`sees every key once while newer versions take their places, ${direction}`, () => {
      fc.assert(
        fc.property(walks, ({ initial, inserts }) => {
          const memtable = overlay();
          let seq = 0;
          const write = (key: number): void => apply(memtable, [put(name(key), text(`${seq}`))], ++seq, 0);
          initial.forEach(write);
          const keys = [...new Set(initial)].sort((a, b) => a - b).map((key) => hex(name(key)));
          const cursor = memtable.cursor();
          const seen: string[] = [];
          let step = 0;
          if (direction === 'forward') cursor.first();
          else cursor.last();
          while (cursor.isValid) {
            seen.push(hex(cursor.keyBytes.subarray(cursor.keyOffset, cursor.keyOffset + cursor.keyLength)));
            inserts[step++ % inserts.length]!.forEach(write);
            if (direction === 'forward') cursor.next();
            else cursor.previous();
          }
          expect(new Set(seen).size).to.equal(seen.length);
          expect(seen).to.include.members(keys);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('goes on after a rollback took its entry, or everything', () => {
    const memtable = overlay();
    for (let i = 0; i < 10; i++) apply(memtable, [put(name(i))], i + 1, i);
    for (let i = 0; i < 9; i++)
      apply(memtable, [put(text(`key/${String(i).padStart(4, '0')}x`))], 11 + i, 10 + i);
    const forwards = memtable.cursor();
    forwards.seekAtLeast(text('key/0003x'), 0, 9);
    const backwards = memtable.cursor();
    backwards.seekAtLeast(text('key/0005x'), 0, 9);
    const removed = memtable.cursor();
    removed.last();
    memtable.rollbackAbove(10);
    forwards.next();
    expect(showCursor(forwards)).to.equal(show({ key: name(4), kind: 1, value: text('v'), seq: 5 }));
    backwards.previous();
    expect(showCursor(backwards)).to.equal(show({ key: name(5), kind: 1, value: text('v'), seq: 6 }));
    memtable.rollbackAbove(0);
    forwards.next();
    expect(forwards.isValid).to.equal(false);
    apply(memtable, [put(name(0)), put(name(8))], 1, 0);
    backwards.previous();
    expect(showCursor(backwards)).to.equal(show({ key: name(0), kind: 1, value: text('v'), seq: 1 }));
    removed.next();
    expect(removed.isValid).to.equal(false);
  });

  it('keeps its registers while the arena grows', () => {
    const memtable = overlay();
    apply(memtable, [put(name(1), text('value'))], 1, 0);
    const cursor = memtable.cursor();
    cursor.first();
    const before = showCursor(cursor);
    for (let i = 2; i < 2000; i++) apply(memtable, [put(name(i), new Uint8Array(50))], i, 0);
    cursor.refresh();
    expect(showCursor(cursor)).to.equal(before);
  });

  it('is not valid any more once closed', () => {
    const memtable = overlay();
    apply(memtable, [put(name(1))], 1, 0);
    const cursor = memtable.cursor();
    cursor.first();
    cursor.close();
    cursor.close();
    expect(cursor.isValid).to.equal(false);
    cursor.first();
    expect(cursor.isValid).to.equal(false);
  });
});
