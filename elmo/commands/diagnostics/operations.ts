/** What runs, and what holds writes back: currentOp, killOp, lockInfo, fsync, fsyncUnlock, setUserWriteBlockMode. */
import { operationRow } from '../../aggregate/stages/current-op.js';
import { rawDocument } from '../../catalog/raw-document.js';
import { parseRequestFilter } from '../../engine/reading.js';
import { ElmoError } from '../../errors.js';
import { openScope } from '../../expression/scope.js';
import { compileFilter } from '../../query/compile.js';
import type { Matcher } from '../../query/filter.js';
import type { Arguments } from '../arguments.js';
import type { Command, CommandContext } from '../command.js';
import { COMMON_FIELDS } from '../common-fields.js';
import {
  anything,
  flag,
  integer,
  plainNumber,
  int32Only,
  looseFlag,
  oneOf,
  required,
  type FieldRule,
} from '../fields.js';

/** What a row of currentOp has to be like: all fields of the command that are no options. @throws ElmoError */
function rowFilter(args: Arguments, { engine }: CommandContext): Matcher {
  const fields = [...args.entries()].filter(
    ([name]) =>
      name !== 'currentOp' && name !== '$ownOps' && name !== '$all' && !Object.hasOwn(COMMON_FIELDS, name),
  );
  const scope = openScope({ nowMs: engine.clock.wallMs(), random: engine.random });
  return compileFilter(parseRequestFilter(rawDocument(fields), undefined, scope));
}

const currentOp: Command = {
  name: 'currentOp',
  help: 'the commands that run',
  target: 'any',
  fields: { $ownOps: anything, $all: anything },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const { engine, client } = context;
    const { activity, writeGate } = engine.state;
    const isOwn = args.flag('$ownOps');
    const wanted = rowFilter(args, context);
    const wallMs = engine.clock.wallMs();
    const rows = activity
      .facts(engine.clock.nowMs())
      .filter(({ clientId }) => !isOwn || clientId === client.connectionId)
      .map((operation) => operationRow(operation, engine.host, wallMs).document)
      .filter((row) => wanted.matches(row, 0));
    reply.documents('inprog', rows);
    if (writeGate.lockCount > 0)
      reply.bool('fsyncLock', true).text('info', 'use db.fsyncUnlock() to terminate the fsync write lock');
  },
};

const MOST_OPERATION_ID = 2 ** 32;

const killOp: Command = {
  name: 'killOp',
  help: 'ends a command that runs',
  target: 'any',
  fields: {
    op: {
      ...integer(),
      skipsNull: false,
      check(value) {
        if (!Number.isInteger(plainNumber(value)))
          throw new ElmoError(
            'BadValue',
            'Expected field "op" to have a value exactly representable as a 64-bit integer',
          );
      },
    },
  },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const id = args.number('op');
    if (id === undefined) throw new ElmoError('NoSuchKey', 'Missing expected field "op"');
    if (Math.abs(id) >= MOST_OPERATION_ID)
      throw new ElmoError(26823, `invalid op : ${id}. Op ID cannot be represented with 32 bits`);
    context.engine.state.activity.kill(id);
    reply.text('info', 'attempting to kill op');
  },
};

const lockInfo: Command = {
  name: 'lockInfo',
  help: 'the locks that are held',
  target: 'any',
  fields: {},
  isAdminOnly: true,
  run(_args, context, reply) {
    const held = context.engine.state.writeGate.lockCount > 0 ? ['Global'] : [];
    reply.objects('lockInfo', held, (resource, into) =>
      into
        .text('resourceId', `{0: ${resource}}`)
        .objects('granted', [{ mode: 'S' }], ({ mode }, lock) =>
          lock.text('mode', mode).text('convertMode', 'NONE').bool('enqueueAtFront', false),
        )
        .objects('pending', [], () => undefined),
    );
  },
};

const fsync: Command = {
  name: 'fsync',
  help: 'makes all that was written durable; keeps writes out when it locks',
  target: 'any',
  fields: { lock: looseFlag, fsyncLockAcquisitionTimeoutMillis: int32Only, async: anything },
  isAdminOnly: true,
  async run(args, context, reply) {
    const { engine } = context;
    await engine.kv.write(engine.kv.batch(), { sync: true });
    if (!args.flag('lock')) {
      reply.int32('numFiles', 1);
      return;
    }
    const count = engine.state.writeGate.lock();
    reply.text('info', 'now locked against writes, use db.fsyncUnlock() to unlock');
    reply.int64('lockCount', count).text('seeAlso', 'http://dochub.mongodb.org/core/fsynccommand');
  },
};

const fsyncUnlock: Command = {
  name: 'fsyncUnlock',
  help: 'lets writes in again after fsync has locked',
  target: 'any',
  fields: {},
  isAdminOnly: true,
  run(_args, context, reply) {
    const count = context.engine.state.writeGate.unlock();
    reply.text('info', `fsyncUnlock ${count === 0 ? 'completed' : 'called'}`).int64('lockCount', count);
  },
};

const blockReason: FieldRule = oneOf(
  'Unspecified',
  'ClusterToClusterMigrationInProgress',
  'DiskUseThresholdExceeded',
);

const setUserWriteBlockMode: Command = {
  name: 'setUserWriteBlockMode',
  help: 'refuses the writes of users, or admits them again',
  target: 'any',
  fields: { global: required(flag), reason: blockReason },
  isAdminOnly: true,
  run(args, context) {
    const { writeGate } = context.engine.state;
    const reason = args.text('reason') ?? 'Unspecified';
    if (args.flag('global')) writeGate.refuseUsers(reason);
    else writeGate.admitUsers(reason);
  },
};

export const operationCommands: readonly Command[] = [
  currentOp,
  killOp,
  lockInfo,
  fsync,
  fsyncUnlock,
  setUserWriteBlockMode,
];
