/**
 * From a command as it came to its reply: find it in the table, check its fields, run it, write what it says or why it
 * could not. The embedded `db.command` and the wire protocol both come through here.
 */
import { readInt64, readText } from '../bson/read.js';
import { STRING } from '../bson/types.js';
import { documentValue, Value } from '../bson/value.js';
import { ElementWalker } from '../bson/walk.js';
import type { Engine } from '../engine/engine.js';
import type { SessionContext } from '../session/session-context.js';
import { ElmoError } from '../errors.js';
import { Arguments, checkSequence, parseFields, type CommandMessage } from './arguments.js';
import type { Command, CommandClient, CommandContext } from './command.js';
import {
  COMMON_FIELDS,
  READ_CONCERN_FIELDS,
  WRITE_CONCERN_FIELDS,
  commonRequest,
  writeConcernOf,
  type WriteConcern,
} from './common-fields.js';
import { asElmoError, writeError } from './error-reply.js';
import { plainNumber, typeName } from './fields.js';
import type { ReplyWriter } from './reply.js';

export interface DispatchOptions {
  readonly engine: Engine;
  readonly client: CommandClient;
  readonly commands: CommandTable;
  readonly signal: AbortSignal | undefined;
  /** Database of a command that does not say ($db). */
  readonly db?: string;
  /** Asked before a command runs: may refuse (login, failpoints), or answer with labels for its error. */
  readonly before?: (command: Command, args: Arguments, db: string) => void | Promise<void>;
}

/** Commands by each of their names. */
export class CommandTable {
  private readonly byName = new Map<string, Command>();

  constructor(readonly commands: readonly Command[]) {
    for (const command of commands)
      for (const name of [command.name, ...(command.aliases ?? [])]) this.byName.set(name, command);
  }

  get(name: string): Command | undefined {
    return this.byName.get(name);
  }
}

/** What the caller may want to know of a command that has run. */
export interface Dispatched {
  readonly name: string;
  readonly error: ElmoError | undefined;
}

/** The name of a command: of its first field. */
export function commandName(body: Uint8Array): string {
  const walker = new ElementWalker();
  walker.open(body, 0);
  return walker.next() ? readText(walker.bytes, walker.nameStart, walker.nameEnd) : '';
}

/** Runs a command and writes its whole reply document. Never throws. */
export async function dispatch(
  message: CommandMessage,
  options: DispatchOptions,
  reply: ReplyWriter,
): Promise<Dispatched> {
  const start = reply.beginDocument();
  const fieldsStart = reply.length;
  const name = commandName(message.body);
  let error: ElmoError | undefined;
  try {
    const failure = await run(name, message, options, reply);
    if (failure !== undefined)
      reply.object('writeConcernError', (into) =>
        into.int32('code', failure.code).text('codeName', failure.codeName).text('errmsg', failure.message),
      );
    reply.double('ok', 1);
  } catch (thrown) {
    error = asElmoError(thrown);
    reply.length = fieldsStart;
    writeError(reply, error);
  }
  options.engine.writeClusterTime(reply);
  reply.endDocument(start);
  return { name, error };
}

async function run(
  name: string,
  message: CommandMessage,
  options: DispatchOptions,
  reply: ReplyWriter,
): Promise<ElmoError | undefined> {
  const command = options.commands.get(name);
  if (command === undefined) throw new ElmoError('CommandNotFound', `no such command: '${name}'`);
  const { args, db } = parse(command, name, message, options.db);
  await options.before?.(command, args, db);
  const session = sessionOf(args, command);
  checkConcerns(command, args, session);
  const writeConcern = writeConcernOf(
    structOf(args, 'writeConcern', WRITE_CONCERN_FIELDS, 'WriteConcernOptions'),
  );
  const readConcern = structOf(args, 'readConcern', READ_CONCERN_FIELDS, 'readConcern');
  const context: CommandContext = {
    engine: options.engine,
    client: options.client,
    db,
    session,
    common: commonRequest(args, writeConcern.isDurable, options.signal),
    readConcernLevel: readConcern?.text('level'),
    signal: options.signal,
  };
  await command.run(args, context, reply);
  return failureAfter(command, writeConcern);
}

const failureAfter = (command: Command, { failure }: WriteConcern): ElmoError | undefined =>
  command.takesWriteConcern === true ? failure : undefined;

function parse(
  command: Command,
  name: string,
  message: CommandMessage,
  fallbackDb: string | undefined,
): { args: Arguments; db: string } {
  const { sequences } = message;
  const fields = Object.hasOwn(command.fields, name)
    ? command.fields
    : { ...command.fields, [name]: OWN_FIELD };
  const values = parseFields(
    documentValue(message.body),
    fields,
    command.name,
    command.name,
    COMMON_FIELDS,
    sequences,
    command.ignoresUnknown,
  );
  for (const [field, documents] of sequences ?? []) {
    const rule = Object.hasOwn(command.fields, field) ? command.fields[field] : undefined;
    if (rule === undefined)
      throw new ElmoError(40415, `BSON field '${command.name}.${field}' is an unknown field.`);
    if (values.has(field))
      throw new ElmoError(40413, `BSON field '${command.name}.${field}' is a duplicate field`);
    checkSequence(documents, rule, `${command.name}.${field}`, command.name);
  }
  const args = new Arguments(values, sequences);
  const db = args.text('$db') ?? fallbackDb ?? 'admin';
  checkTarget(command, message, db);
  return { args, db };
}

const OWN_FIELD = { types: undefined, skipsNull: false, isRequired: false } as const;

function checkTarget(command: Command, message: CommandMessage, db: string): void {
  if (command.isAdminOnly === true && db !== 'admin')
    throw new ElmoError('Unauthorized', `${command.name} may only be run against the admin database.`);
  if (command.target === 'any') return;
  const walker = new ElementWalker();
  walker.open(message.body, 0);
  walker.next();
  if (walker.type === STRING) return;
  if (command.target === 'collectionOrOne') {
    if (plainNumber(new Value(walker.type, walker.bytes, walker.valueStart)) === 1) return;
  }
  throw new ElmoError('InvalidNamespace', `Collection name has invalid type ${typeName(walker.type)}`);
}

function structOf(
  args: Arguments,
  name: string,
  fields: Parameters<typeof parseFields>[1],
  path: string,
): Arguments | undefined {
  const value = args.value(name);
  return value === undefined ? undefined : new Arguments(parseFields(value, fields, path, name));
}

function sessionOf(args: Arguments, command: Command): SessionContext | undefined {
  const txnNumber = longOf(args.value('txnNumber'));
  const autocommit = args.has('autocommit') ? args.flag('autocommit') : undefined;
  if (!args.has('lsid')) {
    if (txnNumber !== undefined)
      throw new ElmoError('InvalidOptions', 'Transaction number requires a session ID to also be specified');
    return undefined;
  }
  if (txnNumber === undefined && autocommit !== undefined)
    throw new ElmoError(
      'InvalidOptions',
      "'autocommit' field requires a transaction number to also be specified",
    );
  const startTransaction = args.flag('startTransaction');
  if (args.has('startTransaction') && autocommit === undefined)
    throw new ElmoError(
      'InvalidOptions',
      "'startTransaction' field requires 'autocommit' field to also be specified",
    );
  if (autocommit === true)
    throw new ElmoError('InvalidOptions', 'Specifying autocommit=true is not allowed.');
  if (txnNumber !== undefined && txnNumber < 0n)
    throw new ElmoError('InvalidOptions', 'Transaction number cannot be negative');
  if (autocommit === false && command.isTransactional !== true)
    throw new ElmoError(
      'OperationNotSupportedInTransaction',
      `Cannot run '${command.name}' in a multi-document transaction.`,
    );
  const id = args.struct('lsid')!.value('id')!;
  return {
    lsid: Buffer.from(id.bytes.subarray(id.at + 5, id.end)).toString('hex'),
    txnNumber,
    autocommit,
    startTransaction,
    readConcernLevel: args.struct('readConcern')?.text('level'),
    stmtId: args.number('stmtId') ?? 0,
  };
}

function longOf(value: Value | undefined): bigint | undefined {
  return value === undefined ? undefined : readInt64(value.bytes, value.at);
}

function checkConcerns(command: Command, args: Arguments, session: SessionContext | undefined): void {
  const isInTransaction = session?.autocommit === false;
  const isEmpty = (name: string): boolean => args.document(name)?.length === 5;
  if (args.has('writeConcern') && command.takesWriteConcern !== true)
    throw new ElmoError('InvalidOptions', 'Command does not support writeConcern');
  if (
    args.has('writeConcern') &&
    isInTransaction &&
    !['commitTransaction', 'abortTransaction'].includes(command.name)
  )
    throw new ElmoError('InvalidOptions', 'writeConcern is not allowed within a multi-statement transaction');
  if (args.has('readConcern') && !isEmpty('readConcern')) {
    if (isInTransaction && !session.startTransaction)
      throw new ElmoError(
        'InvalidOptions',
        'Only the first command in a transaction may specify a readConcern',
      );
    if (command.takesReadConcern !== true && !isInTransaction)
      throw new ElmoError('InvalidOptions', `Command ${command.name} does not support readConcern`);
  }
}
