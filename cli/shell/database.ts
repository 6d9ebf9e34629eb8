/** A database as the shell shows it: `db`, and what can be asked of it. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import { byName } from './by-name.js';
import { openCollection, type Collection } from './collection.js';
import { AggregationCursor, ListCursor, type CursorSource } from './cursor.js';
import { invalid, ShellError } from './errors.js';
import { helpText } from './help.js';
import type { PlainText } from './plain-text.js';
import type { Mongo } from './mongo.js';
import { isDocument } from './options.js';
import { askServer } from './replica-set.js';
import type { Session } from './session.js';
import { aggregateStatement } from './statements.js';

export class Database {
  constructor(
    private readonly mongo_: Mongo,
    private readonly name_: string,
    private readonly session_: Session | undefined,
  ) {}

  [inspect.custom](): string {
    return this.name_;
  }

  getName(): string {
    return this.name_;
  }

  getMongo(): Mongo {
    return this.mongo_;
  }

  getSession(): Session | undefined {
    return this.session_;
  }

  getSiblingDB(name: string): Database {
    return openDatabase(this.mongo_, name, this.session_);
  }

  getCollection(name: string): Collection {
    if (typeof name !== 'string' || name === '') throw invalid('a collection has a name');
    return openCollection(this as Database, name);
  }

  cursorSource_(collection: string): CursorSource {
    return {
      connection: this.mongo_.connection,
      db: this.name_,
      collection,
      session: this.session_,
    };
  }

  /** Runs any command: {ping: 1}, or 'ping'. */
  runCommand(command: string | Document, options: Document = {}): Document {
    const whole = typeof command === 'string' ? { [command]: 1, ...options } : command;
    if (!isDocument(whole)) throw invalid('runCommand() needs a command: {ping: 1}');
    return this.mongo_.connection.command(this.name_, whole, this.session_);
  }

  adminCommand(command: string | Document, options: Document = {}): Document {
    const whole = typeof command === 'string' ? { [command]: 1, ...options } : command;
    if (!isDocument(whole)) throw invalid('adminCommand() needs a command: {ping: 1}');
    return this.mongo_.connection.command('admin', whole, this.session_);
  }

  aggregate(...stages: unknown[]): AggregationCursor {
    return new AggregationCursor(this.cursorSource_('$cmd.aggregate'), aggregateStatement(1, stages));
  }

  /** What listCollections says: name, type, options. */
  getCollectionInfos(filter: Document = {}, options: Document = {}): Document[] {
    const command = { listCollections: 1, filter, cursor: {}, ...options };
    return new ListCursor(this.cursorSource_('$cmd.listCollections'), command).toArray() as Document[];
  }

  getCollectionNames(): string[] {
    return this.getCollectionInfos({}, { nameOnly: true })
      .map(({ name }) => String(name))
      .sort();
  }

  createCollection(name: string, options: Document = {}): Document {
    this.runCommand({ create: name, ...options });
    return { ok: 1 };
  }

  createView(
    name: string,
    source: string,
    pipeline: Document | Document[],
    options: Document = {},
  ): Document {
    const stages: unknown[] = Array.isArray(pipeline) ? pipeline : [pipeline];
    this.runCommand({ create: name, viewOn: source, pipeline: stages, ...options });
    return { ok: 1 };
  }

  dropDatabase(): Document {
    const { ok, dropped } = this.runCommand({ dropDatabase: 1 });
    return { ok: ok as unknown, dropped: (dropped ?? this.name_) as unknown };
  }

  stats(options: Document | number = {}): Document {
    const fields = typeof options === 'number' ? { scale: options } : options;
    return this.runCommand({ dbStats: 1, ...fields });
  }

  version(): string {
    return String(this.adminCommand('buildInfo')['version']);
  }

  serverBuildInfo(): Document {
    return this.adminCommand('buildInfo');
  }

  serverStatus(options: Document = {}): Document {
    return this.adminCommand({ serverStatus: 1, ...options });
  }

  hostInfo(): Document {
    return this.adminCommand('hostInfo');
  }

  hello(): Document {
    return askServer(this, 'hello');
  }

  serverCmdLineOpts(): Document {
    return this.adminCommand('getCmdLineOpts');
  }

  listCommands(): Document {
    const { commands } = this.runCommand('listCommands');
    return Object.fromEntries(
      Object.entries(commands as Record<string, Document>).map(([name, { help }]) => [name, help as unknown]),
    );
  }

  /** @param filter  only those that match: {op: 'command'} */
  currentOp(filter: Document | boolean = {}): Document {
    return this.adminCommand({ currentOp: 1, ...(isDocument(filter) ? filter : { $all: filter }) });
  }

  killOp(id: number): Document {
    return this.adminCommand({ killOp: 1, op: id });
  }

  fsyncLock(): Document {
    return this.adminCommand({ fsync: 1, lock: true });
  }

  fsyncUnlock(): Document {
    return this.adminCommand('fsyncUnlock');
  }

  getProfilingStatus(): Document {
    return this.runCommand({ profile: -1 });
  }

  setProfilingLevel(level: number, options: Document | number = {}): Document {
    return this.runCommand({ profile: level, ...(isDocument(options) ? options : { slowms: options }) });
  }

  getUsers(options: Document = {}): Document {
    return this.runCommand({ usersInfo: 1, ...options });
  }

  getUser(name: string, options: Document = {}): unknown {
    const users = this.runCommand({ usersInfo: name, ...options })['users'] as unknown[];
    return users[0] ?? null;
  }

  /** {user, pwd, roles} */
  createUser(user: Document, options: Document = {}): Document {
    const { user: name, ...rest } = user;
    return this.runCommand({ createUser: name as unknown, ...rest, ...options });
  }

  updateUser(name: string, change: Document, options: Document = {}): Document {
    return this.runCommand({ updateUser: name, ...change, ...options });
  }

  changeUserPassword(name: string, pwd: string): Document {
    return this.runCommand({ updateUser: name, pwd });
  }

  dropUser(name: string): Document {
    return this.runCommand({ dropUser: name });
  }

  grantRolesToUser(name: string, roles: unknown[]): Document {
    return this.runCommand({ grantRolesToUser: name, roles });
  }

  revokeRolesFromUser(name: string, roles: unknown[]): Document {
    return this.runCommand({ revokeRolesFromUser: name, roles });
  }

  getRoles(options: Document = {}): Document {
    return this.runCommand({ rolesInfo: 1, ...options });
  }

  watch(): never {
    throw new ShellError('MongoServerError', 'the shell follows no changes: use a driver', 'ChangeStreams');
  }

  help(): PlainText {
    return helpText('database');
  }
}

/** A database whose unknown properties are its collections. */
export function openDatabase(mongo: Mongo, name: string, session?: Session): Database {
  if (typeof name !== 'string' || name === '') throw invalid('a database has a name');
  const database = new Database(mongo, name, session);
  return byName(database, (collection) => openCollection(database, collection));
}
