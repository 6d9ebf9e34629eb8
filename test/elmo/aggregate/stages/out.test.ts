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
});
