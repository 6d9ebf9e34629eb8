/**
 * Cold start, in a process of its own: how long until a closed database has answered a first findOne, and how much memory
 * the process takes then. The code of the peer is loaded before the clock starts; how long that takes is told too. elmo is
 * the package as users install it, its files joined.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { MIB } from '../measure.js';
import { order, orderId } from './data.js';
import { ELMO_FILE, openDocPeer, type DocPeer, type DocPeerName } from './peer.js';
import type { DriverDb } from './peers/driver-peer.js';
import { mustBeOrder } from './workload.js';

export interface ColdJob {
  readonly kind: 'prepare' | 'open';
  readonly peer: DocPeerName;
  readonly folder: string;
  readonly documents: number;
  readonly seed: number;
  /** URL of elmo's program. */
  readonly program: string;
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

/** What is used of elmo's program. */
interface Program {
  connect(path: string): Promise<{ db(name: string): DriverDb; close(): Promise<void> }>;
  ObjectId: new (hex: string) => object;
}

/** Loads the code of a peer. @returns what opens it */
async function load({ peer: name, folder, program }: ColdJob): Promise<() => Promise<DocPeer>> {
  if (name !== 'elmo') return () => openDocPeer(name, folder);
  const { connect, ObjectId } = (await import(program)) as Program;
  const { DriverPeer } = await import('./peers/driver-peer.js');
  return async () => {
    const client = await connect(join(folder, ELMO_FILE));
    return new DriverPeer({
      durability: '',
      db: client.db('bench'),
      objectId: (hex) => new ObjectId(hex),
      settle: () => Promise.resolve(),
      close: () => client.close(),
    });
  };
}

async function open(job: ColdJob): Promise<ColdOutcome> {
  const { documents, seed } = job;
  const started = performance.now();
  const openPeer = await load(job);
  const loaded = performance.now();
  const i = documents >> 1;
  const peer = await openPeer();
  const found = await peer.findById(peer.key(orderId(i)));
  const ms = performance.now() - loaded;
  const rssMiB = process.memoryUsage.rss() / MIB;
  mustBeOrder(peer, found, i, seed);
  return { ok: true, ms, importMs: loaded - started, rssMiB };
}
