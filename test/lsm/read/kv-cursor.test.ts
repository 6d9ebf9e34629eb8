import { Slab } from '../../../lsm/base/slab.js';
import { expect } from 'chai';
import type { Bytes } from '../../../lsm/base/bytes.js';
import { LsmError, type LsmErrorCode } from '../../../lsm/errors.js';
import { KIND_BLOB, KIND_LZ4, KIND_RAW } from '../../../lsm/key/entry-kind.js';
import type { Direction, SeekMode } from '../../../lsm/ordered-kv.js';
import { KvCursor } from '../../../lsm/read/kv-cursor.js';
import { MergeCursor } from '../../../lsm/read/merge-cursor.js';
import { ValueUnpacker, type BlobAccess } from '../../../lsm/read/scratch.js';
import { InlineValueReader } from '../../../lsm/read/value-reader.js';
import { VisibleCursor } from '../../../lsm/read/visible-cursor.js';
import { Lz4Compressor } from '../../../lsm/table/lz4.js';
import { FakeCache, FakeSource, type Entry } from './fake-source.js';

const bytes = (text: string): Bytes => new TextEncoder().encode(text);
const text = (from: Bytes): string => new TextDecoder().decode(from);

/** Stored forms by key: what a fake source's entries stand for. */
interface Form {
  readonly kind: number;
  readonly rawLength: number;
}

class FormedSource extends FakeSource {
  constructor(
    entries: readonly Entry[],
    private readonly forms: readonly Form[],
    cache: FakeCache,
    shift: number,
  ) {
    super(entries, cache, shift);
  }

  override refresh(): void {
    super.refresh();
    const at = this.entries.findIndex(
      ({ key }) =>
        text(key) === text(this.keyBytes.subarray(this.keyOffset, this.keyOffset + this.keyLength)),
    );
    const form = this.forms[at]!;
    this.kind = form.kind;
    this.rawLength = form.rawLength;
  }
}

/** Blobs whose descriptor is their text in capitals. */
class FakeBlobs implements BlobAccess {
  open(descriptor: Bytes, offset: number, length: number, release: () => void): InlineValueReader {
    const reader = new InlineValueReader(this.readWhole(descriptor, offset, length));
    const close = reader.close.bind(reader);
    reader.close = () => {
      close();
      release();
    };
    return reader;
  }

  readWhole(descriptor: Bytes, offset: number, length: number): Bytes {
    return bytes(text(descriptor.subarray(offset, offset + length)).toLowerCase());
  }
}

const LONG = 'ab'.repeat(500);
const packed = new Uint8Array(2000);
const packedLength = new Lz4Compressor().compress(bytes(LONG), 0, LONG.length, packed, 0, packed.length);

const ENTRIES: readonly Entry[] = [
  { key: bytes('blob'), seq: 1, value: bytes('BIG') },
  { key: bytes('packed'), seq: 1, value: packed.slice(0, packedLength) },
  { key: bytes('raw'), seq: 1, value: bytes('plain') },
];
const FORMS: readonly Form[] = [
  { kind: KIND_BLOB, rawLength: 3 },
  { kind: KIND_LZ4, rawLength: LONG.length },
  { kind: KIND_RAW, rawLength: 5 },
];

function open(direction: Direction = 'forward', shift = 0, forms = FORMS) {
  const cache = new FakeCache();
  const source = new FormedSource(ENTRIES, forms, cache, shift);
  const elsewhere = new FakeSource(ENTRIES, cache);
  const visible = new VisibleCursor(new MergeCursor([source]), [9], undefined, undefined, undefined);
  let released = 0;
  const context = {
    isOpen: true,
    slab: new Slab(),
    reads: { n: 0 },
    unpacker: new ValueUnpacker(),
    blobs: new FakeBlobs(),
    file: 'a.elmo',
  };
  const cursor = new KvCursor(visible, direction, context, () => released++);
  return { cursor, elsewhere, context, releases: () => released };
}

function expectCode(code: LsmErrorCode, run: () => unknown): void {
  expect(run).to.throw(LsmError).with.property('code', code);
}

describe('KvCursor', () => {
  for (const shift of [0, 7]) {
    it(`gives keys and values of every stored form, its source keeping keys at offset ${shift}`, () => {
      for (const direction of ['forward', 'backward'] as const) {
        const { cursor, elsewhere } = open(direction, shift);
        const found: unknown[] = [];
        while (cursor.next()) {
          const { valueKind, valueLength } = cursor;
          elsewhere.first();
          const key = text(cursor.keyBytes.subarray(0, cursor.keyLength));
          expect(text(cursor.key())).to.equal(key);
          cursor.loadValue();
          const value = text(
            cursor.valueBytes.subarray(cursor.valueOffset, cursor.valueOffset + cursor.valueLength),
          );
          expect(text(cursor.value())).to.equal(value);
          const reader = cursor.openValue();
          expect(reader.length).to.equal(valueLength);
          reader.close();
          found.push([key, valueKind, valueLength, value]);
        }
        const expected = [
          ['blob', 'blob', 3, 'big'],
          ['packed', 'inline', 1000, LONG],
          ['raw', 'inline', 5, 'plain'],
        ];
        expect(found).to.deep.equal(direction === 'forward' ? expected : expected.reverse());
      }
    });
  }

  it('brings a value again after other reads', () => {
    const { cursor, elsewhere } = open();
    cursor.seek(bytes('raw'), 'EQ');
    cursor.loadValue();
    elsewhere.first();
    cursor.loadValue();
    expect(text(cursor.valueBytes.subarray(cursor.valueOffset, cursor.valueOffset + 5))).to.equal('plain');
  });

  it('moves against the direction of the scan with previous', () => {
    const { cursor } = open('backward');
    cursor.seek(bytes('packed'), 'EQ');
    cursor.previous();
    expect(text(cursor.key())).to.equal('raw');
    cursor.next();
    cursor.next();
    expect(text(cursor.key())).to.equal('blob');
  });

  it('has nothing to give where there is no entry', () => {
    const { cursor } = open();
    expect([cursor.isValid, cursor.keyLength, cursor.valueLength, cursor.keyBytes.length]).to.deep.equal([
      false,
      0,
      0,
      0,
    ]);
    for (const run of [
      () => cursor.key(),
      () => cursor.value(),
      () => cursor.loadValue(),
      () => cursor.openValue(),
    ]) {
      expectCode('NotFound', run);
    }
  });

  it('refuses a key that is none, and a mode that is none', () => {
    const { cursor } = open();
    expectCode('BadKey', () => cursor.seek(new Uint8Array(0), 'EQ'));
    expectCode('BadRange', () => cursor.seek(bytes('a'), 'XX' as SeekMode));
  });

  it('refuses everything once closed', () => {
    const { cursor, releases } = open();
    cursor.next();
    cursor.close();
    cursor.close();
    expect(releases()).to.equal(1);
    expect(cursor.isValid).to.equal(false);
    for (const run of [
      () => cursor.next(),
      () => cursor.previous(),
      () => cursor.seek(bytes('a'), 'GE'),
      () => cursor.key(),
      () => cursor.value(),
      () => cursor.loadValue(),
      () => cursor.openValue(),
    ]) {
      expectCode('Closed', run);
    }
  });

  it('holds what it reads until the readers of its blobs are closed too', () => {
    const { cursor, releases } = open();
    cursor.next();
    const reader = cursor.openValue();
    cursor.close();
    expect(releases()).to.equal(0);
    reader.close();
    reader.close();
    expect(releases()).to.equal(1);
  });

  it('counts its reads of the store', () => {
    const { cursor, context } = open();
    cursor.next();
    cursor.loadValue();
    expect(context.reads.n).to.equal(2);
  });

  for (const [why, rawLength] of [
    ['shorter than it unpacks to', 999],
    ['longer than it unpacks to', 1001],
    ['absurd', 2 ** 40],
  ] as const) {
    it(`says Corrupt when a packed value's length is ${why}`, () => {
      const { cursor } = open('forward', 0, [FORMS[0]!, { kind: KIND_LZ4, rawLength }, FORMS[2]!]);
      cursor.seek(bytes('packed'), 'EQ');
      expectCode('Corrupt', () => cursor.value());
    });
  }
});

describe('ValueUnpacker', () => {
  it('leaves a raw value where it is', () => {
    const unpacker = new ValueUnpacker();
    const stored = bytes('xxplain');
    expect(unpacker.unpack(KIND_RAW, stored, 2, 5, 5)).to.equal(true);
    expect([unpacker.bytes, unpacker.offset, unpacker.length]).to.deep.equal([stored, 2, 5]);
    expect(unpacker.unpack(KIND_RAW, stored, 2, 5, 6)).to.equal(false);
  });

  it('lets go of a large scratch array when small values follow', () => {
    const unpacker = new ValueUnpacker();
    const long = new Uint8Array(3 << 20);
    const into = new Uint8Array(long.length);
    const length = new Lz4Compressor().compress(long, 0, long.length, into, 0, into.length);
    expect(unpacker.unpack(KIND_LZ4, into, 0, length, long.length)).to.equal(true);
    expect(unpacker.unpack(KIND_LZ4, packed, 0, packedLength, LONG.length)).to.equal(true);
    expect(unpacker.bytes.length).to.be.lessThan(1 << 20);
  });
});
