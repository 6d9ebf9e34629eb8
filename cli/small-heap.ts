/** Documents in passing live for moments: in a small heap the process stays small, whatever the size of the file. */
import { setFlagsFromString } from 'node:v8';

const FLAGS = ['--optimize-for-size', '--semi-space-growth-factor=1'];

/** For the process and the threads it starts from now on. Costs a tenth of the time. */
export function keepHeapSmall(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
