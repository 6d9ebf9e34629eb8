/** `rs`: the replica set of a server. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import type { Database } from './database.js';
import { ServerError, ShellError } from './errors.js';

const COMMAND_NOT_FOUND = 59;

export class ReplicaSet {
  /** @param db  the database of the moment */
  constructor(private readonly db_: () => Database) {}

  [inspect.custom](): string {
    return 'rs: status(), conf(), hello()';
  }

  status(): Document {
    return this.ask_('replSetGetStatus');
  }

  conf(): unknown {
    return this.ask_('replSetGetConfig')['config'];
  }

  config(): unknown {
    return this.conf();
  }

  hello(): Document {
    return this.ask_('hello');
  }

  isMaster(): Document {
    return this.hello();
  }

  private ask_(command: string): Document {
    return askServer(this.db_(), command);
  }
}

/** Runs a command that only servers have. */
export function askServer(db: Database, command: string): Document {
  try {
    return db.adminCommand(command);
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== COMMAND_NOT_FOUND) throw error;
    throw new ShellError(
      'MongoServerError',
      `${command} asks a server, and a file that is open in this process is none; \`elmo serve\` makes one`,
      'CommandNotFound',
    );
  }
}
