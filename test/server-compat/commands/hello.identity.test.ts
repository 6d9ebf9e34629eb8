/** What shells and graphical clients ask on connecting: which fields come over the wire, and of which types. */
import { expect } from 'chai';
import { deserialize, type Document } from 'bson';
import { openEngine, type Engine } from '../../../elmo/index.js';
import { serve, type WireServer } from '../../../server-compat/index.js';
import { opMsg } from '../wire/messages.js';
import { RawClient } from '../connection/raw-client.js';

/** Name of the type of a value that nothing was promoted in. */
function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  if (typeof value === 'object') return (value as { _bsontype?: string })._bsontype ?? 'object';
  return typeof value;
}

interface Case {
  readonly command: Document;
  readonly db?: string;
  /** Path to type. */
  readonly types: Readonly<Record<string, string>>;
}

const CLUSTER = { ok: 'Double', '$clusterTime.clusterTime': 'Timestamp', operationTime: 'Timestamp' };

const HELLO = {
  'topologyVersion.processId': 'ObjectId',
  'topologyVersion.counter': 'Long',
  hosts: 'array',
  setName: 'string',
  setVersion: 'Int32',
  secondary: 'boolean',
  primary: 'string',
  me: 'string',
  electionId: 'ObjectId',
  'lastWrite.opTime.ts': 'Timestamp',
  'lastWrite.lastWriteDate': 'date',
  maxBsonObjectSize: 'Int32',
  maxMessageSizeBytes: 'Int32',
  maxWriteBatchSize: 'Int32',
  localTime: 'date',
  logicalSessionTimeoutMinutes: 'Int32',
  connectionId: 'Int32',
  minWireVersion: 'Int32',
  maxWireVersion: 'Int32',
  readOnly: 'boolean',
};

const CASES: readonly Case[] = [
  { command: { hello: 1 }, types: { ...HELLO, isWritablePrimary: 'boolean' } },
  { command: { isMaster: 1 }, types: { ...HELLO, ismaster: 'boolean' } },
  {
    command: { buildInfo: 1 },
    types: {
      version: 'string',
      versionArray: 'array',
      'versionArray.0': 'Int32',
      gitVersion: 'string',
      modules: 'array',
      javascriptEngine: 'string',
      bits: 'Int32',
      debug: 'boolean',
      maxBsonObjectSize: 'Int32',
      storageEngines: 'array',
    },
  },
  {
    command: { hostInfo: 1 },
    types: {
      'system.currentTime': 'date',
      'system.hostname': 'string',
      'system.cpuAddrSize': 'Int32',
      'system.memSizeMB': 'Long',
      'system.numCores': 'Int32',
      'system.cpuArch': 'string',
      'os.type': 'string',
      'os.name': 'string',
      'os.version': 'string',
      extra: 'object',
    },
  },
  {
    command: { getParameter: '*' },
    types: {
      'featureCompatibilityVersion.version': 'string',
      cursorTimeoutMillis: 'Long',
      ttlMonitorSleepSecs: 'Int32',
      quiet: 'boolean',
      authenticationMechanisms: 'array',
      syncdelay: 'Double',
    },
  },
  {
    command: { connectionStatus: 1, showPrivileges: true },
    types: {
      'authInfo.authenticatedUsers': 'array',
      'authInfo.authenticatedUserRoles': 'array',
      'authInfo.authenticatedUserPrivileges': 'array',
    },
  },
  { command: { whatsmyuri: 1 }, types: { you: 'string' } },
  { command: { getLog: '*' }, types: { names: 'array', 'names.0': 'string' } },
  { command: { getLog: 'global' }, types: { totalLinesWritten: 'Int32', log: 'array', 'log.0': 'string' } },
  { command: { getLog: 'startupWarnings' }, types: { totalLinesWritten: 'Int32', log: 'array' } },
  {
    command: { serverStatus: 1 },
    types: {
      host: 'string',
      version: 'string',
      process: 'string',
      pid: 'Long',
      uptime: 'Double',
      uptimeMillis: 'Long',
      localTime: 'date',
      'connections.current': 'Int32',
      'connections.available': 'Int32',
      'connections.totalCreated': 'Int32',
      'network.bytesIn': 'Long',
      'network.numRequests': 'Long',
      'opcounters.insert': 'Long',
      'mem.resident': 'Int32',
      'storageEngine.name': 'string',
    },
  },
  { command: { top: 1 }, types: { 'totals.note': 'string' } },
  {
    command: { currentOp: 1 },
    types: { inprog: 'array', 'inprog.0.opid': 'Int32', 'inprog.0.secs_running': 'Long' },
  },
  { command: { killOp: 1, op: 1_000_000 }, types: { info: 'string' } },
  { command: { getCmdLineOpts: 1 }, types: { argv: 'array', 'argv.0': 'string', parsed: 'object' } },
  {
    command: { listCommands: 1 },
    types: { 'commands.find.help': 'string', 'commands.find.adminOnly': 'boolean' },
  },
  {
    command: { connPoolStats: 1 },
    types: {
      numClientConnections: 'Int32',
      totalInUse: 'Int32',
      totalCreated: 'Int32',
      pools: 'object',
      hosts: 'object',
    },
  },
  { command: { lockInfo: 1 }, types: { lockInfo: 'array' } },
  {
    command: { dbHash: 1 },
    db: 'shop',
    types: {
      host: 'string',
      'collections.c': 'string',
      md5: 'string',
      'uuids.c': 'Binary',
      timeMillis: 'Long',
    },
  },
  {
    command: { validate: 'c' },
    db: 'shop',
    types: {
      ns: 'string',
      uuid: 'Binary',
      nInvalidDocuments: 'Long',
      nrecords: 'Long',
      nIndexes: 'Int32',
      'keysPerIndex._id_': 'Long',
      valid: 'boolean',
      repaired: 'boolean',
      warnings: 'array',
      errors: 'array',
    },
  },
  { command: { profile: -1 }, db: 'shop', types: { was: 'Int32', slowms: 'Int32', sampleRate: 'Double' } },
  {
    command: { replSetGetStatus: 1 },
    types: {
      set: 'string',
      date: 'date',
      myState: 'Int32',
      term: 'Long',
      heartbeatIntervalMillis: 'Long',
      members: 'array',
      'members.0._id': 'Int32',
      'members.0.stateStr': 'string',
      'members.0.self': 'boolean',
    },
  },
  {
    command: { rolesInfo: 'read', showPrivileges: true },
    types: { roles: 'array', 'roles.0.isBuiltin': 'boolean', 'roles.0.privileges.0.actions': 'array' },
  },
];

function at(document: Document, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Document | undefined)?.[name], document);
}

describe('what clients ask on connecting', () => {
  let engine: Engine;
  let server: WireServer;
  let client: RawClient;

  before(async () => {
    engine = await openEngine(':memory:', { worker: false });
    server = await serve(engine, { port: 0 });
    client = await RawClient.to(server.address);
    await client.command({ insert: 'c', documents: [{ _id: 1 }], $db: 'shop' });
  });
  after(async () => {
    await client.end();
    await server.close(0);
    await engine.close();
  });

  for (const { command, db = 'admin', types } of CASES)
    it(JSON.stringify(command), async () => {
      client.send(opMsg({ ...command, $db: db }));
      const bytes = (await client.next())!;
      const reply = deserialize(bytes.subarray(21), { promoteValues: false });
      const expected = { ...types, ...CLUSTER };
      const found = Object.keys(expected).map((path) => [path, typeOf(at(reply, path))]);
      expect(Object.fromEntries(found)).to.deep.equal(expected);
    });
});
