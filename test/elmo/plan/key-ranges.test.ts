import { expect } from 'chai';
import type { Document } from '../../../index.js';
import { connect, type ElmoClient } from '../../../server-compat/index.js';

describe('elmo/plan/key-ranges: values longer than any entry', () => {
  const long = 'x'.repeat(70_000);
  let client: ElmoClient;
  before(async () => {
    client = await connect(':memory:');
    const collection = client.db('a').collection('c');
    await collection.createIndexes([
      { key: { a: 1 } },
      { key: { b: -1 } },
      { key: { u: 1 }, unique: true, sparse: true },
    ]);
    await collection.insertMany(['w', 'x', 'y'].map((a) => ({ _id: a as never, a, b: a, u: a })));
  });
  after(() => client.close());

  for (const [filter, count] of [
    [{ _id: long }, 0],
    [{ a: long }, 0],
    [{ u: long }, 0],
    [{ a: { $in: [long, 'x'] } }, 1],
    [{ a: { $lt: long } }, 2],
    [{ a: { $gte: long } }, 1],
    [{ b: { $lte: long } }, 2],
    [{ b: { $gt: long } }, 1],
  ] as readonly (readonly [Document, number])[])
    it(`${Object.keys(filter).join()} ${JSON.stringify(filter).slice(0, 20)}… finds ${count}`, async () =>
      expect(await client.db('a').collection('c').find(filter).toArray()).to.have.length(count));
});
