/** Pipelines that read views: the collation has to be the view's, wherever the view is named. */
import { expect } from 'chai';
import type { Document } from '../../../index.js';
import { connect, type ElmoClient } from '../../../server-compat/index.js';

const collation = { locale: 'en', strength: 2 };
const NAMING: Readonly<Record<string, (view: string) => Document>> = {
  $lookup: (from) => ({ $lookup: { from, localField: 'a', foreignField: 'a', as: 'j' } }),
  '$lookup with a pipeline': (from) => ({ $lookup: { from, pipeline: [], as: 'j' } }),
  $unionWith: (from) => ({ $unionWith: from }),
  $graphLookup: (from) => ({
    $graphLookup: { from, startWith: '$a', connectFromField: 'a', connectToField: 'a', as: 'j' },
  }),
};

describe('elmo/aggregate/open-pipeline', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);

  before(async () => {
    client = await connect(':memory:');
    await run({ insert: 'c', documents: [{ a: 1 }] });
    await run({ create: 'plain', viewOn: 'c' });
    await run({ create: 'folded', viewOn: 'c', collation });
  });
  after(() => client.close());

  for (const [name, stageOn] of Object.entries(NAMING))
    for (const [view, options, isRefused] of [
      ['plain', {}, false],
      ['plain', { collation }, true],
      ['folded', {}, true],
      ['folded', { collation }, false],
    ] as const)
      it(`${name} of '${view}' with ${JSON.stringify(options)} ${isRefused ? 'is refused' : 'runs'}`, async () => {
        const command = { aggregate: 'c', pipeline: [stageOn(view)], cursor: {}, ...options };
        const outcome: unknown = await run(command).catch((thrown: unknown) => thrown);
        if (isRefused) expect(outcome).to.have.property('code', 167);
        else expect(outcome).to.have.property('ok', 1);
      });
});
