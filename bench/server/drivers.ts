/** Several processes of the driver on one server: a single one would be full long before the server is. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What one process is told to do. */
export interface DriverTask {
  readonly workload: string;
  readonly database: string;
  readonly round: number;
  /** Which of how many processes it is. */
  readonly part: number;
  readonly parts: number;
}

/** What it says when it is done. */
export interface DriverAnswer {
  readonly units: number;
  readonly error?: string;
}

/** Processes that share the clients of a workload. */
export const DRIVERS = 4;

export class Drivers {
  private constructor(private readonly children: readonly ChildProcess[]) {}

  /** @returns when all have connected */
  static async start(uri: string): Promise<Drivers> {
    const program = fileURLToPath(new URL('./driver.js', import.meta.url));
    const children = Array.from({ length: DRIVERS }, () => fork(program, [uri]));
    await Promise.all(children.map((child) => once(child, 'message')));
    return new Drivers(children);
  }

  /** Runs a workload in all of them at once. @returns the units that all have done together */
  async run(task: Omit<DriverTask, 'part' | 'parts'>): Promise<number> {
    const answers = await Promise.all(
      this.children.map(async (child, part): Promise<DriverAnswer> => {
        const answered = once(child, 'message') as Promise<[DriverAnswer]>;
        child.send({ ...task, part, parts: this.children.length } satisfies DriverTask);
        return (await answered)[0];
      }),
    );
    const failed = answers.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(failed.error);
    return answers.reduce((sum, { units }) => sum + units, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.children.map((child) => {
        const ended = once(child, 'exit');
        child.disconnect();
        return ended;
      }),
    );
  }
}
