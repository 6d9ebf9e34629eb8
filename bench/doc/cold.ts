/**
 * Cold start, in a process of its own: how long until a closed database has answered a first findOne, and how much memory
 * the process takes then. The code of the peer is loaded before the clock starts; how long that takes is told too.
 */
import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { MIB } from '../measure.js';
import { order, orderId } from './data.js';
import { openDocPeer, type DocPeer, type DocPeerName } from './peer.js';
import { mustBeOrder } from './workload.js';

export interface ColdJob {
  readonly kind: 'prepare' | 'open';
  readonly peer: DocPeerName;
  readonly folder: string;
  readonly documents: number;
  readonly seed: number;
}

export type ColdOutcome =
  | { readonly ok: true; readonly ms: number; readonly importMs: number; readonly rssMiB: number }
  | { readonly ok: false; readonly error: string };

process.once('message', (job: ColdJob) => {
  const work = job.kind === 'prepare' ? prepare(job) : open(job);
  void work
    .catch((cause: unknown): ColdOutcome => ({ ok: false, error: (cause as Error).stack ?? String(cause) }))
    .then((outcome) => process.send!(outcome, () => process.disconnect()));
});

async function prepare({ peer: name, folder, documents, seed }: ColdJob): Promise<ColdOutcome> {
  mkdirSync(folder, { recursive: true });
  const peer = await openDocPeer(name, folder);
  await peer.newOrders();
  for (let done = 0; done < documents; done += 1000) {
    const count = Math.min(1000, documents - done);
    await peer.insertMany(Array.from({ length: count }, (_, n) => peer.native(order(done + n, seed))));
  }
  await peer.settle();
  await peer.close();
  return { ok: true, ms: 0, importMs: 0, rssMiB: 0 };
}

/** Loads the code of a peer by opening nothing. */
async function load(name: DocPeerName): Promise<void> {
  if (name === 'elmo') await import('../../index.js');
}

async function open({ peer: name, folder, documents, seed }: ColdJob): Promise<ColdOutcome> {
  const started = performance.now();
  await load(name);
  const loaded = performance.now();
  const i = documents >> 1;
  const peer: DocPeer = await openDocPeer(name, folder);
  const found = await peer.findById(peer.key(orderId(i)));
  const ms = performance.now() - loaded;
  const rssMiB = process.memoryUsage.rss() / MIB;
  mustBeOrder(peer, found, i, seed);
  return { ok: true, ms, importMs: loaded - started, rssMiB };
}
