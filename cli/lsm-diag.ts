/**
 * `elmo lsm-diag FILE COMMAND`: looks into a store's file, and does what keeps one in order. The file comes before the
 * command, so that one looks again at the same file by changing the last word.
 */
import { Command, Option } from 'commander';
import { outputTo } from './command-output.js';
import { contextOf, type CommonFlags, type DiagContext } from './lsm-diag/context.js';
import { keysCommand, seekCommand, type KeysFlags, type SeekFlags } from './lsm-diag/entries.js';
import { loadLinesCommand, type LoadFlags } from './lsm-diag/load-lines.js';
import { backupCommand, compactCommand, mergeCommand } from './lsm-diag/maintain.js';
import { checkCommand, graphCommand, pinsCommand, view } from './lsm-diag/view.js';
import { showBlockCommand, type BlockFlags } from './lsm-diag/show-block.js';
import { showLevels, showLogs, showManifest, showSpace, showStats, showTables } from './lsm-diag/show.js';
import type { Terminal } from './terminal.js';

const EXAMPLES = `
Keys are text, or hexadecimal digits after 0x: user:1 and 0x757365723a31 are the same key.
Looking never writes, and is refused while another process has the file open. A damaged file is shown as far as it
can be read. Every command takes --json.

Examples:
  elmo lsm-diag app.elmo stats
  elmo lsm-diag app.elmo levels -o levelFactor=4       targets as the options would have them
  elmo lsm-diag app.elmo show-block 7 0 --values       the entries of block 0 of table 7
  elmo lsm-diag app.elmo show-block @81920 --raw       what lies at a byte of the file
  elmo lsm-diag app.elmo keys --low a --high b --limit 5 --values
  elmo lsm-diag app.elmo seek user:1 --mode GE
  elmo lsm-diag app.elmo verify --key-file secret.key
  elmo lsm-diag app.elmo graph --dot | dot -Tsvg > app.svg
  elmo lsm-diag app.elmo backup --to copy.elmo
  elmo lsm-diag words.elmo load-lines words.txt.gz

Exit codes: 0 all well, 1 something is wrong or was not found, 2 the command was not understood.`;

type Handler = (context: DiagContext) => Promise<number>;

/** @param setExitCode  told the exit code of the subcommand */
export function lsmDiagCommand(terminal: Terminal, setExitCode: (code: number) => void): Command {
  const outer = addCommonOptions(new Command('lsm-diag'))
    .argument('[file]')
    .argument('[command...]')
    .helpOption(false)
    .option('-h, --help', 'display help')
    .passThroughOptions()
    .exitOverride()
    .configureOutput(outputTo(terminal));
  const innerFor = (path: string): Command =>
    fileCommands(path, terminal, () => outer.opts<CommonFlags>(), setExitCode);
  outer.helpInformation = () => innerFor('FILE').helpInformation();
  outer.addHelpText('after', EXAMPLES);
  outer.action(async (path: string | undefined, rest: readonly string[], flags: { help?: boolean }) => {
    if (flags.help === true) outer.outputHelp();
    else if (path === undefined) outer.help({ error: true });
    else await innerFor(path).parseAsync([...rest], { from: 'user' });
  });
  return outer;
}

function addCommonOptions(command: Command): Command {
  const gather = (value: string, before: readonly string[] | undefined): readonly string[] => [
    ...(before ?? []),
    value,
  ];
  return command
    .option('--json', 'print JSON')
    .option('--key <key>', 'passphrase of an encrypted file, or its key as 64 digits after 0x')
    .option('--key-file <path>', 'the same from a file: 32 bytes, or text')
    .option('-o, --option <name=value>', 'an option of the engine; may be given again', gather)
    .option('-v, --verbose', 'show where an error arose');
}

function fileCommands(
  path: string,
  terminal: Terminal,
  outerFlags: () => CommonFlags,
  setExitCode: (code: number) => void,
): Command {
  const inner = addCommonOptions(new Command(`elmo lsm-diag ${path}`))
    .usage('COMMAND [options]')
    .description('Looks into a store, or keeps it in order.')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES);
  const act = async (handler: Handler): Promise<void> => {
    setExitCode(await handler(contextOf(path, terminal, { ...outerFlags(), ...inner.opts<CommonFlags>() })));
  };
  addViews(inner, act);
  addReads(inner, act);
  addChanges(inner, act);
  return inner;
}

type Act = (handler: Handler) => Promise<void>;

function addViews(inner: Command, act: Act): void {
  inner.commandsGroup('What is in the file:');
  const simple = (name: string, description: string, handler: Handler): void => {
    inner
      .command(name)
      .description(description)
      .action(() => act(handler));
  };
  simple('stats', 'the whole in figures', (context) => view(context, showStats));
  simple('tables', 'every table: place, size, entries, keys', (context) => view(context, showTables));
  simple('levels', 'levels with their targets and scores', (context) => view(context, showLevels));
  inner
    .command('space')
    .description('who has which bytes of the file; free space and its fragments')
    .option('--summary', 'without the list of places')
    .action((flags: { summary?: boolean }) =>
      act((context) => view(context, (c, file) => showSpace(c, file, flags.summary === true))),
    );
  simple('pins', 'who holds the file or old versions of it', pinsCommand);
  inner
    .command('manifest')
    .description('the meta slots, and the records of the manifest')
    .addOption(new Option('--slot <n>', 'the manifest of this meta slot').choices(['0', '1']))
    .action((flags: { slot?: string }) => act((context) => view(context, showManifest, flags.slot)));
  simple('logs', 'the logs beside the file', (context) => view(context, showLogs));
  inner
    .command('show-block')
    .description('a block or section of a table, or what lies at a byte')
    .argument('<table>', 'id of a table, or @BYTE of the file')
    .argument('[piece]', 'number of a block, or tombstones, blobs, filter, index, footer; none: list them')
    .option('--raw', 'the bytes on disk')
    .option('--values', 'with values')
    .action((table: string, piece: string | undefined, flags: BlockFlags) =>
      act((context) => showBlockCommand(context, table, piece, flags)),
    );
  inner
    .command('graph')
    .description('a picture of the levels over the order of keys')
    .option('--dot', 'for Graphviz')
    .action((flags: { dot?: boolean }) => act((context) => graphCommand(context, flags.dot === true)));
  simple('check', 'the invariants of levels and space, from the manifest alone', (context) =>
    checkCommand(context, false),
  );
  simple('verify', 'check every byte; exit code 1 when something is wrong', (context) =>
    checkCommand(context, true),
  );
}

function addReads(inner: Command, act: Act): void {
  inner.commandsGroup('What a reader sees:');
  inner
    .command('keys')
    .description('the keys, in order')
    .option('--low <key>', 'from this key on')
    .option('--high <key>', 'up to, but without, this key')
    .option('--prefix <bytes>', 'that begin with these bytes')
    .option('--limit <count>', 'no more than so many')
    .option('--reverse', 'from the last to the first')
    .option('--values', 'with values')
    .option('--value-limit <bytes>', 'bytes of a value that are shown', '256')
    .action((flags: KeysFlags) => act((context) => keysCommand(context, flags)));
  inner
    .command('seek')
    .description('one entry; exit code 1 when there is none')
    .argument('<key>')
    .addOption(
      new Option('--mode <mode>', 'EQ: the key itself; LE: it or the next below; GE: it or the next above')
        .choices(['EQ', 'LE', 'GE'])
        .default('EQ'),
    )
    .option('--value-limit <bytes>', 'bytes of the value that are shown', '4096')
    .action((key: string, flags: SeekFlags) => act((context) => seekCommand(context, key, flags)));
}

function addChanges(inner: Command, act: Act): void {
  inner.commandsGroup('What changes the file, or makes another:');
  inner
    .command('merge')
    .description('merge everything into one run, without anything that is dead')
    .action(() => act(mergeCommand));
  inner
    .command('compact')
    .description('make the file as short as can be, or write a compact copy')
    .option('--to <path>', 'leave the file, write a copy')
    .action((flags: { to?: string }) => act((context) => compactCommand(context, flags.to)));
  inner
    .command('backup')
    .description('write a copy of the store as it is')
    .requiredOption('--to <path>', 'the copy: a new file')
    .option('--recover', 'first bring in what a crash left in logs (writes to the file)')
    .action((flags: { to: string; recover?: boolean }) =>
      act((context) => backupCommand(context, flags.to, flags.recover === true)),
    );
  inner
    .command('load-lines')
    .description('store each line of a text as a key without value')
    .argument('<textfile>', 'text, .gz unpacked; - for standard input')
    .option('--batch <lines>', 'lines that are written together', '1000')
    .option('--no-count', 'do not count the keys before and after')
    .action((text: string, flags: LoadFlags) => act((context) => loadLinesCommand(context, text, flags)));
}
