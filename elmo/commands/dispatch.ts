/**
 * From a command as it came to its reply: find it in the table, check its fields, run it, write what it says or why it
 * could not. The embedded `db.command` and the wire protocol both come through here.
 */
import { STRING } from '../bson/types.js';
import { Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import type { RunningOperation } from '../engine/activity.js';
import type { Engine } from '../engine/engine.js';
import type { EngineFacts } from '../engine/open-store.js';
import { TRANSIENT } from '../operation/write-unit.js';
import { PlanTrace } from '../operation/plan-trace.js';
import { ProfileNotes } from '../operation/profile-notes.js';
import type { SessionContext } from '../session/session-context.js';
import { ERROR_CODES } from '../error-codes.js';
import { ElmoError } from '../errors.js';
import { firstName, type Arguments, type CommandMessage } from './arguments.js';
import type { Command, CommandClient, CommandContext } from './command.js';
import { sessionOf } from './command-session.js';
import { parseCommand, type CommandTable } from './command-table.js';
import { commonRequest, type TracedRequest } from './common-fields.js';
import { parseReadConcern, parseWriteConcern, type WriteConcern } from './concerns.js';
import { asElmoError, writeConcernErrorField, writeError } from './error-reply.js';
import { plainNumber, typeName } from './fields.js';
import { STATEMENTS } from './profile-entry.js';
import { recordCommand } from './profiler.js';
import { shownBody } from './secrets.js';
import type { ReplyWriter } from './reply.js';
import { checkApi } from './stable-api.js';

export interface DispatchOptions {
  readonly engine: Engine;
  /** Where the engine may not be loaded yet. Default: the engine. */
  readonly facts?: EngineFacts;
  readonly client: CommandClient;
  readonly commands: CommandTable;
  readonly signal: AbortSignal | undefined;
  /** The session of an embedded caller, who sends no `lsid`. */
  readonly session?: SessionContext | undefined;
  /** Database of a command that does not say ($db). */
  readonly db?: string;
  /** Whether it is spoken to as a replica set of one. Default true. */
  readonly isReplicaSet?: boolean;
  /** Ends the command that runs, without its client. */
  readonly interrupt?: () => void;
  /** Asked before a command runs: may refuse (login, failpoints). */
  readonly before?: (command: Command, args: Arguments, db: string) => void | Promise<void>;
  /** Adds fields to every reply, before it is closed. */
  readonly finish?: (reply: ReplyWriter) => void;
}

/** What the caller may want to know of a command that has run. */
export interface Dispatched {
  readonly name: string;
  readonly error: ElmoError | undefined;
}

/** Errors after which a retryable write may be sent again. */
const RETRYABLE: ReadonlySet<number> = new Set([
  6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** What a command that runs has found out about itself: known piece by piece, wanted by the reply. */
class Call {
  readonly facts: EngineFacts;
  command: Command | undefined;
  db: string | undefined;
  session: SessionContext | undefined;
  /** The write went well, its concern was not met. */
  failure: ElmoError | undefined;
  /** The client has asked for no more than that the write was received. */
  isSilent = false;
  /** It was accepted: what fails from now on ends the transaction it belongs to. */
  isRunning = false;

  constructor(
    readonly name: string,
    readonly message: CommandMessage,
    readonly options: DispatchOptions,
    readonly operation: RunningOperation,
  ) {
    this.facts = options.facts ?? options.engine;
  }

  get trace(): PlanTrace {
    return this.operation.trace;
  }

  labels(error: ElmoError): readonly string[] {
    const { session, name } = this;
    if (session?.txnNumber === undefined || error.details.errorLabels !== undefined) return [];
    if (session.autocommit === undefined || ENDS_TRANSACTION.has(name))
      if (RETRYABLE.has(error.code)) return RETRYABLE_WRITE;
    return session.autocommit === false && PASSING.has(error.code) ? [TRANSIENT] : [];
  }

  /** After a failure no statement of a transaction may follow. */
  abortTransaction(): void {
    const { session, isRunning, name, options } = this;
    if (isRunning && session?.autocommit === false && !ENDS_TRANSACTION.has(name))
      options.engine.sessions.abortAfter(session);
  }
}

const RETRYABLE_WRITE = ['RetryableWriteError'];
const ENDS_TRANSACTION: ReadonlySet<string> = new Set(['commitTransaction', 'abortTransaction']);

/** LockTimeout, WriteConflict, SnapshotUnavailable, SnapshotTooOld, NoSuchTransaction: the whole transaction may be tried again. */
const PASSING: ReadonlySet<number> = new Set([24, 112, 239, 246, 251]);

/**
 * Runs a command and writes its whole reply document; at once where the command is done at once. Never throws, never
 * rejects.
 */
export function dispatch(
  message: CommandMessage,
  options: DispatchOptions,
  reply: ReplyWriter,
): Dispatched | Promise<Dispatched> {
  const { client, facts = options.engine } = options;
  const start = reply.beginDocument();
  const name = firstName(message.body);
  const trace = new PlanTrace();
  const operation = facts.state.activity.begin({
    command: name,
    body: message.body,
    clientId: client.connectionId,
    remote: client.remote,
    appName: client.appName,
    startedMs: facts.clock.nowMs(),
    interrupt: options.interrupt,
    trace,
  });
  const call = new Call(name, message, options, operation);
  let running: void | Promise<void>;
  try {
    running = run(call, reply);
  } catch (thrown) {
    return failed(call, thrown, reply, start);
  }
  if (running === undefined) return succeeded(call, reply, start);
  return running.then(
    () => succeeded(call, reply, start),
    (thrown: unknown) => failed(call, thrown, reply, start),
  );
}

/** What a document starts with: its length. */
const LENGTH_BYTES = 4;

function succeeded(call: Call, reply: ReplyWriter, start: number): Dispatched | Promise<Dispatched> {
  if (call.isSilent) reply.length = start + LENGTH_BYTES;
  if (call.failure !== undefined) writeConcernErrorField(reply, call.failure);
  reply.double('ok', 1);
  return ended(call, undefined, reply, start);
}

function failed(
  call: Call,
  thrown: unknown,
  reply: ReplyWriter,
  start: number,
): Dispatched | Promise<Dispatched> {
  const error = asElmoError(thrown);
  call.facts.state.activity.failures++;
  reply.length = start + LENGTH_BYTES;
  call.abortTransaction();
  writeError(reply, error, call.labels(error));
  return ended(call, error, reply, start);
}

function ended(
  call: Call,
  error: ElmoError | undefined,
  reply: ReplyWriter,
  start: number,
): Dispatched | Promise<Dispatched> {
  const { facts, options } = call;
  const nowMs = facts.clock.nowMs();
  facts.state.activity.end(call.operation, nowMs, call.command?.isWrite === true);
  options.finish?.(reply);
  reply.endDocument(start);
  const dispatched = { name: call.name, error };
  const elapsedMs = nowMs - call.operation.startedMs;
  const { profiles, slowMs, logsEveryCommand } = facts.state;
  if (profiles.size === 0 && elapsedMs <= slowMs && !logsEveryCommand) return dispatched;
  const recorded = record(call, error, elapsedMs, reply.bytes.subarray(start, reply.length));
  return recorded === undefined ? dispatched : recorded.then(() => dispatched);
}

function record(
  { name, message: { sequences }, db, operation, options, trace }: Call,
  error: ElmoError | undefined,
  elapsedMs: number,
  reply: Uint8Array,
): Promise<void> | undefined {
  if (db === undefined) return undefined;
  const { client, engine } = options;
  const { namespace, body } = operation;
  const message = { body, sequences };
  return recordCommand(engine, { name, message, db, namespace, client, elapsedMs, error, reply, trace });
}

/** Writes whose unacknowledged replies say nothing. */
const SILENT_WHEN_UNACKNOWLEDGED: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'bulkWrite']);

function run(call: Call, reply: ReplyWriter): void | Promise<void> {
  const { name, message, options, operation } = call;
  const entry = options.commands.entry(name);
  if (entry === undefined) throw new ElmoError('CommandNotFound', `no such command: '${name}'`);
  const { command } = entry;
  call.command = command;
  const args = parseCommand(entry, message);
  if (command.secrets !== undefined) operation.body = shownBody(message.body, command.secrets);
  call.trace.origin = operation.body;
  const db = args.text('$db') ?? options.db ?? 'admin';
  call.db = db;
  call.trace.profile = profileOf(call, command, db);
  const target = checkTarget(command, message, db);
  operation.db = db;
  operation.namespace = target === '' ? '' : `${db}.${target}`;
  checkApi(command, args, call.facts.state.requiresApiVersion);
  call.session = options.session ?? sessionOf(args, command, options.client);
  operation.lsid = call.session?.lsid;
  const asked = options.before?.(command, args, db);
  return asked === undefined
    ? runAdmitted(call, command, args, db, reply)
    : asked.then(() => runAdmitted(call, command, args, db, reply));
}

/** @returns undefined: the profiler does not look at the database */
function profileOf({ facts }: Call, command: Command, db: string): ProfileNotes | undefined {
  const { profiles } = facts.state;
  if (profiles.size === 0 || (profiles.get(db)?.level ?? 0) === 0) return undefined;
  return new ProfileNotes(STATEMENTS[command.name] !== undefined, () => facts.clock.nowMs());
}

/** What a command is given; the engine only when it asks for it. */
class Context implements CommandContext {
  readonly client: CommandClient;
  readonly commands: CommandTable;
  readonly signal: AbortSignal | undefined;

  constructor(
    private readonly options: DispatchOptions,
    readonly facts: EngineFacts,
    readonly db: string,
    readonly session: SessionContext | undefined,
    readonly common: TracedRequest,
    readonly readConcernLevel: string | undefined,
  ) {
    this.client = options.client;
    this.commands = options.commands;
    this.signal = options.signal;
  }

  get engine(): Engine {
    return this.options.engine;
  }
}

/** Of a command that nobody has refused. */
function runAdmitted(
  call: Call,
  command: Command,
  args: Arguments,
  db: string,
  reply: ReplyWriter,
): void | Promise<void> {
  const { options } = call;
  let { session } = call;
  const { signal, isReplicaSet = true } = options;
  if (args.has('writeConcern')) checkTakesWriteConcern(command, session);
  const writeConcern = parseWriteConcern(args.value('writeConcern'), isReplicaSet);
  const readConcern = parseReadConcern(
    args.value('readConcern'),
    command,
    session,
    call.facts.state.clusterClock,
    isReplicaSet,
  );
  if (readConcern.level === 'snapshot' && session !== undefined && session.autocommit === undefined) {
    const { sessions, state } = options.engine;
    const snapshotTime = sessions.openMoment(session.lsid, readConcern.atClusterTime, state.clusterClock.now);
    session = { ...session, isSnapshot: true, snapshotTime };
  }
  const context = new Context(
    options,
    call.facts,
    db,
    session,
    commonRequest(args, writeConcern.isDurable, signal, call.trace),
    readConcern.level,
  );
  const go = (): void | Promise<void> => {
    call.isRunning = true;
    const running = command.run(args, context, reply);
    return running === undefined
      ? written(call, command, writeConcern)
      : running.then(() => written(call, command, writeConcern));
  };
  if (command.isWrite !== true) return go();
  const { engine } = options;
  const { writeGate } = engine.state;
  writeGate.checkUser(db);
  const opened = writeGate.whenOpen();
  return opened === undefined ? go() : whenOpen(call, context, opened).then(go);
}

/** @throws ElmoError LockTimeout: a transaction holds locks of its own, and waits for others shortly */
async function whenOpen(call: Call, context: CommandContext, opened: Promise<void>): Promise<void> {
  const { engine, common, session } = context;
  const { transactionLockWaitMs: waitMs } = engine.state;
  const { maxTimeMs = 0 } = common;
  const isShort = session?.autocommit === false && waitMs >= 0 && (maxTimeMs === 0 || waitMs < maxTimeMs);
  if (!isShort) return engine.newOperation(common).waitFor(opened);
  call.isRunning = true;
  try {
    await engine.newOperation({ ...common, maxTimeMs: Math.max(waitMs, 1) }).waitFor(opened);
  } catch (error) {
    if ((error as ElmoError).code !== ERROR_CODES.MaxTimeMSExpired) throw error;
    throw new ElmoError('LockTimeout', `Unable to acquire the lock for writing within ${waitMs}ms`);
  }
}

/** What is known of the write concern when the command is done. */
function written(call: Call, command: Command, concern: WriteConcern): void {
  if (command.isWrite === true) call.facts.state.clusterClock.tick();
  if (command.takesWriteConcern === true) call.failure = concern.failure;
  call.isSilent = !concern.isAcknowledged && SILENT_WHEN_UNACKNOWLEDGED.has(command.name);
}

/** @returns the name of the collection; '' if the command is for none */
function checkTarget(command: Command, message: CommandMessage, db: string): string {
  if (command.isAdminOnly === true && db !== 'admin')
    throw new ElmoError('Unauthorized', `${command.name} may only be run against the admin database.`);
  const walker = new ElementWalker();
  walker.open(message.body, 0);
  walker.next();
  const target = new Value(walker.type, walker.bytes, walker.valueStart);
  if (target.type === STRING)
    return command.target === 'any' && command.name !== 'aggregate' ? '' : target.text;
  if (command.target === 'any') return '';
  if (command.target === 'collectionOrOne' && plainNumber(target) === 1) return '';
  throw new ElmoError('InvalidNamespace', `Collection name has invalid type ${typeName(target.type)}`);
}

function checkTakesWriteConcern(command: Command, session: SessionContext | undefined): void {
  if (command.takesWriteConcern !== true)
    throw new ElmoError('InvalidOptions', 'Command does not support writeConcern');
  if (session?.autocommit === false && !ENDS_TRANSACTION.has(command.name))
    throw new ElmoError('InvalidOptions', 'writeConcern is not allowed within a multi-statement transaction');
}
