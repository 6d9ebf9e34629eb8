/** A signal ends what it was given to, with its reason, as it does for the official driver. */
import { expect } from 'chai';
import { connect, type ElmoClient } from '../../../index.js';
import type { Document } from '../../../elmo/bson/package.js';
import type { Collection } from '../../../elmo/api/collection.js';

/** What a promise is refused with. */
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => expect.fail(`it gave ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );

describe('a signal that aborts', () => {
  let client: ElmoClient;
  let collection: Collection;
  const reason = new RangeError('enough');

  before(async () => {
    client = await connect(':memory:');
    collection = client.db('d').collection('c') as unknown as Collection;
    await collection.insertMany(Array.from({ length: 10 }, (_, i) => ({ _id: i as never })));
  });
  after(() => client.close());

  const signal = AbortSignal.abort(reason);
  for (const [name, run] of [
    ['find', () => collection.find({}, { signal }).toArray()],
    ['findOne', () => collection.findOne({}, { signal })],
    ['aggregate', () => collection.aggregate([], { signal }).toArray()],
    ['countDocuments', () => collection.countDocuments({}, { signal })],
    ['distinct', () => collection.distinct('_id', {}, { signal })],
    ['insertOne', () => collection.insertOne({ n: 1 }, { signal })],
    ['updateMany', () => collection.updateMany({}, { $set: { n: 1 } }, { signal })],
    ['deleteMany', () => collection.deleteMany({}, { signal })],
    ['command', () => client.db('d').command({ ping: 1 }, { signal })],
    ['listCollections', () => client.db('d').listCollections({}, { signal }).toArray()],
  ] as const)
    it(`before: ${name} does nothing`, async () => {
      expect(await refusal(run())).to.equal(reason);
      expect(await collection.countDocuments({ n: { $exists: false } })).to.equal(10);
    });

  it('gives its own reason where none was given', async () => {
    const error = await refusal(collection.find({}, { signal: AbortSignal.abort() }).toArray());
    expect((error as Error).name).to.equal('AbortError');
  });

  for (const [name, open] of [
    ['find', (options: Document) => collection.find({}, options)],
    ['aggregate', (options: Document) => collection.aggregate([], options)],
  ] as const) {
    it(`between documents of ${name}: also those that have come are withheld, the cursor stays open`, async () => {
      const controller = new AbortController();
      const cursor = open({ signal: controller.signal, batchSize: 2 });
      expect((await cursor.next())?.['_id']).to.equal(0);
      controller.abort(reason);
      for (const ask of [() => cursor.next(), () => cursor.tryNext(), () => cursor.hasNext()])
        expect(await refusal(ask())).to.equal(reason);
      expect([cursor.closed, cursor.bufferedCount()]).to.deep.equal([false, 1]);
      await cursor.close();
    });

    it(`in a loop over ${name}`, async () => {
      const controller = new AbortController();
      const seen: unknown[] = [];
      const loop = async (): Promise<void> => {
        for await (const { _id } of open({ signal: controller.signal })) {
          seen.push(_id);
          if (seen.length === 3) controller.abort(reason);
        }
      };
      expect(await refusal(loop())).to.equal(reason);
      expect(seen).to.deep.equal([0, 1, 2]);
    });

    it(`while ${name} is at work`, async () => {
      const controller = new AbortController();
      const found = open({ signal: controller.signal }).toArray();
      controller.abort(reason);
      expect(await refusal(found)).to.equal(reason);
    });

    it(`in a stream of ${name}, whatever it has read ahead`, async () => {
      const controller = new AbortController();
      const stream = open({ signal: controller.signal }).stream();
      const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
      stream.once('data', () => controller.abort(reason));
      expect(await refusal(ended)).to.equal(reason);
    });
  }
});
