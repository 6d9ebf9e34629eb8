/** The file engine against the contract: on real files with a worker thread, and over files in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MEMORY_PATH, openLsm, type LsmOptions } from '../../lsm/index.js';
import { orderedKvContract } from '../contract/ordered-kv.contract.js';

const ROWS: readonly (readonly [name: string, options: LsmOptions])[] = [
  ['a file', {}],
  ['a file, everything tiny', tiny()],
];

function tiny(): LsmOptions {
  return {
    memtableBytes: 8192,
    blockBytes: 256,
    tableBytes: 4096,
    cacheBytes: 0,
    levelOneBytes: 16_384,
    levelFactor: 2,
    transactionBytes: 4096,
    blobBytes: 2048,
  };
}

for (const [name, options] of ROWS) {
  orderedKvContract(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elmo-contract-'));
    const kv = await openLsm(join(folder, 'store.elmo'), options);
    return {
      kv,
      async close() {
        await kv.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
  orderedKvContract(`${name}, in memory`, async () => {
    const kv = await openLsm(MEMORY_PATH, options);
    return { kv, close: () => kv.close() };
  });
}
