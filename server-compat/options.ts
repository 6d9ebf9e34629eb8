/** Every option of the server in one place: unit, default, range, effect. */
export interface ServerOptions {
  /** TCP port; 0: any free one. Default 27017. */
  readonly port?: number;
  /** Address to listen on. Default 127.0.0.1. A wider one needs `auth` or `allowUnauthenticated`. */
  readonly bind?: string;
  /** 'host:port' under which clients reach it. Default: the address a client has connected to. */
  readonly advertise?: string;
  /** Path of a Unix socket to listen on as well; on Windows the name of a pipe. Only the same user may connect there. */
  readonly unixSocket?: string;
  /** Whether to listen on TCP at all. Default true. */
  readonly tcp?: boolean;
  /** Whether clients have to log in. Default false. */
  readonly auth?: boolean;
  /** Listen on other addresses than loopback without `auth`. Default false. */
  readonly allowUnauthenticated?: boolean;
  readonly tls?: TlsOptions;
  /** Present itself as a standalone server, not as a replica set of one. Default false. */
  readonly standalone?: boolean;
  /** Name of the replica set of one. Default 'elmo'. */
  readonly replicaSet?: string;
  /** Whether `configureFailPoint` is there. Default false. */
  readonly enableTestCommands?: boolean;
  /** Most connections at a time. Default 65,536. */
  readonly maxConnections?: number;
  /** Bytes of requests of one connection that may wait while one of them is answered; a last one may pass it. Default 1 MiB. */
  readonly maxWaitingBytes?: number;
  /**
   * Bytes of replies that all clients together may leave unread; beyond it those that have waited longest are let go.
   * Default 1 GiB.
   */
  readonly maxUnreadBytes?: number;
  /** Bytes of a message of a client that has to log in and has not. Default 64 KiB. */
  readonly maxBytesBeforeLogin?: number;
}

export interface TlsOptions {
  /** PEM: certificate (chain) and its key. */
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  /** PEM: who signs the clients' certificates; when given, clients have to show one. */
  readonly ca?: string | Uint8Array;
}

/** Options without a default. */
type Absent = 'unixSocket' | 'tls' | 'advertise';

export interface ResolvedServerOptions
  extends Required<Omit<ServerOptions, Absent>>, Pick<ServerOptions, Absent> {}

const LOOPBACK = /^(127\.|::1$|localhost$|\[::1\]$)/;

/** A refusal by the server itself, before any client is there. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** @throws ServerError */
export function resolveServerOptions(options: ServerOptions = {}): ResolvedServerOptions {
  const resolved: ResolvedServerOptions = {
    port: 27017,
    bind: '127.0.0.1',
    tcp: true,
    auth: false,
    allowUnauthenticated: false,
    standalone: false,
    replicaSet: 'elmo',
    enableTestCommands: false,
    maxConnections: 65_536,
    maxWaitingBytes: 1024 * 1024,
    maxUnreadBytes: 1024 * 1024 * 1024,
    maxBytesBeforeLogin: 64 * 1024,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
  const { port, bind } = resolved;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ServerError(`port must be a whole number from 0 to 65535, got ${port}`);
  if (!resolved.tcp && resolved.unixSocket === undefined)
    throw new ServerError('without TCP a unixSocket is needed to listen on');
  if (!LOOPBACK.test(bind) && !resolved.auth && !resolved.allowUnauthenticated)
    throw new ServerError(
      `listening on ${bind} without authentication lets everybody in; ask for auth, or say allowUnauthenticated if that is meant`,
    );
  return resolved;
}
