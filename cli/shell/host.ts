/** What the shell asks of whoever holds its database: a file of this process, or a server. */
import type { OperatorNames } from '../../elmo/index.js';

export interface Host {
  /**
   * Runs one command.
   * @param body  the command, BSON
   * @returns the reply, BSON: also that of a command that failed
   */
  command(db: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  operators(): Promise<OperatorNames>;
  close(): Promise<void>;
}
