/**
 * Fuzz target: whole stores. A store's file, or one of its logs, is damaged; opening it and reading everything gives
 * data, or a typed refusal.
 */
import type { Bytes } from '../../lsm/base/bytes.js';
import type { LsmOptions } from '../../lsm/options.js';
import { FaultyFileSystem } from '../support/faulty-files.js';
import { LabEnv, STORE_PATH } from '../support/lab-env.js';
import { CRASH_WEIGHTS, randomProgram } from '../support/programs.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { engine, type LabStore, type OpenStore } from '../support/subject.js';
import { keyOf, pickKey } from '../support/values.js';
import { Executor } from '../crash/executor.js';
import { History } from '../crash/history.js';
import { damagedCopy } from './mutate.js';
import { attempt, wrongRefusal, type FuzzTarget } from './target.js';

const STORES = 6;
const OPTIONS: LsmOptions = {
  worker: false,
  memtableBytes: 4096,
  blockBytes: 512,
  tableBytes: 8192,
  cacheBytes: 32_768,
  levelOneBytes: 16_384,
  levelFactor: 2,
  levelZeroRuns: 2,
  blobBytes: 1024,
};

type Sample = ReadonlyMap<string, Bytes>;

export class FilesTarget implements FuzzTarget {
  #samples: Sample[] = [];
  #openStore!: OpenStore;

  async prepare(random: SeededRandom): Promise<void> {
    this.#openStore = await engine();
    this.#samples = [];
    for (let n = 0; n < STORES; n++) this.#samples.push(await this.#makeSample(random));
  }

  async run(random: SeededRandom): Promise<string | undefined> {
    const sample = random.pick(this.#samples);
    const victim = random.pick([...sample.keys()]);
    const disk = new FaultyFileSystem();
    for (const [path, bytes] of sample) {
      disk.plant(path, path === victim ? damagedCopy(bytes, random) : bytes);
    }
    const env = new LabEnv(disk, 1);
    let store: LabStore;
    try {
      store = await env.drive(this.#openStore(STORE_PATH, { ...OPTIONS, autoMerge: false, env }));
    } catch (error) {
      return wrongRefusal(error);
    }
    const wrong: string[] = [];
    readEverything(store, random, wrong);
    try {
      await env.drive(store.check({ deep: true }));
    } catch (error) {
      wrong.push(`the check threw: ${wrongRefusal(error) ?? String(error)}`);
    }
    disk.cutAt(0); // left as it is: damage is not to be repaired
    await env.drive(store.close().catch(() => undefined));
    return wrong[0];
  }

  async #makeSample(random: SeededRandom): Promise<Sample> {
    const disk = new FaultyFileSystem();
    const env = new LabEnv(disk, 1);
    const { steps } = randomProgram(random, {
      row: '',
      steps: 60 + random.int(120),
      weights: CRASH_WEIGHTS,
      universe: 27,
      bigBytes: 3000,
    });
    const store = await env.drive(this.#openStore(STORE_PATH, { ...OPTIONS, env }));
    const small = steps.filter((step) => !JSON.stringify(step).includes('"h:'));
    await new Executor(env, store, OPTIONS, new History()).runOpen(small);
    const left = random.chance(50) ? disk : disk.processCrash();
    if (left === disk) await env.drive(store.close());
    else disk.cutAt(0);
    const files = left.paths().filter((path) => !path.endsWith('-lock'));
    return new Map(files.map((path) => [path, left.contents(path)!]));
  }
}

function readEverything(store: LabStore, random: SeededRandom, wrong: string[]): void {
  for (const direction of ['forward', 'backward'] as const) {
    attempt(wrong, () => {
      const cursor = store.scan({}, direction);
      while (cursor.next()) {
        if (cursor.value().length !== cursor.valueLength)
          wrong.push('a value is not as long as it is said to be');
      }
      cursor.close();
    });
  }
  for (let n = 0; n < 5; n++) attempt(wrong, () => store.get(keyOf(pickKey(random, 27))));
}
