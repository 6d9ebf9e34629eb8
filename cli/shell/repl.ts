/** The conversation: a prompt, a line or several, an answer. Node.js's readline does the editing. */
import { createInterface, type Interface } from 'node:readline';
import type { Completer } from './complete.js';
import type { History } from './history.js';
import type { ExitRequest, Interpreter } from './interpreter.js';

const CONTINUATION = '... ';

export interface ReplOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly history: History;
  /** Prints an error. */
  readonly fail: (error: unknown) => void;
  /** Shown before the interpreter is there. */
  readonly firstPrompt: string;
}

/** What is not needed for the first prompt. */
interface Parts {
  readonly isIncomplete: (code: string) => boolean;
  readonly ExitRequest: typeof ExitRequest;
}

async function loadParts(): Promise<Parts> {
  const [{ isIncomplete }, interpreter] = await Promise.all([
    import('./rewrite.js'),
    import('./interpreter.js'),
  ]);
  return { isIncomplete, ExitRequest: interpreter.ExitRequest };
}

export class Repl {
  private readonly lines: Interface;
  /** Lines of an expression that is not complete. */
  private typed: string[] = [];
  private readonly waiting: string[] = [];
  private isBusy = false;
  /** Ctrl-C on an empty line: the next one leaves. */
  private isLeaving = false;
  private completer: Completer | undefined;
  private interpreter: Interpreter | undefined;
  private parts: Parts | undefined;
  private finish: (exitCode: number) => void = () => undefined;

  constructor(private readonly options: ReplOptions) {
    const { input, output, history, firstPrompt } = options;
    this.lines = createInterface({
      input,
      output,
      prompt: firstPrompt,
      terminal: true,
      history: history.newestFirst(),
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string) => this.completer?.complete(line) ?? [[], line],
    });
  }

  /**
   * @param open  gives what answers; lines that are typed before wait for it
   * @returns the exit code
   * @throws what `open` throws
   */
  async run(open: () => Promise<Interpreter>): Promise<number> {
    const { lines } = this;
    const ignore = (): void => undefined;
    process.on('SIGINT', ignore); // one that comes between two commands is nobody's
    const ended = new Promise<number>((resolve) => {
      this.finish = resolve;
    });
    lines.on('line', (line) => {
      this.waiting.push(line);
      if (!this.goesOn()) void this.work();
    });
    lines.on('SIGINT', () => this.cancel());
    lines.on('close', () => void this.leave());
    lines.prompt();
    try {
      await this.prepare(open);
      return await ended;
    } finally {
      process.off('SIGINT', ignore);
      lines.removeAllListeners('close');
      lines.close();
    }
  }

  private async prepare(open: () => Promise<Interpreter>): Promise<void> {
    try {
      const [interpreter, { Completer }, parts] = await Promise.all([
        open(),
        import('./complete.js'),
        loadParts(),
      ]);
      this.completer = new Completer(interpreter);
      this.interpreter = interpreter;
      this.parts = parts;
    } catch (error) {
      this.options.output.write('\r\x1b[K'); // the prompt promised too much
      throw error;
    }
    void this.work();
  }

  /** Ctrl-D, or the end of the input. */
  private async leave(): Promise<void> {
    this.options.output.write('\n');
    while (this.isBusy) await new Promise((resolve) => setTimeout(resolve, 5));
    this.finish(0);
  }

  /** Ctrl-C while typing. */
  private cancel(): void {
    const { output } = this.options;
    const isEmpty = this.lines.line === '' && this.typed.length === 0 && this.waiting.length === 0;
    if (isEmpty && this.isLeaving) {
      this.lines.close();
      return;
    }
    output.write(isEmpty ? '\n(to leave: Ctrl-C once more, Ctrl-D, or exit)\n' : '\n');
    this.isLeaving = isEmpty;
    this.typed = [];
    this.waiting.length = 0;
    this.clearTyped();
    this.prompt();
  }

  private clearTyped(): void {
    const editor = this.lines as unknown as { line: string; cursor: number };
    editor.line = '';
    editor.cursor = 0;
  }

  /** Whether a line leaves an expression open: that is known at once, so that pasted lines get their prompts in order. */
  private goesOn(): boolean {
    const { isBusy, waiting, typed, parts } = this;
    if (isBusy || parts === undefined || waiting.length !== 1) return false;
    if (!parts.isIncomplete([...typed, waiting[0]!].join('\n'))) return false;
    this.isLeaving = false;
    typed.push(waiting.pop()!);
    this.prompt();
    return true;
  }

  /** Works off the lines that have come. */
  private async work(): Promise<void> {
    const { interpreter, parts } = this;
    if (this.isBusy || interpreter === undefined || parts === undefined) return;
    this.isBusy = true;
    try {
      for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift())
        if (!(await this.take(line, interpreter, parts))) return;
    } finally {
      this.isBusy = false;
    }
  }

  /** @returns whether more is wanted */
  private async take(line: string, interpreter: Interpreter, parts: Parts): Promise<boolean> {
    this.isLeaving = false;
    this.typed.push(line);
    const code = this.typed.join('\n');
    if (parts.isIncomplete(code)) {
      this.prompt();
      return true;
    }
    this.remember(parts);
    this.typed = [];
    if (code.trim() !== '') {
      this.setRaw(false); // so that Ctrl-C is a signal while code runs
      try {
        await interpreter.execute(code);
      } catch (error) {
        if (error instanceof parts.ExitRequest) {
          this.finish(error.exitCode);
          return false;
        }
        this.options.fail(error);
      } finally {
        this.setRaw(true);
      }
    }
    this.prompt();
    return true;
  }

  private setRaw(isRaw: boolean): void {
    const { input } = this.options;
    if (input.isTTY) input.setRawMode(isRaw);
  }

  /** An expression of several lines becomes one entry, if it can be written on one line. */
  private remember({ isIncomplete }: Parts): void {
    const { typed } = this;
    const { history } = this.options;
    if (typed.length === 1) {
      history.add(typed[0]!);
      return;
    }
    const joined = typed.map((line) => line.trim()).join(' ');
    const isSame = !typed.some((line) => line.includes('//') || line.includes('`')) && !isIncomplete(joined);
    if (!isSame) return;
    history.add(joined);
    const entries = (this.lines as unknown as { history: string[] }).history;
    entries.splice(0, Math.min(typed.filter((line) => line.trim() !== '').length, entries.length), joined);
  }

  private prompt(): void {
    const { interpreter, lines, typed } = this;
    if (interpreter !== undefined)
      lines.setPrompt(typed.length > 0 ? CONTINUATION : `${interpreter.db.getName()}> `);
    lines.prompt();
  }
}
