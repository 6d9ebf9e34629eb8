/** Runs a program on a pseudo-terminal, types into it and reads what it shows. Python's pty or util-linux's script is needed. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BRIDGE = 'import pty, sys; pty.spawn(sys.argv[1:])';
const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** A program and its first arguments: what is run behind them runs on a terminal. */
function findBridge(): ((command: readonly string[]) => readonly string[]) | undefined {
  if (process.platform === 'win32') return undefined;
  if (spawnSync('python3', ['-c', 'import pty']).status === 0)
    return (command) => ['python3', '-c', BRIDGE, ...command];
  if (spawnSync('script', ['--version']).status === 0)
    return (command) => ['script', '-qfec', command.map((word) => `'${word}'`).join(' '), '/dev/null'];
  return undefined;
}

const bridge = findBridge();

/** Skips the tests of this block, saying why, where no pseudo-terminal can be had. */
export function needPseudoTerminal(): void {
  before(function () {
    if (bridge !== undefined) return;
    process.stdout.write('    (skipped: neither python3 with pty nor script is there)\n');
    this.skip();
  });
}

export class PseudoTerminal {
  private readonly child: ChildProcessWithoutNullStreams;
  private shown = '';
  private seen = 0;
  private hasEnded = false;
  private wake: () => void = () => undefined;

  /**
   * Starts `elmo` with these arguments.
   * @param program  what the runtime is given in front of them, where that is not the built command
   */
  constructor(argv: readonly string[], env: NodeJS.ProcessEnv = {}, program: readonly string[] = [MAIN]) {
    const sized = [
      'sh',
      '-c',
      'stty rows 40 cols 100; exec "$@"',
      'sh',
      process.execPath,
      ...program,
      ...argv,
    ];
    const [command, ...rest] = bridge!(sized);
    this.child = spawn(command!, rest, {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '', FORCE_COLOR: undefined, ...env },
    });
    this.child.stdout.on('data', (text: Buffer) => {
      this.shown += text.toString();
      this.wake();
    });
    this.child.on('close', () => {
      this.hasEnded = true;
      this.wake();
    });
    this.child.stdin.on('error', () => undefined); // it has ended before it was told to
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  /**
   * Waits until something is shown.
   * @returns what was shown since the last time, without movements of the cursor
   */
  async until(what: string | RegExp, timeoutMs = 15_000): Promise<string> {
    const end = setTimeout(() => this.wake(), timeoutMs);
    const endMs = performance.now() + timeoutMs;
    try {
      for (;;) {
        const text = withoutMovements(this.shown.slice(this.seen));
        const isThere = typeof what === 'string' ? text.includes(what) : what.test(text);
        if (isThere) {
          this.seen = this.shown.length;
          return text;
        }
        if (this.hasEnded || performance.now() >= endMs)
          throw new Error(`${String(what)} was not shown, but ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(end);
    }
  }

  /** Types a line. @returns what is shown up to the next prompt */
  async ask(line: string): Promise<string> {
    this.type(`${line}\r`);
    return this.until(/\n(?:\w+> |\.\.\. )$/);
  }

  /** Resolves when it has ended. */
  async end(): Promise<void> {
    while (!this.hasEnded)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}

/** Colours stay. */
function withoutMovements(text: string): string {
  return text.replace(/\x1b\[\d*[A-HJKf]/g, '').replaceAll('\r', '');
}
