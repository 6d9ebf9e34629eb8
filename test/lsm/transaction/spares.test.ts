import { expect } from 'chai';
import { KIND_RAW } from '../../../lsm/key/entry-kind.js';
import { EntryRegisters } from '../../../lsm/read/source-cursor.js';
import { TransactionSpares } from '../../../lsm/transaction/spares.js';
import { OpsBuffer } from '../../../lsm/transaction/write-batch.js';
import { MEMORY_PATH, openLsm } from '../../../lsm/store.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function putting(...keys: string[]): OpsBuffer {
  const ops = new OpsBuffer();
  for (const key of keys) ops.put(KIND_RAW, bytes(key), 0, key.length, bytes(key), 0, key.length);
  return ops;
}

describe('the spares of transactions', () => {
  it('give an overlay back empty, whatever it held', () => {
    const spares = new TransactionSpares(4096);
    const many = Array.from({ length: 300 }, (_, n) => `key ${n * 7919}`);
    for (const keys of [many, ['a'], many.slice(0, 100), ['b', 'a']]) {
      const overlay = spares.takeOverlay(8000);
      expect(overlay.isEmpty).to.equal(true);
      const ops = putting(...keys);
      overlay.apply(ops.bytes, 0, ops.length, 1, 0);
      expect(overlay.entryCount).to.equal(keys.length);
      const cursor = overlay.cursor();
      const seen: string[] = [];
      for (cursor.first(); cursor.isValid; cursor.next()) {
        seen.push(
          Buffer.from(cursor.keyBytes).toString(
            'latin1',
            cursor.keyOffset,
            cursor.keyOffset + cursor.keyLength,
          ),
        );
      }
      expect(seen).to.deep.equal([...keys].sort());
      expect(overlay.find(bytes('absent'), 0, 6, 1, new EntryRegisters())).to.equal(false);
      spares.giveOverlay(overlay);
    }
  });

  it('give the same arrays again, but not those too small for the operation, nor keep large ones', () => {
    const spares = new TransactionSpares(4096);
    const overlay = spares.takeOverlay(10);
    spares.giveOverlay(overlay);
    expect(spares.takeOverlay(10)).to.equal(overlay);
    spares.giveOverlay(overlay);
    expect(spares.takeOverlay(100_000)).not.to.equal(overlay);
    const large = spares.takeOverlay(100_000);
    const ops = putting(...Array.from({ length: 9000 }, (_, n) => `key ${n}`));
    large.apply(ops.bytes, 0, ops.length, 1, 0);
    spares.giveOverlay(large);
    expect(spares.takeOverlay(10)).not.to.equal(large);
  });

  it('lie in shared memory once they are large, where flushes run in another thread', () => {
    const many = putting(...Array.from({ length: 9000 }, (_, n) => `key ${n}`));
    const few = putting('a', 'b');
    for (const [isShared, ops, isInSharedMemory] of [
      [true, many, true],
      [true, few, false],
      [false, many, false],
    ] as const) {
      const overlay = new TransactionSpares(100_000, isShared).takeOverlay(ops.length);
      overlay.apply(ops.bytes, 0, ops.length, 1, 0);
      const { arena, offsets } = overlay.exportSorted();
      expect(arena.buffer instanceof SharedArrayBuffer).to.equal(isInSharedMemory);
      expect(offsets.buffer instanceof SharedArrayBuffer).to.equal(isShared);
    }
    const spares = new TransactionSpares(100_000, true);
    const large = spares.takeLargeOverlay(10);
    large.apply(few.bytes, 0, few.length, 1, 0);
    expect(large.exportSorted().arena.buffer.byteLength, 'made at once').to.equal(200_000);
    spares.giveLargeOverlay(large);
    expect(spares.takeLargeOverlay(10)).to.equal(large);
  });

  it('give batches back empty', () => {
    const spares = new TransactionSpares(4096);
    const ops = spares.takeOps();
    ops.delete(bytes('k'), 0, 1);
    spares.giveOps(ops);
    const again = spares.takeOps();
    expect([again === ops, again.length, again.count, again.segments]).to.deep.equal([true, 0, 0, 0]);
  });

  it('keep transactions apart that commit side by side', async () => {
    const store = await openLsm(MEMORY_PATH);
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        for (let round = 0; round < 20; round++) {
          const transaction = store.begin();
          transaction.put(bytes(`${n}`), bytes(`${n} ${round}`));
          expect(transaction.get(bytes(`${(n + 1) % 40} own`))).to.equal(undefined);
          if (round % 3 === 2) transaction.rollback();
          else await transaction.commit();
        }
      }),
    );
    for (let n = 0; n < 40; n++) expect(store.get(bytes(`${n}`))).to.deep.equal(bytes(`${n} 19`));
    await store.close();
  });
});
