/**
 * Failures on demand, for the tests of clients: `configureFailPoint: 'failCommand'`. Only there when the server was started
 * with `enableTestCommands`. Source: drivers' specification, "Fail Point".
 */
import { ElmoError, type RawDocument } from '../../elmo/index.js';

/** What happens to a command that is met. */
export interface CommandFailure {
  readonly commands: ReadonlySet<string>;
  /** Only commands of this application; undefined: of all. */
  readonly appName: string | undefined;
  readonly errorCode: number | undefined;
  readonly errorLabels: readonly string[] | undefined;
  readonly closesConnection: boolean;
  /** Milliseconds to wait before anything else. */
  readonly blockMs: number;
  /** Raw; stands in the reply of the command, which is run. */
  readonly writeConcernError: RawDocument | undefined;
}

/** How often: always, or so many times, or after so many commands were let by. */
export interface FailureMode {
  readonly skip: number;
  readonly times: number;
}

/** Thrown to end a connection instead of answering. */
export class ClosesConnection extends Error {
  override readonly name = 'ClosesConnection';
}

export class FailPoints {
  private failure: CommandFailure | undefined;
  private skip = 0;
  private times = 0;
  /** How often it was met since it was set. */
  count = 0;

  set(failure: CommandFailure, { skip, times }: FailureMode): void {
    this.failure = failure;
    this.skip = skip;
    this.times = times;
    this.count = 0;
  }

  clear(): void {
    this.failure = undefined;
  }

  /** The failure a command meets, which then counts as met. */
  take(command: string, appName: string | undefined): CommandFailure | undefined {
    const { failure } = this;
    if (failure === undefined || !failure.commands.has(command)) return undefined;
    if (failure.appName !== undefined && failure.appName !== appName) return undefined;
    if (this.skip > 0) {
      this.skip--;
      return undefined;
    }
    if (this.times === 0) return undefined;
    this.times--;
    this.count++;
    return failure;
  }
}

/**
 * Waits, then fails as it was told to.
 * @param wait  resolves after that many milliseconds
 * @throws ClosesConnection, ElmoError
 */
export async function meet(failure: CommandFailure, wait: (ms: number) => Promise<void>): Promise<void> {
  if (failure.blockMs > 0) await wait(failure.blockMs);
  if (failure.closesConnection) throw new ClosesConnection('closed by a fail point');
  if (failure.errorCode === undefined || failure.writeConcernError !== undefined) return;
  throw new ElmoError(failure.errorCode, "Failing command via 'failCommand' failpoint", {
    ...(failure.errorLabels === undefined ? {} : { errorLabels: failure.errorLabels }),
  });
}
