/** What administration sets and asks, one of each for an engine: it lasts as long as the engine is open. */
import type { Value } from '../bson/value.js';
import { defaultSettings, type QuerySettings } from '../operation/query-settings.js';
import type { RawDocument } from '../operation/requests.js';
import type { Matcher } from '../query/filter.js';
import { Activity } from './activity.js';
import { ClusterClock } from '../session/cluster-clock.js';
import { EventLog } from './event-log.js';
import { WriteGate } from './write-gate.js';

/** Of a database: what the profiler writes down. */
export interface ProfileSettings {
  /** 0: nothing, 1: what is slow, or what the filter wants, 2: everything. */
  level: number;
  /** Which of its documents are written at level 1; undefined: those of slow commands. */
  filter: { readonly raw: RawDocument; readonly matcher: Matcher } | undefined;
}

/** Of the deleting of documents whose time is over. */
export interface ExpirySettings {
  isEnabled: boolean;
  /** Between two rounds; undefined: as the engine was opened. */
  intervalMs: number | undefined;
  /** Called after a change of the interval. */
  changed: () => void;
}

/** `setDefaultRWConcern`. */
export interface DefaultConcerns {
  readonly read: RawDocument | undefined;
  readonly write: RawDocument | undefined;
  readonly setAtMs: number | undefined;
}

export class ServerState {
  readonly clusterClock: ClusterClock;
  /** Whether clients see a replica set, whose writes have a time. */
  hasClusterTime = true;
  readonly activity = new Activity();
  readonly writeGate = new WriteGate();
  readonly eventLog: EventLog;
  /** Parameters that were set, by name. */
  readonly parameters = new Map<string, Value>();
  /** Cluster parameters that were set, by name; raw. */
  readonly clusterParameters = new Map<string, { readonly raw: RawDocument; readonly setAtMs: number }>();
  /** By database; one for each that `profile` has been run on. */
  readonly profiles = new Map<string, ProfileSettings>();
  /** Cursors that nobody has asked for this long are closed. */
  cursorTimeoutMs = 600_000;
  /** How documents whose time is over are deleted. */
  readonly expiry: ExpirySettings = { isEnabled: true, intervalMs: undefined, changed: () => undefined };
  /** Of all queries. */
  readonly query: QuerySettings = defaultSettings();
  /** How much is logged: from 1 on every command. -1: as of all. */
  readonly logLevels = { all: 0, command: -1 };
  /** Whether connections are not logged. */
  isQuiet = false;
  /** Whether clients have to say which version of the Stable API they speak. */
  requiresApiVersion = false;
  /** Milliseconds that a transaction waits for a lock; -1: as long as its command may take. */
  transactionLockWaitMs = 5;
  /** Of the credentials that are made from now on. */
  readonly scramIterations = { 'SCRAM-SHA-1': 10_000, 'SCRAM-SHA-256': 15_000 };
  slowMs = 100;
  sampleRate = 1;
  defaultConcerns: DefaultConcerns = { read: undefined, write: undefined, setAtMs: undefined };
  /** Milliseconds since 1970. */
  readonly startedWallMs: number;
  readonly startedMs: number;

  get logsEveryCommand(): boolean {
    const { all, command } = this.logLevels;
    return (command === -1 ? all : command) > 0;
  }

  constructor(wallMs: () => number, nowMs: () => number) {
    this.clusterClock = new ClusterClock(wallMs);
    this.eventLog = new EventLog(wallMs);
    this.eventLog.add('CONTROL', 'The store is open');
    this.startedWallMs = wallMs();
    this.startedMs = nowMs();
  }
}
