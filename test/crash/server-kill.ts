/**
 * Kills a server that many clients write to, at a random moment, and looks at what the next one finds: every write that was
 * acknowledged, with `j: true` or without; of those that were not, at most the one each client had under way.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from '../../elmo/bson/package.js';
import { projectFolder } from '../support/source-tree.js';
import { SeededRandom } from '../support/seeded-random.js';
import { WireClient } from '../support/wire-client.js';

const DB = 'kill';
const CLIENTS = 32;
/** Deaths on one file before a new one is begun. */
const ROUNDS_OF_A_FILE = 5;

export interface ServerKillResult {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly wrong?: string;
}

interface Server {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(path: string): Promise<Server> {
  const command = join(projectFolder(), 'dist/cli/main.js');
  const child = spawn(process.execPath, [command, 'serve', path, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(/:(\d+)\//.exec(line.toString())![1]) };
}

async function kill({ child }: Server): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** One client: it inserts numbers in order and counts them in a document of its own. */
class Writer {
  /** Inserts and increments that were acknowledged, over all its lives. */
  inserted = 0;
  counted = 0;

  constructor(private readonly number: number) {}

  /** Ends when the server does. */
  async write(port: number): Promise<void> {
    const client = await WireClient.open(port).catch(() => undefined);
    if (client === undefined) return; // it was killed before
    try {
      for (;;) {
        // one half of the writes waits for the disk, the other does not
        const writeConcern = this.inserted % 2 === 0 ? { w: 1, j: true } : { w: 1 };
        const document = { _id: `${this.number}-${this.inserted}`, w: this.number, i: this.inserted };
        await acknowledged(client, { insert: 'numbers', documents: [document], writeConcern });
        this.inserted++;
        const count = { q: { _id: this.number }, u: { $inc: { n: 1 } }, upsert: true };
        await acknowledged(client, { update: 'counters', updates: [count], writeConcern });
        this.counted++;
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
    } finally {
      client.close();
    }
  }

  /** @returns what is wrong with what was found */
  async check(client: WireClient): Promise<string | undefined> {
    const { n } = await client.run({ count: 'numbers', query: { w: this.number } }, DB);
    const found = await client.run({ find: 'counters', filter: { _id: this.number } }, DB);
    const [counter] = (found['cursor'] as { firstBatch: Document[] }).firstBatch;
    const counted = Number(counter?.['n'] ?? 0);
    for (const [what, seen, least] of [
      ['inserts', Number(n), this.inserted],
      ['increments', counted, this.counted],
    ] as const)
      if (seen < least || seen > least + 1)
        return `client ${this.number}: ${least} ${what} were acknowledged, ${seen} are there`;
    this.inserted = Number(n);
    this.counted = counted;
    return undefined;
  }
}

class Refusal extends Error {}

async function acknowledged(client: WireClient, command: Document): Promise<void> {
  const reply = await client.run(command, DB);
  if (reply['ok'] !== 1 || reply['writeErrors'] !== undefined)
    throw new Refusal(`a write was refused: ${JSON.stringify(reply)}`);
}

/** @returns what is wrong with the first file that does not hold what it must */
export async function serverKillRounds(
  seed: number,
  rounds: number,
  onRound?: (done: number) => void,
): Promise<ServerKillResult> {
  const random = new SeededRandom(seed);
  let total = 0;
  for (let done = 0; done < rounds;) {
    const folder = mkdtempSync(join(tmpdir(), 'elmo-server-kill-'));
    const path = join(folder, 'store.elmo');
    const writers = Array.from({ length: CLIENTS }, (_, i) => new Writer(i));
    try {
      for (let n = 0; n < ROUNDS_OF_A_FILE && done < rounds; n++, done++) {
        const wrong = await liveAndDie(path, writers, 100 + random.int(900));
        if (wrong !== undefined) return { rounds: done + 1, acknowledged: total, wrong };
        onRound?.(done + 1);
      }
      total += writers.reduce((sum, { inserted, counted }) => sum + inserted + counted, 0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { rounds, acknowledged: total };
}

async function liveAndDie(
  path: string,
  writers: readonly Writer[],
  lifeMs: number,
): Promise<string | undefined> {
  const server = await start(path);
  const writing = Promise.all(writers.map((writer) => writer.write(server.port)));
  await new Promise((resolve) => setTimeout(resolve, lifeMs));
  await kill(server);
  await writing;
  const next = await start(path);
  const client = await WireClient.open(next.port);
  try {
    for (const writer of writers) {
      const wrong = await writer.check(client);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  } finally {
    client.close();
    await kill(next);
  }
}
