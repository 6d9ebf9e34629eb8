/** A file, or memory, as the shell's database: commands go straight to the engine. */
import {
  CommandTable,
  dispatch,
  elmoCommands,
  openEngine,
  operatorNames,
  ReplyWriter,
} from '../../elmo/index.js';
import { Decoder, Encoder } from '../../elmo/values.js';
import { fileUserCommands } from '../../server-compat/index.js';
import type { Host } from './host.js';
import type { Target } from './protocol.js';

const CLIENT = { connectionId: 1, remote: 'embedded', appName: 'elmo shell' };
/** Between two looks for cursors and sessions that nobody has come back for. */
const SWEEP_MS = 60_000;

export async function openFile({ address, isReadOnly, isShared }: Target): Promise<Host> {
  if (isShared) return openSharedFile(address);
  const engine = await openEngine(address, isReadOnly ? { readOnly: true } : {});
  const commands = new CommandTable([...elmoCommands, ...fileUserCommands(engine)]);
  const sweeping = setInterval(() => {
    engine.cursors.closeIdle(engine.state.cursorTimeoutMs);
    engine.sessions.expire();
  }, SWEEP_MS);
  return {
    async command(db, body, signal) {
      const reply = new ReplyWriter();
      const own = new AbortController();
      const interrupt = (): void => own.abort();
      await dispatch(
        { body, sequences: undefined },
        { engine, client: CLIENT, commands, signal: AbortSignal.any([signal, own.signal]), db, interrupt },
        reply,
      );
      return reply.toBytes();
    },
    operators: () => Promise.resolve(operatorNames()),
    async close() {
      clearInterval(sweeping);
      await engine.close();
    },
  };
}

/** Whoever holds it answers: this process or another. */
async function openSharedFile(path: string): Promise<Host> {
  const { openShared } = await import('../../server-compat/index.js');
  const engine = await openShared(path);
  const decoder = new Decoder({ promoteValues: false, bsonRegExp: true });
  const encoder = new Encoder();
  return {
    command: (db, body, signal) =>
      engine.command(encoder.encode({ ...decoder.decode(body), $db: db }), { signal }),
    operators: () => Promise.resolve(operatorNames()),
    close: () => engine.close(),
  };
}
