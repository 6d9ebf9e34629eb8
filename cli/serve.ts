/** `elmo serve FILE`: lets drivers, shells and tools in over MongoDB's wire protocol, until it is told to stop. */
import { Command } from 'commander';
import { outputTo } from './command-output.js';
import { serveUntilStopped } from './serve-file.js';
import { SERVE_OPTIONS, type ServeFlags } from './serve-flags.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = `
Examples:
  elmo serve app.elmo                        on 127.0.0.1:27017
  elmo serve app.elmo --port 0               on any free port; the line it prints says which
  elmo serve app.elmo --auth                 clients have to log in
  elmo serve :memory: --standalone           nothing is kept
  elmo serve app.elmo --tls-cert cert.pem --tls-key key.pem`;

export function serveCommand(terminal: Terminal): Command {
  const command = new Command('serve').argument(
    '<file>',
    "the database, made if it is not there; ':memory:' keeps nothing",
  );
  for (const { flags, text, default: value } of SERVE_OPTIONS) command.option(flags, text, value);
  return command
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .action((file: string, flags: ServeFlags) => serveUntilStopped(file, flags, terminal));
}
