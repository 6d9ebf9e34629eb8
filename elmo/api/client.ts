/** The client: what `connect` gives, and what holds the file open. */
import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import type { Document } from '../bson/package.js';
import { Engine } from '../engine/engine.js';
import { openEngine, type OpenEngineOptions } from '../engine/open-engine.js';
import { takesCommands, type ApiEngine } from './api-engine.js';
import {
  runClientBulk,
  type ClientBulkWriteModel,
  type ClientBulkWriteOptions,
  type ClientBulkWriteResult,
} from './client-bulk.js';
import { ApiContext } from './context.js';
import {
  backupStore,
  checkAll,
  compactStore,
  storeStats,
  type CheckReport,
  type StoreStats,
} from './maintenance.js';
import { Db, type DbOptions } from './db.js';
import { MongoInvalidArgumentError, MongoNotConnectedError } from './errors.js';
import { Codec, CODEC_OPTIONS } from './options.js';
import { ClientSession, type ClientSessionOptions } from './session.js';
import type { BSONSerializeOptions, WriteConcernSettings } from './types.js';

export interface ElmoClientOptions extends OpenEngineOptions, BSONSerializeOptions {
  /** Name of the database that `db()` without a name means. Default 'test'. */
  dbName?: string;
  /** What writes wait for: `j: true` for the disk. Default: as `durability` says. */
  writeConcern?: WriteConcernSettings;
}

export class ElmoClient extends EventEmitter {
  private engine_: ApiEngine | undefined;
  private context: ApiContext | undefined;
  private readonly sessions = new Set<ClientSession>();
  private readonly codec: Codec;

  /**
   * @param path  a file, or ':memory:'
   */
  constructor(
    readonly path: string,
    readonly options: ElmoClientOptions = {},
  ) {
    super();
    if (typeof path !== 'string' || path === '')
      throw new MongoInvalidArgumentError("a path has to be a file's name or ':memory:'");
    this.codec = new Codec(
      Object.fromEntries(
        CODEC_OPTIONS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
      ),
    );
  }

  get isConnected(): boolean {
    return this.engine_ !== undefined;
  }

  private get connected(): ApiEngine {
    if (this.engine_ === undefined)
      throw new MongoNotConnectedError('Client must be connected before running operations');
    return this.engine_;
  }

  /**
   * The engine below, for the tools of this package.
   * @throws MongoInvalidArgumentError when another process holds the file
   */
  get engine(): Engine {
    const engine = takesCommands(this.connected) ? this.connected.local : this.connected;
    if (engine instanceof Engine) return engine;
    throw new MongoInvalidArgumentError(
      `${this.path} is held by another process; ask the client there for what concerns the whole file`,
    );
  }

  /** Opens the file. Safe to call twice. @throws LsmError */
  async connect(): Promise<this> {
    if (this.engine_ !== undefined) return this;
    const options: Record<string, unknown> = { ...this.options };
    for (const name of [...CODEC_OPTIONS, 'dbName', 'writeConcern']) delete options[name];
    this.engine_ = await this.open(options as OpenEngineOptions);
    this.context = new ApiContext(this.engine_, this.codec);
    this.emit('open', this);
    return this;
  }

  /** @throws LsmError */
  protected open(options: OpenEngineOptions): Promise<ApiEngine> {
    return openEngine(this.path, options);
  }

  db(name: string = this.options.dbName ?? 'test', options: DbOptions = {}): Db {
    if (this.context === undefined)
      throw new MongoNotConnectedError('Client must be connected before running operations');
    return new Db(this.context, name, {
      ...(this.options.writeConcern === undefined ? {} : { writeConcern: this.options.writeConcern }),
      ...options,
    });
  }

  /** Writes to several collections. @throws MongoClientBulkWriteError */
  bulkWrite(
    models: readonly ClientBulkWriteModel[],
    options: ClientBulkWriteOptions = {},
  ): Promise<ClientBulkWriteResult> {
    if (this.context === undefined)
      return Promise.reject(new MongoNotConnectedError('Client must be connected before running operations'));
    return runClientBulk(this.context, this.codec.with(options), models, options);
  }

  startSession(options?: ClientSessionOptions): ClientSession {
    const session = new ClientSession(this.connected, options, (ended) => this.sessions.delete(ended));
    this.sessions.add(session);
    return session;
  }

  /** Runs `work` with a session that is ended afterwards. */
  async withSession<T>(work: (session: ClientSession) => Promise<T>): Promise<T>;
  async withSession<T>(
    options: ClientSessionOptions,
    work: (session: ClientSession) => Promise<T>,
  ): Promise<T>;
  async withSession<T>(
    first: ClientSessionOptions | ((session: ClientSession) => Promise<T>),
    second?: (session: ClientSession) => Promise<T>,
  ): Promise<T> {
    const work = typeof first === 'function' ? first : second!;
    const session = this.startSession(typeof first === 'function' ? undefined : first);
    try {
      return await work(session);
    } finally {
      await session.endSession();
    }
  }

  /**
   * The file in figures: its size, what is free, tables, logs, caches, readers.
   * @throws MongoInvalidArgumentError when another process holds the file: then `fileStats` tells
   */
  stats(): StoreStats {
    return storeStats(this.engine);
  }

  /** The same, wherever the file is held. */
  async fileStats(): Promise<StoreStats> {
    if (!this.isElsewhere) return this.stats();
    return (await this.askHolder({ fileStats: 1 }))['stats'] as StoreStats;
  }

  /** Whether another process holds the file. */
  private get isElsewhere(): boolean {
    return takesCommands(this.connected) && this.connected.local === undefined;
  }

  /** Asks the process that holds the file for what concerns all of it. @throws MongoServerError */
  private askHolder(command: Document): Promise<Document> {
    return new ApiContext(this.connected, new Codec()).command(command, 'admin');
  }

  /**
   * Reads every byte of the file, and compares the documents with all indexes and counts.
   * @returns all that was found; `problems` is empty when all is well
   */
  async check(): Promise<CheckReport> {
    if (!this.isElsewhere) return checkAll(this.engine);
    return (await this.askHolder({ checkFile: 1 }))['report'] as CheckReport;
  }

  /** Makes the file as short as it can be, in place, while it is in use. */
  async compact(): Promise<void> {
    if (this.isElsewhere) await this.askHolder({ compactFile: 1 });
    else await compactStore(this.engine);
  }

  /**
   * Writes the database as it is now, without free space, to a new file, while it is in use.
   * @throws LsmError BadOptions when there is a file already
   */
  async backup(path: string): Promise<void> {
    if (this.isElsewhere) await this.askHolder({ backupFile: 1, to: resolve(path) });
    else await backupStore(this.engine, path);
  }

  /** Closes cursors, transactions and the file. Safe to call twice. */
  async close(_force?: boolean): Promise<void> {
    const engine = this.engine_;
    if (engine === undefined) return;
    this.engine_ = undefined;
    this.context = undefined;
    for (const session of [...this.sessions]) session.hasEnded = true;
    this.sessions.clear();
    await engine.close();
    this.emit('close', this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const SERVER_URI = /^mongodb(\+srv)?:\/\//;

/** Whether it names a server, and not a file. */
export function isServerUri(path: string): boolean {
  return SERVER_URI.test(path);
}

/** What of the official driver `connect` uses. */
interface OfficialDriver {
  readonly MongoClient: new (uri: string, options?: object) => { connect(): Promise<unknown> };
}

/**
 * Opens a database.
 * @param path  a file, made if it is not there; ':memory:'; or 'mongodb://…', which gives a client of the official driver
 *   (package `mongodb`, to be installed beside)
 */
export async function connect(path: string, options: ElmoClientOptions = {}): Promise<ElmoClient> {
  if (!isServerUri(path)) return new ElmoClient(path, options).connect();
  const driver = await officialDriver();
  return (await new driver.MongoClient(path, options).connect()) as ElmoClient;
}

async function officialDriver(): Promise<OfficialDriver> {
  const name: string = 'mongodb';
  try {
    return (await import(name)) as OfficialDriver;
  } catch (error) {
    throw new MongoInvalidArgumentError(
      "to connect to a server the package 'mongodb' is needed beside this one: npm install mongodb",
      { cause: error },
    );
  }
}
