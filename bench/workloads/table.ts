/** Every workload, in the order of a run, and what the engine is to reach. */
import type { PeerName } from '../peers.js';
import { blobs } from './blobs.js';
import { droploop } from './droploop.js';
import {
  fillrandom,
  fillseq,
  overwrite,
  prepareBig,
  prepareRandom,
  prepareSequential,
  size,
} from './load.js';
import { load5m } from './load5m.js';
import { memory4g } from './memory4g.js';
import { range100, readmissing, readrandom, readreverse, readseq, readseqcopy } from './read.js';
import { reopen, reopenbig } from './reopen.js';
import { fillsync1, fillsync32, put1 } from './single.js';
import { urls } from './urls.js';
import type { Prepared, Workload } from './workload.js';

export const WORKLOADS: readonly Workload[] = [
  fillseq,
  fillrandom,
  overwrite,
  readrandom,
  readmissing,
  readseq,
  readseqcopy,
  readreverse,
  range100,
  put1,
  fillsync1,
  fillsync32,
  urls,
  size,
  reopen,
  droploop,
  blobs,
  load5m,
  reopenbig,
  memory4g,
];

export const PREPARATIONS: Readonly<Record<Exclude<Prepared, 'nothing'>, Workload>> = {
  random: prepareRandom,
  sequential: prepareSequential,
  'random-big': prepareBig,
};

export interface Goal {
  readonly than: PeerName;
  /** How many times better elmo is to be than that peer. */
  readonly times: number;
}

/** What elmo is to reach beside the peer that is best at the workload, in the same run. */
export const GOALS: Readonly<Record<string, Goal>> = {
  fillseq: { than: 'lmdb', times: 1 },
  fillrandom: { than: 'leveldb', times: 1 },
  overwrite: { than: 'leveldb', times: 1 },
  readrandom: { than: 'lmdb', times: 1.2 },
  readmissing: { than: 'lmdb', times: 2 },
  readseq: { than: 'lmdb', times: 4 },
  range100: { than: 'lmdb', times: 3 },
  put1: { than: 'sqlite', times: 1.2 },
  fillsync1: { than: 'sqlite', times: 1 },
  fillsync32: { than: 'lmdb', times: 1.3 },
  urls: { than: 'leveldb', times: 1 },
  size: { than: 'leveldb', times: 1 },
};

export function workloadNamed(name: string): Workload | undefined {
  return [...WORKLOADS, ...Object.values(PREPARATIONS)].find((workload) => workload.name === name);
}
