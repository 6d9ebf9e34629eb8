/** hello and isMaster: how a client learns what it talks to. */
import {
  Arguments,
  decodeDocument,
  ElmoError,
  fields,
  helloFields,
  writeOpTime,
  type Command,
  type EngineFacts,
  type RawDocument,
  type ReplyWriter,
} from '../../elmo/index.js';
import type { Connection } from '../connection/connection.js';
import type { WireServer } from '../connection/server.js';
import type { Logins } from './login.js';
import { COMPRESSORS, type CompressorName } from '../wire/op-compressed.js';

const { anything, document, flag, array, int64Only, milliseconds, objectId, required, strict } = fields;

const TOPOLOGY_VERSION = { processId: required(objectId), counter: required(strict(int64Only)) };

/** What the replica set of one says of itself. */
function replicaSetFields(
  reply: ReplyWriter,
  server: WireServer,
  connection: Connection,
  facts: EngineFacts,
): void {
  const { replicaSet } = server.options;
  const host = server.advertisedTo(connection);
  reply
    .texts('hosts', [host])
    .text('setName', replicaSet)
    .int32('setVersion', 1)
    .bool('secondary', false)
    .text('primary', host)
    .text('me', host)
    .objectId('electionId', ELECTION_ID);
  const time = facts.state.clusterClock.now;
  const writtenMs = Math.min(time.seconds * 1000, facts.clock.wallMs());
  reply.object('lastWrite', (into) => {
    writeOpTime(into, 'opTime', time);
    into.date('lastWriteDate', writtenMs);
    writeOpTime(into, 'majorityOpTime', time);
    into.date('majorityWriteDate', writtenMs);
  });
}

/** Of the first term: 7fffffff0000000000000001. */
const ELECTION_ID = new Uint8Array([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1]);

/** @param logins  asked for when a handshake carries a login */
export function helloCommands(server: WireServer, logins: () => Logins): readonly Command[] {
  const make = (name: string, aliases: readonly string[], isLegacy: boolean): Command => ({
    name,
    aliases,
    help: 'what this server is, and what it can do',
    target: 'any',
    fields: {
      client: anything,
      compression: array,
      hostInfo: anything,
      helloOk: anything,
      loadBalanced: flag,
      saslSupportedMechs: anything,
      speculativeAuthenticate: document,
      topologyVersion: { ...document, fields: TOPOLOGY_VERSION },
      maxAwaitTimeMS: milliseconds,
      internalClient: document,
      forShell: anything,
      $replData: anything,
      term: int64Only,
    },
    secrets: ['speculativeAuthenticate'],
    isStable: !isLegacy,
    ignoresUnknown: true,
    async run(args, context, reply) {
      const connection = context.client as Connection;
      greet(args, connection);
      connection.isStreamingHello = await awaitChange(args, server, connection);
      reply.object('topologyVersion', (into) =>
        into.objectId('processId', server.processId).int64('counter', TOPOLOGY_COUNTER),
      );
      if (!server.options.standalone) replicaSetFields(reply, server, connection, context.facts);
      reply.bool(isLegacy ? 'ismaster' : 'isWritablePrimary', true);
      if (args.has('helloOk')) reply.bool('helloOk', true);
      helloFields(reply, context.facts.clock.wallMs(), connection.connectionId);
      await writeLogin(args, connection, logins, reply);
      if (args.has('compression') && connection.compressors.length > 0)
        reply.texts('compression', connection.compressors);
    },
  });
  return [make('hello', [], false), make('isMaster', ['ismaster'], true)];
}

/** The mechanisms of a user, and the first step of a login that the handshake carries. */
async function writeLogin(
  args: Arguments,
  connection: Connection,
  logins: () => Logins,
  reply: ReplyWriter,
): Promise<void> {
  const name = args.value('saslSupportedMechs');
  if (name?.type === STRING) reply.texts('saslSupportedMechs', logins().mechanismsOf(name.text));
  const given = args.document('speculativeAuthenticate');
  if (given === undefined) return;
  const step = await logins().speculate(connection, decodeDocument(given));
  if (step === undefined) return;
  reply.object('speculativeAuthenticate', (into) =>
    into.int32('conversationId', 1).bool('done', step.isDone).binary('payload', Buffer.from(step.payload)),
  );
}

/** How often the topology has changed: a server alone has none to change. */
const TOPOLOGY_COUNTER = 6;

/**
 * A client that knows all there is waits for a change. There are none, so it waits as long as it says.
 * @returns whether it may be sent more replies unasked
 */
async function awaitChange(args: Arguments, server: WireServer, connection: Connection): Promise<boolean> {
  const known = args.struct('topologyVersion');
  const maxAwaitTimeMs = args.number('maxAwaitTimeMS');
  if (known === undefined) {
    if (maxAwaitTimeMs !== undefined)
      throw new ElmoError(31373, 'A request with maxAwaitTimeMS must include a topologyVersion');
    return false;
  }
  if (maxAwaitTimeMs === undefined)
    throw new ElmoError(31368, 'A request with a topologyVersion must include maxAwaitTimeMS');
  const processId = known.value('processId')!;
  const isOurs = server.processId.every((byte, i) => processId.bytes[processId.at + i] === byte);
  if (!isOurs || known.number('counter') !== TOPOLOGY_COUNTER) return true;
  await server.idle(maxAwaitTimeMs, connection.signal);
  return !server.isClosing;
}

const MOST_METADATA_BYTES = 512;
const MOST_APP_NAME_BYTES = 128;

/** The handshake of a connection: what the client says of itself, and which compressors it knows. */
function greet(args: Arguments, connection: Connection): void {
  if (args.has('compression'))
    connection.compressors = chooseCompressors(
      args.elements('compression').flatMap((name) => (name.type === STRING ? [name.text] : [])),
    );
  const client = args.value('client');
  if (client === undefined) return;
  if (client.type !== OBJECT)
    throw new ElmoError('TypeMismatch', 'The client metadata document must be a document');
  if (connection.clientMetadata !== undefined)
    throw new ElmoError(
      'ClientMetadataCannotBeMutated',
      'The client metadata document may only be sent in the first hello',
    );
  const document = client.document.slice();
  connection.appName = checkMetadata(document, Arguments.of(client));
  connection.clientMetadata = document;
}

const OBJECT = 3;
const STRING = 2;

/** @returns the name of the application @throws ElmoError */
function checkMetadata(document: RawDocument, client: Arguments): string | undefined {
  if (document.length > MOST_METADATA_BYTES)
    throw new ElmoError(
      'ClientMetadataDocumentTooLarge',
      `The client metadata document must be less then or equal to ${MOST_METADATA_BYTES} bytes`,
    );
  for (const [path, name] of [
    ['driver', 'name'],
    ['driver', 'version'],
    ['os', 'type'],
  ] as const) {
    const outer = client.value(path);
    if (outer === undefined)
      throw new ElmoError(
        'ClientMetadataMissingField',
        `Missing required sub-document '${path}' in the client metadata document`,
      );
    if (outer.type !== OBJECT)
      throw new ElmoError('TypeMismatch', `The '${path}' field is required to be a BSON document`);
    const inner = Arguments.of(outer).value(name);
    if (inner === undefined)
      throw new ElmoError(
        'ClientMetadataMissingField',
        `Missing required field '${path}.${name}' in the client metadata document`,
      );
    if (inner.type !== STRING)
      throw new ElmoError('TypeMismatch', `The '${path}.${name}' field must be a string`);
  }
  const application = client.value('application');
  if (application === undefined) return undefined;
  if (application.type !== OBJECT)
    throw new ElmoError('TypeMismatch', "The 'application' field is required to be a BSON document");
  const appName = Arguments.of(application).value('name');
  if (appName === undefined) return undefined;
  if (appName.type !== STRING)
    throw new ElmoError('TypeMismatch', "The 'application.name' field must be a string");
  if (Buffer.byteLength(appName.text) > MOST_APP_NAME_BYTES)
    throw new ElmoError(
      'ClientMetadataAppNameTooLarge',
      `The 'application.name' field must be less then or equal to ${MOST_APP_NAME_BYTES} bytes`,
    );
  return appName.text;
}

function chooseCompressors(offered: readonly string[]): CompressorName[] {
  return offered.filter((name): name is CompressorName => COMPRESSORS.has(name as CompressorName));
}
