import { expect } from 'chai';
import { BlobReader, ChunkBuffer } from '../../../lsm/blob/blob-reader.js';
import { LsmError } from '../../../lsm/errors.js';
import { ExtentMap } from '../../../lsm/space/extents.js';
import { BlobBench, CHUNK, flipCipher, valueOf } from './blob-stream.js';

function expectCorrupt(run: () => void): void {
  expect(run).to.throw(LsmError).with.property('code', 'Corrupt');
}

describe('BlobReader', () => {
  const length = 3 * CHUNK + 100;
  const value = valueOf(length);
  for (const cipher of [undefined, flipCipher]) {
    it(`reads any piece around the bounds of chunks${cipher ? ', encrypted' : ''}`, () => {
      const bench = new BlobBench(new ExtentMap(0), cipher);
      const reader = bench.reader(bench.write(value));
      expect(reader.length).to.equal(length);
      const positions = [0, CHUNK, 2 * CHUNK, 3 * CHUNK, length].flatMap((at) => [at - 1, at, at + 1]);
      for (const position of positions.filter((at) => at >= 0)) {
        for (const count of [0, 1, 3, 7, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5, length + 9]) {
          const into = new Uint8Array(count + 2).fill(0xee);
          const expected = value.subarray(position, position + count);
          expect(reader.read(into, 1, count, position)).to.equal(expected.length);
          expect(Buffer.compare(into.subarray(1, 1 + expected.length), expected)).to.equal(0);
          expect(into[0]).to.equal(0xee);
          expect(into[1 + expected.length]).to.equal(0xee);
        }
      }
    });
  }

  it('reads pieces one after another', () => {
    const bench = new BlobBench();
    const reader = bench.reader(bench.write(value));
    for (const pieceBytes of [1009, CHUNK - 1, CHUNK, CHUNK + 1]) {
      const whole = new Uint8Array(length);
      let at = 0;
      for (let n = 1; n > 0; at += n) n = reader.read(whole, at, pieceBytes, at);
      expect(Buffer.compare(whole, value)).to.equal(0);
    }
  });

  it('never writes past the end of what it is given', () => {
    const bench = new BlobBench();
    const reader = bench.reader(bench.write(value));
    expect(reader.read(new Uint8Array(10), 4, 100, 0)).to.equal(6);
  });

  it('reads from the file only the chunks it touches, each once', () => {
    const bench = new BlobBench();
    const reader = bench.reader(bench.write(value));
    const reads: number[] = [];
    const read = bench.file.read.bind(bench.file);
    bench.file.read = (into, offset, count, position) => {
      reads.push(count);
      return read(into, offset, count, position);
    };
    const into = new Uint8Array(100);
    for (let i = 0; i < 50; i++) reader.read(into, 0, 100, CHUNK + i * 100);
    expect(reads).to.deep.equal([CHUNK + 4]);
  });

  it('shares its buffer with other readers', () => {
    const bench = new BlobBench();
    const small = valueOf(50).reverse();
    const buffer = new ChunkBuffer();
    const readers = [bench.write(value, 9999, 1), bench.write(small, 9, 2)].map(
      (blob) => new BlobReader(bench.file, bench.describe(blob), undefined, 'store', buffer),
    );
    for (const position of [0, 10, CHUNK, 0]) {
      const into = new Uint8Array(20);
      readers[0]!.read(into, 0, 20, position);
      expect(into).to.deep.equal(value.slice(position, position + 20));
      readers[1]!.read(into, 0, 20, 5);
      expect(into).to.deep.equal(small.slice(5, 25));
    }
  });

  it('notices every flipped byte, and only where it is read', () => {
    for (const cipher of [undefined, flipCipher]) {
      const bench = new BlobBench(new ExtentMap(0), cipher);
      const blob = bench.write(valueOf(CHUNK + 40));
      const start = blob.extents[0]!.offset;
      const chunkBytes = CHUNK + 4 + (cipher ? 28 : 0);
      const byte = new Uint8Array(1);
      for (let at = chunkBytes; at < chunkBytes + 44 + (cipher ? 28 : 0); at++) {
        bench.file.read(byte, 0, 1, start + at);
        byte[0]! ^= 1;
        bench.file.write(byte, 0, 1, start + at);
        const reader = bench.reader(blob);
        expectCorrupt(() => reader.verify());
        expectCorrupt(() => reader.read(byte, 0, 1, CHUNK + 3));
        expect(reader.read(new Uint8Array(CHUNK), 0, CHUNK, 0)).to.equal(CHUNK);
        bench.file.read(byte, 0, 1, start + at);
        byte[0]! ^= 1;
        bench.file.write(byte, 0, 1, start + at);
      }
      bench.reader(blob).verify();
    }
  });

  it('does not take a chunk of another blob, or from another place, for its own', () => {
    const bench = new BlobBench();
    const blob = bench.write(new Uint8Array(2 * CHUNK));
    const descriptor = bench.describe(blob);
    expectCorrupt(() => new BlobReader(bench.file, { ...descriptor, id: 6 }).readAll());
    const chunk = new Uint8Array(CHUNK + 4);
    bench.file.read(chunk, 0, chunk.length, blob.extents[0]!.offset);
    bench.file.write(chunk, 0, chunk.length, blob.extents[0]!.offset + chunk.length);
    expectCorrupt(() => bench.reader(blob).readAll());
  });

  it('notices a file that ends too soon, and a checksum of the whole that is wrong', () => {
    const bench = new BlobBench();
    const blob = bench.write(value);
    const descriptor = bench.describe(blob);
    expectCorrupt(() => new BlobReader(bench.file, { ...descriptor, checksum: 1 }).verify());
    bench.file.truncate(blob.extents[0]!.offset + CHUNK + 10);
    expectCorrupt(() => bench.reader(blob).readAll());
    expect(bench.reader(blob).read(new Uint8Array(10), 0, 10, 0)).to.equal(10);
  });

  it('refuses extents that are too short', () => {
    const bench = new BlobBench();
    const descriptor = bench.describe(bench.write(new Uint8Array(4096)));
    expectCorrupt(
      () => new BlobReader(bench.file, { ...descriptor, extents: [{ offset: 8192, bytes: 4096 }] }),
    );
  });
});
