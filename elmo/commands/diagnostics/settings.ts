/** What administration sets: default concerns, and commands for which one process has little to do. */
import { STRING } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { Arguments, parseFields } from '../arguments.js';
import type { Command, CommandContext } from '../command.js';
import { parseWriteConcern, READ_CONCERN_FIELDS, WRITE_CONCERN_FIELDS } from '../concerns.js';
import { anything, arrayOf, document, flag, integer, looseFlag, required, strict, text } from '../fields.js';
import type { ReplyWriter } from '../reply.js';

function writeDefaults(reply: ReplyWriter, { engine }: CommandContext): void {
  const { read, write, setAtMs } = engine.state.defaultConcerns;
  if (read === undefined) reply.object('defaultReadConcern', (into) => into.text('level', 'local'));
  else reply.document('defaultReadConcern', read);
  if (write === undefined)
    reply.object('defaultWriteConcern', (into) => into.text('w', 'majority').int32('wtimeout', 0));
  else reply.document('defaultWriteConcern', write);
  if (setAtMs !== undefined) {
    const { seconds, increment } = engine.state.clusterClock.now;
    reply.timestamp('updateOpTime', seconds, increment).date('updateWallClockTime', setAtMs);
  }
  const source = (given: unknown): string => (given === undefined ? 'implicit' : 'global');
  reply.text('defaultWriteConcernSource', source(write)).text('defaultReadConcernSource', source(read));
}

const getDefaultRWConcern: Command = {
  name: 'getDefaultRWConcern',
  help: 'the concerns of commands that do not say',
  target: 'any',
  fields: { inMemory: flag },
  isAdminOnly: true,
  run(args, context, reply) {
    writeDefaults(reply, context);
    if (args.flag('inMemory')) reply.bool('inMemory', true);
    reply.date('localUpdateWallClockTime', context.engine.state.startedWallMs);
  },
};

/** @returns its raw document; undefined: none, so that there is no default any more */
function defaultRead(value: Value): Uint8Array | undefined {
  const given = new Arguments(parseFields(value, READ_CONCERN_FIELDS, 'readConcern', 'setDefaultRWConcern'));
  const level = given.text('level');
  if (level !== undefined && !['local', 'majority', 'available'].includes(level))
    throw new ElmoError('BadValue', `level: '${level}' is not suitable for the default read concern`);
  return level === undefined ? undefined : value.document.slice();
}

function defaultWrite(value: Value, context: CommandContext): Uint8Array {
  const given = new Arguments(
    parseFields(value, WRITE_CONCERN_FIELDS, 'WriteConcernOptions', 'setDefaultRWConcern'),
  );
  const concern = parseWriteConcern(value, true);
  if (value.document.length === 5) {
    if (context.engine.state.defaultConcerns.write !== undefined)
      throw new ElmoError(
        'IllegalOperation',
        'The global default write concern cannot be unset once it is set.',
      );
    throw new ElmoError('BadValue', 'The default write concern must not be empty');
  }
  if (!given.has('w')) throw new ElmoError('BadValue', "missing 'w' field");
  if (!concern.isAcknowledged)
    throw new ElmoError(
      'BadValue',
      'Unacknowledged write concern is not suitable for the default write concern',
    );
  if (concern.failure !== undefined) throw concern.failure;
  return value.document.slice();
}

const setDefaultRWConcern: Command = {
  name: 'setDefaultRWConcern',
  help: 'sets the concerns of commands that do not say',
  target: 'any',
  fields: { defaultReadConcern: document, defaultWriteConcern: document },
  isAdminOnly: true,
  takesWriteConcern: true,
  run(args, context, reply) {
    const { state, clock } = context.engine;
    const read = args.value('defaultReadConcern');
    const write = args.value('defaultWriteConcern');
    if (read === undefined && write === undefined)
      throw new ElmoError(
        'BadValue',
        'At least one of the "defaultReadConcern" or "defaultWriteConcern" fields must be present',
      );
    const before = state.defaultConcerns;
    state.defaultConcerns = {
      read: read === undefined ? before.read : defaultRead(read),
      write: write === undefined ? before.write : defaultWrite(write, context),
      setAtMs: clock.wallMs(),
    };
    writeDefaults(reply, context);
  },
};

const logRotate: Command = {
  name: 'logRotate',
  help: 'starts a new log',
  target: 'any',
  fields: { logRotate: { ...looseFlag, types: [...looseFlag.types!, STRING] }, comment: anything },
  isAdminOnly: true,
  run(args) {
    const target = args.value('logRotate');
    if (target?.type === STRING && target.text !== 'server')
      throw new ElmoError('NoSuchKey', `Unknown log type '${target.text}' for rotation`);
  },
};

const rotateCertificates: Command = {
  name: 'rotateCertificates',
  help: 'reads the certificates anew',
  target: 'any',
  fields: { message: text },
  isAdminOnly: true,
  run() {
    // certificates are given to the server as they are; there is no file to read again
  },
};

const autoCompact: Command = {
  name: 'autoCompact',
  help: 'whether space is given back in the background, which the store does by itself',
  target: 'any',
  fields: {
    autoCompact: required(strict(flag)),
    freeSpaceTargetMB: { ...strict(integer({ low: 1 })) },
    runOnce: flag,
  },
  isAdminOnly: true,
  run() {
    // merges give space back all the time
  },
};

const HOST_AND_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;

const dropConnections: Command = {
  name: 'dropConnections',
  help: 'ends connections to other servers, of which there are none',
  target: 'any',
  fields: { hostAndPort: required(arrayOf(text)), force: flag, status: document },
  isAdminOnly: true,
  run(args) {
    for (const { text: host } of args.elements('hostAndPort')) {
      const match = HOST_AND_PORT.exec(host);
      const port = match?.[1];
      if (match === null || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)))
        throw new ElmoError('FailedToParse', `Failed to parse host and port from "${host}"`);
    }
  },
};

const setIndexCommitQuorum: Command = {
  name: 'setIndexCommitQuorum',
  help: 'how many nodes have to finish an index that is being built',
  target: 'collection',
  fields: { indexNames: required(arrayOf(text)), commitQuorum: required(anything) },
  takesWriteConcern: true,
  run(args, { db }) {
    throw new ElmoError(
      'IndexNotFound',
      `Cannot find an index build on collection '${db}.${args.text('setIndexCommitQuorum') ?? ''}' with the provided index names`,
    );
  },
};

const features: Command = {
  name: 'features',
  help: 'what older shells ask',
  target: 'any',
  fields: { oidReset: anything },
  run(_args, _context, reply) {
    reply.object('js', (into) => into.bool('utf8', true)).int32('oidMachine', 0);
  },
};

export const settingCommands: readonly Command[] = [
  getDefaultRWConcern,
  setDefaultRWConcern,
  logRotate,
  rotateCertificates,
  autoCompact,
  dropConnections,
  setIndexCommitQuorum,
  features,
];
