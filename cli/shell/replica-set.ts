/** `rs`: the replica set of a server. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import type { Database } from './database.js';
import { ServerError, ShellError } from './errors.js';

const COMMAND_NOT_FOUND = 59;

export class ReplicaSet {
  /** @param db  the database of the moment */
  constructor(private readonly db: () => Database) {}

  [inspect.custom](): string {
    return 'rs: status(), conf(), hello()';
  }

  status(): Document {
    return this.ask('replSetGetStatus');
  }

  conf(): unknown {
    return this.ask('replSetGetConfig')['config'];
  }

  config(): unknown {
    return this.conf();
  }

  hello(): Document {
    return this.ask('hello');
  }

  isMaster(): Document {
    return this.hello();
  }

  private ask(command: string): Document {
    try {
      return this.db().adminCommand(command);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== COMMAND_NOT_FOUND) throw error;
      throw new ShellError(
        'MongoServerError',
        'a file that is open in this process belongs to no replica set; `elmo serve` makes one',
        'NoReplicationEnabled',
      );
    }
  }
}
