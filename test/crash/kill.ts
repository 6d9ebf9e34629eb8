/**
 * Kills a real process that writes to a real file, at a random moment, and looks at what the file holds: every commit
 * that was acknowledged, and after them a prefix of those that were begun.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SeededRandom } from '../support/seeded-random.js';
import type { OpenStore } from '../support/subject.js';
import { History } from './history.js';
import { KILL_OPTIONS, killCommit } from './kill-program.js';
import { entriesOf } from './verify.js';

const CHILD = fileURLToPath(new URL('kill-child.js', import.meta.url));
/** Rounds on one file before a new one is begun. */
const ROUNDS_OF_A_FILE = 8;
const START_LIMIT_MS = 20_000;

export interface KillResult {
  readonly rounds: number;
  readonly commits: number;
  readonly wrong?: string;
}

/** @returns what is wrong with the first file that does not hold what it must */
export async function killRounds(
  openStore: OpenStore,
  seed: number,
  rounds: number,
  onRound?: (done: number) => void,
): Promise<KillResult> {
  const random = new SeededRandom(seed);
  let commits = 0;
  for (let done = 0; done < rounds;) {
    const folder = mkdtempSync(join(tmpdir(), 'elmo-kill-'));
    const file = new KilledFile(openStore, join(folder, 'store.elmo'), seed + done);
    try {
      for (let n = 0; n < ROUNDS_OF_A_FILE && done < rounds; n++, done++) {
        const wrong = await file.round(5 + random.int(n === 0 ? 60 : 400));
        if (wrong !== undefined) return { rounds: done + 1, commits, wrong: `round ${n + 1}: ${wrong}` };
        onRound?.(done + 1);
      }
      commits += file.history.commits.length;
      const left = readdirSync(folder).filter((name) => name !== 'store.elmo');
      if (left.length > 0) return { rounds: done, commits, wrong: `a clean close left ${left.join(', ')}` };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { rounds, commits };
}

class KilledFile {
  readonly history = new History();

  constructor(
    readonly openStore: OpenStore,
    readonly path: string,
    readonly seed: number,
  ) {}

  /** One life and one death. @param lifeMs  from the first commit on */
  async round(lifeMs: number): Promise<string | undefined> {
    const { history } = this;
    const lines = await this.#liveAndDie(lifeMs);
    if (typeof lines !== 'object') return lines;
    for (const line of lines) {
      const n = Number(line.slice(2));
      if (line.startsWith('a ')) history.acknowledge(n, false);
      else if (history.begin(killCommit(this.seed, n).ops) !== n) return `commit ${n} out of order`;
    }
    const store = await this.openStore(this.path, KILL_OPTIONS);
    try {
      const seen = entriesOf(store);
      const count = history.prefixOf(seen.digest, history.ackedCount);
      if (count < 0) return `the file holds no state it may:\n  ${history.explain(seen, history.ackedCount)}`;
      const findings = await store.check({ deep: true });
      if (findings.length > 0) return `the check finds ${findings.map(({ message }) => message).join('; ')}`;
      history.cutTo(count);
    } finally {
      await store.close();
    }
    return undefined;
  }

  /** @returns the lines the child could say, or why it did not live */
  async #liveAndDie(lifeMs: number): Promise<string[] | string> {
    const child = spawn(
      process.execPath,
      [CHILD, this.path, String(this.seed), String(this.history.commits.length)],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    let complaints = '';
    let timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      if (said === '') {
        clearTimeout(timer);
        timer = setTimeout(() => child.kill('SIGKILL'), lifeMs);
      }
      said += chunk.toString('latin1');
    });
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const signal = await new Promise<string | null>((resolve) => {
      child.on('close', (_code, name) => resolve(name));
    });
    clearTimeout(timer);
    if (signal !== 'SIGKILL') return `the process ended by itself: ${complaints}`;
    // The last line may be half a line: what it would say was not said.
    return said
      .slice(0, said.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean);
  }
}
