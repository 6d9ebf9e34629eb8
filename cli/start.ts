/** The start of `elmo serve` without what the other subcommands need: what `elmo.cts` loads where the package is installed. */
import { describeError, UsageError } from './errors.js';
import { serveUntilStopped } from './serve-file.js';
import { plainServeFlags } from './serve-flags.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * @param words  behind 'serve'
 * @returns undefined when the words need the parser that knows everything, else the exit code
 */
export async function startServing(words: readonly string[]): Promise<number | undefined> {
  const plain = plainServeFlags(words);
  if (plain === undefined) return undefined;
  try {
    await serveUntilStopped(plain.file, plain.flags, { write });
    return 0;
  } catch (error) {
    process.stderr.write(
      error instanceof UsageError ? `error: ${error.message}\n` : describeError(error, false),
    );
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

const write = (text: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(text, () => resolve()));
