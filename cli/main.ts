#!/usr/bin/env node
/** The command `elmo`, as a process. */
import { run } from './command.js';
import { processTerminal } from './terminal.js';

// Whoever reads our output may stop early (`| head`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), processTerminal());
