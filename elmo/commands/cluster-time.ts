/** The times a replica set puts into its replies. */
import type { ClusterTime } from '../operation/operation.js';
import type { ReplyWriter } from './reply.js';

/** A server without keys does not sign. */
const NO_HASH = new Uint8Array(20);
/** Nobody has been elected but once. */
const TERM = 1;

export function writeClusterTime(reply: ReplyWriter, time: ClusterTime): void {
  reply.object('$clusterTime', (into) =>
    into
      .timestamp('clusterTime', time.seconds, time.increment)
      .object('signature', (signature) => signature.binary('hash', NO_HASH).int64('keyId', 0)),
  );
  reply.timestamp('operationTime', time.seconds, time.increment);
}

export function writeOpTime(reply: ReplyWriter, name: string, time: ClusterTime): void {
  reply.object(name, (into) => into.timestamp('ts', time.seconds, time.increment).int64('t', TERM));
}
