/** One measurement in a process of its own, so that memory and compiled code are this measurement's alone. */
import { cpuLoopMs } from './measure.js';
import { openPeer, type PeerName } from './peers.js';
import { workloadNamed } from './workloads/table.js';
import type { Measured } from './workloads/workload.js';

/** What the parent asks for. */
export interface Job {
  readonly workload: string;
  readonly peer: PeerName;
  readonly folder: string;
  readonly entries: number;
  readonly seed: number;
  readonly urlFile: string | undefined;
}

/** What it gets. */
export type Outcome =
  | {
      readonly ok: true;
      readonly measured: Measured;
      readonly cpuLoopMs: number;
      readonly durability: string;
    }
  | { readonly ok: false; readonly error: string };

process.once('message', (job: Job) => {
  void answer(job).then((outcome) => process.send!(outcome, () => process.disconnect()));
});

async function answer(job: Job): Promise<Outcome> {
  const workload = workloadNamed(job.workload);
  if (workload === undefined) return { ok: false, error: `no workload ${job.workload}` };
  const noise = cpuLoopMs();
  let durability = '';
  try {
    const measured = await workload.run({
      peerName: job.peer,
      folder: job.folder,
      entries: job.entries,
      seed: job.seed,
      urlFile: job.urlFile,
      open: async (syncEveryCommit = false) => {
        const peer = await openPeer(job.peer, job.folder, { syncEveryCommit });
        durability = peer.durability;
        return peer;
      },
      openIn: (folder) => openPeer(job.peer, folder, { syncEveryCommit: false }),
    });
    return { ok: true, measured, cpuLoopMs: noise, durability };
  } catch (cause) {
    return { ok: false, error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
  }
}
