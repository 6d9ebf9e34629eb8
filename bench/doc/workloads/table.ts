/** Every workload of documents, in the order they run: loading, reading, changing, key-value access. */
import type { DocWorkload } from '../workload.js';
import { READS } from './reads.js';
import { insertMany, WRITES } from './writes.js';
import { YCSB } from './ycsb.js';

/** Rounds go over all workloads of a phase before the next phase begins, since what is changed is not what was loaded. */
export const PHASES: readonly (readonly DocWorkload[])[] = [[insertMany], READS, WRITES, YCSB];

export const DOC_WORKLOADS: readonly DocWorkload[] = PHASES.flat();

export function docWorkloadNamed(name: string): DocWorkload | undefined {
  return DOC_WORKLOADS.find((workload) => workload.name === name);
}
