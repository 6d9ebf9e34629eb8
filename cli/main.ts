#!/usr/bin/env node
/** The command `elmo`, as a process. */
import * as modules from 'node:module';

async function main(args: readonly string[]): Promise<number> {
  // Compiled programs are kept between runs, from Node 22.1 on; so what follows is imported after this.
  (modules as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  const { run } = await import('./command.js');
  const { processTerminal } = await import('./terminal.js');
  return run(args, processTerminal());
}

// Whoever reads our output may stop early (`| head`): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void main(process.argv.slice(2)).then((exitCode) => (process.exitCode = exitCode));
