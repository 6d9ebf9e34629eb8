import { expect } from 'chai';
import { checkLevels } from '../../../lsm/check/check-levels.js';
import { checkSpace } from '../../../lsm/check/check-space.js';
import type { Cipher } from '../../../lsm/env/cipher.js';
import type { File } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { LsmError } from '../../../lsm/errors.js';
import { ManifestLog, isSyncFailure } from '../../../lsm/manifest/manifest-log.js';
import { extentOf, type VersionChange } from '../../../lsm/manifest/manifest-state.js';
import { readMeta, type StoreIdentity } from '../../../lsm/manifest/meta-slots.js';
import { tablesOf } from '../../../lsm/manifest/version.js';
import type { Extent } from '../../../lsm/space/extents.js';
import { FaultyFileSystem, PowerCut } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { flipCipher } from '../blob/blob-stream.js';
import { add, table, text } from './sample-edits.js';

const identity: StoreIdentity = {
  storeId: text('storeid!'),
  isEncrypted: false,
  keySalt: new Uint8Array(16),
  keyCheck: new Uint8Array(16),
  blockBytes: 8192,
  tableBytes: 2 ** 22,
  blobBytes: 32_768,
};

function reopen(file: File, cipher?: Cipher): ManifestLog {
  return ManifestLog.open(file, readMeta(file)!, cipher);
}

/** All that a log holds, as plain data. */
function contents(log: ManifestLog): unknown {
  const { version, blobs, levelPointers, ...rest } = log.state;
  return { ...rest, version, blobs: [...blobs], levelPointers: [...levelPointers] };
}

function expectSound(log: ManifestLog): void {
  expect(checkSpace(log.extents, log.state)).to.deep.equal([]);
  expect(checkLevels(log.state.version)).to.deep.equal([]);
}

/** Writes a table of `units` units that holds nothing but its id, and tells how to add it. */
function writeTable(log: ManifestLog, file: File, id: number, units = 1): VersionChange {
  const extent = log.extents.allocate(units * 4096);
  stamp(file, extent, id);
  const low = String(id).padStart(8, '0');
  const meta = table(id, low, low, { offset: extent.offset, extentBytes: extent.bytes });
  return { addTables: [add(1, 0, meta)] };
}

function stamp(file: File, extent: Extent, id: number): void {
  const bytes = new Uint8Array(extent.bytes).fill(id % 251);
  file.write(bytes, 0, bytes.length, extent.offset);
}

function isStamped(file: File, extent: Extent, id: number): boolean {
  const bytes = new Uint8Array(extent.bytes);
  const got = file.read(bytes, 0, bytes.length, extent.offset);
  return got === bytes.length && bytes.every((byte) => byte === id % 251);
}

async function errorOf(promise: Promise<unknown>): Promise<LsmError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LsmError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('ManifestLog', () => {
  it('makes an empty store', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    expectSound(log);
    expect(readMeta(file)).to.deep.equal(log.meta);
    expect(log.meta).to.include({ version: 1, firstLog: 1, isClean: false });
    expect(contents(reopen(file))).to.deep.equal(contents(log));
    expect(file.size()).to.equal(log.extents.end);
  });

  for (const cipher of [undefined, flipCipher]) {
    it(`finds after reopening what was appended${cipher ? ', encrypted' : ''}`, async () => {
      const file = new MemoryFileSystem().open('store', 'create');
      const log = await ManifestLog.create(file, identity, cipher);
      const blob = { id: 12, extents: [log.extents.allocate(9000), log.extents.allocate(4096)] };
      await log.append({ ...writeTable(log, file, 5), addBlobs: [blob], dataSeq: 77, firstLog: 3 });
      await log.append({ levelPointers: [{ level: 1, key: text('k') }] });
      expect(log.state).to.include({ lastSeq: 77, firstLog: 3, nextTableId: 6, nextBlobId: 13 });
      expect(contents(reopen(file, cipher))).to.deep.equal(contents(log));

      const number = (await log.append({ removeTables: [5], removeBlobs: [12], nextTableId: 50 })).number;
      const again = reopen(file, cipher);
      expect(contents(again)).to.deep.equal(contents(log));
      expect(again.state).to.include({ lastSeq: 77, nextTableId: 50 });
      expect(log.extents.awaiting().map(({ version }) => version)).to.deep.equal([number, number, number]);
      expect(log.extents.stats().awaitingBytes).to.equal(4096 + 12_288 + 4096);
      expectSound(log);
      expectSound(again);
    });
  }

  it('makes changes in the order of the calls, each on the one before', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    const order: number[] = [];
    const appends = [1, 2, 3, 4].map(async (id) => {
      order.push((await log.append(writeTable(log, file, id))).number);
    });
    const wrong = errorOf(
      log.append({ removeTables: [99] }).catch(() => Promise.reject(new LsmError('', 'Io'))),
    );
    await Promise.all([...appends, wrong, log.append({ removeTables: [2] })]);
    await log.settled();
    expect(order).to.deep.equal([2, 3, 4, 5]);
    expect([...tablesOf(reopen(file).state.version)].map(({ id }) => id)).to.deep.equal([1, 3, 4]);
    expectSound(log);
  });

  it('moves a table between levels without touching its space', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    await log.append(writeTable(log, file, 5));
    const [meta] = tablesOf(log.state.version);
    await log.append({ removeTables: [5], addTables: [add(2, 0, meta!)] });
    expect(log.extents.awaiting()).to.deep.equal([]);
    expectSound(log);
    const elsewhere = log.extents.allocate(4096);
    await log.append({ removeTables: [5], addTables: [add(2, 0, { ...meta!, offset: elsewhere.offset })] });
    expect(log.extents.awaiting()).to.have.length(1);
    expectSound(log);
  });

  it('writes the whole state into a new extent when the old one is full, at most 200 bytes a table', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    const first = log.state.manifest;
    const lasting = writeTable(log, file, 1).addTables!;
    await log.append({ addTables: lasting });
    const places = new Set<number>();
    for (let id = 2; id < 3000; id++) {
      const last = [...tablesOf(log.state.version)].at(-1)!;
      await log.append({
        ...writeTable(log, file, id),
        removeTables: id % 2 === 0 && id > 2 ? [last.id] : [],
      });
      log.extents.release(log.meta.version, Infinity);
      places.add(log.state.manifest.offset);
    }
    expect(places.size).to.be.greaterThan(2);
    expect(log.state.manifest.offset).not.to.equal(first.offset);
    const again = reopen(file);
    expect(contents(again)).to.deep.equal(contents(log));
    expectSound(again);
    expectSound(log);

    await log.rewrite();
    const count = [...tablesOf(log.state.version)].length;
    expect(log.meta.manifest.validBytes / count).to.be.at.most(200);
    expect(contents(reopen(file))).to.deep.equal(contents(log));
    expectSound(log);
  });

  it('is worth writing anew when it is much longer than the state it comes to', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    let edits = 0;
    for (let id = 1; !log.isWorthRewriting && id < 1000; id++, edits++)
      await log.append({ ...writeTable(log, file, id), removeTables: id > 1 ? [id - 1] : [] });
    expect(edits).to.be.within(20, 100);
    await log.rewrite();
    expect(log.isWorthRewriting).to.equal(false);

    const many = new MemoryFileSystem().open('store', 'create');
    const grown = await ManifestLog.create(many, identity);
    for (let id = 1; id <= 200; id++) await grown.append(writeTable(grown, many, id));
    expect(grown.meta.manifest.validBytes).to.be.greaterThan(4096);
    expect(grown.isWorthRewriting, 'all it says is still so').to.equal(false);
  });

  it('moves to the lowest place when it is rewritten, so that the tail can be cut off', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    await log.append(writeTable(log, file, 5, 20));
    await log.rewrite();
    await log.append({ removeTables: [5] });
    log.extents.release(log.meta.version, Infinity);
    await log.rewrite();
    log.extents.release(log.meta.version, Infinity);
    file.truncate(log.extents.cutTail());
    expect(file.size()).to.equal(8192 + 65_536);
    expectSound(reopen(file));
  });

  it('notes that the store was closed in order, until the next change', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    await log.markClean(true);
    const again = reopen(file);
    expect(again.meta.isClean).to.equal(true);
    await again.append({});
    expect(readMeta(file)?.isClean).to.equal(false);
  });

  it('of damaged bytes: the state or Corrupt', async () => {
    const file = new MemoryFileSystem().open('store', 'create');
    const log = await ManifestLog.create(file, identity);
    await log.append(writeTable(log, file, 5));
    const blob = log.extents.allocate(1);
    stamp(file, blob, 1);
    await log.append({ addBlobs: [{ id: 1, extents: [blob] }], removeTables: [5] });
    expectSound(reopen(file));
    const { extent, validBytes } = log.meta.manifest;
    const byte = new Uint8Array(1);
    for (let at = 0; at < validBytes; at++) {
      file.read(byte, 0, 1, extent.offset + at);
      byte[0]! ^= 4;
      file.write(byte, 0, 1, extent.offset + at);
      expect(() => reopen(file), `byte ${at}`).to.throw(LsmError, 'is damaged');
      byte[0]! ^= 4;
      file.write(byte, 0, 1, extent.offset + at);
    }
    const meta = readMeta(file)!;
    for (const [why, more] of [
      ['a record too few', { validBytes: validBytes - 30 }],
      ['bytes too many', { validBytes: validBytes + 40 }],
      ['no record', { validBytes: 0 }],
      ['past the end', { extent: { offset: 2 ** 40, bytes: 2 ** 40 }, validBytes: 2 ** 31 }],
    ] as const) {
      const wrong = { ...meta, manifest: { ...meta.manifest, ...more } };
      expect(() => ManifestLog.open(file, wrong), why).to.throw(LsmError, 'is damaged');
    }
    expect(() => ManifestLog.open(file, { ...meta, version: 9 })).to.throw(LsmError, 'the meta slot says 9');
    expectSound(reopen(file));
  });
});

describe('ManifestLog on a disk that fails', () => {
  async function storeOn(files: FaultyFileSystem): Promise<{ file: File; log: ManifestLog }> {
    const file = files.open('store', 'create');
    files.syncDirectory('store');
    const log = await ManifestLog.create(file, identity);
    await log.append(writeTable(log, file, 1));
    return { file, log };
  }

  for (const code of ['ENOSPC', 'EIO'] as const) {
    for (const [write, what] of [
      [1, 'the record'],
      [2, 'the meta slot'],
    ] as const) {
      it(`keeps the previous state after ${code} while writing ${what}; a later change succeeds`, async () => {
        const files = new FaultyFileSystem();
        const { file, log } = await storeOn(files);
        const change = writeTable(log, file, 2);
        const before = contents(log);
        files.failAt('write', write, code);
        const error = await errorOf(log.append(change));
        expect(error.code).to.equal(code === 'EIO' ? 'Io' : 'DiskFull');
        expect(isSyncFailure(error)).to.equal(false);
        files.clearFaults();
        expect(contents(log)).to.deep.equal(before);
        expectSound(log);
        expect(contents(reopen(files.processCrash().open('store', 'write')))).to.deep.equal(before);
        await log.append(change);
        expect(contents(reopen(files.processCrash().open('store', 'write')))).to.deep.equal(contents(log));
        expectSound(log);
      });
    }
  }

  it('gives the new extent back when the whole state cannot be written', async () => {
    const files = new FaultyFileSystem();
    const { log } = await storeOn(files);
    for (let n = 1; n <= 3; n++) {
      const { lentBytes } = log.extents.stats();
      files.failAt('write', n, 'ENOSPC');
      expect((await errorOf(log.rewrite())).code).to.equal('DiskFull');
      files.clearFaults();
      expect(log.extents.stats().lentBytes).to.equal(lentBytes);
      expectSound(log);
    }
    await log.rewrite();
    expectSound(log);
  });

  for (const sync of [1, 2]) {
    it(`takes no more changes after sync ${sync} of 2 failed`, async () => {
      const files = new FaultyFileSystem();
      const { file, log } = await storeOn(files);
      files.failAt('sync', sync, 'EIO');
      const error = await errorOf(log.append(writeTable(log, file, 2)));
      expect(isSyncFailure(error)).to.equal(true);
      expect(error.code).to.equal('Io');
      files.clearFaults();
      expect(log.failed).to.equal(error);
      expect(await errorOf(log.append({}))).to.equal(error);
      expect(await errorOf(log.markClean(true))).to.equal(error);
      expect([...tablesOf(log.state.version)].map(({ id }) => id)).to.deep.equal([1]);
    });
  }

  it('takes no more changes when it cannot tell whether the meta slot was written', async () => {
    const files = new FaultyFileSystem();
    const { file, log } = await storeOn(files);
    const change = writeTable(log, file, 2);
    files.failAt('write', 2, 'EIO', Infinity);
    expect(isSyncFailure(await errorOf(log.append(change)))).to.equal(true);
  });
});

describe('ManifestLog when the power goes', () => {
  /** Adds and removes tables, reusing space at once; tells of every version that was acknowledged. */
  async function run(file: File, acknowledged: (version: number) => void): Promise<void> {
    const log = await ManifestLog.create(file, identity);
    acknowledged(1);
    for (let id = 1; id <= 9; id++) {
      const removeTables = id > 3 ? [id - 3] : [];
      const change = { ...writeTable(log, file, id, 1 + (id % 3)), removeTables, dataSeq: id };
      const version = id === 6 ? (await log.rewrite()).number + 1 : log.state.version.number + 1;
      await log.append(change);
      acknowledged(version);
      log.extents.release(log.meta.version, Infinity);
    }
  }

  it('at any call: the last acknowledged version or the one after it is there, and its tables are whole', async () => {
    const random = new SeededRandom(4);
    let isDone = false;
    let points = 0;
    for (let cut = 1; !isDone; cut++) {
      const files = new FaultyFileSystem();
      const file = files.open('store', 'create');
      files.syncDirectory('store');
      files.cutAt(cut);
      let last = 0;
      try {
        await run(file, (version) => (last = version));
        isDone = true;
      } catch (error) {
        expect(isPowerCut(error), String(error)).to.equal(true);
      }
      for (let image = 0; image < 6; image++) {
        points++;
        const after = files.powerCut(random).open('store', 'write');
        const meta = readMeta(after);
        if (meta === undefined) {
          expect(last).to.equal(0);
          continue;
        }
        const log = ManifestLog.open(after, meta);
        // A rewrite is a version of its own, not acknowledged above.
        expect(log.state.version.number).to.be.within(Math.max(1, last), last + 2);
        for (const meta of tablesOf(log.state.version)) {
          expect(isStamped(after, extentOf(meta), meta.id), `table ${meta.id} after cut ${cut}`).to.equal(
            true,
          );
        }
        expectSound(log);
      }
    }
    expect(points).to.be.greaterThan(200);
  });

  function isPowerCut(error: unknown): boolean {
    return error instanceof PowerCut || (error instanceof Error && isPowerCut(error.cause));
  }
});
