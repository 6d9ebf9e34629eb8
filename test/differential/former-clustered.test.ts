/** Plans of a clustered collection, and what is told of time series; each with the reference's answer. */
import { expect } from 'chai';
import { decodeDocument } from '../../elmo/bson/decode.js';
import type { Document } from '../../elmo/bson/package.js';
import { DB } from './commands.js';
import { messageOf, ourSide } from './sides.js';

const BEFORE: readonly Document[] = [
  { create: 'c', clusteredIndex: { key: { _id: 1 }, unique: true, name: 'cl' } },
  {
    insert: 'c',
    documents: [
      { _id: 1, a: 1 },
      { _id: 2, a: 2 },
      { _id: 3, a: 3 },
    ],
  },
  { create: 't', timeseries: { timeField: 'at', metaField: 'm' } },
];

async function answer(command: Document): Promise<Document> {
  const side = await ourSide();
  try {
    let reply: Document = {};
    for (const each of [...BEFORE, command]) {
      reply = decodeDocument(await side.send(messageOf({ command: each })));
      expect(reply['ok']).to.equal(1);
    }
    return reply;
  } finally {
    await side.close();
  }
}

const forward = { direction: 'forward' };

describe('explain of a clustered collection', () => {
  for (const [find, plan] of [
    [{}, { stage: 'COLLSCAN', ...forward }],
    [{ filter: { _id: 1 } }, { stage: 'EXPRESS_CLUSTERED_IXSCAN' }],
    [
      { filter: { _id: { $gt: 1 } } },
      { stage: 'CLUSTERED_IXSCAN', ...forward, minRecord: 1, maxRecord: Infinity },
    ],
    [
      { filter: { _id: { $lt: 5 } } },
      { stage: 'CLUSTERED_IXSCAN', ...forward, minRecord: NaN, maxRecord: 5 },
    ],
    [
      { filter: { _id: { $gte: 'a' } } },
      { stage: 'CLUSTERED_IXSCAN', ...forward, minRecord: 'a', maxRecord: {} },
    ],
    [
      { filter: { _id: { $in: [1, 3] } } },
      { stage: 'CLUSTERED_IXSCAN', filter: { _id: { $in: [1, 3] } }, ...forward, minRecord: 1, maxRecord: 3 },
    ],
    [
      { filter: { _id: { $gt: 1 } }, sort: { _id: -1 } },
      { stage: 'CLUSTERED_IXSCAN', direction: 'backward', minRecord: 1, maxRecord: Infinity },
    ],
    [
      { filter: { _id: { $ne: 1 } } },
      { stage: 'COLLSCAN', filter: { _id: { $not: { $eq: 1 } } }, ...forward },
    ],
    [{ filter: { _id: /x/ } }, { stage: 'COLLSCAN', filter: { _id: { $regex: 'x' } }, ...forward }],
    [{ sort: { _id: -1 } }, { stage: 'COLLSCAN', direction: 'backward' }],
    [
      { filter: { a: 2 }, hint: 'cl' },
      { stage: 'COLLSCAN', filter: { a: { $eq: 2 } }, ...forward },
    ],
    [
      { filter: { _id: { $gt: 1 } }, projection: { _id: 1 } },
      {
        stage: 'PROJECTION_SIMPLE',
        transformBy: { _id: 1 },
        inputStage: { stage: 'CLUSTERED_IXSCAN', ...forward, minRecord: 1, maxRecord: Infinity },
      },
    ],
  ] as const)
    it(JSON.stringify(find), async () => {
      const { queryPlanner } = await answer({ explain: { find: 'c', ...find }, verbosity: 'queryPlanner' });
      expect(withoutPlaces((queryPlanner as { winningPlan: Document }).winningPlan)).to.deep.equal(plan);
    });

  it('looks at no keys', async () => {
    const { executionStats } = await answer({ explain: { find: 'c', filter: { _id: { $gt: 1 } } } });
    expect(executionStats).to.include({ totalKeysExamined: 0, totalDocsExamined: 2 });
  });
});

/** A plan without the name of its collection, and whether it was cached. */
function withoutPlaces({ isCached: _, nss: __, inputStage, ...plan }: Document): Document {
  return inputStage === undefined ? plan : { ...plan, inputStage: withoutPlaces(inputStage as Document) };
}

describe('collStats of time series', () => {
  it('counts buckets', async () => {
    const reply = await answer({ collStats: 't' });
    expect(reply['timeseries']).to.deep.equal({ bucketsNs: `${DB}.t`, bucketCount: 0 });
    expect(reply).not.to.have.property('count');
  });
});
