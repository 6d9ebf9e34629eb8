import { expect } from 'chai';
import fc from 'fast-check';
import { serialize, type Document } from 'bson';
import { documentLength } from '../../../elmo/bson/walk.js';
import { KeyedRows } from '../../../elmo/exec/keyed-rows.js';

interface Row {
  readonly key: Uint8Array;
  readonly document: Document;
  readonly recordId: number;
}

const row = fc.record({
  key: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc.uint8Array({ maxLength: 12 }).map((rest) => Uint8Array.of(60, 110, 97, 109, 101, 32, ...rest)),
  ),
  document: fc.record({ a: fc.nat(), b: fc.string() }),
  recordId: fc.nat({ max: 50 }),
});

function filled(rows: readonly Row[], tiesByRecord: boolean): KeyedRows {
  const held = new KeyedRows(tiesByRecord);
  for (const { key, document, recordId } of rows) {
    const bytes = Buffer.concat([Buffer.of(9, 9, 9), serialize(document)]);
    expect(held.add(key, key.length, bytes, 3, recordId)).to.equal(key.length + bytes.length - 3);
  }
  return held;
}

const bytesAt = ({ bytes, at }: KeyedRows): Uint8Array => bytes.slice(at, at + documentLength(bytes, at));

/** All rows in order, the sort stopped as often as it asks. */
function sorted(held: KeyedRows): [number, Uint8Array][] {
  while (!held.sort(() => true)) expect(held.isAtEnd).to.equal(held.count === 0);
  const found: [number, Uint8Array][] = [];
  while (!held.isAtEnd) {
    held.take();
    found.push([held.recordId, bytesAt(held)]);
  }
  return found;
}

describe('KeyedRows', () => {
  for (const tiesByRecord of [false, true])
    it(`give rows in the order of their keys, equal ones ${tiesByRecord ? 'by their records' : 'as they came'}`, () => {
      fc.assert(
        fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
          const expected = rows
            .map((each, i) => ({ ...each, i }))
            .sort(
              (a, b) =>
                Buffer.compare(a.key, b.key) ||
                (tiesByRecord ? a.recordId - b.recordId || a.i - b.i : a.i - b.i),
            );
          expect(sorted(filled(rows, tiesByRecord))).to.deep.equal(
            expected.map(({ recordId, document }) => [recordId, new Uint8Array(serialize(document))]),
          );
        }),
        { numRuns: 300 },
      );
    });

  it('sort many rows, short and longer than a piece of memory, in many slices', () => {
    const rows: Row[] = Array.from({ length: 5000 }, (_, i) => ({
      key: new TextEncoder().encode(`key ${(i * 7919) % 1000}`),
      document: { i, text: 'x'.repeat(i % 1000 === 7 ? 1_500_000 : i % 300) },
      recordId: i,
    }));
    const order = rows
      .map((each, i) => ({ key: each.key, i }))
      .sort((a, b) => Buffer.compare(a.key, b.key) || a.i - b.i);
    expect(sorted(filled(rows, false)).map(([recordId]) => recordId)).to.deep.equal(order.map(({ i }) => i));
  });

  it('can be taken back from the last one, with their keys', () => {
    const rows: Row[] = Array.from({ length: 300 }, (_, i) => ({
      key: Uint8Array.of(i & 255, i >>> 8),
      document: { i, text: 'x'.repeat(10_000) },
      recordId: i,
    }));
    const held = filled(rows, false);
    for (let i = 299; i >= 0; i--) {
      expect([...held.pop()]).to.deep.equal([i & 255, i >>> 8]);
      expect(held.recordId).to.equal(i);
      expect(Buffer.compare(bytesAt(held), serialize(rows[i]!.document))).to.equal(0);
    }
    held.endPops();
    expect(held.count).to.equal(0);
    held.add(Uint8Array.of(1), 1, serialize({ again: 1 }), 0, 7);
    expect(sorted(held)).to.deep.equal([[7, new Uint8Array(serialize({ again: 1 }))]]);
  });
});
