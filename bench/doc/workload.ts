/** What a workload of documents is: one question, asked of every peer in the same way, in a process that holds the peer open. */
import { Stopwatch } from '../measure.js';
import { order, type Order } from './data.js';
import type { Awaitable, DocPeer, DocPeerName, Native } from './peer.js';

export interface DocContext {
  readonly peer: DocPeer;
  readonly name: DocPeerName;
  readonly documents: number;
  readonly seed: number;
  /** Milliseconds a measurement may take. */
  readonly budgetMs: number;
  readonly round: number;
  /** What a workload must remember from round to round: how far it has come. */
  readonly counters: Map<string, number>;
}

/** What is wanted, as the quotient of ours and a peer's; `sqlite` is the better of its two forms. */
export interface Goal {
  readonly than: DocPeerName | 'sqlite';
  readonly times: number;
}

export interface DocWorkload {
  readonly name: string;
  readonly question: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly goals: readonly Goal[];
  /** What must be reached whatever the peers do, in the unit. */
  readonly atLeast?: number;
  /** @returns undefined: the peer does not offer it */
  readonly run: (context: DocContext) => Promise<DocMeasured | undefined>;
}

export interface DocMeasured {
  readonly value: number;
  /** Microseconds of processor time each. */
  readonly cpuMicros?: number;
  readonly details?: Readonly<Record<string, number>>;
}

/** One kind of call, made again and again. */
export interface Pace<A, R> {
  /** Calls between two looks at the clock. */
  readonly chunk: number;
  /** Arguments of the next call; not measured. */
  readonly make: (n: number) => A;
  readonly call: (argument: A) => Awaitable<R>;
  /** Is shown the answers of the first chunk and one of each other. @throws Error when one is wrong; not measured */
  readonly check?: (argument: A, result: R) => void;
  /** How many are called before the first is awaited. Default 1. */
  readonly inFlight?: number;
}

/** Calls until the budget is used up; in the first round a part of it beforehand, unmeasured, so that all is compiled. */
export async function pace<A, R>(context: DocContext, kind: Pace<A, R>): Promise<DocMeasured> {
  if (context.round === 0) await paceFor(context.budgetMs / 2, kind);
  const { watch, count } = await paceFor(context.budgetMs, kind);
  return { value: watch.perSecond(count), cpuMicros: watch.cpuMicrosEach(count) };
}

async function paceFor<A, R>(
  budgetMs: number,
  { chunk, make, call, check, inFlight = 1 }: Pace<A, R>,
): Promise<{ watch: Stopwatch; count: number }> {
  const watch = new Stopwatch();
  let count = 0;
  while (watch.ms < budgetMs) {
    const given = Array.from({ length: chunk }, (_, n) => make(count + n));
    const results: R[] = new Array<R>(chunk);
    watch.start();
    if (inFlight === 1) await callInTurn(given, call, results);
    else await callTogether(given, call, results, inFlight);
    watch.stop();
    // Every answer of the first calls, then one of each chunk: checking makes garbage, which the peer would have to collect.
    if (check !== undefined) {
      const some = count === 0 ? given.length : 1;
      for (let n = 0; n < some; n++) check(given[n]!, results[n]!);
    }
    count += chunk;
  }
  return { watch, count };
}

async function callInTurn<A, R>(
  given: readonly A[],
  call: (argument: A) => Awaitable<R>,
  results: R[],
): Promise<void> {
  for (let n = 0; n < given.length; n++) {
    const result = call(given[n]!);
    results[n] = result instanceof Promise ? await (result as Promise<R>) : (result as R);
  }
}

/** `inFlight` callers, each of which waits for its own answer before its next call. */
async function callTogether<A, R>(
  given: readonly A[],
  call: (argument: A) => Awaitable<R>,
  results: R[],
  inFlight: number,
): Promise<void> {
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < given.length) {
      const n = next++;
      results[n] = await call(given[n]!);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

/** @throws Error unless it is order `i` as it was inserted */
export function mustBeOrder(peer: DocPeer, found: Native | null | undefined, i: number, seed: number): void {
  mustBe(found === null || found === undefined ? undefined : peer.plain(found), order(i, seed), `order ${i}`);
}

/** @throws Error unless all of `got` is in `wanted` and the other way round; the order of fields does not count */
export function mustBe(got: unknown, wanted: unknown, what: string): void {
  const given = canonical(got);
  const expected = canonical(wanted);
  if (given !== expected) throw new Error(`${what}: wrong answer: ${given}; expected ${expected}`);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** @throws Error unless these are the orders with those numbers, in this order if `inOrder` */
export function mustBeOrders(
  peer: DocPeer,
  found: readonly Native[],
  wanted: readonly number[],
  seed: number,
  inOrder: boolean,
): void {
  const got: Order[] = found.map((one) => peer.plain(one));
  if (!inOrder) got.sort((a, b) => (a.id < b.id ? -1 : 1));
  mustBe(got.length, wanted.length, 'number of orders');
  got.forEach((one, n) => mustBe(one, order(wanted[n]!, seed), `order ${wanted[n]!}`));
}
