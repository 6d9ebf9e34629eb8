/** hello and isMaster: how a client learns what it talks to. */
import { fields, helloFields, type Command, type ReplyWriter } from '../../elmo/index.js';
import type { Connection } from '../connection/connection.js';
import type { WireServer } from '../connection/server.js';
import { COMPRESSORS, type CompressorName } from '../wire/op-compressed.js';

const { anything, document, flag, array, int64Only, milliseconds } = fields;

/** What the replica set of one says of itself. */
function replicaSetFields(reply: ReplyWriter, server: WireServer): void {
  const { replicaSet } = server.options;
  const host = server.address;
  reply
    .texts('hosts', [host])
    .text('setName', replicaSet)
    .int32('setVersion', 1)
    .bool('secondary', false)
    .text('primary', host)
    .text('me', host);
}

export function helloCommands(server: WireServer): readonly Command[] {
  const make = (name: string, aliases: readonly string[], isLegacy: boolean): Command => ({
    name,
    aliases,
    help: 'what this server is, and what it can do',
    target: 'any',
    fields: {
      [name]: anything,
      ismaster: anything,
      client: document,
      compression: array,
      hostInfo: anything,
      helloOk: anything,
      loadBalanced: flag,
      saslSupportedMechs: anything,
      speculativeAuthenticate: document,
      topologyVersion: document,
      maxAwaitTimeMS: milliseconds,
      internalClient: document,
      forShell: anything,
      $replData: anything,
      term: int64Only,
    },
    isStable: true,
    ignoresUnknown: true,
    run(args, context, reply) {
      const connection = context.client as Connection;
      if (args.has('compression'))
        connection.compressors = chooseCompressors(args.elements('compression').map(({ text }) => text));
      const client = args.document('client');
      if (client !== undefined && connection.clientMetadata === undefined) connection.clientMetadata = client;
      if (!server.options.standalone) replicaSetFields(reply, server);
      reply.bool(isLegacy ? 'ismaster' : 'isWritablePrimary', true);
      if (args.has('helloOk')) reply.bool('helloOk', true);
      helloFields(reply, context.engine.clock.wallMs(), connection.connectionId);
      if (connection.compressors.length > 0) reply.texts('compression', connection.compressors);
    },
  });
  return [make('hello', [], false), make('isMaster', ['ismaster'], true)];
}

function chooseCompressors(offered: readonly string[]): CompressorName[] {
  return offered.filter((name): name is CompressorName => COMPRESSORS.has(name as CompressorName));
}
