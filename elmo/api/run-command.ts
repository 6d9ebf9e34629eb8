/** Commands of the embedded client, run as those of clients over the wire are. */
import { CommandTable } from '../commands/command-table.js';
import { dispatch } from '../commands/dispatch.js';
import { ReplyWriter } from '../commands/reply.js';
import { elmoCommands } from '../commands/table.js';
import type { Engine } from '../engine/engine.js';
import type { RawDocument } from '../operation/requests.js';
import type { CommandSettings } from './api-engine.js';

const commands = new CommandTable(elmoCommands);
const EMBEDDED = { connectionId: 0, remote: 'embedded', appName: undefined };

/** Runs a command in this process. @returns the reply, whether it is an error or not */
export async function runCommand(
  engine: Engine,
  body: RawDocument,
  { session, signal }: CommandSettings,
): Promise<RawDocument> {
  const reply = new ReplyWriter();
  const message = { body, sequences: undefined };
  await dispatch(message, { engine, client: EMBEDDED, commands, signal, session }, reply);
  return reply.toBytes();
}
