import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import fc from 'fast-check';
import { NO_BYTES, type Bytes } from '../../../lsm/base/bytes.js';
import { Memtable } from '../../../lsm/memtable/memtable.js';
import { SortedEntriesCursor, type SortedEntries } from '../../../lsm/memtable/sorted-entries.js';
import { apply, backward, forward, put, putBlob, remove, removeRange, showCursor, text } from './batches.js';

const shared = (): Memtable =>
  new Memtable({ capacityBytes: 1024 * 1024, shared: true, growable: false, baseSeq: 1_000_000_000_000 });
const BASE = 1_000_000_000_000;

function sample(): Memtable {
  const memtable = shared();
  for (let i = 0; i < 500; i++) {
    const key = text(`k${(i * 37) % 211}`);
    const operations = [
      i % 7 === 0 ? remove(key) : put(key, text(`value ${i}`)),
      putBlob(text(`blob${i % 9}`), i, i),
    ];
    apply(memtable, operations, BASE + i, BASE + (i % 3 === 0 ? i - 1 : 0));
  }
  apply(
    memtable,
    [put(text('k5')), removeRange(text('k1'), text('k6')), removeRange(text('x'), NO_BYTES)],
    BASE + 900,
    BASE,
  );
  memtable.freeze();
  return memtable;
}

/** Runs in a worker: iterates the entries with the cursor, as text. */
const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  (async () => {
    const { SortedEntriesCursor } = await import(workerData.cursor);
    const { forward } = await import(workerData.batches);
    parentPort.on('message', (entries) => {
      parentPort.postMessage({ seen: forward(new SortedEntriesCursor(entries)), tombstones: entries.tombstones });
      parentPort.close();
    });
  })();
`;

describe('SortedEntries', () => {
  it('holds what the memtable holds', () => {
    const memtable = sample();
    const entries = memtable.exportSorted();
    const cursor = new SortedEntriesCursor(entries);
    expect(entries.count).to.equal(memtable.entryCount);
    expect(forward(cursor)).to.deep.equal(forward(memtable.cursor()));
    expect(backward(cursor)).to.deep.equal(backward(memtable.cursor()));
    expect(entries.tombstones).to.deep.equal(memtable.tombstones.records());
    expect(entries.arena.buffer).to.be.instanceOf(SharedArrayBuffer);
    expect(entries.offsets.buffer).to.be.instanceOf(SharedArrayBuffer);
    expect(entries.arena.length).to.equal(memtable.byteLength);
  });

  it('seeks like the memtable', () => {
    const memtable = sample();
    const plain = memtable.cursor();
    const sorted = new SortedEntriesCursor(memtable.exportSorted());
    const key = fc.oneof(
      fc.nat(220).map((n) => text(`k${n}`)),
      fc.uint8Array({ maxLength: 4 }),
    );
    const expectSame = (): void => {
      expect(sorted.isValid).to.equal(plain.isValid);
      if (plain.isValid) {
        expect(showCursor(sorted)).to.equal(showCursor(plain));
        expect(sorted.rawLength).to.equal(plain.rawLength);
      }
    };
    fc.assert(
      fc.property(key, (each: Bytes) => {
        for (const cursor of [plain, sorted]) cursor.seekAtLeast(each, 0, each.length);
        expectSame();
        for (const cursor of [plain, sorted]) cursor.seekBefore(each, 0, each.length);
        expectSame();
      }),
      { numRuns: 300 },
    );
  });

  it('is empty for an empty memtable', () => {
    const memtable = shared();
    memtable.freeze();
    const entries = memtable.exportSorted();
    const cursor = new SortedEntriesCursor(entries);
    expect(entries.count).to.equal(0);
    expect([...forward(cursor), ...backward(cursor)]).to.deep.equal([]);
    cursor.close();
  });

  it('stays as it was while an overlay goes on', () => {
    const memtable = new Memtable({ capacityBytes: 65_536, shared: false, growable: true, baseSeq: 0 });
    apply(memtable, [put(text('a'), text('1')), put(text('b'), text('2'))], 1, 0);
    const entries = memtable.exportSorted();
    const before = forward(new SortedEntriesCursor(entries));
    apply(memtable, [put(text('a'), text('3'))], 2, 0);
    memtable.rollbackAbove(0);
    apply(memtable, [put(text('c'), text('4'))], 1, 0);
    expect(forward(new SortedEntriesCursor(entries))).to.deep.equal(before);
  });

  it('reaches another thread without a copy', async () => {
    const memtable = sample();
    const entries: SortedEntries = memtable.exportSorted();
    const worker = new Worker(PROGRAM, {
      eval: true,
      workerData: {
        cursor: new URL('../../../lsm/memtable/sorted-entries.js', import.meta.url).href,
        batches: new URL('./batches.js', import.meta.url).href,
      },
    });
    const answer = await new Promise<{ seen: string[]; tombstones: unknown }>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', resolve);
      worker.postMessage(entries);
    });
    await worker.terminate();
    expect(answer.seen).to.deep.equal(forward(memtable.cursor()));
    expect(answer.tombstones).to.deep.equal(memtable.tombstones.records());
  });
});
