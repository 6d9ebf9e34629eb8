import { expect } from 'chai';
import fc from 'fast-check';
import { BsonError } from '../../../elmo/bson/errors.js';
import {
  afterKeyspace,
  appendRecordId,
  appendRecordKey,
  IndexEntries,
  keyspaceBounds,
  keyspaceOf,
  RecordIdReader,
  recordIdLength,
} from '../../../elmo/keys/key-layout.js';
import { KeyWriter } from '../../../elmo/keys/value-encoding.js';
import * as b from '../../support/bson-values.js';
import { samples } from '../../support/bson-values.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const EDGES = [
  0,
  3,
  4,
  31,
  127,
  128,
  1000,
  1023,
  1024,
  2 ** 14,
  2 ** 18 - 1,
  2 ** 18,
  2 ** 32,
  2 ** 50,
  2 ** 53 - 1,
];
const ids = fc.oneof(fc.constantFrom(...EDGES), fc.nat(), fc.maxSafeNat());

function recordId(id: number): Uint8Array {
  const writer = new KeyWriter();
  appendRecordId(writer, id);
  return writer.toBytes();
}

describe('record ids', () => {
  for (const [id, bytes] of [
    [0, '00'],
    [3, '18'],
    [4, '2021'],
    [1000, '3f41'],
    [1024, '402002'],
  ] as const)
    it(`${id} is ${bytes}`, () => expect(hex(recordId(id))).to.equal(bytes));

  it('take 1 to 8 bytes', () =>
    fc.assert(
      fc.property(ids, (id) => {
        expect(recordId(id).length).to.equal(recordIdLength(id));
        expect(recordIdLength(id)).to.be.within(1, 8);
      }),
    ));

  it('sort as numbers', () =>
    fc.assert(
      fc.property(ids, ids, (x, y) => {
        expect(Buffer.compare(recordId(x), recordId(y))).to.equal(Math.sign(x - y));
      }),
    ));

  it('read from the front and from the end', () =>
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 9 }), (id, other) => {
        const reader = new RecordIdReader();
        const bytes = recordId(id);
        expect(reader.readAt(Buffer.concat([bytes, other]), 0)).to.equal(id);
        expect(reader.end).to.equal(bytes.length);
        expect(reader.readBefore(Buffer.concat([other, bytes]), other.length + bytes.length)).to.equal(id);
        expect(reader.start).to.equal(other.length);
      }),
    ));

  it('are refused when cut off', () => {
    const reader = new RecordIdReader();
    const bytes = recordId(123456);
    expect(() => reader.readAt(bytes, 0, bytes.length - 1)).to.throw(BsonError);
    expect(() => reader.readBefore(bytes, bytes.length, 1)).to.throw(BsonError);
    expect(() => reader.readAt(bytes, 5)).to.throw(BsonError);
    expect(() => reader.readBefore(bytes, 0)).to.throw(BsonError);
    expect(() => reader.readAt(Uint8Array.of(0x20, 0x20), 0)).to.throw(BsonError);
  });
});

describe('keyspaces', () => {
  const recordKey = (keyspace: number, id: number): Uint8Array => {
    const writer = new KeyWriter();
    appendRecordKey(writer, keyspace, id);
    return writer.toBytes();
  };
  const isWithin = (key: Uint8Array, { low, high }: { low: Uint8Array; high: Uint8Array }): boolean =>
    Buffer.compare(low, key) <= 0 && Buffer.compare(key, high) < 0;

  it('are found in the key', () => {
    const key = recordKey(300, 5);
    expect(hex(key)).to.equal('812c2029');
    expect(keyspaceOf(key)).to.equal(300);
    expect(afterKeyspace(key)).to.equal(2);
  });

  it('are ranges, and so are neighbouring ones', () =>
    fc.assert(
      fc.property(ids, ids, fc.nat(20), ids, (keyspace, first, more, id) => {
        fc.pre(first + more < Number.MAX_SAFE_INTEGER);
        const isInside = keyspace >= first && keyspace <= first + more;
        expect(isWithin(recordKey(keyspace, id), keyspaceBounds(first, first + more))).to.equal(isInside);
      }),
    ));
});

describe('index entries', () => {
  const value = b.wrapped(b.int64(7n));
  const entriesOf = (isUnique: boolean, keepsTypes = true): IndexEntries => {
    const entries = new IndexEntries(9, [1, -1], isUnique, keepsTypes);
    entries.begin();
    entries.append(0x12, value, b.VALUE_AT);
    entries.append(0x0a, value, b.VALUE_AT);
    entries.finish(1000);
    return entries;
  };
  const shown = ({ key, value }: IndexEntries): string => `${hex(key.toBytes())} → ${hex(value.toBytes())}`;

  it('carry the record id behind the values', () =>
    expect(shown(entriesOf(false))).to.equal('091e0cf33f41 → 02'));
  it('carry it in the value when unique', () => expect(shown(entriesOf(true))).to.equal('091e0cf3 → 3f4102'));
  it('carry no types unless asked', () => expect(shown(entriesOf(true, false))).to.equal('091e0cf3 → 3f41'));

  it('are taken apart again', () => {
    const lists = fc.array(samples, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        lists,
        ids,
        ids,
        fc.boolean(),
        fc.boolean(),
        (values, keyspace, id, isUnique, keepsTypes) => {
          const directions = values.map((_, i) => (i % 2 === 0 ? 1 : -1) as 1 | -1);
          const entries = new IndexEntries(keyspace, directions, isUnique, keepsTypes);
          entries.begin();
          for (const { type, bytes } of values) entries.append(type, bytes, 0);
          const keyLength = entries.key.length;
          entries.finish(id);
          const [key, rest] = [entries.key.toBytes(), entries.value.toBytes()];
          entries.parse(key, key.length, rest, 0, rest.length);
          expect(entries.recordId).to.equal(id);
          expect(entries.valuesStart).to.equal(afterKeyspace(key));
          expect(entries.valuesEnd).to.equal(keyLength);
          expect(entries.typeBitsStart).to.equal(isUnique ? recordIdLength(id) : 0);
        },
      ),
    );
  });
});
