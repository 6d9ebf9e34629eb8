/**
 * The rows under which every model program must answer alike: small sizes bring what is rare in life (a split, a
 * merge of many levels, an evicted block) into a program of a hundred steps.
 */
import * as zlib from 'node:zlib';
import type { LsmOptions } from '../../lsm/options.js';

export interface OptionsRow {
  readonly name: string;
  readonly options: LsmOptions;
  /** Real files in a temporary folder, and the worker thread, instead of files in memory. */
  readonly onDisk?: boolean;
}

const TINY: LsmOptions = {
  worker: false,
  memtableBytes: 4096,
  blockBytes: 256,
  tableBytes: 4096,
  cacheBytes: 0,
  levelFactor: 2,
  levelOneBytes: 4096,
  levelZeroRuns: 2,
  slowdownRuns: 6,
  blobBytes: 64,
  transactionBytes: 4096,
  transactionRuns: 2,
};

/** Some runtimes have no zstd. */
const HAS_ZSTD = 'zstdCompressSync' in zlib;

export const OPTIONS_MATRIX: readonly OptionsRow[] = [
  { name: 'defaults', options: { worker: false } },
  { name: 'tiny', options: TINY },
  { name: 'tiny, small cache', options: { ...TINY, cacheBytes: 2048, memtableBytes: 8192 } },
  { name: 'one-run levels', options: { ...TINY, levelZeroRuns: 1, slowdownRuns: 2, levelOneBytes: 16_384 } },
  { name: 'inline values', options: { ...TINY, blobBytes: 16_384, cacheBytes: 65_536 } },
  { name: 'inline values, small cache', options: { ...TINY, blobBytes: 16_384, cacheBytes: 16_384 } },
  { name: 'codec none', options: { ...TINY, codec: 'none', blobBytes: 1024 } },
  { name: 'codec lz4-block', options: { ...TINY, codec: 'lz4-block', blobBytes: 1024 } },
  { name: 'codec deflate', options: { ...TINY, codec: 'deflate', blobBytes: 1024, blockBytes: 1024 } },
  ...(HAS_ZSTD
    ? [{ name: 'codec zstd', options: { ...TINY, codec: 'zstd', blobBytes: 1024 } as const }]
    : []),
  { name: 'no filter', options: { ...TINY, bloomBitsPerKey: 0 } },
  { name: 'encrypted', options: { ...TINY, encryptionKey: new Uint8Array(32).fill(7), blobBytes: 256 } },
  { name: 'durability full', options: { ...TINY, durability: 'full' } },
  { name: 'no background merges', options: { ...TINY, autoMerge: false } },
  {
    name: 'big blocks',
    options: {
      ...TINY,
      blockBytes: 65_536,
      tableBytes: 65_536,
      memtableBytes: 16_384,
      levelOneBytes: 65_536,
    },
  },
  {
    name: 'on disk, worker',
    options: { ...TINY, worker: true, cacheBytes: 65_536 },
    onDisk: true,
  },
];

/** @throws if there is no such row */
export function optionsRow(name: string): OptionsRow {
  const row = OPTIONS_MATRIX.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no such row of options: ${name}`);
  return row;
}
