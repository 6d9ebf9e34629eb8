/**
 * Drives a job to its end: gives others their turn between slices, and has finished tables written while the next one is
 * built.
 */
import type { TableMeta } from '../manifest/table-meta.js';
import type { FinishedTable } from '../table/table-builder.js';
import type { JobResult, RunningJob } from './job.js';

export interface DrivenJob {
  readonly result: JobResult;
  readonly tables: readonly TableMeta[];
}

/**
 * @param place  writes a table; resolves to its meta with its place in the file
 * @param rest   called between slices; a rejection cancels the job
 * @param builders  how many the job has: with one, a table must be written before the job goes on
 * @throws what the job, `place` or `rest` threw; by then nothing is being written any more
 */
export async function driveJob(
  job: RunningJob,
  place: (table: FinishedTable) => Promise<TableMeta>,
  rest: () => Promise<void>,
  builders = 2,
): Promise<DrivenJob> {
  const tables: TableMeta[] = [];
  let writing: Promise<TableMeta> | undefined;
  try {
    for (;;) {
      const step = job.next();
      if (step.done === true) {
        if (writing !== undefined) tables.push(await writing);
        return { result: step.value, tables };
      }
      if (step.value.kind === 'slice') {
        await rest();
        continue;
      }
      // Resuming would reuse the bytes of the table that is still being written.
      if (writing !== undefined) tables.push(await writing);
      writing = place(step.value.table);
      // Awaited above or below; until then a failure must not count as nobody's.
      writing.catch(ignore);
      if (builders > 1) continue;
      tables.push(await writing);
      writing = undefined;
    }
  } finally {
    job.return(undefined as never);
    if (writing !== undefined) await writing.catch(ignore);
  }
}

/** The same in one go, holding the event loop. */
export function driveJobNow(job: RunningJob, place: (table: FinishedTable) => TableMeta): DrivenJob {
  const tables: TableMeta[] = [];
  try {
    for (;;) {
      const step = job.next();
      if (step.done === true) return { result: step.value, tables };
      if (step.value.kind === 'table') tables.push(place(step.value.table));
    }
  } finally {
    job.return(undefined as never);
  }
}

function ignore(): void {}
