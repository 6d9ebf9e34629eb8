/** Questions about reading 100,000 orders. */
import { Shuffle } from '../../data.js';
import { Answers } from '../answers.js';
import { city, country, createdAt, orderId, orderNumber, STATUSES, tag, user, userIdOf } from '../data.js';
import type { Revenue } from '../peer.js';
import { mustBe, mustBeOrder, mustBeOrders, pace, type DocContext, type DocWorkload } from '../workload.js';

let known: Answers | undefined;

function answers({ documents, seed }: DocContext): Answers {
  if (known?.documents !== documents || known.seed !== seed) known = new Answers(documents, seed);
  return known;
}

/** A random number of [0, documents), another in each round. */
function picker({ documents, round, seed }: DocContext): (n: number) => number {
  const shuffle = new Shuffle(documents, seed + 31 * round);
  return (n) => shuffle.at(n % documents);
}

const reading = { unit: '/s', better: 'more' } as const;

export const findById: DocWorkload = {
  ...reading,
  name: 'findOne by _id',
  question: 'How many orders are found by _id, awaited one by one, decoded?',
  goals: [
    { than: 'sqlite', times: 1.3 },
    { than: 'reference', times: 5 },
  ],
  run: (context) => {
    const { peer, seed } = context;
    const pick = picker(context);
    return pace(context, {
      chunk: 500,
      make: (n) => ({ i: pick(n), key: peer.key(orderId(pick(n))) }),
      call: ({ key }) => peer.findById(key),
      check: ({ i }, found) => mustBeOrder(peer, found, i, seed),
    });
  },
};

export const findByUnique: DocWorkload = {
  ...reading,
  name: 'findOne by unique index',
  question: 'How many orders are found by their unique number, awaited one by one, decoded?',
  goals: [
    { than: 'sqlite', times: 1.3 },
    { than: 'reference', times: 5 },
  ],
  run: (context) => {
    const { peer, seed } = context;
    const pick = picker(context);
    return pace(context, {
      chunk: 500,
      make: (n) => ({ i: pick(n), number: orderNumber(pick(n)) }),
      call: ({ number }) => peer.findByNumber(number),
      check: ({ i }, found) => mustBeOrder(peer, found, i, seed),
    });
  },
};

export const latest: DocWorkload = {
  ...reading,
  name: 'range + sort + limit 20',
  question: 'How often are the 20 newest orders of a status before a date found?',
  goals: [{ than: 'sqlite', times: 1.5 }],
  run: (context) => {
    const { peer, seed } = context;
    const pick = picker(context);
    return pace(context, {
      chunk: 50,
      make: (n) => ({ before: pick(n), at: createdAt(pick(n)), status: STATUSES[n % STATUSES.length]! }),
      call: ({ at, status }) => peer.latest(status, at),
      check: ({ before, status }, found) =>
        mustBeOrders(peer, found, answers(context).latest(status, before), seed, true),
    });
  },
};

/** Orders between the two dates of `filtered`: a fifth of them have the status, a hundredth the country too. */
const WINDOW = 2000;

export const filtered: DocWorkload = {
  ...reading,
  name: 'compound filter, unindexed residual',
  question: 'How often are the 20 of 400 orders of a status between two dates found that went to a country?',
  goals: [{ than: 'sqlite', times: 5 }],
  run: (context) => {
    const { peer, seed } = context;
    const pick = picker(context);
    return pace(context, {
      chunk: 20,
      make: (n) => {
        const from = Math.min(pick(n), Math.max(0, context.documents - WINDOW));
        const to = from + WINDOW;
        const status = STATUSES[n % STATUSES.length]!;
        return { from, to, status, country: country(n * 7), low: createdAt(from), high: createdAt(to) };
      },
      call: ({ status, low, high, country: to }) => peer.filtered(status, low, high, to),
      check: ({ status, from, to, country: where }, found) =>
        mustBeOrders(peer, found, answers(context).filtered(status, from, to, where), seed, false),
    });
  },
};

export const countRange: DocWorkload = {
  ...reading,
  name: 'countDocuments, index range',
  question: 'How often are the orders with a total in a twentieth of the range counted?',
  goals: [{ than: 'sqlite', times: 3 }],
  run: (context) => {
    const { peer } = context;
    const pick = picker(context);
    return pace(context, {
      chunk: 50,
      make: (n) => ({ low: pick(n) % 9500, high: (pick(n) % 9500) + 500 }),
      call: ({ low, high }) => peer.countTotals(low, high),
      check: ({ low, high }, count) => mustBe(count, answers(context).countTotals(low, high), 'count'),
    });
  },
};

const cents = (rows: readonly Revenue[]): unknown =>
  rows.map(({ country: where, orders, revenue }) => [where, orders, Math.round(revenue * 100) / 100]);

export const group: DocWorkload = {
  ...reading,
  name: '$match + $group + $sort',
  question: 'How often are all orders matched, grouped by country and sorted by revenue?',
  goals: [{ than: 'reference', times: 2 }],
  atLeast: 25,
  run: async (context) => {
    const { revenue } = context.peer;
    if (revenue === undefined) return undefined;
    return pace(context, {
      chunk: 1,
      make: () => undefined,
      call: () => revenue.call(context.peer),
      check: (_, rows) => mustBe(cents(rows), cents(answers(context).revenue()), 'revenue'),
    });
  },
};

export const scanNested: DocWorkload = {
  ...reading,
  name: 'scan, nested equality',
  question: 'How often are the orders shipped to a city found, one in 1,000, without an index?',
  goals: [{ than: 'reference', times: 2 }],
  atLeast: 40,
  run: (context) => {
    const { peer, seed } = context;
    return pace(context, {
      chunk: 1,
      make: (n) => city(n * 13 + context.round),
      call: (where) => peer.byCity(where),
      check: (where, found) => mustBeOrders(peer, found, answers(context).list(where), seed, false),
    });
  },
};

export const scanArray: DocWorkload = {
  ...reading,
  name: 'scan, array element',
  question: 'How often are the orders that have a tag found, one in 1,000, without an index?',
  goals: [{ than: 'reference', times: 2 }],
  atLeast: 40,
  run: (context) => {
    const { peer, seed } = context;
    return pace(context, {
      chunk: 1,
      make: (n) => tag(n * 13 + context.round),
      call: (label) => peer.byTag(label),
      check: (label, found) => mustBeOrders(peer, found, answers(context).list(label), seed, false),
    });
  },
};

export const join: DocWorkload = {
  ...reading,
  name: 'join 20 orders with users',
  question: 'How often are the 20 newest orders of a status before a date joined with their users?',
  goals: [{ than: 'sqlite', times: 1 }],
  run: async (context) => {
    const { peer, seed } = context;
    const { withUsers, userNameOf } = peer;
    if (withUsers === undefined || userNameOf === undefined) return undefined;
    const pick = picker(context);
    return pace(context, {
      chunk: 50,
      make: (n) => ({ before: pick(n), at: createdAt(pick(n)), status: STATUSES[n % STATUSES.length]! }),
      call: ({ at, status }) => withUsers.call(peer, status, at),
      check: ({ before, status }, found) => {
        const names = answers(context)
          .latest(status, before)
          .map((i) => user(userIdOf(i, seed)).name);
        mustBe(
          found.map((one) => userNameOf.call(peer, one)),
          names,
          'users',
        );
      },
    });
  },
};

export const createIndex: DocWorkload = {
  ...reading,
  name: 'createIndex over all',
  question: 'How many indexes on shipping.city of all orders are built in a second?',
  goals: [{ than: 'sqlite', times: 1 }],
  run: async (context) => {
    const { peer, seed } = context;
    let isThere = false;
    const measured = await pace(context, {
      chunk: 1,
      make: () => undefined,
      call: async () => {
        if (isThere) await peer.dropIndex();
        isThere = true;
        await peer.createIndex();
      },
    });
    mustBeOrders(peer, await peer.byCity(city(5)), answers(context).list(city(5)), seed, false);
    await peer.dropIndex();
    return measured;
  },
};

export const READS: readonly DocWorkload[] = [
  findById,
  findByUnique,
  latest,
  filtered,
  countRange,
  group,
  scanNested,
  scanArray,
  join,
  createIndex,
];
