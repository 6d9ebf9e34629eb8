/**
 * A file that several processes of this machine use at a time. The first holds it and serves the others through a socket;
 * when it goes away, one of the others opens the file and takes its place, and the rest turn to that one.
 *
 * A request whose connection ends before its reply may or may not have been done. Reads are asked again. Writes that the
 * engine can recognize (each statement about one document) go out with a number of a session of our own, so that asking
 * again does nothing twice: the results of such writes are kept in the file. What else was under way fails, and says so.
 */
import { randomUUID } from 'node:crypto';
import {
  commandName,
  ElmoError,
  Engine,
  openEngine,
  runCommand,
  type BatchOptions,
  type CommandEngine,
  type CommandSettings,
  type ElmoCursor,
  type OpenEngineOptions,
  type RawBatch,
  type RawDocument,
  type ReadDocument,
  type requests,
  type SessionContext,
  type Value,
} from '../../elmo/index.js';
import { isOwnSocket, localSocketPath, LsmError, systemEnv } from '../../lsm/index.js';
import type { WireServer } from '../connection/server.js';
import { LinkLost, Links } from './link.js';
import { RemoteEngine } from './remote-engine.js';

/** How long to wait for a holder that is not listening: it may be opening the file, or closing it, or not share it at all. */
const FIRST_PATIENCE_MS = 3000;
/** The same when it is known that the file is shared. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 15;
const MOST_ATTEMPTS = 5;

/** Commands that may be run again when it is not known whether they were. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'ping',
  'hello',
  'buildInfo',
  'serverStatus',
  'find',
  'count',
  'distinct',
  'explain',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'dbStats',
  'collStats',
  'createIndexes',
]);

type Place = Engine | RemoteEngine;
type Serve = (engine: Engine, path: string) => Promise<WireServer>;

/** Sessions of our own, each for one retryable write at a time. */
class WriteSessions {
  private readonly free: { readonly lsid: string; number: bigint }[] = [];

  async with<T>(run: (context: SessionContext) => Promise<T>): Promise<T> {
    const session = this.free.pop() ?? { lsid: newSessionId(), number: 0n };
    session.number++;
    try {
      return await run({
        lsid: session.lsid,
        txnNumber: session.number,
        autocommit: undefined,
        startTransaction: false,
        readConcernLevel: undefined,
        stmtId: 0,
      });
    } finally {
      this.free.push(session);
    }
  }
}

const newSessionId = (): string => randomUUID().replaceAll('-', '');

const isInTransaction = (session: SessionContext | undefined): boolean => session?.autocommit === false;

export class SharedEngine implements CommandEngine {
  readonly clock = systemEnv().clock;
  private holding: Engine | undefined;
  private remote: RemoteEngine | undefined;
  private server: WireServer | undefined;
  private taking: Promise<Place> | undefined;
  private isClosed = false;
  private readonly writeSessions = new WriteSessions();

  private constructor(
    private readonly path: string,
    private readonly options: OpenEngineOptions,
    private readonly serve: Serve,
  ) {}

  /**
   * @param serve  lets the others in, on the socket beside the file
   * @throws LsmError Locked when another process holds the file and does not share it
   */
  static async open(path: string, options: OpenEngineOptions, serve: Serve): Promise<SharedEngine> {
    const shared = new SharedEngine(path, options, serve);
    await shared.take(FIRST_PATIENCE_MS);
    return shared;
  }

  /** The engine, if this process is the one that holds the file. */
  get local(): Engine | undefined {
    return this.holding;
  }

  readonly random = (): number => {
    const words = new Uint32Array(1);
    systemEnv().random.fill(new Uint8Array(words.buffer));
    return words[0]! / 2 ** 32;
  };

  readonly sessions = {
    newId: newSessionId,
    commit: (context: SessionContext, isDurable: boolean): Promise<void> =>
      this.run(
        (place) =>
          place instanceof Engine
            ? place.sessions.commit(context, isDurable)
            : place.endTransaction('commitTransaction', context, isDurable),
        false,
        ['UnknownTransactionCommitResult', 'RetryableWriteError'],
      ),
    abort: (context: SessionContext): Promise<void> =>
      this.run(
        (place) =>
          place instanceof Engine
            ? place.sessions.abort(context)
            : place.endTransaction('abortTransaction', context, false),
        false,
      ),
    end: (lsid: string): void => {
      if (this.holding !== undefined) this.holding.sessions.end(lsid);
      else this.remote?.endSession(lsid).catch(() => undefined); // with its process the session is gone anyway
    },
  };

  private place(): Place | Promise<Place> {
    const place = this.holding ?? this.remote;
    if (place !== undefined) return place;
    if (this.isClosed) throw new LsmError(`${this.path} is closed`, 'Closed');
    this.taking ??= this.take(PATIENCE_MS).finally(() => (this.taking = undefined));
    return this.taking;
  }

  /** Opens the file, or turns to the process that has. @throws LsmError */
  private async take(patienceMs: number): Promise<Place> {
    const giveUpAtMs = this.clock.nowMs() + patienceMs;
    const socketPath = localSocketPath(this.path);
    for (;;) {
      const locked = await this.hold();
      if (locked === undefined) return this.holding!;
      if (isOwnSocket(socketPath))
        try {
          this.remote = new RemoteEngine(await Links.open(socketPath));
          return this.remote;
        } catch {
          // not listening: not yet, not any more, or not at all
        }
      if (this.isClosed || this.clock.nowMs() > giveUpAtMs) throw locked;
      await this.clock.sleep(RETRY_MS);
    }
  }

  /** @returns undefined if this process holds the file now, or the error that says who does */
  private async hold(): Promise<LsmError | undefined> {
    let engine: Engine;
    try {
      engine = await openEngine(this.path, this.options);
    } catch (error) {
      if (error instanceof LsmError && error.code === 'Locked') return error;
      throw error;
    }
    try {
      this.server = await this.serve(engine, this.path);
      this.holding = engine;
      return undefined;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /**
   * Runs it here or there; again elsewhere if the connection ends and it may be repeated.
   * @param labels  of the error when it may not
   */
  async run<T>(
    work: (place: Place, isRepeated: boolean) => T | Promise<T>,
    mayRepeat: boolean,
    labels: readonly string[] = [],
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const place = await this.place();
      try {
        return await work(place, attempt > 1);
      } catch (error) {
        if (!(error instanceof LinkLost)) throw error;
        this.lose(place);
        if (!mayRepeat || attempt === MOST_ATTEMPTS) throw lostError(error, labels);
      }
    }
  }

  private lose(place: Place): void {
    if (this.remote !== place) return;
    this.remote.close();
    this.remote = undefined;
  }

  private read<T>(session: SessionContext | undefined, work: (place: Place) => Promise<T>): Promise<T> {
    const inTransaction = isInTransaction(session);
    return this.run(work, !inTransaction, inTransaction ? TRANSIENT : []);
  }

  /** @param isRecognized  whether the engine can tell that a statement was done before */
  private write<T>(
    session: SessionContext | undefined,
    isRecognized: boolean,
    work: (place: Place, session: SessionContext | undefined) => Promise<T>,
  ): Promise<T> {
    if (session?.txnNumber !== undefined)
      return this.run((place) => work(place, session), false, isInTransaction(session) ? TRANSIENT : []);
    if (!isRecognized) return this.run((place) => work(place, session), false);
    return this.writeSessions.with((numbered) =>
      this.run(
        (place, isRepeated) => work(place, place instanceof Engine && !isRepeated ? session : numbered),
        true,
        ['RetryableWriteError'],
      ),
    );
  }

  find(request: requests.FindRequest, session?: SessionContext): Promise<ElmoCursor> {
    refuseSnapshot(session);
    const open = (place: Place): ElmoCursor | Promise<ElmoCursor> => place.find(request, session);
    return Promise.resolve(new SharedCursor(this, open, session, request.awaitData === true, true));
  }

  findOne<T extends object>(
    namespace: requests.Namespace,
    filter: RawDocument,
    read: ReadDocument<T>,
  ): Promise<T | undefined> {
    return this.read(undefined, async (place) => place.findOne(namespace, filter, read));
  }

  aggregate(request: requests.AggregateRequest, session?: SessionContext): Promise<ElmoCursor> {
    refuseSnapshot(session);
    const writes = request.pipeline.some((stage) => WRITING_STAGES.has(commandName(stage)));
    const open = (place: Place): ElmoCursor | Promise<ElmoCursor> => place.aggregate(request, session);
    return Promise.resolve(new SharedCursor(this, open, session, false, !writes));
  }

  count(request: requests.CountRequest, session?: SessionContext): Promise<number> {
    return this.read(session, (place) => place.count(request, session));
  }

  distinct(request: requests.DistinctRequest, session?: SessionContext): Promise<readonly Value[]> {
    refuseSnapshot(session);
    return this.read(session, (place) => place.distinct(request, session));
  }

  insert(request: requests.InsertRequest, session?: SessionContext): Promise<requests.InsertResult> {
    return this.write(session, true, (place, context) => place.insert(request, context));
  }

  update(request: requests.UpdateRequest, session?: SessionContext): Promise<requests.UpdateResult> {
    const isRecognized = request.statements.every(({ isMulti }) => !isMulti);
    return this.write(session, isRecognized, (place, context) => place.update(request, context));
  }

  delete(request: requests.DeleteRequest, session?: SessionContext): Promise<requests.DeleteResult> {
    const isRecognized = request.statements.every(({ isMulti }) => !isMulti);
    return this.write(session, isRecognized, (place, context) => place.delete(request, context));
  }

  findAndModify(
    request: requests.FindAndModifyRequest,
    session?: SessionContext,
  ): Promise<requests.FindAndModifyResult> {
    return this.write(session, true, (place, context) => place.findAndModify(request, context));
  }

  command(body: RawDocument, settings: CommandSettings): Promise<RawDocument> {
    const mayRepeat = REPEATABLE.has(commandName(body)) && settings.session?.txnNumber === undefined;
    return this.run(
      (place) =>
        place instanceof Engine ? runCommand(place, body, settings) : place.command(body, settings),
      mayRepeat,
      isInTransaction(settings.session) ? TRANSIENT : [],
    );
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.taking?.catch(() => undefined);
    const { server, holding } = this;
    this.remote?.close();
    this.server = this.holding = this.remote = undefined;
    await server?.close();
    await holding?.close();
  }
}

const TRANSIENT = ['TransientTransactionError'];
const WRITING_STAGES: ReadonlySet<string> = new Set(['$out', '$merge']);

function refuseSnapshot(session: SessionContext | undefined): void {
  if (session?.isSnapshot === true)
    throw new ElmoError(
      'InvalidOptions',
      'a shared file has no snapshot sessions; a transaction sees one moment as well',
    );
}

/** For the caller: the process is gone, and nobody knows how far it had come. */
function lostError(cause: LinkLost, errorLabels: readonly string[]): ElmoError {
  return new ElmoError('HostUnreachable', `${cause.message}; whether the operation was done is not known`, {
    errorLabels,
    cause,
  });
}

/** Opened with the first batch, so that this can be done again elsewhere. */
class SharedCursor implements ElmoCursor {
  private inner: ElmoCursor | undefined;
  private isClosed = false;

  constructor(
    private readonly engine: SharedEngine,
    private readonly open: (place: Place) => ElmoCursor | Promise<ElmoCursor>,
    private readonly session: SessionContext | undefined,
    readonly isAwaiting: boolean,
    private readonly mayRepeat: boolean,
  ) {}

  async nextBatch(maxDocuments: number, maxBytes: number, options?: BatchOptions): Promise<RawBatch> {
    if (this.isClosed) throw new ElmoError('CursorNotFound', 'the cursor is closed');
    const { inner } = this;
    const inTransaction = isInTransaction(this.session);
    if (inner !== undefined)
      return inner.nextBatch(maxDocuments, maxBytes, options).catch((error: unknown) => {
        throw error instanceof LinkLost ? lostError(error, inTransaction ? TRANSIENT : []) : error;
      });
    return this.engine.run(
      async (place) => {
        const opened = await this.open(place);
        const batch = await opened.nextBatch(maxDocuments, maxBytes, options);
        this.inner = opened;
        return batch;
      },
      this.mayRepeat && !inTransaction,
      inTransaction ? TRANSIENT : [],
    );
  }

  close(): void {
    this.isClosed = true;
    this.inner?.close();
  }
}
