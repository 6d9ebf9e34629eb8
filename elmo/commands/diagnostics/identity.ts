/** Who we are: hello, ping, buildInfo and what tools ask on connecting. */
import { COMMAND_VERSION, VERSION_ARRAY, WIRE_VERSION } from '../../options.js';
import type { Command } from '../command.js';
import { anything, flag } from '../fields.js';
import type { ReplyWriter } from '../reply.js';

export const MAX_MESSAGE_BYTES = 48_000_000;
export const MAX_DOCUMENT_BYTES: number = 16 * 1024 * 1024;
export const MAX_WRITE_BATCH = 100_000;

/** The part of `hello` that is the same for a standalone server and a replica set of one. */
export function helloFields(reply: ReplyWriter, wallMs: number, connectionId: number): void {
  reply
    .int32('maxBsonObjectSize', MAX_DOCUMENT_BYTES)
    .int32('maxMessageSizeBytes', MAX_MESSAGE_BYTES)
    .int32('maxWriteBatchSize', MAX_WRITE_BATCH)
    .date('localTime', wallMs)
    .int32('logicalSessionTimeoutMinutes', 30)
    .int32('connectionId', connectionId)
    .int32('minWireVersion', 0)
    .int32('maxWireVersion', WIRE_VERSION)
    .bool('readOnly', false);
}

const ping: Command = {
  name: 'ping',
  help: 'whether anybody is there',
  target: 'any',
  fields: { ping: anything },
  isStable: true,
  run() {
    // the reply is ok: 1
  },
};

const buildInfo: Command = {
  name: 'buildInfo',
  aliases: ['buildinfo'],
  help: 'version and build of the server',
  target: 'any',
  fields: { buildInfo: anything },
  run(_args, _context, reply) {
    reply.text('version', COMMAND_VERSION).text('gitVersion', 'elmo');
    reply.texts('modules', []).text('allocator', 'v8').text('javascriptEngine', 'none');
    reply.text('sysInfo', 'deprecated').int32s('versionArray', VERSION_ARRAY);
    reply.object('openssl', (into) => {
      into.text('running', process.versions.openssl).text('compiled', process.versions.openssl);
    });
    reply.object('buildEnvironment', (into) => {
      into.text('distarch', process.arch).text('target_os', process.platform).text('node', process.version);
    });
    reply.int32('bits', 64).bool('debug', false).int32('maxBsonObjectSize', MAX_DOCUMENT_BYTES);
    reply.texts('storageEngines', ['elmo-lsm']);
  },
};

const connectionStatus: Command = {
  name: 'connectionStatus',
  help: 'who has logged in on this connection',
  target: 'any',
  fields: { connectionStatus: anything, showPrivileges: flag },
  run(args, context, reply) {
    const { users = [] } = context.client;
    reply.object('authInfo', (into) => {
      into.objects('authenticatedUsers', users, ({ user, db }, of) => of.text('user', user).text('db', db));
      into.objects(
        'authenticatedUserRoles',
        users.flatMap(({ roles }) => roles),
        ({ role, db }, of) => of.text('role', role).text('db', db),
      );
      if (args.flag('showPrivileges')) into.objects('authenticatedUserPrivileges', [], () => undefined);
    });
  },
};

const whatsmyuri: Command = {
  name: 'whatsmyuri',
  help: 'the address this connection comes from',
  target: 'any',
  fields: { whatsmyuri: anything },
  run(_args, context, reply) {
    reply.text('you', context.client.remote);
  },
};

const getCmdLineOpts: Command = {
  name: 'getCmdLineOpts',
  help: 'how the server was started',
  target: 'any',
  fields: { getCmdLineOpts: anything },
  isAdminOnly: true,
  run(_args, _context, reply) {
    reply.texts('argv', process.argv).object('parsed', () => undefined);
  },
};

export const identityCommands: readonly Command[] = [
  ping,
  buildInfo,
  connectionStatus,
  whatsmyuri,
  getCmdLineOpts,
];
