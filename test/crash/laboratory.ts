/**
 * Crash laboratory: runs a program once to count its calls to the disk, then again for each cut point, where the power
 * goes or the process dies; every image of the disk is reopened and verified.
 */
import type { FileSystem } from '../../lsm/env/file-system.js';
import { FaultyFileSystem } from '../support/faulty-files.js';
import { LabEnv, STORE_PATH } from '../support/lab-env.js';
import { shrink, type Step } from '../support/programs.js';
import { SeededRandom } from '../support/seeded-random.js';
import type { OpenCrashStore } from './crash-store.js';
import { Executor } from './executor.js';
import { History } from './history.js';
import type { CrashProgram } from './programs.js';
import { entriesOf, showError, verifyImage } from './verify.js';

/** What a planted fault does to the disk a program runs on, and to the one its images are reopened on. */
export interface PlantedFault {
  readonly name: string;
  /** Images in which the laboratory must have found it. */
  readonly findableWithin: number;
  readonly whileRunning?: (disk: FaultyFileSystem) => FileSystem;
  readonly whileRecovering?: (disk: FaultyFileSystem) => FileSystem;
}

export interface CrashFailure {
  readonly program: CrashProgram;
  /** The call at which the power was cut, counted from 1; 0: none was. */
  readonly cut: number;
  /** Number of the image of that cut: 0 is the crash of the process alone. */
  readonly image: number;
  readonly message: string;
}

export interface Exploration {
  readonly openStore: OpenCrashStore;
  readonly planted?: PlantedFault;
  /** Images of a power cut, for each cut point. Default 2. */
  readonly images?: number;
  /** Cut points at most; a program with more is cut at random ones of them. Default: every call. */
  readonly cutPoints?: number;
  /** Only this cut, or this image. */
  readonly onlyCut?: number;
  readonly onlyImage?: number;
  /** Called after each image; false ends the exploration. */
  readonly onImage?: () => boolean;
}

/** @returns the first failure, or undefined */
export async function exploreProgram(
  program: CrashProgram,
  how: Exploration,
): Promise<CrashFailure | undefined> {
  const whole = await runUntil(program, how, Infinity);
  if (typeof whole === 'string') return { program, cut: 0, image: 0, message: whole };
  const random = new SeededRandom(program.seed ^ 0x5bd1e995);
  for (const cut of cutPoints(whole.disk.journal ?? [], how, random)) {
    const run = await runUntil(program, how, cut);
    if (typeof run === 'string') return { program, cut, image: 0, message: run };
    for (let image = 0; image <= (how.images ?? 2); image++) {
      if (how.onlyImage !== undefined && image !== how.onlyImage) continue;
      const message = await verifyOne(program, how, run, cut, image);
      if (message !== undefined) return { program, cut, image, message };
      if (how.onImage?.() === false) return undefined;
    }
  }
  return undefined;
}

/** Cuts a failing program down; every cut of the shorter ones is tried. */
export async function shrinkFailure(
  found: CrashFailure,
  how: Exploration,
  budgetMs = 20_000,
): Promise<CrashFailure> {
  let best = found;
  const end = performance.now() + budgetMs;
  const onImage = (): boolean => performance.now() < end;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    const failure = await exploreProgram(
      { ...found.program, steps },
      { openStore: how.openStore, planted: how.planted, images: how.images, cutPoints: 60, onImage },
    );
    if (failure !== undefined) best = failure;
    return failure !== undefined;
  };
  await shrink(found.program.steps, fails, budgetMs);
  return best;
}

export function showFailure(found: CrashFailure): string {
  const { program, cut, image, message } = found;
  const where =
    cut === 0
      ? 'without a cut'
      : `cut at call ${cut}, ${image === 0 ? 'crash of the process' : `power cut, image ${image}`}`;
  return [
    `options "${program.row}", ${where}:`,
    `  ${message}`,
    'steps:',
    ...program.steps.map((step) => `  ${JSON.stringify(step)}`),
  ].join('\n');
}

interface Run {
  readonly disk: FaultyFileSystem;
  readonly history: History;
}

/** Runs the program until the `cut`-th call. @returns the disk and the history, or what went wrong before the cut */
async function runUntil(program: CrashProgram, how: Exploration, cut: number): Promise<Run | string> {
  const disk = new FaultyFileSystem();
  if (cut === Infinity) disk.journal = [];
  disk.cutAt(cut);
  const env = new LabEnv(disk, program.seed, how.planted?.whileRunning);
  const history = new History();
  const troubles: string[] = [];
  const trouble = (what: string, error: unknown): void => {
    if (disk.hasPower) troubles.push(`${what} failed though nothing was wrong: ${showError(error)}`);
  };
  try {
    const store = await env.drive(how.openStore(STORE_PATH, { ...program.options, env }));
    const executor = new Executor(env, store, program.options, history, {
      onFailedStep: (step, error) => trouble(step.do, error),
    });
    await executor.run(program.steps);
  } catch (error) {
    trouble('opening', error);
  }
  if (troubles.length > 0) return troubles[0]!;
  return cut === Infinity ? endState(program, how, disk, history) : { disk, history };
}

/** A program that ran to its end and closed: reopened, all must be there. */
async function endState(
  program: CrashProgram,
  how: Exploration,
  disk: FaultyFileSystem,
  history: History,
): Promise<Run | string> {
  const env = new LabEnv(disk.processCrash(), 5, how.planted?.whileRecovering);
  const unheard = history.commits.findIndex(({ status }) => status === 'tried');
  if (unheard >= 0) return `commit ${unheard + 1} failed though nothing was wrong`;
  try {
    const store = await env.drive(how.openStore(STORE_PATH, { ...program.options, env }));
    const seen = entriesOf(store);
    await env.drive(store.close());
    if (seen.digest !== history.latest()) {
      return `after a clean close:\n  ${history.explain(seen, history.commits.length)}`;
    }
  } catch (error) {
    return `reopening after a clean close failed: ${showError(error)}`;
  }
  return { disk, history };
}

function verifyOne(
  program: CrashProgram,
  how: Exploration,
  { disk, history }: Run,
  cut: number,
  image: number,
): Promise<string | undefined> {
  const random = new SeededRandom(program.seed * 1_000_003 + cut * 101 + image);
  const isProcessCrash = image === 0;
  const left = isProcessCrash ? disk.processCrash() : disk.powerCut(random);
  return verifyImage(left, {
    openStore: how.openStore,
    options: program.options,
    history,
    floor: isProcessCrash ? history.ackedCount : history.durableCount,
    random,
    wrap: how.planted?.whileRecovering,
    isPowerLost: !isProcessCrash,
  });
}

/**
 * The calls to cut at. When they are too many, each kind of call gets its turn (a sync of the log, a removal, …), since
 * the rare ones are where an order may be wrong; which kinds come first is left to chance.
 * @param journal  what each mutating call was
 */
function cutPoints(journal: readonly string[], how: Exploration, random: SeededRandom): number[] {
  if (how.onlyCut !== undefined) return [how.onlyCut];
  const most = how.cutPoints ?? Infinity;
  if (journal.length <= most) return journal.map((_, i) => i + 1);
  const byKind = new Map<string, number[]>();
  journal.forEach((call, i) => {
    const kind = kindOf(call);
    const calls = byKind.get(kind);
    if (calls === undefined) byKind.set(kind, [i + 1]);
    else calls.push(i + 1);
  });
  const chosen: number[] = [];
  // The store's file is synced least often, and there alone the order of its writes shows: it gets a second turn.
  const fileSyncs = byKind.get(kindOf(`sync ${STORE_PATH}`)) ?? [];
  const kinds = inAnyOrder([...byKind.values(), fileSyncs], random);
  while (chosen.length < most) {
    for (const calls of kinds) {
      if (calls.length > 0) chosen.push(calls.splice(random.int(calls.length), 1)[0]!);
    }
  }
  return chosen.slice(0, most).sort((a, b) => a - b);
}

/** The log of any number is a log, and whatever happens to files of the lock is one kind. */
function kindOf(call: string): string {
  return call.includes('-lock') ? 'lock' : call.replace(/\d+/g, '');
}

function inAnyOrder<T>(from: readonly T[], random: SeededRandom): T[] {
  const left = [...from];
  const order: T[] = [];
  while (left.length > 0) order.push(left.splice(random.int(left.length), 1)[0]!);
  return order;
}
