import { expect } from 'chai';
import { valueOf } from '../../../elmo/bson/value.js';
import { copyDocument } from '../../../elmo/bson/writer.js';
import { canFindById, findByKey } from '../../../elmo/exec/find-one.js';
import { PlannedCollection, raw } from './planned-collection.js';

describe('the document of an _id', () => {
  const collection = new PlannedCollection([]);
  collection.insert([{ _id: 1, a: 'one' }, { _id: 'x' }, { _id: { a: 1 } }, { _id: null }]);
  const { entry, kv } = collection;
  const find = (id: unknown): Uint8Array | undefined =>
    findByKey(entry, entry.spec.indexes[0]!, kv, valueOf(id), copyDocument);

  for (const [why, id, expected] of [
    ['of a number', 1, { _id: 1, a: 'one' }],
    ['of a number of another type', 1.0, { _id: 1, a: 'one' }],
    ['of a text', 'x', { _id: 'x' }],
    ['of a document', { a: 1 }, { _id: { a: 1 } }],
    ['of null', null, { _id: null }],
    ['that is not there', 2, undefined],
    ['of another document', { a: 2 }, undefined],
  ] as const)
    it(why, () => expect(find(id)).to.deep.equal(expected === undefined ? undefined : raw(expected)));

  it('counts as a use of the index', () => {
    const before = entry.state.indexUses.get('_id_') ?? 0;
    find(1);
    expect(entry.state.indexUses.get('_id_')).to.equal(before + 1);
  });

  it('is not looked up past a collation, which decides which texts are equal', () => {
    expect(canFindById(entry)).to.equal(true);
    const collated = new PlannedCollection([], { collation: { locale: 'en', strength: 2 } });
    expect(canFindById(collated.entry)).to.equal(false);
  });
});
