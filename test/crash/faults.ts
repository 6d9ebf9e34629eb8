/**
 * Fault laboratory: the first, second, third … call of a kind fails, once or from then on, for want of space or with an
 * I/O error. The operation must fail with a typed error and nothing acknowledged may be lost; when the fault is gone the
 * store works again, or says that it is read-only and why, and reopening it works.
 */
import { LsmError, type LsmErrorCode } from '../../lsm/errors.js';
import { FaultyFileSystem, type FaultCode, type FileOperation } from '../support/faulty-files.js';
import { LabEnv, STORE_PATH } from '../support/lab-env.js';
import { SeededRandom } from '../support/seeded-random.js';
import { keyOf, valueOf } from '../support/values.js';
import type { CrashStore, OpenCrashStore } from './crash-store.js';
import { Executor } from './executor.js';
import { History } from './history.js';
import type { CrashProgram } from './programs.js';
import { entriesOf, showError, verifyImage } from './verify.js';

export interface Fault {
  readonly operation: FileOperation;
  readonly code: FaultCode;
  /** The call of its kind that fails, from 1. */
  readonly n: number;
  /** How many calls in a row fail; Infinity: until the fault is cleared. */
  readonly times: number;
}

export interface FaultFailure {
  readonly program: CrashProgram;
  readonly fault: Fault;
  readonly message: string;
}

const OPERATIONS: readonly FileOperation[] = [
  'write',
  'sync',
  'read',
  'truncate',
  'create',
  'open',
  'remove',
  'syncDirectory',
];

/** What an operation may fail with while the disk does. */
const EXPECTED: ReadonlySet<LsmErrorCode> = new Set<LsmErrorCode>(['DiskFull', 'Io', 'ReadOnly', 'Aborted']);

/**
 * Tries faults of every kind on a program.
 * @param mostOfAKind  calls of each kind that are made to fail, at most
 * @param onCase  called after each case; false ends the exploration
 */
export async function exploreFaults(
  program: CrashProgram,
  openStore: OpenCrashStore,
  mostOfAKind: number,
  onCase: () => boolean,
): Promise<FaultFailure | undefined> {
  const counts = await countCalls(program, openStore);
  const random = new SeededRandom(program.seed ^ 0x2545f491);
  for (const operation of OPERATIONS) {
    const count = counts[operation];
    for (let i = 0; i < Math.min(count, mostOfAKind); i++) {
      const fault: Fault = {
        operation,
        code: random.pick(['ENOSPC', 'EIO'] as const),
        n: count <= mostOfAKind ? i + 1 : 1 + random.int(count),
        times: random.pick([1, 1, 3, Infinity]),
      };
      const message = await runFault(program, openStore, fault);
      if (message !== undefined) return { program, fault, message };
      if (!onCase()) return undefined;
    }
  }
  return undefined;
}

/** @returns what is wrong, or undefined */
export async function runFault(
  program: CrashProgram,
  openStore: OpenCrashStore,
  fault: Fault,
): Promise<string | undefined> {
  try {
    return await new FaultRun(program, openStore, fault).run();
  } catch (error) {
    return showError(error);
  }
}

export function showFaultFailure({ program, fault, message }: FaultFailure): string {
  return [
    `options "${program.row}", ${fault.operation} number ${fault.n} fails with ${fault.code}, ${fault.times} times:`,
    `  ${message}`,
    'steps:',
    ...program.steps.map((step) => `  ${JSON.stringify(step)}`),
  ].join('\n');
}

async function countCalls(
  program: CrashProgram,
  openStore: OpenCrashStore,
): Promise<Record<FileOperation, number>> {
  const disk = new FaultyFileSystem();
  const env = new LabEnv(disk, program.seed);
  const store = await env.drive(openStore(STORE_PATH, { ...program.options, env }));
  await new Executor(env, store, program.options, new History()).run(program.steps);
  return disk.counts;
}

class FaultRun {
  readonly #disk = new FaultyFileSystem();
  readonly #history = new History();
  readonly #env: LabEnv;
  readonly #wrong: string[] = [];

  constructor(
    readonly program: CrashProgram,
    readonly openStore: OpenCrashStore,
    readonly fault: Fault,
  ) {
    this.#env = new LabEnv(this.#disk, program.seed);
  }

  async run(): Promise<string | undefined> {
    const { fault, program } = this;
    this.#disk.failAt(fault.operation, fault.n, fault.code, fault.times);
    let store: CrashStore;
    try {
      store = await this.#open();
    } catch (error) {
      this.#expectTyped('open', error);
      this.#disk.clearFaults();
      store = await this.#open();
    }
    const executor = new Executor(this.#env, store, program.options, this.#history, {
      onFailedCommit: async (commit, error) => {
        this.#expectTyped(`commit ${commit + 1}`, error);
        this.#settleFailed(store, commit);
      },
      onFailedStep: (step, error) => this.#expectTyped(step.do, error),
    });
    await executor.runOpen(program.steps);
    this.#disk.clearFaults();
    return this.#wrong[0] ?? (await this.#whenCleared(store));
  }

  #open(): Promise<CrashStore> {
    return this.#env.drive(this.openStore(STORE_PATH, { ...this.program.options, env: this.#env }));
  }

  /** The fault is gone: what was acknowledged is seen, the store takes writes or says why not, and reopens. */
  async #whenCleared(store: CrashStore): Promise<string | undefined> {
    const history = this.#history;
    const seen = entriesOf(store);
    if (seen.digest !== history.latest()) {
      return `the living store lost its way:\n  ${history.explain(seen, history.commits.length)}`;
    }
    const commit = history.begin([['put', 'u:3', 'c:9:50']]);
    try {
      await this.#env.drive(store.put(keyOf('u:3'), valueOf('c:9:50'), { sync: true }));
      history.acknowledge(commit, true);
    } catch (error) {
      const refused = this.#refusalAfter(error);
      if (refused !== undefined) return refused;
      history.makeGhost(commit);
    }
    for (const isPowerLost of [false, true]) {
      const random = new SeededRandom(this.program.seed + this.fault.n);
      const wrong = await verifyImage(isPowerLost ? this.#disk.powerCut(random) : this.#disk.processCrash(), {
        openStore: this.openStore,
        options: this.program.options,
        history,
        floor: isPowerLost ? history.durableCount : history.ackedCount,
        isPowerLost,
        random,
      });
      if (wrong !== undefined)
        return `${isPowerLost ? 'power cut' : 'crash of the process'} after it: ${wrong}`;
    }
    return this.#closeAndReopen(store);
  }

  async #closeAndReopen(store: CrashStore): Promise<string | undefined> {
    try {
      await this.#env.drive(store.close());
    } catch (error) {
      this.#expectTyped('close', error);
    }
    if (this.#wrong.length > 0) return this.#wrong[0];
    const random = new SeededRandom(this.program.seed);
    return verifyImage(this.#disk.processCrash(), {
      openStore: this.openStore,
      options: this.program.options,
      history: this.#history,
      floor: this.#history.ackedCount,
      isPowerLost: false,
      random,
    });
  }

  /** Only a failure of what makes writes durable may leave the store read-only, and it says so. */
  #refusalAfter(error: unknown): string | undefined {
    if (error instanceof LsmError && error.code === 'ReadOnly' && error.cause !== undefined) return undefined;
    return `after the fault was gone a write failed: ${showError(error)}`;
  }

  /** A commit failed: whether the living store shows it decides what it counts as. */
  #settleFailed(store: CrashStore, commit: number): void {
    let digest: string;
    try {
      digest = entriesOf(store).digest;
    } catch (error) {
      this.#expectTyped('scan', error);
      this.#history.makeGhost(commit);
      return;
    }
    if (digest === this.#history.latest()) return;
    this.#history.makeGhost(commit);
    if (digest !== this.#history.latest())
      this.#wrong.push(`commit ${commit + 1} failed, and half of it is seen`);
  }

  #expectTyped(what: string, error: unknown): void {
    if (error instanceof LsmError && EXPECTED.has(error.code)) return;
    // A transaction that failed once is over, and says so.
    if (error instanceof LsmError && error.code === 'Closed') return;
    this.#wrong.push(`${what} failed with an unexpected error: ${showError(error)}`);
  }
}
