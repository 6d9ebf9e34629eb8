/**
 * What a workload is: one question, asked of every peer in the same way, in a process of its own.
 */
import { BatchBuffer, Shuffle, Tally, writeKey, writeValue } from '../data.js';
import { Stopwatch } from '../measure.js';
import type { KvPeer, PeerName } from '../peers.js';

/** What lies in the store when a workload begins. `random`: all entries, put in random order, settled. */
export type Prepared = 'nothing' | 'random' | 'sequential' | 'random-big';

export interface WorkloadContext {
  readonly peerName: PeerName;
  /** A folder for this measurement alone, or the prepared store, which is then only read. */
  readonly folder: string;
  readonly entries: number;
  readonly seed: number;
  /** A list of real addresses, if there is one. */
  readonly urlFile: string | undefined;
  /** Opens the peer's store in `folder`. */
  open(syncEveryCommit?: boolean): Promise<KvPeer>;
  /** Opens a store of the peer's somewhere else. */
  openIn(folder: string): Promise<KvPeer>;
}

export interface Measured {
  /** In the workload's unit. */
  readonly value: number;
  /** Microseconds of processor time an entry, call or range took: what a busy machine disturbs least. */
  readonly cpuMicros?: number;
  /** Further figures, each with its unit in its name. */
  readonly details: Readonly<Record<string, number>>;
}

export interface Workload {
  readonly name: string;
  readonly question: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly needs: Prepared;
  /** It writes: it gets a copy of the prepared store. */
  readonly writes: boolean;
  /** Only with --big, or when named. */
  readonly big?: boolean;
  /** Only when named or with --all: takes minutes. */
  readonly long?: boolean;
  readonly run: (context: WorkloadContext) => Promise<Measured>;
}

export const BATCH_ENTRIES = 1000;
/** Entries of the store of `random-big`: 1 GB of keys and values. */
export const BIG_ENTRIES = Math.round(1e9 / 116);

/** The order in which entries are put or read. */
export type Order = (index: number) => number;

export const ascending: Order = (index) => index;

export function randomOrder(count: number, seed: number): Order {
  const shuffle = new Shuffle(count, seed);
  return (index) => shuffle.at(index);
}

/** Puts `entries` entries in batches; only the calls count. */
export async function fill(
  peer: KvPeer,
  entries: number,
  order: Order,
  generation: number,
  seed: number,
  onBatch?: (done: number, lapMs: number) => Promise<void> | void,
): Promise<Stopwatch> {
  const watch = new Stopwatch();
  const buffer = new BatchBuffer(BATCH_ENTRIES, (bytes) => peer.allocate(bytes));
  for (let done = 0; done < entries;) {
    buffer.count = 0;
    while (buffer.count < BATCH_ENTRIES && done + buffer.count < entries)
      buffer.add(order(done + buffer.count), generation, seed);
    watch.start();
    await peer.batch(buffer.keys, buffer.values, buffer.count);
    const lapMs = watch.stop();
    done += buffer.count;
    if (onBatch) await onBatch(done, lapMs);
  }
  return watch;
}

/** What a right answer for these entries adds up to. */
export function expectedTally(
  peer: KvPeer,
  count: number,
  order: Order,
  generation: number,
  seed: number,
): Tally {
  const tally = new Tally();
  const key = peer.allocate(16);
  const value = peer.allocate(100);
  for (let i = 0; i < count; i++) {
    const n = order(i);
    writeKey(key, n);
    writeValue(value, n, generation, seed);
    tally.add(key, 0, key.length, value, 0, value.length);
  }
  return tally;
}

/** Reads some entries back and compares every byte. */
export function verifySample(
  peer: KvPeer,
  entries: number,
  generation: number,
  seed: number,
  sample = 1000,
): void {
  const order = randomOrder(entries, seed + 99);
  const key = peer.allocate(16);
  const value = peer.allocate(100);
  for (let i = 0; i < Math.min(sample, entries); i++) {
    const n = order(i);
    writeKey(key, n);
    writeValue(value, n, generation, seed);
    const got = peer.get(key);
    if (got === undefined) throw new Error(`entry ${n} is absent`);
    if (Buffer.compare(got, value) !== 0) throw new Error(`entry ${n} has a wrong value`);
  }
}
