/**
 * Gives memory back to the system when a storm of connections is over: most clients have gone, and those that are left ask
 * little. By itself the runtime would keep what it has touched, because an idle process has no garbage to collect. Pieces of
 * memory for long replies that nobody needs any more are collected in the same way.
 *
 * The space for young objects shrinks only in a collection that finds that little was allocated in the seconds before. So
 * the server is to be quiet for that long, and is collected twice: the first tells that little was allocated.
 */

/** Fewer connections are no storm. */
const LEAST_CONNECTIONS = 256;
/** So many times as many there have been as are left. */
const LEFT_SHARE = 4;
/** Requests between two looks that a quiet server may have had. */
const QUIET_REQUESTS = 20;
/** Looks in a row that find it quiet. */
const QUIET_LOOKS = 4;
const COLLECTIONS = 2;

export interface WatchedServer {
  readonly traffic: { readonly requests: number };
  /** Called with the number of connections when one has come or gone. */
  onCount: (connections: number) => void;
  /** Called when much memory is left to the collector. */
  onGarbage: () => void;
}

export class StormWatch {
  private most = 0;
  private current = 0;
  private hasGarbage = false;
  private looks = 0;
  private requestsBefore = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param collect  all garbage
   * @param lookMs   between two looks
   */
  constructor(
    private readonly server: WatchedServer,
    private readonly collect: () => void,
    private readonly lookMs = 2000,
  ) {
    server.onCount = (connections) => this.count(connections);
    server.onGarbage = () => {
      this.hasGarbage = true;
      if (this.timer === undefined) this.wait();
    };
  }

  private get isOver(): boolean {
    return this.hasGarbage || (this.most >= LEAST_CONNECTIONS && this.current * LEFT_SHARE <= this.most);
  }

  private count(connections: number): void {
    this.current = connections;
    if (connections > this.most) this.most = connections;
    if (this.timer === undefined && this.isOver) this.wait();
  }

  private wait(): void {
    this.looks = 0;
    this.requestsBefore = this.server.traffic.requests;
    this.timer = setInterval(() => this.look(), this.lookMs).unref();
  }

  private look(): void {
    const { requests } = this.server.traffic;
    const isQuiet = requests - this.requestsBefore <= QUIET_REQUESTS;
    this.requestsBefore = requests;
    if (!this.isOver) return this.end();
    this.looks = isQuiet ? this.looks + 1 : 0;
    if (this.looks < QUIET_LOOKS) return;
    this.collect();
    if (this.looks < QUIET_LOOKS + COLLECTIONS - 1) return;
    this.most = this.current;
    this.hasGarbage = false;
    this.end();
  }

  private end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
