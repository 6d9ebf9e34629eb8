/** Code that nobody types: --eval, files, what is piped in. The first error ends it. */
import type { Interpreter } from './interpreter.js';
import { ExitRequest } from './interpreter.js';
import { isIncomplete } from './rewrite.js';

export interface Script {
  readonly evals: readonly string[];
  readonly files: readonly string[];
  /** What is piped in, if nothing else is given. */
  readonly input: NodeJS.ReadableStream | undefined;
}

/** @returns the exit code. @throws the first error */
export async function runScript(interpreter: Interpreter, { evals, files, input }: Script): Promise<number> {
  try {
    for (const code of evals) await interpreter.execute(code, '--eval');
    for (const file of files) await interpreter.executeFile(file);
    if (input !== undefined) await runLines(interpreter, await readAll(input));
    return 0;
  } catch (error) {
    if (error instanceof ExitRequest) return error.exitCode;
    throw error;
  }
}

/** As if they were typed: one expression after another. */
async function runLines(interpreter: Interpreter, text: string): Promise<void> {
  let typed = '';
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    typed += typed === '' ? line : `\n${line}`;
    if (typed.trim() === '') typed = '';
    else if (!isIncomplete(typed)) {
      await interpreter.execute(typed, `line ${number}`);
      typed = '';
    }
  }
  if (typed !== '') await interpreter.execute(typed, `line ${number}`);
}

async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}
