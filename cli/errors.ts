/** Errors for people: what went wrong, its code, what can be done; the place in the code only when asked for. */

/** The command cannot be carried out as it was given: exit code 2. */
export class UsageError extends Error {}

/** What helps with an error, by its code. */
const HINTS: Readonly<Record<string, string>> = {
  WrongKey: 'give the key with --key or --key-file',
  Locked: 'close the program that has the file open, or copy the file and look at the copy',
  NotAStore: 'it is no database of elmo, and was left as it is: was another file meant?',
  Corrupt: '`verify` lists all damage, `show-block @BYTE` shows what lies at a place',
};

/** A key was given, and is not wanted. */
const WITHOUT_HINT = /not encrypted/;

/** One or two lines; with `isVerbose` the stacks of the error and its causes too. */
export function describeError(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return `error: ${String(error)}\n`;
  const code = codeOf(error);
  const hint = code === undefined || WITHOUT_HINT.test(error.message) ? undefined : HINTS[code];
  let text = `error: ${error.message}${code === undefined ? '' : ` [${code}]`}\n`;
  if (hint !== undefined) text += `       ${hint}\n`;
  if (!isVerbose) return text;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) text += `${cause.stack}\n`;
  return text;
}

function codeOf(error: Error): string | undefined {
  const { code, codeName } = error as { code?: unknown; codeName?: unknown };
  return [code, codeName].find((name): name is string => typeof name === 'string');
}
