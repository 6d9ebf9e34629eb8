/**
 * The command line of `elmo`: its subcommands, and what an error looks like. Exit codes: 0 all well, 1 something is wrong
 * or was not found, 2 the command was not understood.
 */
import { Command, CommanderError } from 'commander';
import { outputTo } from './command-output.js';
import { describeError, UsageError } from './errors.js';
import { isSubcommand, listed, SUMMARIES, type SubcommandName } from './summaries.js';
import type { Terminal } from './terminal.js';
import { ownVersion } from './version.js';
import { withSmallYoungGeneration } from './young-generation.js';

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

interface Family {
  readonly names: readonly SubcommandName[];
  readonly load: (terminal: Terminal, tools: Tools) => Promise<readonly Command[]>;
}

interface Tools {
  /** Told another exit code than 0. */
  readonly setExitCode: (code: number) => void;
  readonly isVerbose: boolean;
}

/** Where the subcommands are. Only the one that is run is loaded. */
const FAMILIES: readonly Family[] = [
  {
    names: ['shell'],
    load: async (terminal, { setExitCode, isVerbose }) => [
      (await import('./shell.js')).shellCommand(terminal, setExitCode, isVerbose),
    ],
  },
  {
    names: ['find', 'aggregate', 'count', 'distinct'],
    load: async (terminal) => (await import('./query.js')).queryCommands(terminal),
  },
  {
    names: ['import'],
    load: async (terminal, { setExitCode }) => [
      (await import('./import.js')).importCommand(terminal, setExitCode),
    ],
  },
  {
    names: ['export'],
    load: async (terminal) => [(await import('./export.js')).exportCommand(terminal)],
  },
  {
    names: ['dump'],
    load: async (terminal) => [(await import('./dump.js')).dumpCommand(terminal)],
  },
  {
    names: ['restore'],
    load: async (terminal, { setExitCode }) => [
      (await import('./restore.js')).restoreCommand(terminal, setExitCode),
    ],
  },
  {
    names: ['migrate'],
    load: async (terminal, { setExitCode }) => [
      (await import('./migrate.js')).migrateCommand(terminal, setExitCode),
    ],
  },
  {
    names: ['stats', 'check', 'compact', 'backup'],
    load: async (terminal, { setExitCode }) =>
      (await import('./maintain.js')).maintenanceCommands(terminal, setExitCode),
  },
  {
    names: ['serve'],
    load: async (terminal) => [
      (await withSmallYoungGeneration(() => import('./serve.js'))).serveCommand(terminal),
    ],
  },
  {
    names: ['lsm-diag'],
    load: async (terminal, { setExitCode }) => [
      (await import('./lsm-diag.js')).lsmDiagCommand(terminal, setExitCode),
    ],
  },
];

const EXAMPLES = `
Examples:
  elmo shell app.elmo                       type queries as in the shell of MongoDB
  elmo serve app.elmo                       let drivers and tools in on 127.0.0.1:27017
  elmo import app.elmo shop.orders orders.ndjson
  elmo stats app.elmo                       collections, documents, indexes
  elmo find app.elmo shop.orders '{total: {$gt: 10}}' --sort '{total: -1}' --limit 5
  elmo aggregate app.elmo shop.orders '[{$group: {_id: "$customer", spent: {$sum: "$total"}}}]' --table
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
  const isVerbose = argv.includes('--verbose') || argv.includes('-v');
  const family = familyFor(argv);
  const loaded = await family?.load(terminal, { setExitCode, isVerbose });
  for (const command of loaded ?? []) program.addCommand(described(command));
  if (family === undefined)
    for (const name of Object.keys(SUMMARIES)) program.addCommand(listed(name as SubcommandName));
  try {
    await program.parseAsync(
      argv.filter((word) => word !== '--verbose'),
      { from: 'user' },
    );
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

/** The family of the subcommand that is named, or asked about; undefined: none is, or nobody knows it. */
function familyFor(argv: readonly string[]): Family | undefined {
  const [first, second] = argv.filter((word) => !word.startsWith('-'));
  const name = first === 'help' ? second : first;
  return FAMILIES.find(({ names }) => names.some((known) => known === name));
}

function described(command: Command): Command {
  const name = command.name();
  return isSubcommand(name) ? command.description(SUMMARIES[name].text) : command;
}
