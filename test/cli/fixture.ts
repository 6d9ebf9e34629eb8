/** Running the command: in this process with its output kept, or as a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../cli/command.js';
import type { Terminal } from '../../cli/terminal.js';
import { openLsm, type LsmOptions, type LsmStore } from '../../lsm/index.js';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A terminal that keeps what it is given. */
export class KeptTerminal implements Terminal {
  out = '';
  err = '';
  readonly progressStream = new PassThrough();

  constructor(
    readonly isResultShown = false,
    readonly isInteractive = false,
    readonly columns = 100,
  ) {
    this.progressStream.on('data', (text: Buffer) => {
      this.err += text.toString();
    });
  }

  write(text: string): Promise<void> {
    this.out += text;
    return Promise.resolve();
  }

  warn(text: string): void {
    this.err += text;
  }
}

/** Runs `elmo` with these arguments in this process. */
export async function elmo(...argv: string[]): Promise<Outcome> {
  const terminal = new KeptTerminal();
  const code = await run(argv, terminal);
  return { code, out: terminal.out, err: terminal.err };
}

/** Runs `elmo lsm-diag` with these arguments in this process. */
export function diag(...argv: string[]): Promise<Outcome> {
  return elmo('lsm-diag', ...argv);
}

/** The result of a command that was asked for JSON. */
export async function diagJson<T>(...argv: string[]): Promise<T> {
  const { out } = await diag(...argv, '--json');
  return JSON.parse(out) as T;
}

/** Runs `elmo` as a process. @param input  its standard input */
export function spawnElmo(
  argv: readonly string[],
  input: string | Uint8Array = '',
): Promise<Outcome & { readonly bytes: Buffer }> {
  const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
    const pieces: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      const bytes = Buffer.concat(pieces);
      resolve({ code: code ?? -1, out: bytes.toString(), err, bytes });
    });
    child.stdin.end(input);
  });
}

export interface Place {
  path(name: string): string;
  store(name: string, options?: LsmOptions): Promise<LsmStore>;
}

const SMALL: LsmOptions = {
  worker: false,
  autoMerge: false,
  memtableBytes: 16 * 1024,
  tableBytes: 4 * 1024,
  blockBytes: 512,
  blobBytes: 1024,
};

/** A folder for each test of the enclosing `describe`. */
export function usePlace(): Place {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elmo-cli-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return { path, store: (name, options) => openLsm(path(name), { ...SMALL, ...options }) };
}

/** 500 entries in two runs, 50 of them deleted, one large value. @returns its path */
export async function sample(place: Place, options?: LsmOptions): Promise<string> {
  const store = await place.store('sample.elmo', options);
  for (let round = 0; round < 2; round++) {
    const batch = store.batch();
    for (let i = round; i < 500; i += 2) {
      batch.put(bytes(`user:${String(i).padStart(4, '0')}`), bytes(`value ${i}`));
    }
    await store.write(batch);
    if (round === 0) await store.put(bytes('large'), new Uint8Array(50_000).fill(65));
    else await store.deleteRange({ low: bytes('user:0100'), high: bytes('user:0150') });
    await store.flush();
  }
  await store.put(Uint8Array.of(0xff, 0x00), bytes('binary key'));
  await store.close();
  return place.path('sample.elmo');
}
