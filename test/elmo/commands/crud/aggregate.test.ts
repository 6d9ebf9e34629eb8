import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/commands/crud/aggregate', () => {
  let client: ElmoClient;
  const run = (command: Document): Promise<Document> => client.db('a').command(command);

  before(async () => {
    client = await connect(':memory:');
    await run({ insert: 'c', documents: Array.from({ length: 150 }, (_, a) => ({ a })) });
    await run({ create: 'v', viewOn: 'c' });
  });
  after(() => client.close());

  it('a batch without a size has 101 documents', async () => {
    const { cursor } = await run({ aggregate: 'c', pipeline: [], cursor: { batchSize: null } });
    expect(cursor.firstBatch).to.have.length(101);
  });

  it('explanations tell the shape, which constants do not change', async () => {
    const shapes = await Promise.all(
      [{ a: 1 }, { a: 2 }, { b: 1 }].map(async ($match) => {
        const explained = await run({ aggregate: 'c', pipeline: [{ $match }], explain: true });
        return explained.queryShapeHash as string;
      }),
    );
    expect(shapes[0]).to.match(/^[0-9A-F]{64}$/);
    expect(shapes[1]).to.equal(shapes[0]);
    expect(shapes[2]).to.not.equal(shapes[0]);
  });

  it('an explanation takes no write concern', async () =>
    expect(
      await run({ aggregate: 'c', pipeline: [], explain: true, writeConcern: { w: 1 } }).catch(
        (thrown: unknown) => thrown,
      ),
    ).to.have.property('code', 9));

  for (const [what, command, expected] of [
    ['a stage there is not is told before a missing cursor', { pipeline: [{ $foo: 1 }] }, 40324],
    [
      'a stage there is not is told before variables',
      { pipeline: [{ $foo: 1 }], cursor: {}, let: { A: 1 } },
      40324,
    ],
    [
      'a stage there is not is told before a collation',
      { pipeline: [{ $foo: 1 }], cursor: {}, collation: { foo: 1 } },
      40324,
    ],
    ['a missing cursor is told before what is in a stage', { pipeline: [{ $match: { $foo: 1 } }] }, 9],
    [
      'variables are told before what is in a stage',
      { pipeline: [{ $match: { $foo: 1 } }], cursor: {}, let: { A: 1 } },
      9,
    ],
    ['no name is told before a stage', { aggregate: '', pipeline: [{ $foo: 1 }], cursor: {} }, 73],
  ] as const)
    it(what, async () =>
      expect(await run({ aggregate: 'c', ...command }).catch((thrown: unknown) => thrown)).to.have.property(
        'code',
        expected,
      ),
    );

  it('a count of a collection may be limited to 0, one of a view may not', async () => {
    expect(await run({ count: 'c', limit: 0 })).to.include({ n: 150 });
    expect(await run({ count: 'v' })).to.include({ n: 150 });
    expect(await run({ count: 'v', limit: 0 }).catch((thrown: unknown) => thrown)).to.have.property(
      'code',
      15958,
    );
  });
});
