import { expect } from 'chai';
import { SystemError } from '../../../lsm/env/system-error.js';
import { LsmError } from '../../../lsm/errors.js';
import { SyncChoice } from '../../../lsm/wal/sync-choice.js';
import { WalWriter } from '../../../lsm/wal/wal-writer.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
  append,
  type Batch,
  batchOf,
  contentsOf,
  ManualSyncFile,
  newCipher,
  newFile,
  newWriter,
  read,
  STORE_ID,
} from './log-fixture.js';

const PATH = '/db-log-000000000001';
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function statusOf(promise: Promise<void>): { status: string } {
  const seen = { status: 'waiting' };
  promise.then(
    () => (seen.status = 'done'),
    (error: LsmError) => (seen.status = error.code),
  );
  return seen;
}

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return (error as LsmError).code;
  }
  return 'none';
}

describe('WalWriter.append', () => {
  it('writes the record of the byte table', () => {
    const file = newFile();
    newWriter(file).append(7, 1, Uint8Array.of(9, 9, 0, 2, 0x68, 0x69), 2, 4);
    expect(Buffer.from(contentsOf(file).slice(32)).toString('hex')).to.equal(
      'f02464fe' + '04000000' + '01' + '070000000000' + '000000000000' + '01000000' + '00026869',
    );
  });

  it('is one write, and two for a batch above 256 KiB', () => {
    const file = new ManualSyncFile(newFile());
    const writer = newWriter(file);
    expect(file.writes, 'the header').to.equal(1);
    for (const [length, writes] of [
      [0, 1],
      [100, 1],
      [20_000, 1],
      [256 * 1024, 1],
      [256 * 1024 + 1, 2],
    ] as const) {
      file.writes = 0;
      append(writer, batchOf(length + 1, length));
      expect(file.writes, `${length} bytes`).to.equal(writes);
    }
    expect(read(file).batches.map((batch) => batch.ops.length)).to.deep.equal([
      0, 100, 20_000, 262_144, 262_145,
    ]);
    expect(writer.byteLength).to.equal(file.size());
  });

  for (const [why, cipher] of [
    ['plain', undefined],
    ['encrypted', newCipher()],
  ] as const) {
    for (const length of [2000, 300_000]) {
      it(`a write that fails leaves the log as before (${why}, ${length} bytes)`, () => {
        const files = new FaultyFileSystem();
        const writer = newWriter(files.open(PATH, 'create'), cipher);
        append(writer, batchOf(1, 50));
        const before = writer.byteLength;
        files.failAt('write', 1, 'ENOSPC');
        expect(codeOf(() => append(writer, batchOf(2, length)))).to.equal('DiskFull');
        expect(writer.byteLength).to.equal(before);
        expect(files.contents(PATH)!.length, 'nothing is left of it').to.equal(before);
        append(writer, batchOf(3, 10));
        const back = read(files.open(PATH, 'read'), cipher);
        expect(back.batches).to.deep.equal([batchOf(1, 50), batchOf(3, 10)]);
        expect(back.tornBytes).to.equal(0);
      });
    }
  }

  it('writes over what is left of a failed write that could not be cut off', () => {
    const files = new FaultyFileSystem();
    const writer = newWriter(files.open(PATH, 'create'));
    files.failAt('write', 1, 'EIO');
    files.failAt('truncate', 1, 'EIO');
    expect(codeOf(() => append(writer, batchOf(1, 2000)))).to.equal('Io');
    append(writer, batchOf(2, 10));
    const back = read(files.open(PATH, 'read'));
    expect(back.batches).to.deep.equal([batchOf(2, 10)]);
    expect(back.tornBytes).to.be.greaterThan(0);
  });

  it('refuses a batch no record can hold', () => {
    const writer = newWriter(newFile());
    const big = { length: 2 ** 30 + 1 } as Uint8Array;
    expect(codeOf(() => writer.append(1, 1, big, 0, big.length))).to.equal('TooLarge');
  });

  it('a sealed log takes no more', () => {
    const file = newFile();
    const writer = newWriter(file);
    append(writer, batchOf(1, 10));
    writer.appendSeal();
    expect(() => append(writer, batchOf(2, 10))).to.throw('broken invariant');
    expect(read(file)).to.include({ records: 1, sealed: true, tornBytes: 0 });
  });

  it('a closed log says so', async () => {
    const writer = newWriter(newFile());
    append(writer, batchOf(1, 10));
    writer.close();
    writer.close();
    expect(codeOf(() => append(writer, batchOf(2, 10)))).to.equal('Closed');
    expect(await writer.sync().catch((error: LsmError) => error.code)).to.equal('Closed');
  });
});

describe('WalWriter.sync', () => {
  let file: ManualSyncFile;
  let writer: WalWriter;

  beforeEach(() => {
    file = new ManualSyncFile(newFile());
    writer = newWriter(file);
  });

  it('resolves when what was appended before is durable', async () => {
    append(writer, batchOf(1, 10));
    const waiter = statusOf(writer.sync());
    const length = writer.byteLength;
    await turn();
    append(writer, batchOf(2, 10));
    expect([waiter.status, writer.durableBytes]).to.deep.equal(['waiting', 0]);
    await file.endSync();
    expect([waiter.status, writer.durableBytes]).to.deep.equal(['done', length]);
  });

  it('those who come while a sync is under way share the next one', async () => {
    append(writer, batchOf(1, 10));
    const first = statusOf(writer.sync());
    await turn();
    const others = [2, 3, 4].map((seq) => {
      append(writer, batchOf(seq, 10));
      return statusOf(writer.sync());
    });
    await file.endSync();
    expect([first, ...others].map((s) => s.status)).to.deep.equal(['done', 'waiting', 'waiting', 'waiting']);
    expect(file.syncs).to.equal(2);
    await file.endSync();
    expect(others.map((s) => s.status)).to.deep.equal(['done', 'done', 'done']);
    expect(writer.durableBytes).to.equal(writer.byteLength);
  });

  it('those who commit again at once share it too', async () => {
    let seq = 0;
    const committed = [0, 0, 0, 0];
    const committer = async (i: number): Promise<void> => {
      for (; committed[i]! < 3; committed[i]!++) {
        append(writer, batchOf(++seq, 10));
        await writer.sync();
      }
    };
    const all = Promise.all(committed.map((_, i) => committer(i)));
    while (committed.some((count) => count < 3)) await file.endSync();
    await all;
    expect(file.syncs).to.equal(3);
  });

  it('runs at once for a writer alone, in the pool for several, and for a timer', async () => {
    writer = new WalWriter(file, 1, STORE_ID, { choice: new SyncChoice({ nowMs: () => 0 }) });
    const put = async (seq: number, isUrgent: boolean, others: number): Promise<void> => {
      append(writer, batchOf(seq, 10));
      const all = Array.from({ length: 1 + others }, () => writer.sync(isUrgent));
      const before = file.syncs;
      await turn();
      if (file.syncs > before) await file.endSync();
      await Promise.all(all);
      expect(writer.durableBytes).to.equal(writer.byteLength);
    };
    const seen: number[] = [];
    for (const [seq, isUrgent, others] of [
      [1, true, 0], // a first try in the pool
      [2, true, 0],
      [3, false, 0],
      [4, true, 0], // a try in the pool again
      [5, true, 0],
      [6, true, 1],
    ] as const) {
      await put(seq, isUrgent, others);
      seen.push(file.syncsAtOnce);
    }
    expect(seen).to.deep.equal([0, 1, 1, 1, 2, 2]);
  });

  it('writes room ahead for a writer who is always alone, which is no part of the log', async () => {
    const files = new FaultyFileSystem();
    const plain = files.open(PATH, 'create');
    writer = new WalWriter(plain, 1, STORE_ID, { choice: new SyncChoice({ nowMs: () => 0 }) });
    const batches: Batch[] = [];
    const put = async (isUrgent: boolean): Promise<void> => {
      batches.push(batchOf(batches.length + 1, 100));
      append(writer, batches[batches.length - 1]!);
      await writer.sync(isUrgent);
    };
    for (let i = 0; i < 20; i++) await put(false);
    expect(plain.size(), 'not for a timer').to.equal(writer.byteLength);
    for (let i = 0; i < 8; i++) await put(true);
    expect(plain.size(), 'not for a few').to.equal(writer.byteLength);
    await put(true);
    const room = plain.size();
    expect(room - writer.byteLength).to.equal(128 * 1024);
    while (writer.byteLength + 200 < room) await put(true);
    expect(plain.size(), 'one room for a thousand records').to.equal(room);
    await put(true);
    await put(true);
    expect(plain.size()).to.be.greaterThan(room + 64 * 1024);
    for (const image of [files, files.powerCut(new SeededRandom(1))]) {
      const back = read(image.open(PATH, 'read'));
      expect(back.batches).to.deep.equal(batches);
      expect([back.validBytes, back.tornBytes]).to.deep.equal([writer.byteLength, 0]);
    }
    writer.appendSeal();
    expect(read(plain)).to.include({ sealed: true, tornBytes: 0 });
  });

  it('does without room ahead when there is none, and after a failed write makes it anew', async () => {
    const files = new FaultyFileSystem();
    const plain = files.open(PATH, 'create');
    writer = new WalWriter(plain, 1, STORE_ID, { choice: new SyncChoice({ nowMs: () => 0 }) });
    const put = async (seq: number): Promise<void> => {
      append(writer, batchOf(seq, 100));
      await writer.sync(true);
    };
    for (let seq = 1; seq <= 8; seq++) await put(seq);
    files.failAt('write', 2, 'ENOSPC');
    await put(9);
    await put(10);
    expect(plain.size(), 'no room, no loss').to.equal(writer.byteLength);
    files.failAt('write', 1, 'ENOSPC');
    expect(codeOf(() => append(writer, batchOf(11, 100)))).to.equal('DiskFull');
    await put(12);
    expect(plain.size()).to.be.greaterThan(writer.byteLength);
    expect(read(plain).batches.map((batch) => batch.seq)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]);
  });

  it('costs nothing when all is durable', async () => {
    append(writer, batchOf(1, 10));
    const done = writer.sync();
    await file.endSync();
    await done;
    await writer.sync();
    expect(file.syncs).to.equal(1);
  });

  it('a failure ends the log: this and all later syncs and appends have its cause', async () => {
    append(writer, batchOf(1, 10));
    const first = writer.sync();
    const second = writer.sync();
    const results = Promise.all([first, second].map((p) => p.catch((error: unknown) => error)));
    await file.endSync(new SystemError('EIO'));
    const [a, b] = await results;
    expect(a).to.be.instanceOf(LsmError).with.property('code', 'Io');
    expect(b).to.equal(a);
    expect(writer.failed).to.equal(a);
    expect(await writer.sync().catch((error: unknown) => error)).to.equal(a);
    expect(() => append(writer, batchOf(2, 10)))
      .to.throw(LsmError)
      .which.equals(a);
    expect([file.syncs, writer.durableBytes]).to.deep.equal([1, 0]);
  });

  it('tells each record how much was durable before it', async () => {
    append(writer, batchOf(1, 10));
    const synced = writer.byteLength;
    const done = writer.sync();
    await turn();
    append(writer, batchOf(2, 10));
    await file.endSync();
    await done;
    const third = writer.byteLength;
    append(writer, batchOf(3, 10));
    const bytes = contentsOf(file);
    expect([bytes[32 + 15], bytes[synced + 15], bytes[third + 15]]).to.deep.equal([0, 0, synced]);
  });
});

describe('a log after a power cut', () => {
  it('has every batch a sync covered, and of the others a prefix', async () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = new SeededRandom(seed);
      const files = new FaultyFileSystem();
      const writer = newWriter(files.open(PATH, 'create'), seed % 3 === 0 ? newCipher() : undefined);
      files.syncDirectory(PATH);
      const written = [];
      let synced = 0;
      for (let seq = 1; seq <= 1 + random.int(12); seq++) {
        const batch = batchOf(seq, random.int(random.chance(20) ? 3000 : 200));
        append(writer, batch);
        written.push(batch);
        if (random.chance(30)) {
          await writer.sync();
          synced = written.length;
        }
      }
      const image = files.powerCut(random).open(PATH, 'read');
      const { batches } = read(image, seed % 3 === 0 ? newCipher() : undefined);
      expect(batches, `seed ${seed}`).to.deep.equal(written.slice(0, batches.length));
      expect(batches.length, `seed ${seed}`).to.be.at.least(synced);
    }
  });
});
