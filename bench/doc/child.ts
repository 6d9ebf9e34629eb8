/** A process that holds one peer open and measures what it is asked to, so that peers can take turns every fraction of a second. */
import { openDocPeer, type DocPeer, type DocPeerName } from './peer.js';
import type { DocMeasured } from './workload.js';
import { docWorkloadNamed } from './workloads/table.js';

export type DocJob =
  | {
      readonly kind: 'open';
      readonly peer: DocPeerName;
      readonly folder: string;
      readonly documents: number;
      readonly seed: number;
      readonly budgetMs: number;
    }
  | { readonly kind: 'measure'; readonly workload: string; readonly round: number }
  | { readonly kind: 'close' };

export type DocOutcome =
  | { readonly ok: true; readonly measured?: DocMeasured; readonly durability?: string }
  | { readonly ok: false; readonly error: string };

let opened: { readonly peer: DocPeer; readonly job: DocJob & { kind: 'open' } } | undefined;
const counters = new Map<string, number>();

process.on('message', (job: DocJob) => {
  void answer(job)
    .catch((cause: unknown): DocOutcome => ({ ok: false, error: (cause as Error).stack ?? String(cause) }))
    .then((outcome) => process.send!(outcome, () => job.kind === 'close' && process.disconnect()));
});

async function answer(job: DocJob): Promise<DocOutcome> {
  if (job.kind === 'open') {
    const peer = await openDocPeer(job.peer, job.folder);
    opened = { peer, job };
    return { ok: true, durability: peer.durability };
  }
  if (opened === undefined) throw new Error('nothing is open');
  const { peer } = opened;
  if (job.kind === 'close') {
    await peer.close();
    return { ok: true };
  }
  const { documents, seed, budgetMs, peer: name } = opened.job;
  const workload = docWorkloadNamed(job.workload);
  if (workload === undefined) throw new Error(`no workload ${job.workload}`);
  const measured = await workload.run({
    peer,
    name,
    documents,
    seed,
    budgetMs,
    round: job.round,
    counters,
  });
  return measured === undefined ? { ok: true } : { ok: true, measured };
}
