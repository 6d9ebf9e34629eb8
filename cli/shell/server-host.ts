/** A server as the shell's database, through the official driver, if that is installed. */
import type { OperatorNames } from '../../elmo/index.js';
import type { Host } from './host.js';
import type { Target } from './protocol.js';
import { loadDriver } from '../driver.js';

type Fields = Record<string, unknown>;

/** What of the official driver is used. */
interface Driver {
  readonly MongoClient: new (uri: string, options: object) => DriverClient;
  readonly MongoServerError: new (...values: never[]) => Error & { readonly errorResponse?: Fields };
  readonly BSON: {
    deserialize(bytes: Uint8Array, options: object): Fields;
    serialize(document: Fields): Uint8Array;
  };
}

interface DriverClient {
  connect(): Promise<unknown>;
  close(): Promise<void>;
  db(name: string): { command(command: Fields, options: object): Promise<Fields> };
  startSession(options?: object): DriverSession;
}

interface DriverSession {
  startTransaction(options?: object): void;
  commitTransaction(): Promise<void>;
  abortTransaction(): Promise<void>;
  endSession(): Promise<void>;
}

/** Every value keeps its type on the way through. */
const EXACT = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
} as const;

/** How long a server is looked for, unless the address says. */
const SELECTION_MS = 10_000;

/** @throws Error that names the package when the driver is not installed */
export async function openServer({ address, isReadOnly }: Target): Promise<Host> {
  const driver = await loadDriver<Driver>();
  const client = new driver.MongoClient(address, {
    appName: 'elmo shell',
    ...(/[?&]serverSelectionTimeoutMS=/i.test(address) ? {} : { serverSelectionTimeoutMS: SELECTION_MS }),
  });
  await client.connect();
  return new ServerHost(driver, client, isReadOnly ? await writingCommands() : undefined);
}

class ServerHost implements Host {
  private readonly sessions = new Map<string, DriverSession>();
  /** Where cursors are read: a server wants the session that opened them. */
  private common: DriverSession | undefined;
  private hasSessions: boolean | undefined;

  constructor(
    private readonly driver: Driver,
    private readonly client: DriverClient,
    private readonly refused: ReadonlySet<string> | undefined,
  ) {}

  async command(db: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { BSON, MongoServerError } = this.driver;
    const command = BSON.deserialize(body, EXACT);
    try {
      this.refuseWrite(command);
      return BSON.serialize(await this.run(db, command, signal));
    } catch (error) {
      if (error instanceof MongoServerError && error.errorResponse !== undefined)
        return BSON.serialize({ ...error.errorResponse, ok: 0 });
      throw error;
    }
  }

  private async run(db: string, command: Fields, signal: AbortSignal): Promise<Fields> {
    const { lsid, txnNumber, autocommit, startTransaction, ...own } = command;
    const isInTransaction = txnNumber !== undefined && autocommit !== undefined;
    const session = lsid === undefined ? await this.commonSession() : this.sessionOf(lsid);
    const [name] = Object.keys(own);
    if (name === 'endSessions') return this.end(own['endSessions'] as Fields[]);
    if (isInTransaction && name === 'commitTransaction') {
      await session!.commitTransaction();
      return { ok: 1 };
    }
    if (isInTransaction && name === 'abortTransaction') {
      await session!.abortTransaction();
      return { ok: 1 };
    }
    if (startTransaction === true) {
      const { readConcern, ...rest } = own;
      session!.startTransaction(readConcern === undefined ? {} : { readConcern });
      return this.send(db, rest, session, signal);
    }
    return this.send(db, own, session, signal);
  }

  private send(
    db: string,
    command: Fields,
    session: DriverSession | undefined,
    signal: AbortSignal,
  ): Promise<Fields> {
    return this.client.db(db).command(command, {
      ...EXACT,
      signal,
      ...(session === undefined ? {} : { session }),
    });
  }

  /** Not every server has sessions. */
  private async commonSession(): Promise<DriverSession | undefined> {
    if (this.hasSessions === undefined) {
      const hello = await this.client.db('admin').command({ hello: 1 }, {});
      this.hasSessions = typeof hello['logicalSessionTimeoutMinutes'] === 'number';
    }
    if (this.hasSessions) this.common ??= this.client.startSession({ causalConsistency: false });
    return this.common;
  }

  private sessionOf(lsid: unknown): DriverSession {
    const key = JSON.stringify(lsid);
    let session = this.sessions.get(key);
    if (session === undefined) this.sessions.set(key, (session = this.client.startSession()));
    return session;
  }

  private async end(ids: readonly Fields[]): Promise<Fields> {
    for (const id of ids) {
      const key = JSON.stringify(id);
      await this.sessions.get(key)?.endSession();
      this.sessions.delete(key);
    }
    return { ok: 1 };
  }

  private refuseWrite(command: Fields): void {
    if (this.refused === undefined) return;
    const [name = ''] = Object.keys(command);
    const stages = Array.isArray(command['pipeline']) ? (command['pipeline'] as Fields[]) : [];
    if (this.refused.has(name) || stages.some((stage) => '$out' in stage || '$merge' in stage))
      throw new Error(`${name} would change data, and the shell was started with --read-only`);
  }

  async operators(): Promise<OperatorNames> {
    return (await import('../../elmo/index.js')).operatorNames();
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** Commands that change something, by the table of those that are known. */
async function writingCommands(): Promise<ReadonlySet<string>> {
  const { elmoCommands } = await import('../../elmo/index.js');
  const writing = elmoCommands.filter(({ isWrite }) => isWrite === true);
  return new Set(writing.flatMap(({ name, aliases = [] }) => [name, ...aliases]));
}
