/** Commands through which all documents pass: in a small heap, for each document lives for a moment. */
import type * as v8 from 'node:v8';

const PASSING: ReadonlySet<string> = new Set(['import', 'export', 'dump', 'restore', 'migrate']);

const FLAGS = ['--semi-space-growth-factor=1'];

/**
 * So the process stays small, whatever the size of the file. To be called before anything large is loaded: kept code fits
 * under the flags it was made with alone.
 * @returns whether the command is one of those
 */
function keepHeapSmall(command: string | undefined): boolean {
  if (!PASSING.has(command ?? '')) return false;
  const { setFlagsFromString } = require('node:v8') as typeof v8;
  for (const flag of FLAGS) setFlagsFromString(flag);
  return true;
}

export = keepHeapSmall;
