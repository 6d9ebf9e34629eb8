import { expect } from 'chai';
import fc from 'fast-check';
import { NO_BYTES, compareBytes, type Bytes } from '../../../lsm/base/bytes.js';
import { LsmError } from '../../../lsm/errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { Memtable } from '../../../lsm/memtable/memtable.js';
import { EntryRegisters } from '../../../lsm/read/source-cursor.js';
import {
  ModelMemtable,
  apply,
  backward,
  encode,
  forward,
  hex,
  put,
  putBlob,
  remove,
  removeRange,
  show,
  text,
  type Operation,
} from './batches.js';

const MIB = 1024 * 1024;
const EVERYTHING = Number.MAX_SAFE_INTEGER;

const plain = (capacityBytes = MIB): Memtable =>
  new Memtable({ capacityBytes, shared: false, growable: false, baseSeq: 1 });
const overlay = (): Memtable =>
  new Memtable({ capacityBytes: 64 * MIB, shared: false, growable: true, baseSeq: 0 });

/** Few different keys of many lengths, so that they meet: prefixes of one another, zeros, 0xff. */
const key = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3, max: 2 }),
  fc.constantFrom(1, 2, 3, 4, 5, 8, 9, 130).map((n) => new Uint8Array(n)),
  fc.constantFrom(1, 2, 4, 5, 6, 200).map((n) => new Uint8Array(n).fill(0xff)),
  fc.nat(40).map((n) => text(`https://example.org/a/long/path/${n}`)),
  fc.nat(400).map((n) => text(`user${n}`)),
);
const bound = fc.oneof(key, fc.constant(NO_BYTES));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(key, fc.uint8Array({ maxLength: 5 })).map(([k, v]) => put(k, v)) },
  { weight: 2, arbitrary: key.map(remove) },
  { weight: 1, arbitrary: fc.tuple(key, fc.nat(1000)).map(([k, n]) => putBlob(k, n, n * 999)) },
  { weight: 1, arbitrary: fc.tuple(bound, bound).map(([low, high]) => removeRange(low, high)) },
);
const batch = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: 30 }),
  isProtected: fc.boolean(),
});
const batches = fc.array(batch, { maxLength: 12 });

function probes(model: ModelMemtable): Bytes[] {
  const around = model.entries.flatMap(({ key: k }) => {
    const after = new Uint8Array(k.length + 1);
    after.set(k);
    const below = k.slice();
    below[below.length - 1]!--;
    return [k, after, below, k.subarray(0, k.length - 1)];
  });
  return [NO_BYTES, text('\xff\xff\xff'), ...around];
}

function expectSame(memtable: Memtable, model: ModelMemtable): void {
  const expected = model.entries.map(show);
  expect(memtable.entryCount).to.equal(expected.length);
  const cursor = memtable.cursor();
  expect(forward(cursor)).to.deep.equal(expected);
  expect(backward(cursor)).to.deep.equal(expected.slice().reverse());
  cursor.close();
}

/** Keys of several keyspaces in turn: some ascend, one descends, some have no order, some come again. */
function interleaved(rounds: number): Bytes[] {
  return Array.from({ length: rounds }, (_, i) => {
    const random = (Math.imul(i + 1, 0x9e37_79b1) >>> 8) % 5000;
    return [
      text(`a${String(i).padStart(6, '0')}`),
      text(`b${String(i).padStart(6, '0')}, and more`),
      text(`c${String(random).padStart(6, '0')}`),
      text(`d${String(rounds - i).padStart(6, '0')}`),
      text(`e${i % 5}${String(i).padStart(6, '0')}`),
      text(`a${String((i * 7) % rounds).padStart(6, '0')}`),
    ];
  }).flat();
}

describe('Memtable', () => {
  for (const [what, make] of [
    ['a memtable', plain],
    ['an overlay', overlay],
  ] as const)
    it(`keeps keys of several keyspaces that come in turns in order: ${what}`, () => {
      const memtable = make();
      const newest = new Map<string, string>();
      const keys = interleaved(4000);
      const applyAll = (from: number, to: number, seq: number): void => {
        for (let i = from; i < to; i += 600) {
          const some = keys.slice(i, Math.min(i + 600, to));
          const ops = encode(some.map((each) => put(each, text(String(seq)))));
          memtable.apply(ops, 0, ops.length, seq, EVERYTHING);
          for (const each of some) newest.set(hex(each), `${seq}`);
        }
      };
      applyAll(0, 12_000, 2);
      if (what === 'an overlay') {
        const before = new Map(newest);
        applyAll(12_000, 18_000, 3);
        memtable.rollbackAbove(2);
        newest.clear();
        for (const [each, value] of before) newest.set(each, value);
      }
      applyAll(12_000, keys.length, 4);
      const cursor = memtable.cursor();
      const seen = new Map<string, string>();
      let last: string | undefined;
      for (cursor.first(); cursor.isValid; cursor.next()) {
        const { keyBytes, keyOffset, keyLength } = cursor;
        const each = hex(keyBytes.subarray(keyOffset, keyOffset + keyLength));
        if (last !== undefined && last > each) throw new Error(`${each} comes after ${last}`);
        if (last !== each) seen.set(each, String(cursor.seq));
        last = each;
      }
      cursor.close();
      expect(seen.size).to.equal(newest.size);
      const found = new EntryRegisters();
      for (const [each, seq] of newest) {
        const wanted = Uint8Array.from(Buffer.from(each, 'hex'));
        expect(memtable.find(wanted, 0, wanted.length, EVERYTHING, found), each).to.equal(true);
        expect([String(found.seq), seen.get(each)]).to.deep.equal([seq, seq]);
      }
    });

  it('is empty at first and takes little memory', () => {
    const memtable = overlay();
    expect(memtable.isEmpty).to.equal(true);
    expect([memtable.entryCount, memtable.byteLength, memtable.maxSeq, memtable.minSeq]).to.deep.equal([
      0, 0, 0, 0,
    ]);
    expect(memtable.memoryBytes).to.be.below(300);
    expect(memtable.find(text('a'), 0, 1, 9, new EntryRegisters())).to.equal(false);
    expect(memtable.estimate(undefined, undefined)).to.deep.equal({ count: 0, bytes: 0 });
    expect(memtable.hasNewerIn(undefined, undefined, 0)).to.equal(false);
    expect(forward(memtable.cursor())).to.deep.equal([]);
    apply(memtable, [put(text('a'))], 1, 0);
    expect(memtable.memoryBytes).to.be.below(2400);
  });

  it('finds values, deletions and blobs by registers', () => {
    const memtable = plain();
    apply(memtable, [put(text('a'), text('one')), remove(text('b')), putBlob(text('c'), 7, 123_456)], 5, 0);
    const out = new EntryRegisters();
    const find = (name: string): unknown[] => [
      memtable.find(text(name), 0, 1, 9, out),
      out.kind,
      out.rawLength,
      out.seq,
    ];
    expect(find('a')).to.deep.equal([true, KIND_RAW, 3, 5]);
    expect(hex(out.bytes.subarray(out.offset, out.offset + out.storedLength))).to.equal(hex(text('one')));
    expect(find('b')).to.deep.equal([true, KIND_DELETE, 0, 5]);
    expect(find('c')).to.deep.equal([true, KIND_BLOB, 123_456, 5]);
    expect(find('d')[0]).to.equal(false);
    expect([memtable.minSeq, memtable.maxSeq, memtable.isEmpty]).to.deep.equal([5, 5, false]);
  });

  it('holds what a list of versions holds', () => {
    fc.assert(
      fc.property(batches, (list) => {
        const memtable = plain();
        const model = new ModelMemtable();
        const out = new EntryRegisters();
        let protectedSeq = 0;
        list.forEach(({ operations, isProtected }, i) => {
          if (isProtected) protectedSeq = i + 1;
          apply(memtable, operations, i + 2, protectedSeq);
          model.apply(operations, i + 2, protectedSeq);
        });
        expectSame(memtable, model);
        for (const probe of probes(model)) {
          for (const maxSeq of [1, 4, 8, EVERYTHING]) {
            const expected = probe.length === 0 ? undefined : model.find(probe, maxSeq);
            expect(memtable.find(probe, 0, probe.length, maxSeq, out)).to.equal(expected !== undefined);
            if (expected === undefined) continue;
            expect([out.kind, out.seq, out.storedLength]).to.deep.equal([
              expected.kind,
              expected.seq,
              expected.value.length,
            ]);
          }
          expect(memtable.newestSeq(probe, 0, probe.length)).to.equal(
            model.find(probe, EVERYTHING)?.seq ?? 0,
          );
        }
      }),
      { numRuns: 80 },
    );
  });

  it('estimates small ranges exactly, and tells what is newer in them', () => {
    const option = fc.option(bound, { nil: undefined, freq: 5 });
    fc.assert(
      fc.property(batches, option, option, fc.nat(12), (list, low, high, seq) => {
        const memtable = plain();
        const model = new ModelMemtable();
        list.forEach(({ operations }, i) => {
          const points = operations.filter(({ kind }) => kind <= KIND_BLOB);
          apply(memtable, points, i + 1, i);
          model.apply(points, i + 1, i);
        });
        const inside = model.range(low, high);
        expect(memtable.estimate(low, high).count).to.equal(inside.length);
        expect(memtable.hasNewerIn(low, high, seq)).to.equal(inside.some((entry) => entry.seq > seq));
      }),
      { numRuns: 100 },
    );
  });

  it('goes back to a savepoint', () => {
    fc.assert(
      fc.property(batches, batches, fc.nat(12), (list, more, savepoint) => {
        const memtable = overlay();
        const model = new ModelMemtable();
        const run = (each: typeof list, first: number, protectedSeq: number): void =>
          each.forEach(({ operations }, i) => {
            const seq = first + i;
            apply(memtable, operations, seq, Math.min(protectedSeq, seq - 1));
            model.apply(operations, seq, Math.min(protectedSeq, seq - 1));
          });
        run(list, 1, savepoint);
        const tombstones = memtable.tombstones.records().filter(({ seq }) => seq <= savepoint);
        memtable.rollbackAbove(savepoint);
        model.rollbackAbove(savepoint);
        expectSame(memtable, model);
        expect(memtable.tombstones.maxSeq).to.equal(Math.max(0, ...tombstones.map(({ seq }) => seq)));
        expect(memtable.maxSeq).to.be.at.most(Math.min(savepoint, list.length));
        run(more, savepoint + 1, savepoint);
        expectSame(memtable, model);
      }),
      { numRuns: 60 },
    );
  });

  it('goes back again and again', () => {
    const memtable = overlay();
    const model = new ModelMemtable();
    let seq = 0;
    for (let round = 0; round < 300; round++) {
      const kept = [
        put(text(`kept${(round * 7) % 90}`), text(`${round}`)),
        remove(text(`gone${round % 13}`)),
      ];
      apply(memtable, kept, ++seq, seq - 1);
      model.apply(kept, seq, seq - 1);
      const savepoint = seq;
      for (let i = 0; i < 20; i++) apply(memtable, [put(text(`kept${i * round}`))], ++seq, savepoint);
      memtable.rollbackAbove(savepoint);
      seq = savepoint;
    }
    expectSame(memtable, model);
    memtable.rollbackAbove(100);
    model.rollbackAbove(100);
    expectSame(memtable, model);
    memtable.rollbackAbove(0);
    expect([memtable.isEmpty, memtable.byteLength, memtable.maxSeq]).to.deep.equal([true, 0, 0]);
    apply(memtable, [put(text('a'))], 1, 0);
    expect(memtable.entryCount).to.equal(1);
  });

  it('tells versions apart whose numbers were given before', () => {
    const memtable = overlay();
    const write = (from: number, to: number): void => {
      for (let seq = from; seq <= to; seq++)
        apply(memtable, [put(text('counter')), put(text('other'))], seq, seq - 1);
    };
    const out = new EntryRegisters();
    write(1, 2000);
    for (const savepoint of [1500, 700, 699, 1]) {
      memtable.rollbackAbove(savepoint);
      write(savepoint + 1, savepoint + 400);
      for (let seq = 1; seq <= savepoint + 400; seq++) {
        expect(memtable.find(text('counter'), 0, 7, seq, out) && out.seq).to.equal(seq);
      }
    }
  });

  it('holds what is left of thousands of entries after many rollbacks', () => {
    let state = 7;
    const random = (n: number): number =>
      ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 4) % n;
    const memtable = overlay();
    let live: [key: string, seq: number][] = [];
    let seq = 0;
    for (let step = 0; step < 60; step++) {
      const savepoint = seq;
      const base = random(3000);
      for (let n = random(3) > 0 ? random(800) : random(10); n > 0; n--) {
        const key = text(`${'p/'.repeat(random(3))}${random(4) > 0 ? (base + n) % 3000 : random(3000)}`);
        apply(memtable, [put(key)], ++seq, seq - 1);
        live.push([hex(key), seq]);
      }
      if (random(3) === 0) {
        seq = random(2) > 0 ? savepoint : random(seq + 1);
        memtable.rollbackAbove(seq);
        live = live.filter((entry) => entry[1] <= seq);
      }
      if (step % 20 !== 19) continue;
      const sorted = live.sort(([a, m], [b, n]) => (a < b ? -1 : a > b ? 1 : n - m));
      expect(forward(memtable.cursor()).map((each) => each.split(' ')[0])).to.deep.equal(
        sorted.map(([key, each]) => `${key}@${each}`),
      );
      const out = new EntryRegisters();
      const isWrong = ([key, each]: [string, number]): boolean => {
        const bytes = Uint8Array.from(Buffer.from(key, 'hex'));
        return !memtable.find(bytes, 0, bytes.length, each, out) || out.seq !== each;
      };
      expect(live.filter(isWrong)).to.deep.equal([]);
    }
  });

  it('gives room back when a rollback leaves little', () => {
    const memtable = overlay();
    apply(memtable, [put(text('first'))], 1, 0);
    const many = Array.from({ length: 20_000 }, (_, i) => put(text(`key${(i * 7919) % 20_000}`)));
    apply(memtable, many, 2, 1);
    const before = memtable.memoryBytes;
    memtable.rollbackAbove(1);
    expect(memtable.memoryBytes).to.be.below(before - 100_000);
    expect(forward(memtable.cursor()).length).to.equal(1);
    apply(memtable, many, 3, 1);
    expect(memtable.entryCount).to.equal(20_001);
  });

  for (const [name, keyOf] of [
    ['ascending', (i: number) => String(i).padStart(8, '0')],
    ['descending', (i: number) => String(99_999_999 - i)],
    ['shuffled', (i: number) => String((i * 7919) % 20_011).padStart(8, '0')],
    [
      'shuffled with long shared prefixes',
      (i: number) => `https://www.example.org/${(i * 7919) % 7}/p?${(i * 31) % 20_011}`,
    ],
    ['alternating between keyspaces', (i: number) => `${'\x01\x02\x80'[i % 3]}${(i * 7919) % 20_011}`],
    ['with bytes that a head cannot tell apart', (i: number) => `same${'\0'.repeat(i % 200)}`],
  ] as const) {
    it(`holds 20,000 entries, ${name}`, () => {
      const memtable = plain(4 * MIB);
      const model = new Map<string, number>();
      for (let i = 0; i < 20_000; i += 4) {
        const names = [i, i + 1, i + 2, i + 3].map(keyOf);
        apply(
          memtable,
          names.map((each) => put(text(each), text(`${i}`))),
          i + 1,
          0,
        );
        for (const each of names) model.set(hex(text(each)), i + 1);
      }
      const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      const cursor = memtable.cursor();
      const seen: [string, number][] = [];
      for (cursor.first(); cursor.isValid; cursor.next()) {
        seen.push([
          hex(cursor.keyBytes.subarray(cursor.keyOffset, cursor.keyOffset + cursor.keyLength)),
          cursor.seq,
        ]);
      }
      expect(seen).to.deep.equal(expected);
      const out = new EntryRegisters();
      for (const [each, seq] of expected) {
        const bytes = Uint8Array.from(Buffer.from(each, 'hex'));
        expect(memtable.find(bytes, 0, bytes.length, EVERYTHING, out)).to.equal(true);
        expect(out.seq).to.equal(seq);
      }
      const { count } = memtable.estimate(undefined, undefined);
      expect(count).to.equal(expected.length);
    });
  }

  it('keeps thousands of versions of one key apart', () => {
    const memtable = plain(4 * MIB);
    for (let seq = 1; seq <= 5000; seq++) {
      apply(memtable, [put(text('counter'), text(`${seq}`)), put(text('other'))], seq, seq - 1);
    }
    const out = new EntryRegisters();
    for (let seq = 1; seq <= 5000; seq += 7) {
      expect(memtable.find(text('counter'), 0, 7, seq, out)).to.equal(true);
      expect(out.seq).to.equal(seq);
    }
    apply(memtable, [put(text('counter'))], 5001, 0);
    expect(memtable.entryCount).to.equal(10_000);
    expect(memtable.find(text('counter'), 0, 7, 5000, out)).to.equal(true);
    expect(out.seq).to.equal(4999);
  });

  it('takes keys of every length to 65,536 bytes', () => {
    const memtable = plain(8 * MIB);
    const lengths = [1, 2, 3, 4, 5, 127, 128, 129, 16_383, 16_384, 16_385, 65_535, 65_536];
    for (const fill of [0x00, 0x61, 0xff]) {
      for (const n of lengths) apply(memtable, [put(new Uint8Array(n).fill(fill), text(`${n}`))], 1, 0);
    }
    const keys = [...new Set(forward(memtable.cursor()))];
    expect(keys.length).to.equal(39);
    const out = new EntryRegisters();
    for (const n of lengths) {
      const bytes = new Uint8Array(n + 2).fill(0x61);
      expect(memtable.find(bytes, 1, n, 1, out)).to.equal(true);
      expect(hex(out.bytes.subarray(out.offset, out.offset + out.storedLength))).to.equal(hex(text(`${n}`)));
    }
    expect(memtable.find(new Uint8Array(6).fill(0x61), 0, 6, 1, out)).to.equal(false);
  });

  it('estimates large ranges within a factor', () => {
    const memtable = plain(8 * MIB);
    const name = (i: number): Bytes => text(String(i).padStart(6, '0'));
    for (let i = 0; i < 60_000; i++) apply(memtable, [put(name((i * 7919) % 60_000))], i + 1, 0);
    for (const [low, high] of [
      [0, 30_000],
      [10_000, 50_000],
      [25_000, 60_000],
      [100, 8_000],
    ] as const) {
      const { count, bytes } = memtable.estimate(name(low), name(high));
      expect(count / (high - low)).to.be.within(0.6, 1.6);
      expect(bytes / count).to.be.within(9, 11);
    }
    expect(memtable.estimate(name(7), name(17))).to.deep.equal({ count: 10, bytes: 100 });
    expect(memtable.estimate(name(17), name(7)).count).to.equal(0);
  });

  it('deletes a range without walking it, and keeps what comes later', () => {
    const memtable = plain();
    apply(memtable, [put(text('a')), put(text('b'))], 1, 0);
    apply(memtable, [removeRange(text('a'), text('c')), put(text('b'), text('new'))], 2, 0);
    expect(memtable.entryCount).to.equal(2);
    expect(memtable.tombstones.records()).to.deep.equal([{ low: text('a'), high: text('c'), seq: 2 }]);
    expect(memtable.newestSeq(text('a'), 0, 1)).to.equal(1);
    expect(memtable.newestSeq(text('b'), 0, 1)).to.equal(2);
    expect(memtable.hasNewerIn(text('a'), text('b'), 1)).to.equal(true);
    expect(memtable.hasNewerIn(text('c'), undefined, 1)).to.equal(false);
  });

  it('deletes with a range what came before it in the same batch', () => {
    const memtable = plain();
    apply(
      memtable,
      [
        put(text('a')),
        putBlob(text('b'), 1, 9),
        put(text('d')),
        removeRange(text('a'), text('c')),
        put(text('a2')),
      ],
      3,
      0,
    );
    const kinds = forward(memtable.cursor()).map((each) => each.split(' ').slice(0, 2).join(' '));
    const expected = [
      [text('a'), KIND_DELETE],
      [text('a2'), KIND_RAW],
      [text('b'), KIND_DELETE],
      [text('b'), KIND_BLOB],
      [text('d'), KIND_RAW],
    ] as const;
    expect(kinds).to.deep.equal(expected.map(([k, kind]) => `${hex(k)}@3 ${kind}`));
    const out = new EntryRegisters();
    expect(memtable.find(text('a'), 0, 1, 3, out) && out.kind === KIND_DELETE).to.equal(true);
  });

  it('keeps a version with a blob that a newer one hides', () => {
    const memtable = plain();
    apply(memtable, [putBlob(text('a'), 1, 9)], 1, 0);
    apply(memtable, [put(text('a'))], 2, 0);
    apply(memtable, [put(text('a'))], 3, 0);
    expect(forward(memtable.cursor()).map((each) => each.slice(0, 6))).to.deep.equal(['61@3 1', '61@1 3']);
  });

  it('has room for its capacity, and says when it is full', () => {
    const memtable = plain(4096);
    expect(memtable.hasRoom(4096)).to.equal(true);
    expect(memtable.hasRoom(4097)).to.equal(false);
    const batchBytes = encode([put(text('a'), new Uint8Array(4096 - 5))]);
    expect(batchBytes.length).to.equal(4096);
    memtable.apply(batchBytes, 0, batchBytes.length, 1, 0);
    expect(memtable.hasRoom(1)).to.equal(false);
    memtable.clear();
    expect(memtable.isEmpty && memtable.hasRoom(4096)).to.equal(true);
  });

  it('takes no more after freeze', () => {
    const memtable = plain();
    memtable.freeze();
    expect(memtable.hasRoom(1)).to.equal(false);
    expect(() => apply(memtable, [put(text('a'))], 1, 0)).to.throw('frozen');
  });

  it('refuses a malformed batch as a whole', () => {
    const ops = encode([put(text('a')), put(text('b'))]);
    for (let length = 1; length < ops.length; length++) {
      if (length === ops.length / 2) continue;
      const memtable = plain();
      expect(() => memtable.apply(ops, 0, length, 1, 0))
        .to.throw(LsmError)
        .with.property('code', 'Corrupt');
      expect(memtable.isEmpty && memtable.byteLength === 0).to.equal(true);
    }
  });

  it('orders like unsigned bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 400 }),
        (keys) => {
          const memtable = plain();
          keys.forEach((each, i) => apply(memtable, [put(each)], i + 1, i));
          const cursor = memtable.cursor();
          let last = NO_BYTES;
          for (cursor.first(); cursor.isValid; cursor.next()) {
            const current = cursor.keyBytes.slice(cursor.keyOffset, cursor.keyOffset + cursor.keyLength);
            expect(compareBytes(last, current)).to.be.at.most(0);
            last = current;
          }
          expect(memtable.entryCount).to.equal(keys.length);
        },
      ),
      { numRuns: 60 },
    );
  });
});
