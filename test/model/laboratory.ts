/**
 * Model laboratory: one program, played on the engine and on the simple model; what can be seen must be alike after
 * every step, and the engine's own check clean after every step that changes its files.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryKv } from '../../lsm/memory-kv.js';
import { FaultyFileSystem } from '../support/faulty-files.js';
import { LabEnv, STORE_PATH } from '../support/lab-env.js';
import { optionsRow, type OptionsRow } from '../support/options-matrix.js';
import { asRegression, shrink, type Program, type Step } from '../support/programs.js';
import type { LabStore, OpenStore } from '../support/subject.js';
import { Player } from './player.js';

/** The first step at which the two were not alike. */
export interface Difference {
  readonly program: Program;
  /** Index into the program's steps; as many as there are: at the end. */
  readonly stepIndex: number;
  readonly engine: string;
  readonly model: string;
}

/** Milliseconds after which a program on real files counts as hanging. */
const REAL_TIME_LIMIT_MS = 30_000;

/**
 * Plays a program.
 * @param openStore  the engine's door
 * @returns undefined when engine and model were alike all along
 */
export async function playProgram(openStore: OpenStore, program: Program): Promise<Difference | undefined> {
  const world = optionsRow(program.row).onDisk
    ? new RealWorld(openStore, optionsRow(program.row))
    : new LabWorld(openStore, optionsRow(program.row));
  const model = new Player(new MemoryKv());
  let index = -1;
  const difference = (engineSaw: string, modelSaw: string): Difference => ({
    program,
    stepIndex: index,
    engine: engineSaw,
    model: modelSaw,
  });
  try {
    const engine = new Player(await world.open());
    for (index = 0; index < program.steps.length; index++) {
      const step = program.steps[index]!;
      const modelSaw = await model.play(step);
      const engineSaw = await world.wait(engine.play(step));
      if (modelSaw !== engineSaw) return difference(engineSaw, modelSaw);
      if (await world.upkeep(step, engine)) {
        if (step.do === 'reopen' || step.do === 'crash') await model.letGo();
        const flaws = await world.check();
        if (flaws !== '') return difference(flaws, 'clean');
      }
    }
    return await compareEnds(world, engine, model, difference);
  } catch (error) {
    return difference(error instanceof Error ? (error.stack ?? error.message) : String(error), '');
  } finally {
    await world.end();
  }
}

/** After the last step: everything, in both directions, before and after a clean close. */
async function compareEnds(
  world: World,
  engine: Player,
  model: Player,
  difference: (engineSaw: string, modelSaw: string) => Difference,
): Promise<Difference | undefined> {
  await model.letGo();
  for (const reopened of [false, true]) {
    if (reopened) await world.upkeep({ do: 'reopen' }, engine);
    else await world.wait(engine.letGo());
    for (const backward of [false, true]) {
      const engineHas = engine.everything(backward);
      const modelHas = model.everything(backward);
      if (engineHas !== modelHas) return difference(engineHas, modelHas);
    }
    const flaws = await world.check();
    if (flaws !== '') return difference(flaws, 'clean');
  }
  return undefined;
}

/** Cuts a failing program down. @param budgetMs  how long it may take */
export async function shrinkProgram(
  openStore: OpenStore,
  found: Difference,
  budgetMs = 20_000,
): Promise<Difference> {
  let best = found;
  const steps = found.program.steps.slice(0, found.stepIndex + 1);
  const fails = async (fewer: readonly Step[]): Promise<boolean> => {
    const again = await playProgram(openStore, { row: found.program.row, steps: fewer });
    if (again !== undefined) best = again;
    return again !== undefined;
  };
  await shrink(steps, fails, budgetMs);
  return best;
}

/** A difference for people: where, what, and the program as a regression file. */
export function showDifference(found: Difference): string {
  const step = found.program.steps[found.stepIndex];
  const where =
    step === undefined
      ? 'at the end'
      : `at step ${found.stepIndex + 1}, ${JSON.stringify(step).slice(0, 200)}`;
  return [
    `row "${found.program.row}", ${where}:`,
    `  engine: ${found.engine}`,
    `  model:  ${found.model}`,
    '',
    asRegression(found.program, 'What this program once showed: say it here.'),
  ].join('\n');
}

/** Where the engine under test lives, and how it dies and comes back. */
abstract class World {
  protected store: LabStore | undefined = undefined;

  abstract open(): Promise<LabStore>;
  /** Waits for a step to end. */
  abstract wait<T>(work: Promise<T>): Promise<T>;
  protected abstract crash(): Promise<LabStore>;
  abstract end(): Promise<void>;

  /** Does the steps that are about files. @returns whether it was one that may have changed their structure */
  async upkeep(step: Step, engine: Player): Promise<boolean> {
    const store = this.store!;
    switch (step.do) {
      case 'flush':
      case 'settle':
      case 'mergeAll':
      case 'compact':
        await this.wait(store[step.do]());
        return true;
      case 'reopen':
        await this.wait(engine.letGo());
        await this.wait(store.close());
        engine.kv = await this.open();
        return true;
      case 'crash':
        engine.forget();
        engine.kv = await this.crash();
        return true;
      default:
        return false;
    }
  }

  /** @returns the findings of a deep check, '' when there are none */
  async check(): Promise<string> {
    const findings = await this.wait(this.store!.check({ deep: true }));
    return findings.map(({ code, message }) => `${code}: ${message}`).join('\n');
  }
}

class LabWorld extends World {
  private env = new LabEnv(new FaultyFileSystem(), 1);

  constructor(
    private readonly openStore: OpenStore,
    private readonly row: OptionsRow,
  ) {
    super();
  }

  async open(): Promise<LabStore> {
    this.store = await this.wait(this.openStore(STORE_PATH, { ...this.row.options, env: this.env }));
    return this.store;
  }

  wait<T>(work: Promise<T>): Promise<T> {
    return this.env.drive(work);
  }

  protected async crash(): Promise<LabStore> {
    const after = this.env.disk.processCrash();
    await this.end();
    this.env = new LabEnv(after, 2);
    return this.open();
  }

  /** The store left behind finds no power any more, and may end as it likes. */
  async end(): Promise<void> {
    this.env.disk.cutAt(0);
    const closing = this.store?.close();
    if (closing !== undefined) await this.wait(closing).catch(() => undefined);
  }
}

class RealWorld extends World {
  private readonly folder = mkdtempSync(join(tmpdir(), 'elmo-model-'));

  constructor(
    private readonly openStore: OpenStore,
    private readonly row: OptionsRow,
  ) {
    super();
  }

  async open(): Promise<LabStore> {
    this.store = await this.wait(this.openStore(join(this.folder, 'store.elmo'), this.row.options));
    return this.store;
  }

  async wait<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('a step hangs')), REAL_TIME_LIMIT_MS);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A process cannot crash alone in itself: a clean close stands in (the crash laboratory kills real ones). */
  protected async crash(): Promise<LabStore> {
    await this.wait(this.store!.close());
    return this.open();
  }

  async end(): Promise<void> {
    await this.store?.close().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
