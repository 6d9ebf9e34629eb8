/** Starts a shell: the database in its thread, the interpreter, and whoever gives it lines. */
import type { Terminal } from '../terminal.js';
import { Channel } from './channel.js';
import { History, historyPath } from './history.js';
import type { Interpreter } from './interpreter.js';
import { Repl } from './repl.js';

export interface ShellOptions {
  readonly address: string;
  /** To begin with; that of the address by default. */
  readonly database: string | undefined;
  readonly files: readonly string[];
  readonly evals: readonly string[];
  readonly isQuiet: boolean;
  readonly isReadOnly: boolean;
  readonly isShared: boolean;
  readonly isVerbose: boolean;
  readonly json: 'relaxed' | 'canonical' | undefined;
}

/** What an error in a script ends with. */
const EXIT_FAILED = 1;

/** @returns the exit code. @throws ShellError when the database cannot be opened */
export async function startShell(options: ShellOptions, terminal: Terminal): Promise<number> {
  const { address, isReadOnly, isShared, files, evals } = options;
  const channel = new Channel({ address, isReadOnly, isShared });
  try {
    const isScript = evals.length > 0 || files.length > 0;
    if (!isScript && process.stdin.isTTY && process.stdout.isTTY)
      return await converse(channel, options, terminal);
    const interpreter = await openInterpreter(channel, options, terminal);
    const { runScript } = await import('./script.js');
    const fail = await errorPrinter(interpreter, options, terminal);
    try {
      return await runScript(interpreter, { evals, files, input: isScript ? undefined : process.stdin });
    } catch (error) {
      fail(error);
      return EXIT_FAILED;
    }
  } finally {
    await channel.close();
  }
}

/** The prompt is there at once; what answers it follows while the first line is typed. */
async function converse(channel: Channel, options: ShellOptions, terminal: Terminal): Promise<number> {
  const { address, isQuiet, isReadOnly, database = databaseOf(address) } = options;
  if (!isQuiet)
    await terminal.write(
      `elmo shell on ${withoutPassword(address)}${isReadOnly ? ', read only' : ''}: help for help, exit to leave\n\n`,
    );
  let fail: (error: unknown) => void = () => undefined;
  const repl = new Repl({
    input: process.stdin,
    output: process.stdout,
    history: new History(historyPath(process.env)),
    firstPrompt: `${database}> `,
    fail: (error) => fail(error),
  });
  return repl.run(async () => {
    const interpreter = await openInterpreter(channel, options, terminal);
    fail = await errorPrinter(interpreter, options, terminal);
    return interpreter;
  });
}

async function openInterpreter(
  channel: Channel,
  { address, database = databaseOf(address), json }: ShellOptions,
  terminal: Terminal,
): Promise<Interpreter> {
  const [{ Connection }, { Interpreter }] = await Promise.all([
    import('./connection.js'),
    import('./interpreter.js'),
  ]);
  await channel.whenOpen();
  return new Interpreter({
    connection: new Connection(channel),
    address: withoutPassword(address),
    database,
    print: (text) => void terminal.write(`${text}\n`),
    hasColors: json === undefined && terminal.isResultShown && !isColorless(),
    columns: () => process.stdout.columns ?? terminal.columns,
    json,
  });
}

async function errorPrinter(
  { evaluator: { files } }: Interpreter,
  { isVerbose }: ShellOptions,
  terminal: Terminal,
): Promise<(error: unknown) => void> {
  const { errorText } = await import('./error-text.js');
  const hasColors = terminal.isInteractive && !isColorless();
  return (error) =>
    terminal.warn(`${errorText(error, { isVerbose, hasColors, columns: terminal.columns, files })}\n`);
}

function isColorless(): boolean {
  return (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
}

/** mongodb://user:secret@host → mongodb://user@host */
export function withoutPassword(address: string): string {
  return address.replace(/^(mongodb(?:\+srv)?:\/\/[^:@/]*):[^@/]*@/, '$1@');
}

/** The database that an address names; 'test' otherwise. */
export function databaseOf(address: string): string {
  const path = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]+)/.exec(address);
  return path === null ? 'test' : decodeURIComponent(path[1]!);
}
