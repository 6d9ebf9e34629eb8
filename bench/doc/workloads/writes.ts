/** Questions about changing orders; the collection grows by what is inserted. */
import { Shuffle } from '../../data.js';
import { Stopwatch } from '../../measure.js';
import { order, orderId, STATUSES, USERS, user } from '../data.js';
import type { Native } from '../peer.js';
import {
  mustBe,
  mustBeOrder,
  pace,
  type DocContext,
  type DocMeasured,
  type DocWorkload,
} from '../workload.js';

const BATCH = 1000;
const writing = { unit: '/s', better: 'more' } as const;

export const insertMany: DocWorkload = {
  ...writing,
  unit: 'documents/s',
  name: 'insertMany, batches of 1,000',
  question: 'How fast do all orders go into an empty collection with four secondary indexes?',
  goals: [
    { than: 'sqlite', times: 2 },
    { than: 'reference', times: 2 },
  ],
  run: async (context) => {
    const { peer, documents, seed, round } = context;
    if (round === 0) await peer.fillUsers(Array.from({ length: USERS }, (_, id) => user(id)));
    await peer.newOrders();
    const watch = new Stopwatch();
    for (let done = 0; done < documents; done += BATCH) {
      const count = Math.min(BATCH, documents - done);
      const batch = Array.from({ length: count }, (_, n) => peer.native(order(done + n, seed)));
      watch.start();
      await peer.insertMany(batch);
      watch.stop();
    }
    await peer.settle();
    for (let i = 0; i < documents; i += 997)
      mustBeOrder(peer, await peer.findById(peer.key(orderId(i))), i, seed);
    return { value: watch.perSecond(documents), cpuMicros: watch.cpuMicrosEach(documents) };
  },
};

/** Numbers of orders nobody has inserted yet. */
function fresh({ counters, documents }: DocContext): number {
  const next = counters.get('fresh') ?? documents;
  counters.set('fresh', next + 1);
  return next;
}

function freshNative(context: DocContext): { i: number; document: Native } {
  const i = fresh(context);
  return { i, document: context.peer.native(order(i, context.seed)) };
}

/** Inserts for the budget, and looks at some of what came in. */
async function inserting(
  context: DocContext,
  insert: (document: Native) => unknown,
  chunk: number,
  inFlight = 1,
): Promise<DocMeasured> {
  const { peer, seed } = context;
  let last = 0;
  const measured = await pace(context, {
    chunk,
    inFlight,
    make: () => {
      const made = freshNative(context);
      last = made.i;
      return made.document;
    },
    call: insert,
  });
  for (let i = last; i > last - 5; i--) mustBeOrder(peer, await peer.findById(peer.key(orderId(i))), i, seed);
  return measured;
}

export const updateOne: DocWorkload = {
  ...writing,
  name: 'updateOne $inc + $set by _id',
  question: 'How often is a revision counted up and a status set, which an index knows?',
  goals: [
    { than: 'sqlite', times: 5 },
    { than: 'reference', times: 5 },
  ],
  run: async (context) => {
    const { peer, documents, seed } = context;
    const shuffle = new Shuffle(documents, seed + 31 * context.round);
    let last = { i: 0, status: '' };
    const measured = await pace(context, {
      chunk: 200,
      make: (n) => {
        const i = shuffle.at(n % documents);
        last = { i, status: STATUSES[(n + context.round) % STATUSES.length]! };
        return { key: peer.key(orderId(i)), status: last.status };
      },
      call: ({ key, status }) => peer.update(key, status),
      check: (_, changed) => mustBe(changed, 1, 'changed'),
    });
    const found = peer.plain((await peer.findById(peer.key(orderId(last.i))))!);
    mustBe(found.status, last.status, 'status');
    return measured;
  },
};

export const insertOne: DocWorkload = {
  ...writing,
  name: 'insertOne',
  question: 'How fast do orders go in one by one, awaited?',
  goals: [
    { than: 'sqlite', times: 5 },
    { than: 'reference', times: 5 },
  ],
  run: (context) => inserting(context, (document) => context.peer.insert(document), 200),
};

export const deleteOne: DocWorkload = {
  ...writing,
  name: 'deleteOne by _id',
  question: 'How many orders are deleted by _id, one by one, awaited?',
  goals: [
    { than: 'sqlite', times: 5 },
    { than: 'reference', times: 5 },
  ],
  run: async (context) => {
    const { peer, budgetMs } = context;
    const watch = new Stopwatch();
    let count = 0;
    while (watch.ms < budgetMs) {
      const made = Array.from({ length: 500 }, () => freshNative(context));
      await peer.insertMany(made.map(({ document }) => document));
      const keys = made.map(({ i }) => peer.key(orderId(i)));
      let removed = 0;
      watch.start();
      for (const key of keys) {
        const result = peer.remove(key);
        removed += typeof result === 'number' ? result : await result;
      }
      watch.stop();
      mustBe(removed, keys.length, 'deleted');
      count += keys.length;
    }
    return { value: watch.perSecond(count), cpuMicros: watch.cpuMicrosEach(count) };
  },
};

function durable(inFlight: number, times: number): DocWorkload {
  return {
    ...writing,
    name: `insertOne durable, ${inFlight} in flight`,
    question: `How fast do orders go in that survive a power cut when answered, ${inFlight} at a time?`,
    goals: [{ than: 'sqlite', times }],
    run: async (context) => {
      const { peer } = context;
      const { insertDurable } = peer;
      if (insertDurable === undefined) return undefined;
      return inserting(context, (document) => insertDurable.call(peer, document), 32 * inFlight, inFlight);
    },
  };
}

export const WRITES: readonly DocWorkload[] = [
  updateOne,
  insertOne,
  deleteOne,
  durable(1, 1),
  durable(32, 5),
];
