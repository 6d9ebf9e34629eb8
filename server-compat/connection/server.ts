/** Listens, and keeps track of who is connected. */
import { connect, createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { Connection, type ConnectionOwner, type Dispatcher, type Traffic } from './connection.js';
import { ReplyMemory } from './reply-memory.js';
import { SlowReaders } from './slow-readers.js';
import { removeSocket, systemEnv } from '../../lsm/index.js';
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
  readonly replyMemory = new ReplyMemory(() => this.onGarbage());
  readonly slowReaders: SlowReaders;
  private ownId: Uint8Array | undefined;
  private port = 0;
  private readonly closing = new AbortController();

  /** Resolves when a client has asked the server to stop; who has opened it closes it. */
  readonly stopAsked: Promise<void>;
  askToStop: () => void = () => undefined;
  /** Told how many connections there are when one has come or gone. */
  onCount: (connections: number) => void = () => undefined;
  /** Told when much memory is left to the collector. */
  onGarbage: () => void = () => undefined;

  constructor(host: ServerHost, options: ServerOptions = {}) {
    this.options = resolveServerOptions(options);
    this.slowReaders = new SlowReaders(this.options.maxUnreadBytes);
    this.stopAsked = new Promise((resolve) => (this.askToStop = resolve));
    this.dispatcher = host.dispatcherFor(this);
  }

  /** Where clients reach it: 'host:port'. */
  get address(): string {
    const { bind } = this.options;
    return `${bind.includes(':') ? `[${bind}]` : bind}:${this.port}`;
  }

  /** Tells this process from those before it: 12 random bytes. */
  get processId(): Uint8Array {
    if (this.ownId === undefined) {
      this.ownId = new Uint8Array(12);
      systemEnv().random.fill(this.ownId);
    }
    return this.ownId;
  }

  get isClosing(): boolean {
    return this.closing.signal.aborted;
  }

  get parameters(): Readonly<Record<string, unknown>> {
    const tlsMode = this.options.tls === undefined ? 'disabled' : 'requireTLS';
    const sslMode = this.options.tls === undefined ? 'disabled' : 'requireSSL';
    return { enableTestCommands: this.options.enableTestCommands, tlsMode, sslMode };
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
    const { unixSocket, tcp } = this.options;
    if (!tcp) return `mongodb://${encodeURIComponent(unixSocket!)}/?directConnection=true`;
    const { standalone, replicaSet, tls } = this.options;
    const query = [
      standalone ? 'directConnection=true' : `replicaSet=${encodeURIComponent(replicaSet)}`,
      ...(tls === undefined ? [] : ['tls=true']),
    ];
    return `mongodb://${this.address}/?${query.join('&')}`;
  }

  /** @throws the system's error when the address is taken or not ours */
  async listen(): Promise<void> {
    const { bind, port, unixSocket, tcp } = this.options;
    if (tcp) {
      const main = await this.tcpServer();
      await this.start(main, { host: bind, port });
      this.port = (main.address() as AddressInfo).port;
    }
    if (unixSocket !== undefined) await this.listenOnSocket(unixSocket);
  }

  private async tcpServer(): Promise<NetServer> {
    const { tls } = this.options;
    if (tls === undefined) return createServer((socket) => this.accept(socket));
    const { cert, key, ca } = tls;
    const clients = ca === undefined ? {} : { ca: asPem(ca), requestCert: true, rejectUnauthorized: true };
    const { createServer: createTlsServer } = await import('node:tls');
    return createTlsServer({ cert: asPem(cert), key: asPem(key), ...clients }, (socket) =>
      this.accept(socket),
    );
  }

  /** Only the same user may connect. What a process that was killed left lying there is replaced. */
  private async listenOnSocket(path: string): Promise<void> {
    const listen = (): Promise<void> => {
      const server = createServer((socket) => this.accept(socket));
      return withoutOthers(() => this.start(server, { path }));
    };
    try {
      await listen();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || (await answers(path))) throw error;
      this.listeners.pop();
      removeSocket(path);
      await listen();
    }
    if (!this.options.tcp) this.listeners.at(-1)?.unref(); // it serves others besides, and keeps no process alive
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
    this.dispatcher.greeted(connection, this.connections.size);
    this.onCount(this.connections.size);
    void connection.whenEnded().then(() => {
      this.connections.delete(connection);
      this.dispatcher.left(connection, this.connections.size);
      this.onCount(this.connections.size);
    });
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

/** Runs it so that what it makes is for this user alone. */
function withoutOthers<T>(run: () => T): T {
  let before: number;
  try {
    before = process.umask(0o177);
  } catch {
    return run(); // inside a worker thread the mask cannot be changed
  }
  try {
    return run();
  } finally {
    process.umask(before);
  }
}

/** Whether somebody listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function asPem(text: string | Uint8Array): string | Buffer {
  return typeof text === 'string' ? text : Buffer.from(text);
}
