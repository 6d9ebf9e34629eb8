/** What one member of a set says of the set, and of its connections: replSetGetStatus, connPoolStats, shutdown. */
import { ElmoError, fields, writeOpTime, type Command, type CommandContext } from '../../elmo/index.js';
import type { Connection } from '../connection/connection.js';
import type { WireServer } from '../connection/server.js';

const { anything, flag, integer } = fields;

const PRIMARY = 1;

function refuseStandalone(server: WireServer): void {
  if (server.options.standalone) throw new ElmoError('NoReplicationEnabled', 'not running with --replSet');
}

const hostFor = (server: WireServer, { client }: CommandContext): string =>
  server.advertisedTo(client as Connection);

export function replicationCommands(server: WireServer): readonly Command[] {
  return [
    {
      name: 'replSetGetStatus',
      help: 'how the members of the set are',
      target: 'any',
      fields: { initialSync: anything },
      isAdminOnly: true,
      run(_args, context, reply) {
        refuseStandalone(server);
        const { clock, state } = context.engine;
        const time = state.clusterClock.now;
        reply.text('set', server.options.replicaSet).date('date', clock.wallMs()).int32('myState', PRIMARY);
        reply.int64('term', 1).text('syncSourceHost', '').int32('syncSourceId', -1);
        reply.int64('heartbeatIntervalMillis', 2000).int32('majorityVoteCount', 1);
        reply.int32('writeMajorityCount', 1).int32('votingMembersCount', 1);
        reply.object('optimes', (into) => {
          for (const name of ['lastCommittedOpTime', 'appliedOpTime', 'durableOpTime'])
            writeOpTime(into, name, time);
        });
        reply.objects('members', [hostFor(server, context)], (host, into) => {
          into.int32('_id', 0).text('name', host).double('health', 1).int32('state', PRIMARY);
          into.text('stateStr', 'PRIMARY');
          into.int32('uptime', Math.floor((clock.nowMs() - state.startedMs) / 1000));
          writeOpTime(into, 'optime', time);
          into.date('optimeDate', time.seconds * 1000).bool('self', true);
        });
      },
    },
    {
      name: 'replSetGetConfig',
      help: 'who the members of the set are',
      target: 'any',
      fields: { commitmentStatus: flag },
      isAdminOnly: true,
      run(_args, context, reply) {
        refuseStandalone(server);
        reply.object('config', (into) => {
          into.text('_id', server.options.replicaSet).int32('version', 1).int64('term', 1);
          into.objects('members', [hostFor(server, context)], (host, of) =>
            of
              .int32('_id', 0)
              .text('host', host)
              .bool('arbiterOnly', false)
              .double('priority', 1)
              .int32('votes', 1),
          );
          into.int64('protocolVersion', 1);
        });
      },
    },
    {
      name: 'connPoolStats',
      help: 'connections to other servers, of which there are none',
      target: 'any',
      fields: {},
      ignoresUnknown: true,
      run(_args, _context, reply) {
        reply.int32('numClientConnections', 0).int32('numAScopedConnections', 0);
        for (const name of ['totalInUse', 'totalAvailable', 'totalCreated', 'totalRefreshing'])
          reply.int32(name, 0);
        reply.object('pools', () => undefined).object('hosts', () => undefined);
      },
    },
    {
      name: 'shutdown',
      help: 'stops the server',
      target: 'any',
      fields: { force: flag, timeoutSecs: integer({ low: 0 }) },
      isAdminOnly: true,
      run() {
        server.askToStop();
      },
    },
  ];
}
