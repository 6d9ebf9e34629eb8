/** commitTransaction and abortTransaction. */
import { ElmoError } from '../../errors.js';
import type { SessionContext } from '../../session/session-context.js';
import type { Command, CommandContext } from '../command.js';
import { anything, document, type Fields } from '../fields.js';

/** What a router has told the client stands for nothing here. */
const recoveryToken = document;

/** @throws ElmoError CommandFailed outside of a transaction */
function transactionOf({ session }: CommandContext, command: string): SessionContext {
  if (session?.autocommit !== false)
    throw new ElmoError('CommandFailed', `${command} must be run within a transaction`);
  return session;
}

function transactionCommand(
  name: string,
  help: string,
  finish: (context: CommandContext, session: SessionContext) => Promise<void>,
): Command {
  const fields: Fields = { [name]: anything, recoveryToken };
  return {
    name,
    help,
    target: 'any',
    fields,
    isAdminOnly: true,
    takesWriteConcern: true,
    isTransactional: true,
    isStable: true,
    run: (_args, context) => finish(context, transactionOf(context, name)),
  };
}

export const transactionCommands: readonly Command[] = [
  transactionCommand(
    'commitTransaction',
    "makes a transaction's writes lasting",
    ({ engine, common }, session) => engine.sessions.commit(session, common.isDurable === true),
  ),
  transactionCommand('abortTransaction', 'gives a transaction up', ({ engine }, session) =>
    engine.sessions.abort(session),
  ),
];
