/** Which session a command is in, and which of its transactions, by the fields it came with. */
import { readInt64 } from '../bson/read.js';
import { STRING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import type { SessionContext } from '../session/session-context.js';
import type { Arguments } from './arguments.js';
import type { Command, CommandClient } from './command.js';
import { sessionIdOf } from './common-fields.js';
import { plainNumber } from './fields.js';

/** Commands that may carry a number without being part of a transaction. */
const RETRYABLE_COMMANDS: ReadonlySet<string> = new Set([
  'insert',
  'update',
  'delete',
  'findAndModify',
  'bulkWrite',
]);

/** @throws ElmoError */
export function sessionOf(
  args: Arguments,
  command: Command,
  client: CommandClient,
): SessionContext | undefined {
  const lsid = args.value('lsid');
  const txnNumber = longOf(args.value('txnNumber'));
  if (lsid === undefined) {
    if (txnNumber !== undefined)
      throw new ElmoError('InvalidOptions', 'Transaction number requires a session ID to also be specified');
    return undefined;
  }
  const autocommit = args.has('autocommit') ? args.flag('autocommit') : undefined;
  const startTransaction = args.flag('startTransaction');
  checkTransactionFields(args, command, txnNumber, autocommit);
  const level = args.struct('readConcern')?.value('level'); // whether it is one is found out later
  return {
    lsid: sessionIdOf(lsid),
    txnNumber,
    autocommit,
    startTransaction,
    readConcernLevel: level?.type === STRING ? level.text : undefined,
    stmtId: args.number('stmtId') ?? 0,
    stmtIds: args.has('stmtIds') ? args.elements('stmtIds').map(plainNumber) : undefined,
    owner: client.users?.[0],
  };
}

function checkTransactionFields(
  args: Arguments,
  command: Command,
  txnNumber: bigint | undefined,
  autocommit: boolean | undefined,
): void {
  if (txnNumber === undefined && autocommit !== undefined)
    throw new ElmoError(
      'InvalidOptions',
      "'autocommit' field requires a transaction number to also be specified",
    );
  if (args.has('startTransaction') && autocommit === undefined)
    throw new ElmoError(
      'InvalidOptions',
      "'startTransaction' field requires 'autocommit' field to also be specified",
    );
  if (autocommit === true)
    throw new ElmoError('InvalidOptions', 'Specifying autocommit=true is not allowed.');
  if (txnNumber !== undefined && txnNumber < 0n)
    throw new ElmoError('InvalidOptions', 'Transaction number cannot be negative');
  if (txnNumber !== undefined && autocommit === undefined && !RETRYABLE_COMMANDS.has(command.name))
    throw new ElmoError(
      50768,
      `txnNumber may only be provided for multi-document transactions and retryable write commands. autocommit:false was not provided, and ${command.name} is not a retryable write command.`,
    );
  if (autocommit === false && command.isTransactional !== true)
    throw new ElmoError(
      'OperationNotSupportedInTransaction',
      `Cannot run '${command.name}' in a multi-document transaction.`,
    );
}

function longOf(value: Value | undefined): bigint | undefined {
  return value === undefined ? undefined : readInt64(value.bytes, value.at);
}
