/**
 * The world a store lives in inside a laboratory: faulty files, a clock that stands still unless someone waits for it,
 * seeded chance. A run in it can be repeated call by call.
 */
import type { Env } from '../../lsm/env/env.js';
import type { FileSystem } from '../../lsm/env/file-system.js';
import { FakeClock } from './fake-clock.js';
import type { FaultyFileSystem } from './faulty-files.js';
import { SeededRandom } from './seeded-random.js';

/** Where the store lies. */
export const STORE_PATH = '/lab/store.elmo';

/** Turns of the event loop after which waiting counts as waiting for time to pass. */
const PATIENT_TURNS = 64;
/** Turns after which a step counts as hanging: by then minutes of the fake clock have passed. */
const MOST_TURNS = 60_000;

export class LabEnv implements Env {
  readonly files: FileSystem;
  readonly clock: FakeClock;
  readonly random: SeededRandom;

  /** @param wrap  puts a planted fault between the store and the disk */
  constructor(
    readonly disk: FaultyFileSystem,
    seed: number,
    wrap?: (disk: FaultyFileSystem) => FileSystem,
  ) {
    this.files = wrap === undefined ? disk : wrap(disk);
    this.clock = new FakeClock();
    this.random = new SeededRandom(seed);
  }

  /** Waits for work to end, moving the clock on when nothing else seems to happen. @throws if it never ends */
  async drive<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    for (let n = 0; n < 8 && !isDone; n++) await Promise.resolve();
    for (let turns = 0; !isDone; turns++) {
      if (turns > MOST_TURNS) throw new Error('a step hangs: it neither ended nor failed');
      await this.clock.turn();
      if (turns > PATIENT_TURNS) this.clock.advance(5);
    }
    return work;
  }
}
