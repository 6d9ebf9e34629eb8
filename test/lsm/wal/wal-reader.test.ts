import { expect } from 'chai';
import * as fc from 'fast-check';
import { writeU32, writeU48 } from '../../../lsm/base/bytes.js';
import { crc32 } from '../../../lsm/base/checksum.js';
import type { Cipher } from '../../../lsm/env/cipher.js';
import type { File } from '../../../lsm/env/file-system.js';
import { LsmError } from '../../../lsm/errors.js';
import { encodeWalHeader } from '../../../lsm/wal/format.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
  append,
  batchOf,
  contentsOf,
  LOG_NUMBER,
  newCipher,
  newFile,
  newWriter,
  read,
  STORE_ID,
  type Batch,
  type ReadBack,
} from './log-fixture.js';

function logOf(batches: readonly Batch[], cipher?: Cipher): File {
  const file = newFile();
  const writer = newWriter(file, cipher);
  for (const batch of batches) append(writer, batch);
  return file;
}

/** Batches 1 to `count` of 20 bytes; `synced` of them were on stable storage before the next was written. */
async function syncedLog(count: number, synced: number, cipher?: Cipher): Promise<Uint8Array> {
  const file = newFile();
  const writer = newWriter(file, cipher);
  for (let seq = 1; seq <= count; seq++) {
    append(writer, batchOf(seq, 20));
    if (seq === synced) await writer.sync();
  }
  return contentsOf(file);
}

type Outcome = ReadBack | 'Corrupt';

function outcome(bytes: Uint8Array, cipher?: Cipher, logNumber?: number): Outcome {
  try {
    return read(newFile(bytes), cipher, logNumber);
  } catch (error) {
    expect(error).to.be.instanceOf(LsmError);
    const { code, at } = error as LsmError;
    expect(code).to.equal('Corrupt');
    expect(at?.file).to.be.a('string');
    expect(at?.offset).to.be.within(0, bytes.length);
    return 'Corrupt';
  }
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as LsmError).code;
  }
  return 'none';
}

const RECORD = 25 + 20;
const batches = fc.array(
  fc.record({
    seq: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    count: fc.nat(1000),
    ops: fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.integer({ min: 0, max: 400_000 }).map((n) => new SeededRandom(n).bytes(n)),
    ),
  }),
  { maxLength: 8 },
);

/** Bytes of a log behind the valid ones; zeros at its end are room. */
function bytesBehind(log: Uint8Array, validBytes: number): number {
  return Math.max(validBytes, log.findLastIndex((byte) => byte !== 0) + 1) - validBytes;
}

for (const [why, cipherOf] of [
  ['plain', () => undefined],
  ['encrypted', () => newCipher()],
] as const) {
  describe(`readWal, ${why}`, () => {
    it('gives back what was appended', () => {
      fc.assert(
        fc.property(batches, fc.boolean(), (written, isSealed) => {
          const file = newFile();
          const writer = newWriter(file, cipherOf());
          for (const batch of written) append(writer, batch);
          if (isSealed) writer.appendSeal();
          const back = read(file, cipherOf());
          expect(back.batches.length).to.equal(written.length);
          for (const [i, batch] of written.entries()) {
            expect(back.batches[i]!.seq).to.equal(batch.seq);
            expect(back.batches[i]!.count).to.equal(batch.count);
            expect(Buffer.compare(back.batches[i]!.ops, batch.ops)).to.equal(0);
          }
          const { validBytes, records, sealed, tornBytes } = back;
          expect({ validBytes, records, sealed, tornBytes }).to.deep.equal({
            validBytes: file.size(),
            records: written.length,
            sealed: isSealed,
            tornBytes: 0,
          });
        }),
        { numRuns: 50 },
      );
    });

    it('of a log cut at any length gives the whole batches before the cut', () => {
      const written = [batchOf(1, 0), batchOf(2, 40), batchOf(3, 7)];
      const whole = contentsOf(logOf(written, cipherOf()));
      const ends = written.map((_, i) => contentsOf(logOf(written.slice(0, i + 1), cipherOf())).length);
      for (let length = 0; length <= whole.length; length++) {
        const back = outcome(whole.slice(0, length), cipherOf()) as ReadBack;
        const count = ends.filter((end) => end <= length).length;
        expect(back.batches).to.deep.equal(written.slice(0, count));
        expect(back.validBytes).to.equal(length < 32 ? 0 : count === 0 ? 32 : ends[count - 1]);
        expect(back.tornBytes).to.equal(bytesBehind(whole.slice(0, length), back.validBytes));
      }
    });

    it('of a log changed in any byte gives the batches before the change', () => {
      const written = [batchOf(1, 0), batchOf(2, 40), batchOf(3, 7)];
      const whole = contentsOf(logOf(written, cipherOf()));
      for (let at = 0; at < whole.length; at++) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const changed = whole.slice();
          changed[at]! ^= mask;
          const back = outcome(changed, cipherOf()) as ReadBack;
          expect(back.batches).to.deep.equal(written.slice(0, back.batches.length));
          expect(back.validBytes).to.be.at.most(at);
          expect(back.tornBytes).to.equal(bytesBehind(changed, back.validBytes));
        }
      }
    });

    it('refuses a log that is damaged where it was durable', async () => {
      const cipher = cipherOf();
      const whole = await syncedLog(5, 3, cipher);
      const recordBytes = (whole.length - 32) / 5;
      for (let at = 0; at < whole.length; at++) {
        const changed = whole.slice();
        changed[at]! ^= 0x10;
        const index = Math.floor((at - 32) / recordBytes);
        const back = outcome(changed, cipherOf());
        if (at < 32 || index < 3) expect(back, `byte ${at}`).to.equal('Corrupt');
        else expect((back as ReadBack).records, `byte ${at}`).to.equal(index);
      }
    });
  });
}

describe('readWal', () => {
  it('names the record that is damaged', async () => {
    const bytes = await syncedLog(4, 3);
    bytes[32 + RECORD + 30]! ^= 1;
    const error = (() => {
      try {
        read(newFile(bytes));
      } catch (e) {
        return e as LsmError;
      }
      return undefined;
    })();
    expect(error?.at?.offset).to.equal(32 + RECORD);
    expect(error?.message).to.contain(`is damaged at byte ${32 + RECORD}`);
    expect(error?.message).to.contain(`the record at byte ${32 + 3 * RECORD} was written after`);
  });

  it('finds the proof of damage however far behind it lies', async () => {
    const file = newFile();
    const writer = newWriter(file);
    append(writer, batchOf(1, 600_000));
    append(writer, batchOf(2, 2_000_000));
    await writer.sync();
    append(writer, batchOf(3, 500_000));
    const bytes = contentsOf(file);
    bytes[100]! ^= 1;
    expect(outcome(bytes)).to.equal('Corrupt');
  });

  it('takes any tail for torn that no later record calls durable', () => {
    const log = contentsOf(logOf([batchOf(1, 20)]));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (tail, isZero) => {
        const bytes = new Uint8Array(log.length + tail.length);
        bytes.set(log);
        if (!isZero) bytes.set(tail, log.length);
        const back = outcome(bytes) as ReadBack;
        expect(back.batches).to.deep.equal([batchOf(1, 20)]);
        expect(back.tornBytes).to.equal(bytesBehind(bytes, log.length));
      }),
    );
  });

  it('knows no batch after the seal', () => {
    const file = newFile();
    const writer = newWriter(file);
    append(writer, batchOf(1, 20));
    writer.appendSeal();
    const sealedBytes = file.size();
    const tail = contentsOf(logOf([batchOf(2, 20)])).slice(32);
    file.write(tail, 0, tail.length, sealedBytes);
    expect(read(file)).to.include({
      records: 1,
      sealed: true,
      validBytes: sealedBytes,
      tornBytes: tail.length,
    });
  });

  it('does not take the records of another log for its own: a file may be reused', () => {
    const file = newFile();
    const old = newWriter(file, undefined, 1);
    for (let seq = 1; seq <= 10; seq++) append(old, batchOf(seq, 20));
    const fresh = newWriter(file, undefined, 2, true);
    append(fresh, batchOf(11, 20));
    const back = read(file, undefined, 2);
    expect(back.batches).to.deep.equal([batchOf(11, 20)]);
    expect(back.tornBytes, 'they may all be of the log before').to.equal(0);
  });

  it('tells damage from the end of a log in a reused file too', async () => {
    const file = newFile();
    const old = newWriter(file, undefined, 1);
    for (let seq = 1; seq <= 10; seq++) append(old, batchOf(seq, 20));
    await old.sync();
    const fresh = newWriter(file, undefined, 2, true);
    for (let seq = 11; seq <= 13; seq++) {
      append(fresh, batchOf(seq, 20));
      await fresh.sync();
    }
    const whole = contentsOf(file);
    for (let record = 0; record < 3; record++) {
      const changed = whole.slice();
      changed[32 + record * RECORD + 30]! ^= 1;
      const back = outcome(changed, undefined, 2);
      if (record === 2) expect((back as ReadBack).batches).to.deep.equal([batchOf(11, 20), batchOf(12, 20)]);
      else expect(back).to.equal('Corrupt');
    }
  });

  it('is found soon to end where a long log was before', async () => {
    const file = newFile();
    const old = newWriter(file, undefined, 1);
    for (let seq = 1; seq <= 10_000; seq++) {
      append(old, batchOf(seq, 1200));
      if (seq % 10 === 0) await old.sync();
    }
    const fresh = newWriter(file, undefined, 2, true);
    append(fresh, batchOf(10_001, 20));
    const before = process.cpuUsage();
    expect(read(file, undefined, 2).records).to.equal(1);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000, 'ms').to.be.below(400);
  });

  it('of a reused file whose new header never arrived gives nothing', () => {
    const file = newFile();
    append(newWriter(file, undefined, 1), batchOf(1, 20));
    expect(read(file, undefined, 2)).to.include({ records: 0, validBytes: 0, tornBytes: 32 + RECORD });
  });

  it('does not take a record at another place for a record', () => {
    const log = contentsOf(logOf([batchOf(1, 20), batchOf(2, 20)]));
    const swapped = log.slice();
    swapped.copyWithin(32, 32 + RECORD);
    swapped.set(log.subarray(32, 32 + RECORD), 32 + RECORD);
    expect((outcome(swapped) as ReadBack).records).to.equal(0);
  });

  it('does not take a record inside a value for a record', () => {
    const inner = contentsOf(logOf([batchOf(1, 20)]));
    const log = contentsOf(logOf([{ seq: 1, count: 1, ops: inner }]));
    log[32]! ^= 1;
    expect((outcome(log) as ReadBack).records).to.equal(0);
  });

  for (const [why, run, code] of [
    [
      'of another store',
      () => read(logOf([]), undefined, 1, Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)),
      'Corrupt',
    ],
    ['of a newer format', () => read(newFile(newerHeader())), 'NewerFormat'],
    ['encrypted, without a key', () => read(logOf([], newCipher())), 'WrongKey'],
    ['not encrypted, with a key', () => read(logOf([]), newCipher()), 'WrongKey'],
    ['encrypted with another key', () => read(logOf([batchOf(1, 9)], newCipher()), newCipher(5)), 'Corrupt'],
  ] as const) {
    it(`refuses a log ${why}`, () => expect(codeOf(run)).to.equal(code));
  }

  it('makes no more room than the file justifies', () => {
    const log = contentsOf(logOf([batchOf(1, 20)]));
    for (const length of [21, 1000, 2 ** 30, 2 ** 32 - 1]) {
      writeU32(log, 36, length);
      expect((outcome(log) as ReadBack).records).to.equal(0);
    }
  });

  it('ends soon on bytes made to look like records', () => {
    const bytes = new Uint8Array(2_000_000);
    bytes.set(
      encodeWalHeader({ logNumber: LOG_NUMBER, storeId: STORE_ID, isEncrypted: false, isReused: false }),
    );
    for (let at = 64; at + 25 < bytes.length; at += 25) {
      writeU32(bytes, at + 4, bytes.length - at - 25);
      bytes[at + 8] = 1;
      writeU48(bytes, at + 15, 33);
    }
    const before = performance.now();
    expect((outcome(bytes) as ReadBack).records).to.equal(0);
    expect(performance.now() - before).to.be.below(1000);
  });

  it('of any bytes gives a prefix of batches or Corrupt', async () => {
    const whole = await syncedLog(6, 3);
    const random = new SeededRandom(11);
    for (let round = 0; round < 3000; round++) {
      const bytes = whole.slice(0, random.chance(30) ? random.int(whole.length + 1) : whole.length);
      for (let n = random.int(4); n > 0 && bytes.length > 0; n--) {
        const at = random.int(bytes.length);
        if (random.chance(50)) bytes[at] = random.pick([0, 1, 0x7f, 0xff, random.int(256)]);
        else bytes.copyWithin(at, random.int(bytes.length), random.int(bytes.length));
      }
      const back = outcome(bytes);
      if (back === 'Corrupt') continue;
      expect(back.batches).to.deep.equal(
        [1, 2, 3, 4, 5, 6].slice(0, back.records).map((seq) => batchOf(seq, 20)),
      );
    }
  });
});

/** A good header, but for its format number. */
function newerHeader(): Uint8Array {
  const header = encodeWalHeader({
    logNumber: LOG_NUMBER,
    storeId: STORE_ID,
    isEncrypted: false,
    isReused: false,
  });
  writeU32(header, 8, 2);
  writeU32(header, 28, crc32(header, 0, 28));
  return header;
}
