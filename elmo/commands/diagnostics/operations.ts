/** What runs, and what holds writes back: currentOp, killOp, lockInfo, fsync, fsyncUnlock, setUserWriteBlockMode. */
import { operationKind, type RunningOperation } from '../../engine/activity.js';
import { ElmoError } from '../../errors.js';
import type { Command, CommandContext } from '../command.js';
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
import type { ReplyWriter } from '../reply.js';

function writeOperation(
  into: ReplyWriter,
  operation: RunningOperation,
  context: Pick<CommandContext, 'engine'>,
): void {
  const { engine } = context;
  const elapsedMs = engine.clock.nowMs() - operation.startedMs;
  into.text('type', 'op').text('host', engine.host).text('desc', `conn${operation.clientId}`);
  into.int64('connectionId', operation.clientId).text('client', operation.remote);
  if (operation.appName !== undefined) into.text('appName', operation.appName);
  into.bool('active', true);
  into.text('currentOpTime', new Date(engine.clock.wallMs()).toISOString().replace('Z', '+00:00'));
  into.bool('isFromUserConnection', true).int32('opid', operation.id);
  into.int64('secs_running', Math.floor(elapsedMs / 1000));
  into.int64('microsecs_running', Math.round(elapsedMs * 1000));
  into.text('op', operationKind(operation.command)).text('ns', operation.namespace);
  into.bool('redacted', false).document('command', operation.body);
  into.int64('numYields', 0).object('locks', () => undefined);
  into.bool('waitingForLock', false).object('lockStats', () => undefined);
  into.bool('waitingForFlowControl', false).object('flowControlStats', () => undefined);
}

const currentOp: Command = {
  name: 'currentOp',
  help: 'the commands that run',
  target: 'any',
  fields: { $ownOps: anything, $all: anything },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const { activity, writeGate } = context.engine.state;
    const isOwn = args.flag('$ownOps');
    const operations = [...activity.running()].filter(
      ({ clientId }) => !isOwn || clientId === context.client.connectionId,
    );
    reply.objects('inprog', operations, (operation, into) => writeOperation(into, operation, context));
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
