/** Listens, and keeps track of who is connected. */
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Connection, type ConnectionOwner, type Dispatcher, type Traffic } from './connection.js';
import { resolveServerOptions, type ResolvedServerOptions, type ServerOptions } from '../options.js';

/** What the commands of clients are run by. */
export interface ServerHost {
  dispatcherFor(server: WireServer): Dispatcher;
}

export class WireServer implements ConnectionOwner {
  readonly options: ResolvedServerOptions;
  readonly connections = new Set<Connection>();
  /** Connections since the start. */
  totalConnections = 0;
  private readonly listeners: NetServer[] = [];
  readonly dispatcher: Dispatcher;
  readonly traffic: Traffic = { bytesIn: 0, bytesOut: 0, requests: 0 };
  /** Tells this process from those before it: 12 random bytes. */
  readonly processId: Uint8Array = randomBytes(12);
  private port = 0;
  private readonly closing = new AbortController();

  /** Resolves when a client has asked the server to stop; who has opened it closes it. */
  readonly stopAsked: Promise<void>;
  askToStop: () => void = () => undefined;

  constructor(host: ServerHost, options: ServerOptions = {}) {
    this.options = resolveServerOptions(options);
    this.stopAsked = new Promise((resolve) => (this.askToStop = resolve));
    this.dispatcher = host.dispatcherFor(this);
  }

  /** Where clients reach it: 'host:port'. */
  get address(): string {
    const { bind } = this.options;
    return `${bind.includes(':') ? `[${bind}]` : bind}:${this.port}`;
  }

  get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  statistics(): ReturnType<ConnectionOwner['statistics']> {
    const { size } = this.connections;
    let active = 0;
    for (const connection of this.connections) if (connection.isBusy) active++;
    return {
      current: size,
      available: this.options.maxConnections - size,
      totalCreated: this.totalConnections,
      active,
      ...this.traffic,
    };
  }

  /** The address a client is told to come back to. */
  advertisedTo(connection: Connection): string {
    return this.options.advertise ?? connection.local ?? this.address;
  }

  /** Resolves after that many milliseconds; sooner if the server closes or `signal` aborts. */
  idle(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.closing.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      this.closing.signal.addEventListener('abort', done);
      if (this.isClosing || signal.aborted) done();
    });
  }

  /** For drivers. */
  get uri(): string {
    const { standalone, replicaSet, tls } = this.options;
    const query = [
      standalone ? 'directConnection=true' : `replicaSet=${encodeURIComponent(replicaSet)}`,
      ...(tls === undefined ? [] : ['tls=true']),
    ];
    return `mongodb://${this.address}/?${query.join('&')}`;
  }

  /** @throws the system's error when the address is taken or not ours */
  async listen(): Promise<void> {
    const { bind, port, unixSocket, tls } = this.options;
    const main =
      tls === undefined
        ? createServer((socket) => this.accept(socket))
        : createTlsServer(
            {
              cert: asPem(tls.cert),
              key: asPem(tls.key),
              ...(tls.ca === undefined
                ? {}
                : { ca: asPem(tls.ca), requestCert: true, rejectUnauthorized: true }),
            },
            (socket) => this.accept(socket),
          );
    await this.start(main, { host: bind, port });
    this.port = (main.address() as AddressInfo).port;
    if (unixSocket !== undefined)
      await this.start(
        createServer((socket) => this.accept(socket)),
        { path: unixSocket },
      );
  }

  private start(server: NetServer, where: { host: string; port: number } | { path: string }): Promise<void> {
    server.maxConnections = this.options.maxConnections;
    this.listeners.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...where, backlog: 4096 }, () => {
        server.off('error', reject);
        server.on('error', () => undefined); // an accept that failed is the client's loss
        resolve();
      });
    });
  }

  private accept(socket: Socket): void {
    if (this.isClosing) {
      socket.destroy();
      return;
    }
    const connection = new Connection(++this.totalConnections, socket, this);
    this.connections.add(connection);
    void connection.whenEnded().then(() => this.connections.delete(connection));
  }

  /** Takes no more clients, lets commands that run finish for up to `graceMs`, then ends all connections. */
  async close(graceMs = 1000): Promise<void> {
    this.closing.abort();
    const closed = this.listeners.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const connection of this.connections) if (!connection.isBusy) connection.destroy();
    const timer = setTimeout(() => {
      for (const connection of this.connections) connection.destroy();
    }, graceMs);
    await Promise.all(
      [...this.connections].map((connection) => connection.whenIdle().then(() => connection.destroy())),
    );
    clearTimeout(timer);
    await Promise.all(closed);
  }
}

function asPem(text: string | Uint8Array): string | Buffer {
  return typeof text === 'string' ? text : Buffer.from(text);
}
