/**
 * Crash laboratory for documents: a program runs once to the end, and tells what the database holds after each step; then
 * again for each cut, and every image of the disk is opened. What is there must be what a step left, no earlier than the
 * last that was acknowledged; transactions and definitions whole, other statements document by document; indexes and
 * counts must agree with the documents, and the database must go on.
 */
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { LabEnv } from '../../support/lab-env.js';
import { SeededRandom } from '../../support/seeded-random.js';
import type { OpenStore } from '../../support/subject.js';
import { showError } from '../verify.js';
import { contentsText, LabDatabase, type Contents } from './database.js';
import { documentProgram, type DocumentProgram, type LabStep } from './programs.js';

export interface DocumentCrash {
  readonly seed: number;
  readonly cut: number;
  readonly image: number;
  readonly message: string;
}

export interface DocumentCampaign {
  readonly openStore: OpenStore;
  /** Images to verify. */
  readonly cuts: number;
  readonly seed: number;
  /** Cuts of one program, at most. */
  readonly points: number;
  readonly budgetMs?: number;
  readonly onProgress?: (cuts: number) => void;
}

const IMAGES = 3;

/** Runs programs until enough images were verified, or one is wrong. */
export async function runDocumentCampaign(
  campaign: DocumentCampaign,
): Promise<{ readonly cuts: number; readonly programs: number; readonly found?: DocumentCrash }> {
  const end = performance.now() + (campaign.budgetMs ?? Infinity);
  let cuts = 0;
  let programs = 0;
  while (cuts < campaign.cuts && performance.now() < end) {
    const program = documentProgram(campaign.seed + programs++);
    const whole = new Run(program, campaign.openStore, Infinity);
    await whole.run();
    const random = new SeededRandom(program.seed ^ 0x5bd1e995);
    const wrong = whole.trouble ?? (await whole.stateAfterClose());
    if (wrong !== undefined)
      return { cuts, programs, found: { seed: program.seed, cut: 0, image: 0, message: wrong } };
    for (let i = 0; i < campaign.points && cuts < campaign.cuts && performance.now() < end; i++) {
      const cut = whole.firstCall + random.int(whole.disk.calls - whole.firstCall);
      const run = new Run(program, campaign.openStore, cut);
      await run.run();
      for (let image = 0; image < IMAGES; image++) {
        cuts++;
        campaign.onProgress?.(cuts);
        const message = run.trouble ?? (await run.verify(whole.states, cut, image));
        if (message !== undefined)
          return { cuts, programs, found: { seed: program.seed, cut, image, message } };
      }
    }
  }
  return { cuts, programs };
}

class Run {
  readonly disk = new FaultyFileSystem();
  /** What the database held before the first step, and after each. */
  readonly states: Contents[] = [];
  /** Calls to the disk before the first step. */
  firstCall = 1;
  trouble: string | undefined;
  private acknowledged = 0;
  /** Steps, from 1, whose acknowledgement says that they survive a power cut. */
  private readonly durableSteps: number[] = [];

  constructor(
    private readonly program: DocumentProgram,
    private readonly openStore: OpenStore,
    private readonly cut: number,
  ) {}

  /** Runs the program to its end, or to the cut. */
  async run(): Promise<void> {
    this.disk.cutAt(this.cut);
    const env = new LabEnv(this.disk, this.program.seed);
    try {
      const database = await LabDatabase.open(env, this.openStore, this.program.options);
      this.firstCall = this.disk.calls + 1;
      if (this.cut === Infinity) this.states.push(await database.contents());
      for (const step of this.program.steps) {
        await this.take(step, database);
        this.acknowledged++;
        if (step.isDurable || this.program.options.durability === 'full')
          this.durableSteps.push(this.acknowledged);
        if (this.cut === Infinity) this.states.push(await database.contents());
      }
      await database.close();
    } catch (error) {
      if (this.disk.hasPower) this.trouble = `failed though nothing was wrong: ${showError(error)}`;
    }
  }

  private async take({ commands, maintenance }: LabStep, database: LabDatabase): Promise<void> {
    if (maintenance === 'flush') await database.flush();
    if (maintenance === 'merge') await database.mergeAll();
    for (const command of commands) {
      await database.run(command);
      this.disk.checkPower(); // what fails for want of power was acknowledged to nobody
    }
  }

  /** Of a program that ran to its end: reopened, all must be there. */
  async stateAfterClose(): Promise<string | undefined> {
    const env = new LabEnv(this.disk.processCrash(), 5);
    const database = await LabDatabase.open(env, this.openStore, this.program.options);
    const flaws = await database.flaws();
    const [held, wanted] = [contentsText(await database.contents()), contentsText(this.states.at(-1)!)];
    await database.close();
    return flaws ?? (held === wanted ? undefined : `after a clean close:\n  ${held}\nwanted:\n  ${wanted}`);
  }

  /** @returns what is wrong with an image of the disk after the cut; image 0 is that of a crash of the process */
  async verify(states: readonly Contents[], cut: number, image: number): Promise<string | undefined> {
    const { program } = this;
    const random = new SeededRandom(program.seed * 1_000_003 + cut * 101 + image);
    const isProcessCrash = image === 0;
    const env = new LabEnv(isProcessCrash ? this.disk.processCrash() : this.disk.powerCut(random), 3);
    const floor = isProcessCrash ? this.acknowledged : this.lastDurable(states);
    try {
      const database = await LabDatabase.open(env, this.openStore, program.options);
      const held = await database.contents();
      if (!this.permits(held, states, floor))
        return `${floor} of ${this.acknowledged} steps must be there, the database holds\n  ${shortText(held)}\nwanted:\n  ${shortText(states[floor]!)}`;
      const flaws = (await database.flaws()) ?? (await goesOn(database));
      if (flaws !== undefined) return flaws;
      const before = contentsText(await database.contents());
      await database.close();
      const again = await LabDatabase.open(env, this.openStore, program.options);
      const after = contentsText(await again.contents());
      await again.close();
      return before === after
        ? undefined
        : `written after the recovery, lost by a clean close:\n  ${before}\n  ${after}`;
    } catch (error) {
      return `reopening failed: ${showError(error)}`;
    }
  }

  /** The last durable step that changed anything: one that did not has made nothing durable. */
  private lastDurable(states: readonly Contents[]): number {
    const hasChanged = (step: number): boolean =>
      contentsText(states[step]!) !== contentsText(states[step - 1]!);
    return this.durableSteps.findLast(hasChanged) ?? 0;
  }

  private permits(held: Contents, states: readonly Contents[], floor: number): boolean {
    const last = Math.min(this.acknowledged + 1, states.length - 1);
    const text = contentsText(held);
    for (let i = floor; i <= last; i++) {
      if (contentsText(states[i]!) === text) return true;
      const next = this.program.steps[i];
      if (i < last && next?.isAtomic === false && isBetween(held, states[i]!, states[i + 1]!)) return true;
    }
    return false;
  }
}

function shortText(contents: Contents): string {
  return contentsText(contents).replaceAll(/x{9,}/g, 'x…');
}

/** Whether each document is as in one of two states, collections and indexes as in both. */
function isBetween(held: Contents, before: Contents, after: Contents): boolean {
  for (const name of new Set([...held.keys(), ...before.keys(), ...after.keys()])) {
    const [mine, old, fresh] = [held.get(name), before.get(name), after.get(name)];
    if (mine === undefined) {
      if (old !== undefined) return false;
      continue; // made by the first insert that is not there
    }
    if (mine.indexes !== (fresh ?? old)?.indexes) return false;
    const ids = new Set([
      ...mine.documents.keys(),
      ...(old?.documents.keys() ?? []),
      ...(fresh?.documents.keys() ?? []),
    ]);
    for (const id of ids) {
      const document = mine.documents.get(id);
      if (document !== old?.documents.get(id) && document !== fresh?.documents.get(id)) return false;
    }
  }
  return true;
}

/** The database must go on as if nothing had been. */
async function goesOn(database: LabDatabase): Promise<string | undefined> {
  for (const command of [
    { insert: 'a', documents: [{ _id: -1, n: 1, tags: [1, 2], s: 'new' }] },
    { update: 'a', updates: [{ q: { n: { $gte: 0 } }, u: { $inc: { n: 1 } }, multi: true }] },
    { createIndexes: 'b', indexes: [{ key: { s: 1, n: 1 }, name: 'later' }] },
  ]) {
    const reply = await database.run(command);
    if (reply['ok'] !== 1 || 'writeErrors' in reply) return `after the recovery: ${JSON.stringify(reply)}`;
  }
  return database.flaws();
}
