/**
 * The command line of `elmo`: its subcommands, and what an error looks like. Exit codes: 0 all well, 1 something is wrong
 * or was not found, 2 the command was not understood.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { outputTo } from './command-output.js';
import { dumpCommand } from './dump.js';
import { describeError, UsageError } from './errors.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { lsmDiagCommand } from './lsm-diag.js';
import { maintenanceCommands } from './maintain.js';
import { queryCommands } from './query.js';
import { restoreCommand } from './restore.js';
import { serveCommand } from './serve.js';
import type { Terminal } from './terminal.js';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

const EXAMPLES = `
Examples:
  elmo serve app.elmo                       let drivers and tools in on 127.0.0.1:27017
  elmo import app.elmo shop.orders orders.ndjson
  elmo stats app.elmo                       collections, documents, indexes
  elmo find app.elmo shop.orders "{total: {$gt: 10}}" --sort "{total: -1}" --limit 5
  elmo aggregate app.elmo shop.orders "[{$group: {_id: '$customer', spent: {$sum: '$total'}}}]" --table
  elmo check app.elmo                       exit code 1 when something is wrong
  elmo backup app.elmo copy.elmo
  elmo lsm-diag app.elmo stats              what is in the file, below the documents
  elmo lsm-diag --help                      all that can be looked at

Exit codes: 0 all well, 1 something is wrong or was not found, 2 the command was not understood.`;

/** @param argv  the arguments behind the command's own name. @returns the exit code */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = EXIT_OK;
  const program = new Command('elmo')
    .description('Tools for elmo database files.')
    .version(ownVersion(), '-V, --version')
    .option('-v, --verbose', 'show where an error arose')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES);
  const setExitCode = (code: number): void => {
    exitCode = code;
  };
  for (const command of [
    importCommand(terminal, setExitCode),
    exportCommand(terminal),
    dumpCommand(terminal),
    restoreCommand(terminal, setExitCode),
    ...queryCommands(terminal),
    ...maintenanceCommands(terminal, setExitCode),
    serveCommand(terminal),
  ])
    program.addCommand(command);
  program.addCommand(lsmDiagCommand(terminal, setExitCode));
  const isVerbose = argv.includes('--verbose') || argv.includes('-v');
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
    if (error instanceof UsageError) {
      terminal.warn(`error: ${error.message}\n`);
      return EXIT_USAGE;
    }
    terminal.warn(describeError(error, isVerbose));
    return EXIT_FAILED;
  }
}

function ownVersion(): string {
  for (const above of ['..', '../..', '../../..']) {
    try {
      const text = readFileSync(new URL(`${above}/package.json`, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'elmodb' && version !== undefined) return version;
    } catch {
      // further up
    }
  }
  return 'unknown';
}
