/** `elmo shell FILE|URI`: the interactive shell, typed as MongoDB's. Light: what it needs is loaded when it runs. */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { outputTo } from './command-output.js';
import { UsageError } from './errors.js';
import type { Terminal } from './terminal.js';

interface ShellFlags {
  readonly db?: string;
  readonly eval?: readonly string[];
  readonly json?: boolean;
  readonly canonical?: boolean;
  readonly quiet?: boolean;
  readonly readOnly?: boolean;
  readonly shared?: boolean;
}

const EXAMPLES = `
Examples:
  elmo shell app.elmo                              a file, made if it is not there
  elmo shell :memory:                              nothing is kept
  elmo shell mongodb://127.0.0.1:27017/shop        a server; needs the package mongodb
  elmo shell app.elmo --db shop --eval 'db.orders.find({total: {$gt: 10}}).sort({total: -1}).limit(3)'
  elmo shell app.elmo --eval "use shop" --eval "db.orders.countDocuments()" --json
  elmo shell app.elmo nightly.js                   run a file
  echo "show dbs" | elmo shell app.elmo

In the shell:
  use shop
  db.orders.find({total: {$gt: 10}})
  help

What was typed is kept in ~/.local/state/elmo/history (ELMO_HISTORY names another file, or none when empty).
NO_COLOR=1 turns colours off. Exit codes: 0 all well, 1 an error in a script or a database that cannot be opened.`;

/** @param setExitCode  told what a script ends with */
export function shellCommand(
  terminal: Terminal,
  setExitCode: (code: number) => void,
  isVerbose: boolean,
): Command {
  return new Command('shell')
    .argument('<file>', "a database file, ':memory:', or mongodb://…")
    .argument('[scripts...]', 'files of JavaScript to run')
    .option(
      '--eval <code>',
      'run this code; may be repeated',
      (code: string, before: string[]) => [...before, code],
      [],
    )
    .option('--db <name>', "database to begin with (default: that of the address, or 'test')")
    .option('--json', 'results as Extended JSON, one a line')
    .option('--canonical', 'JSON that keeps every type of number')
    .option('-q, --quiet', 'no greeting')
    .option('--read-only', 'change nothing')
    .option('--shared', 'use a file that other programs have open with `shared: true`')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .action(async (address: string, files: string[], flags: ShellFlags) => {
      const isReadOnly = flags.readOnly === true;
      if (isReadOnly && flags.shared === true)
        throw new UsageError('--read-only and --shared exclude each other');
      for (const file of files) if (!existsSync(file)) throw new UsageError(`there is no file ${file}`);
      if (isReadOnly && !address.startsWith('mongodb') && !existsSync(address))
        throw new Error(`there is no file ${address}`);
      const { startShell } = await import('./shell/start.js');
      setExitCode(
        await startShell(
          {
            address,
            files,
            database: flags.db,
            evals: flags.eval ?? [],
            isQuiet: flags.quiet === true,
            isReadOnly,
            isShared: flags.shared === true,
            isVerbose,
            json: flags.canonical === true ? 'canonical' : flags.json === true ? 'relaxed' : undefined,
          },
          terminal,
        ),
      );
    });
}
