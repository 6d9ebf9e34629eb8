/** Where a command prints: results go out, everything else (progress, warnings) beside them. */
import { styleText } from 'node:util';

export interface Terminal {
  /** Prints results. Resolves when there is room for more. */
  write(text: string): Promise<void>;
  /** Prints what is not a result. */
  warn(text: string): void;
  /** Results are read by a person: fit them to `columns`, set headings off. */
  readonly isResultShown: boolean;
  /** Where warnings go is a screen, so that progress can be drawn on it. */
  readonly isInteractive: boolean;
  readonly columns: number;
  /** For the progress bar: what draws on the screen. */
  readonly progressStream: NodeJS.WritableStream;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    write: (text) =>
      new Promise((resolve) => {
        if (stdout.write(text)) resolve();
        else stdout.once('drain', resolve);
      }),
    warn: (text) => void stderr.write(text),
    isResultShown: stdout.isTTY === true,
    isInteractive: stderr.isTTY === true,
    columns: stdout.columns ?? stderr.columns ?? 100,
    progressStream: stderr,
  };
}

/** A heading, where a person reads it. */
export function heading(terminal: Terminal, text: string): string {
  if (!terminal.isResultShown || (process.env['NO_COLOR'] ?? '') !== '') return text;
  return styleText('bold', text);
}
