/** `$out`: a collection takes another's place, or nothing happens. */
import { expect } from 'chai';
import { EngineRunner } from '../engine-runner.js';

const documents = Array.from({ length: 2500 }, (_, _id) => ({ _id, g: _id % 7 }));

async function runner(): Promise<EngineRunner> {
  const made = new EngineRunner();
  await made.insert('t', documents);
  await made.insert('o', [{ _id: 'old' }]);
  return made;
}

describe('$out', () => {
  it('takes the place of what was there', async () => {
    const made = await runner();
    expect(await made.aggregate([{ $match: { g: 3 } }, { $out: 'o' }])).to.deep.equal([]);
    expect(await made.aggregate([{ $sort: { _id: 1 } }], 'o')).to.deep.equal(
      documents.filter(({ g }) => g === 3),
    );
  });

  it('makes a collection that was not there, in several steps', async () => {
    const made = await runner();
    await made.aggregate([{ $out: { db: 'test', coll: 'new' } }]);
    expect(await made.aggregate([{ $count: 'n' }], 'new')).to.deep.equal([{ n: 2500 }]);
    expect(made.engine.catalog.collectionNames('test')).to.deep.equal(['new', 'o', 't']);
  });

  it('may replace what it reads', async () => {
    const made = await runner();
    await made.aggregate([{ $match: { _id: 5 } }, { $out: 't' }]);
    expect(await made.aggregate([])).to.deep.equal([{ _id: 5, g: 5 }]);
  });

  it('an error leaves all as it was', async () => {
    const made = await runner();
    expect(await made.codeOf([{ $set: { _id: { $mod: ['$_id', 2400] } } }, { $out: 'o' }])).to.equal(11000);
    expect(await made.aggregate([], 'o')).to.deep.equal([{ _id: 'old' }]);
    expect(made.engine.catalog.collectionNames('test')).to.deep.equal(['o', 't']);
  });

  for (const [spec, code] of [
    [1, 16990],
    ['', 73],
    [{}, 40414],
    [{ coll: 'o' }, 40414],
    [{ db: 'test', coll: 'o', x: 1 }, 40415],
    [{ db: 1, coll: 'o' }, 14],
    ['system.foo', 17385],
    ['$foo', 20],
    [{ db: 'admin', coll: 'o' }, 31321],
  ] as const)
    it(`${JSON.stringify(spec)} is refused`, async () => {
      const made = new EngineRunner();
      await made.insert('t', [{ _id: 1 }]);
      expect(await made.codeOf([{ $out: spec }])).to.equal(code);
    });

  describe('into a time-series collection', () => {
    const time = new Date(0);
    const timeseries = { timeField: 'at' };
    const into = (coll: string, options: object): object => ({
      $out: { db: 'test', coll, timeseries: options },
    });

    async function measured(): Promise<EngineRunner> {
      const made = new EngineRunner();
      await made.insert('t', [{ _id: 1, at: time, m: 'a' }]);
      return made;
    }

    it('makes one, with the index it has from the start', async () => {
      const made = await measured();
      await made.aggregate([into('new', { ...timeseries, metaField: 'm' })]);
      const { spec } = made.engine.catalog.expect({ db: 'test', collection: 'new' });
      expect(spec.kind).to.equal('timeseries');
      expect(spec.indexes.map(({ name }) => name)).to.deep.equal(['_id_', 'm_1_at_1']);
      expect(await made.aggregate([], 'new')).to.deep.equal([{ _id: 1, at: time, m: 'a' }]);
    });

    it('keeps what one is, and its options, when it takes its place', async () => {
      const made = await measured();
      await made.aggregate([into('new', { ...timeseries, granularity: 'hours' })]);
      await made.aggregate([{ $set: { m: 'b' } }, { $out: 'new' }]);
      expect(made.engine.catalog.expect({ db: 'test', collection: 'new' }).spec.kind).to.equal('timeseries');
      expect(await made.codeOf([into('new', timeseries)])).to.equal(7406103);
      expect(await made.codeOf([into('new', { ...timeseries, granularity: 'hours' })])).to.equal(0);
    });

    for (const [why, code, stages] of [
      ['a collection of another kind', 7268700, [into('t', timeseries)]],
      ['a row without a time', 2, [{ $unset: 'at' }, into('new', timeseries)]],
      ['a time that is no date', 2, [{ $set: { at: 5 } }, into('new', timeseries)]],
      ['no field of time', 40414, [into('new', {})]],
      ['a span without the rounding', 72, [into('new', { ...timeseries, bucketMaxSpanSeconds: 9 })]],
      [
        'a span of another granularity',
        72,
        [into('new', { ...timeseries, granularity: 'hours', bucketMaxSpanSeconds: 9 })],
      ],
      ['an unknown granularity', 2, [into('new', { ...timeseries, granularity: 'days' })]],
      ['a field whose name starts with a dollar', 2, [into('new', { timeField: '$at' })]],
      ['an unknown option', 40415, [into('new', { ...timeseries, x: 1 })]],
    ] as const)
      it(`refuses ${why}`, async () => {
        expect(await (await measured()).codeOf([...stages])).to.equal(code);
      });
  });
});
