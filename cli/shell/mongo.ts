/** The connection as the shell shows it: `db.getMongo()`. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import type { Connection } from './connection.js';
import { openDatabase, type Database } from './database.js';
import { Session, type SessionOptions } from './session.js';

export class Mongo {
  constructor(
    readonly connection: Connection,
    /** A file, ':memory:', or a server; without passwords. */
    readonly address: string,
  ) {}

  [inspect.custom](): string {
    return this.address;
  }

  getDB(name: string): Database {
    return openDatabase(this, name);
  }

  getURI(): string {
    return this.address;
  }

  getDBs(): Document {
    return this.connection.command('admin', { listDatabases: 1 });
  }

  getDBNames(): string[] {
    const { databases } = this.connection.command('admin', { listDatabases: 1, nameOnly: true });
    return (databases as { name: string }[]).map(({ name }) => name);
  }

  startSession(options?: SessionOptions): Session {
    return new Session(this, options);
  }
}
