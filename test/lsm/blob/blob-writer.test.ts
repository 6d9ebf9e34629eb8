import { expect } from 'chai';
import fc from 'fast-check';
import { crc32 } from '../../../lsm/base/checksum.js';
import { totalBytes, type Extent } from '../../../lsm/base/extent.js';
import { BlobWriter } from '../../../lsm/blob/blob-writer.js';
import { LsmError } from '../../../lsm/errors.js';
import { ExtentMap } from '../../../lsm/space/extents.js';
import { BlobBench, CHUNK, flipCipher, valueOf } from './blob-stream.js';

const UNIT = 4096;

/** A map in which every other stretch of `units` units is in use, up to `count` of them. */
function fragmented(units: number, count: number): ExtentMap {
  const live: Extent[] = [];
  for (let i = 0; i < count; i++) live.push({ offset: 8192 + i * 2 * units * UNIT, bytes: units * UNIT });
  return ExtentMap.fromLive(live, 8192 + count * 2 * units * UNIT);
}

describe('BlobWriter', () => {
  for (const cipher of [undefined, flipCipher]) {
    const overhead = cipher ? 28 : 0;
    for (const length of [0, 1, 300, 4091, 4092, 4093, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 1_000_000]) {
      it(`takes no unit too much for ${length} bytes${cipher ? ', encrypted' : ''}`, () => {
        const bench = new BlobBench(new ExtentMap(0), cipher);
        const value = valueOf(length);
        const blob = bench.write(value);
        const stored = length + Math.ceil(length / CHUNK) * (4 + overhead);
        expect(totalBytes(blob.extents)).to.equal(Math.ceil(stored / UNIT) * UNIT);
        expect(bench.extents.stats().lentBytes).to.equal(totalBytes(blob.extents));
        expect(bench.describe(blob)).to.deep.equal({
          id: 5,
          length,
          checksum: crc32(value, 0, length),
          extents: blob.extents,
        });
        expect(bench.reader(blob).readAll()).to.deep.equal(value);
      });
    }
  }

  it('lays chunks down as the byte table says', () => {
    const bench = new BlobBench();
    const blob = bench.write(Uint8Array.from([0x68, 0x69]));
    const stored = new Uint8Array(6);
    bench.file.read(stored, 0, 6, blob.extents[0]!.offset);
    expect(Buffer.from(stored).toString('hex')).to.equal('6869f92f52cc');
  });

  it('spends at least 99 % of the space of 1 MiB on the value', () => {
    const blob = new BlobBench().write(valueOf(2 ** 20));
    expect(2 ** 20 / totalBytes(blob.extents)).to.be.at.least(0.99);
  });

  it('counts neighbouring extents as one', () => {
    expect(new BlobBench().write(valueOf(2 ** 20)).extents).to.have.length(1);
  });

  it('asks for all at once when it is told the length', () => {
    const bench = new BlobBench();
    const writer = bench.writer();
    writer.expect(2 ** 20);
    bench.extents.allocate(UNIT);
    writer.write(valueOf(2 ** 20));
    expect(writer.finish().extents).to.have.length(1);
  });

  it('is told a wrong length', () => {
    for (const length of [0, 1000, CHUNK, 500_000]) {
      const bench = new BlobBench();
      const writer = bench.writer();
      writer.expect(200_000);
      writer.write(valueOf(length));
      const blob = writer.finish();
      expect(bench.reader(blob).readAll()).to.deep.equal(valueOf(length));
      expect(bench.extents.stats().lentBytes).to.equal(totalBytes(blob.extents));
    }
  });

  it('lies in pieces where free space does', () => {
    for (const units of [16, 17, 40]) {
      const bench = new BlobBench(fragmented(units, 30));
      const other = bench.write(valueOf(700_000), 4097, 6);
      const blob = bench.write(valueOf(500_000), 65_537);
      expect(blob.extents.length).to.be.greaterThan(1);
      expect(bench.reader(blob).readAll()).to.deep.equal(valueOf(500_000));
      expect(bench.reader(other).readAll()).to.deep.equal(valueOf(700_000));
    }
  });

  it('writes the same however the value is cut', () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(pieces, fc.boolean(), fc.integer({ min: 16, max: 40 }), (lengths, isSealed, units) => {
        const bench = new BlobBench(fragmented(units, 3), isSealed ? flipCipher : undefined);
        const value = valueOf(lengths.reduce((sum, n) => sum + n, 0));
        const writer = bench.writer();
        let at = 0;
        for (const length of lengths) writer.write(value.subarray(at, (at += length)));
        const blob = writer.finish();
        const reader = bench.reader(blob);
        expect(Buffer.compare(reader.readAll(), value)).to.equal(0);
        reader.verify();
      }),
      { numRuns: 40 },
    );
  });

  it('gives everything back when it is abandoned, once', () => {
    const bench = new BlobBench(fragmented(16, 5));
    const before = bench.extents.stats().freeBytes;
    const writer = bench.writer();
    writer.write(valueOf(900_000));
    expect(bench.extents.stats().lentBytes).to.be.greaterThan(0);
    const grown = bench.extents.end;
    writer.abandon();
    writer.abandon();
    const { lentBytes, freeBytes, endBytes } = bench.extents.stats();
    expect(lentBytes).to.equal(0);
    expect(freeBytes - before).to.equal(endBytes - (8192 + 160 * UNIT));
    expect(endBytes).to.equal(grown);
  });

  it('leaves a finished blob alone when abandoned after it', () => {
    const bench = new BlobBench();
    const writer = bench.writer();
    writer.write(valueOf(100));
    const { extents } = writer.finish();
    writer.abandon();
    expect(bench.extents.stats().lentBytes).to.equal(totalBytes(extents));
  });

  it('gives everything back after an error of the file or of the allocator', () => {
    for (const failing of ['write', 'allocate'] as const) {
      for (let n = 1; n <= 3; n++) {
        const bench = new BlobBench();
        let calls = 0;
        const count = (): void => {
          if (++calls === n) throw new LsmError('no space', 'DiskFull');
        };
        const file = Object.create(bench.file) as typeof bench.file;
        if (failing === 'write') file.write = count;
        const allocate = (bytes: number): Extent => {
          if (failing === 'allocate') count();
          return bench.extents.allocate(bytes);
        };
        const writer = new BlobWriter(file, allocate, (extent) => bench.extents.giveBack(extent), 5);
        expect(() => writer.write(valueOf(900_000))).to.throw(LsmError, 'no space');
        writer.abandon();
        expect(bench.extents.stats().lentBytes).to.equal(0);
      }
    }
  });

  it('refuses a value of more than 2 GiB', () => {
    const writer = new BlobBench().writer();
    writer.length = 2 ** 31 - 10;
    expect(() => writer.write(valueOf(11)))
      .to.throw(LsmError)
      .with.property('code', 'BadValue');
  });
});
