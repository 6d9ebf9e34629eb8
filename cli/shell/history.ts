/** What was typed before, kept in a file of the user's between runs: bounded, and without passwords. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeFolder } from '../output-path.js';

/** Entries that are remembered. The file may grow to twice as many before it is cut. */
const MOST_ENTRIES = 1000;
/** A longer one is a paste, not something to recall. */
const MOST_ENTRY_CHARS = 4096;

const SECRETS =
  /mongodb(\+srv)?:\/\/[^\s/]*@|\b(createUser|updateUser|changeUserPassword|auth|saslStart)\b|\bpwd\b|\bpassword\b/i;

/** ELMO_HISTORY, or a file where programs keep their state. Empty: nothing is kept. */
export function historyPath(env: NodeJS.ProcessEnv): string {
  const own = env['ELMO_HISTORY'];
  if (own !== undefined) return own;
  const state = env['XDG_STATE_HOME'];
  const folder = state !== undefined && state !== '' ? state : join(homedir(), '.local', 'state');
  return join(folder, 'elmo', 'history');
}

export class History {
  /** Oldest first. */
  private entries: string[] = [];

  /** @param path  '' keeps nothing */
  constructor(private readonly path: string) {
    if (path !== '') this.read();
  }

  /** Newest first, as readline wants them. */
  newestFirst(): string[] {
    return [...this.entries].reverse();
  }

  /** @returns whether it was kept */
  add(entry: string): boolean {
    const line = entry.trim();
    if (line === '' || line === this.entries.at(-1)) return false;
    if (line.length > MOST_ENTRY_CHARS || line.includes('\n') || SECRETS.test(line)) return false;
    this.entries.push(line);
    if (this.entries.length > MOST_ENTRIES) this.entries.shift();
    if (this.path !== '') this.tryTo(() => appendFileSync(this.path, `${line}\n`, { mode: 0o600 }));
    return true;
  }

  private read(): void {
    this.tryTo(() => {
      makeFolder(dirname(this.path), 0o700);
      const lines = readFileSync(this.path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      this.entries = lines.slice(-MOST_ENTRIES);
      if (lines.length <= 2 * MOST_ENTRIES) return;
      const cut = `${this.path}.${process.pid}`;
      writeFileSync(cut, `${this.entries.join('\n')}\n`, { mode: 0o600 });
      renameSync(cut, this.path);
    });
  }

  /** A history that cannot be kept is no reason not to work. */
  private tryTo(work: () => void): void {
    try {
      work();
    } catch {
      // no such file yet, or no right to it
    }
  }
}
