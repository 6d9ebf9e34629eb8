/** Arguments of the laboratories' commands: `--name number`, `--name text`, `--flag`, and plain words. */
export class Arguments {
  readonly words: string[] = [];
  readonly #named = new Map<string, string>();

  constructor(args: readonly string[]) {
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (!arg.startsWith('--')) this.words.push(arg);
      else if (args[i + 1]?.startsWith('--') === false) this.#named.set(arg.slice(2), args[++i]!);
      else this.#named.set(arg.slice(2), '');
    }
  }

  has(name: string): boolean {
    return this.#named.has(name);
  }

  text(name: string): string | undefined {
    return this.#named.get(name);
  }

  /** @throws if it was given and is not a number */
  number(name: string, fallback: number): number {
    const text = this.#named.get(name);
    if (text === undefined) return fallback;
    const number = Number(text);
    if (text === '' || !Number.isFinite(number)) throw new Error(`--${name} takes a number, got "${text}"`);
    return number;
  }
}

/** A line that is written over by the next one; nothing when the output is not a terminal. */
export function showProgress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\x1b[K`);
}

export function endProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
}
