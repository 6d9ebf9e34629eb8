/** What is being done right now, and how much has been: what `currentOp`, `killOp`, `top` and `serverStatus` tell. */

import type { OperationFacts } from '../aggregate/collections.js';
import type { PlanTrace } from '../operation/plan-trace.js';

/** A command that runs. */
export interface RunningOperation {
  readonly id: number;
  readonly command: string;
  /** The command's document, as others may see it. */
  body: Uint8Array;
  readonly clientId: number;
  readonly remote: string;
  readonly appName: string | undefined;
  /** Milliseconds of the clock that never goes back. */
  readonly startedMs: number;
  /** When it is known. */
  db: string;
  /** 'db.collection', when it is known; '' if it is for none. */
  namespace: string;
  /** Hexadecimal digits of its session. */
  lsid: string | undefined;
  readonly trace: PlanTrace;
  interrupt: (() => void) | undefined;
}

/** What kind of operation a command is, as `currentOp` says it. */
const OPERATION_KINDS: Readonly<Record<string, string>> = {
  insert: 'insert',
  find: 'query',
  update: 'update',
  delete: 'remove',
  getMore: 'getmore',
};

/** @param command  its name */
export function operationKind(command: string): string {
  return Object.hasOwn(OPERATION_KINDS, command) ? OPERATION_KINDS[command]! : 'command';
}

/** How often, and how many microseconds altogether. */
export interface Usage {
  count: number;
  micros: number;
}

export const USAGE_KINDS = [
  'total',
  'readLock',
  'writeLock',
  'queries',
  'getmore',
  'insert',
  'update',
  'remove',
  'commands',
] as const;
export type UsageKind = (typeof USAGE_KINDS)[number];
export type NamespaceUsage = Readonly<Record<UsageKind, Usage>>;

/** Kinds of commands that are counted by themselves. */
export type CountedKind = 'insert' | 'query' | 'update' | 'delete' | 'getmore' | 'command';

const KINDS: ReadonlyMap<string, { readonly counter: CountedKind; readonly usage: UsageKind }> = new Map([
  ['insert', { counter: 'insert', usage: 'insert' }],
  ['find', { counter: 'query', usage: 'queries' }],
  ['update', { counter: 'update', usage: 'update' }],
  ['delete', { counter: 'delete', usage: 'remove' }],
  ['getMore', { counter: 'getmore', usage: 'getmore' }],
]);
const OTHER = { counter: 'command', usage: 'commands' } as const;

/** Namespaces whose use is remembered; beyond that those seen first are forgotten. */
const MOST_NAMESPACES = 10_000;

export class Activity {
  /** Commands since the start, by kind. */
  readonly counters: Record<CountedKind, number> = {
    insert: 0,
    query: 0,
    update: 0,
    delete: 0,
    getmore: 0,
    command: 0,
  };
  /** Documents that commands have handled. */
  readonly documents = { deleted: 0, inserted: 0, returned: 0, updated: 0 };
  /** Commands that failed. */
  failures = 0;
  private readonly operations = new Map<number, RunningOperation>();
  private readonly usage = new Map<string, NamespaceUsage>();
  private lastId = 0;

  begin(facts: Omit<RunningOperation, 'id' | 'db' | 'namespace' | 'lsid'>): RunningOperation {
    const { command, body, clientId, remote, appName, startedMs, interrupt, trace } = facts;
    const id = ++this.lastId;
    const operation = {
      id,
      command,
      body,
      clientId,
      remote,
      appName,
      startedMs,
      db: '',
      namespace: '',
      lsid: undefined,
      interrupt,
      trace,
    };
    this.operations.set(id, operation);
    return operation;
  }

  /** @param isWrite  whether it may have changed data */
  end(operation: RunningOperation, nowMs: number, isWrite: boolean): void {
    this.operations.delete(operation.id);
    const kind = KINDS.get(operation.command) ?? OTHER;
    this.counters[kind.counter]++;
    const { namespace } = operation;
    // a name with a NUL is none, and could not be the name of a field in the answer of `top`
    if (namespace === '' || namespace.includes('\0')) return;
    const usage = this.usageOf(namespace);
    const micros = Math.max(1, Math.round((nowMs - operation.startedMs) * 1000));
    add(usage.total, micros);
    add(isWrite ? usage.writeLock : usage.readLock, micros);
    add(usage[kind.usage], micros);
  }

  private usageOf(namespace: string): NamespaceUsage {
    let usage = this.usage.get(namespace);
    if (usage === undefined) {
      usage = Object.fromEntries(USAGE_KINDS.map((kind) => [kind, { count: 0, micros: 0 }])) as Record<
        UsageKind,
        Usage
      >;
      this.usage.set(namespace, usage);
      if (this.usage.size > MOST_NAMESPACES) this.usage.delete(this.usage.keys().next().value!);
    }
    return usage;
  }

  /** Commands that run, the oldest first. */
  running(): IterableIterator<RunningOperation> {
    return this.operations.values();
  }

  /** Commands that run, as pipelines see them. */
  facts(nowMs: number): OperationFacts[] {
    return [...this.running()].map(({ startedMs, command, db, namespace, trace, ...operation }) => ({
      ...operation,
      namespace: namespace === '' ? `${db}.$cmd${command === 'aggregate' ? '.aggregate' : ''}` : namespace,
      planSummary: trace.summary,
      kind: operationKind(command),
      elapsedMs: nowMs - startedMs,
    }));
  }

  get runningCount(): number {
    return this.operations.size;
  }

  namespaces(): IterableIterator<[string, NamespaceUsage]> {
    return this.usage.entries();
  }

  /** Ends an operation as soon as it looks. An id nobody has is nobody's error. */
  kill(id: number): void {
    this.operations.get(id)?.interrupt?.();
  }
}

function add(usage: Usage, micros: number): void {
  usage.count++;
  usage.micros += micros;
}
