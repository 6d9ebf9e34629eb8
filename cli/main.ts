#!/usr/bin/env node
/** The command `elmo`, as a process. */
import * as modules from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Compiled programs are kept between runs, from Node 22.1 on; so what follows is imported after this.
(modules as { enableCompileCache?: () => unknown }).enableCompileCache?.();
const { run } = await import('./command.js');
const { processTerminal } = await import('./terminal.js');

// Whoever reads our output may stop early (`| head`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

/** Commands through which all documents pass. */
const PASSING: ReadonlySet<string> = new Set(['import', 'export', 'dump', 'restore', 'migrate']);

// Documents in passing live for moments: with a small heap the process stays small, whatever the size of the file.
if (PASSING.has(process.argv[2] ?? '')) {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
}

process.exitCode = await run(process.argv.slice(2), processTerminal());
