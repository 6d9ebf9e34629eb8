/** How the server is doing: serverStatus, top, hostInfo, getLog. */
import { arch, cpus, hostname, release, totalmem, type as osType } from 'node:os';
import { COMMAND_VERSION } from '../../options.js';
import { USAGE_KINDS } from '../../engine/activity.js';
import { ElmoError } from '../../errors.js';
import type { Value } from '../../bson/value.js';
import { BOOL, NULL, UNDEFINED } from '../../bson/types.js';
import type { Command, CommandContext } from '../command.js';
import { anything, isTrue, plainNumber, required, text } from '../fields.js';
import type { ReplyWriter } from '../reply.js';

type Section = (into: ReplyWriter, context: CommandContext) => void;

const MEBIBYTE = 1024 * 1024;

/** What a server without connections of its own (inside an application) has. */
const ALONE = { current: 1, available: 0, totalCreated: 1, active: 1, bytesIn: 0, bytesOut: 0, requests: 0 };

const countFields =
  (names: readonly string[]): Section =>
  (into) => {
    for (const name of names) into.int64(name, 0);
  };

/** Parts of `serverStatus` that are there unless a field of the command says 0. */
const SECTIONS: Readonly<Record<string, Section>> = {
  asserts(into, { engine }) {
    into.int32('regular', 0).int32('warning', 0).int32('msg', 0);
    into.count('user', engine.state.activity.failures).int32('tripwire', 0).int32('rollovers', 0);
  },
  catalogStats(into, { engine }) {
    let [collections, capped, views, timeseries] = [0, 0, 0, 0];
    for (const db of engine.catalog.databaseNames())
      for (const collection of engine.catalog.collectionNames(db)) {
        const spec = engine.catalog.get({ db, collection })?.spec;
        if (spec === undefined) continue;
        if (spec.kind === 'view') views++;
        else if (spec.kind === 'timeseries') timeseries++;
        else collections++;
        if (spec.isCapped) capped++;
      }
    into.int32('collections', collections).int32('capped', capped).int32('clustered', 0);
    into.int32('timeseries', timeseries).int32('views', views);
    into.int32('internalCollections', 0).int32('internalViews', 0);
  },
  connections(into, { client }) {
    const { current, available, totalCreated, active } = client.server?.statistics() ?? ALONE;
    into.int32('current', current).int32('available', available).count('totalCreated', totalCreated);
    into.int32('active', active);
  },
  extra_info(into) {
    const usage = process.resourceUsage();
    into.text('note', 'fields vary by platform').int64('user_time_us', usage.userCPUTime);
    into.int64('system_time_us', usage.systemCPUTime).int64('maximum_resident_set_kb', usage.maxRSS);
    into.int64('page_faults', usage.majorPageFault).int64('page_reclaims', usage.minorPageFault);
  },
  globalLock(into, { engine }) {
    const running = engine.state.activity.runningCount;
    into.int64('totalTime', Math.round((engine.clock.nowMs() - engine.state.startedMs) * 1000));
    for (const [name, total] of [
      ['currentQueue', 0],
      ['activeClients', running],
    ] as const)
      into.object(name, (inner) => inner.int32('total', total).int32('readers', total).int32('writers', 0));
  },
  locks: () => undefined,
  logicalSessionRecordCache(into, { engine }) {
    into.int32('activeSessionsCount', engine.sessions.size);
  },
  network(into, { client }) {
    const { bytesIn, bytesOut, requests } = client.server?.statistics() ?? ALONE;
    into.int64('bytesIn', bytesIn).int64('bytesOut', bytesOut).int64('numRequests', requests);
  },
  opcounters: writeCounters,
  opcountersRepl: countFields(['insert', 'query', 'update', 'delete', 'getmore', 'command']),
  storageEngine(into) {
    into.text('name', 'elmo-lsm').bool('supportsCommittedReads', true);
    into.bool('supportsSnapshotReadConcern', true).bool('readOnly', false).bool('persistent', true);
  },
  transactions(into, { engine }) {
    const { sessions } = engine;
    const { started, committed, aborted } = sessions.transactions;
    const open = sessions.openTransactions;
    into.int64('currentActive', 0).int64('currentInactive', open).int64('currentOpen', open);
    into.int64('totalAborted', aborted).int64('totalCommitted', committed).int64('totalStarted', started);
  },
  mem(into) {
    const { rss } = process.memoryUsage();
    into.int32('bits', 64).int32('resident', Math.ceil(rss / MEBIBYTE));
    into.int32('virtual', Math.ceil(rss / MEBIBYTE)).bool('supported', true);
  },
  metrics(into, { engine }) {
    into.object('cursor', (cursor) =>
      cursor
        .int64('timedOut', engine.cursors.timedOut)
        .object('open', (open) => open.int64('total', engine.cursors.size)),
    );
    into.object('document', (counts) => {
      for (const [kind, count] of Object.entries(engine.state.activity.documents)) counts.int64(kind, count);
    });
  },
};

/** Parts that are there only when a field of the command asks for them. */
const ASKED_FOR: Readonly<Record<string, Section>> = {
  mirroredReads: countFields(['seen', 'sent']),
};

function writeCounters(into: ReplyWriter, { engine }: CommandContext): void {
  for (const [kind, count] of Object.entries(engine.state.activity.counters)) into.int64(kind, count);
}

/** Anything but null, false and 0. */
function isWanted(value: Value): boolean {
  if (value.type === NULL || value.type === UNDEFINED) return false;
  return value.type === BOOL || !Number.isNaN(plainNumber(value)) ? isTrue(value) : true;
}

const serverStatus: Command = {
  name: 'serverStatus',
  help: 'counters and states of the server',
  target: 'any',
  fields: {
    ...Object.fromEntries(
      [...Object.keys(SECTIONS), ...Object.keys(ASKED_FOR)].map((name) => [name, anything]),
    ),
  },
  ignoresUnknown: true,
  run(args, context, reply) {
    const { engine } = context;
    const upMs = Math.max(engine.clock.nowMs() - engine.state.startedMs, 0);
    reply.text('host', hostname()).text('version', COMMAND_VERSION).text('process', 'mongod');
    reply.int64('pid', process.pid).double('uptime', Math.floor(upMs / 1000));
    reply.int64('uptimeMillis', Math.floor(upMs)).int64('uptimeEstimate', Math.floor(upMs / 1000));
    reply.date('localTime', engine.clock.wallMs());
    for (const [name, write] of Object.entries(SECTIONS)) {
      const wish = args.value(name);
      if (wish === undefined || isWanted(wish)) reply.object(name, (into) => write(into, context));
    }
    for (const [name, write] of Object.entries(ASKED_FOR)) {
      const wish = args.value(name);
      if (wish !== undefined && isWanted(wish)) reply.object(name, (into) => write(into, context));
    }
  },
};

const top: Command = {
  name: 'top',
  help: 'how much each collection was used',
  target: 'any',
  fields: {},
  isAdminOnly: true,
  ignoresUnknown: true,
  run(_args, context, reply) {
    const namespaces = [...context.engine.state.activity.namespaces()];
    reply.object('totals', (into) => {
      into.text('note', 'all times in microseconds');
      for (const [namespace, usage] of namespaces)
        into.object(namespace, (of) => {
          for (const kind of USAGE_KINDS)
            of.object(kind, (counts) =>
              counts.int64('time', usage[kind].micros).int64('count', usage[kind].count),
            );
        });
    });
  },
};

const hostInfo: Command = {
  name: 'hostInfo',
  help: 'the machine this runs on',
  target: 'any',
  fields: {},
  run(_args, context, reply) {
    const cores = cpus();
    const memoryMb = Math.floor(totalmem() / MEBIBYTE);
    reply.object('system', (into) => {
      into.date('currentTime', context.engine.clock.wallMs()).text('hostname', hostname());
      into.int32('cpuAddrSize', 64).int64('memSizeMB', memoryMb).int64('memLimitMB', memoryMb);
      into.int32('numCores', cores.length).int32('numCoresAvailableToProcess', cores.length);
      into.text('cpuArch', arch()).bool('numaEnabled', false);
    });
    reply.object('os', (into) =>
      into.text('type', osType()).text('name', osType()).text('version', release()),
    );
    reply.object('extra', (into) =>
      into
        .text('cpuString', cores[0]?.model ?? '')
        .int64('pageSize', 4096)
        .text('runtime', `node ${process.version}`),
    );
  },
};

const LOG_NAMES = ['global', 'startupWarnings'];

const getLog: Command = {
  name: 'getLog',
  help: 'recent lines of the log',
  target: 'any',
  fields: { getLog: required(text) },
  isAdminOnly: true,
  run(args, context, reply) {
    const name = args.text('getLog')!;
    if (name === '*') {
      reply.texts('names', LOG_NAMES);
      return;
    }
    if (!LOG_NAMES.includes(name)) throw new ElmoError('OperationFailed', `No log named '${name}'`);
    const { eventLog } = context.engine.state;
    const isGlobal = name === 'global';
    reply.int32('totalLinesWritten', isGlobal ? eventLog.written : 0);
    reply.texts('log', isGlobal ? eventLog.lines : []);
  },
};

export const statusCommands: readonly Command[] = [serverStatus, top, hostInfo, getLog];
