import { Double, Timestamp } from 'bson';
import { expect } from 'chai';
import { expectOutcome, outcome, SAME, updateOf, upserted, type UpdateCase } from './updates.js';

const EMPTY_TIMESTAMP = new Timestamp(0n);
const NEW_TIMESTAMP = new Timestamp({ t: 7, i: 3 });

describe('updates that give the whole document', () => {
  for (const [why, document, update, expected] of [
    ['keep the _id', { _id: 1, a: 1 }, { b: 2 }, { _id: 1, b: 2 }],
    ['put it in front', { _id: 1, a: 1 }, { b: 2, _id: 1 }, { _id: 1, b: 2 }],
    ['take an equal one', { _id: 1 }, { _id: new Double(1), b: 2 }, { _id: new Double(1), b: 2 }],
    ['refuse another', { _id: 1 }, { _id: 2 }, 66],
    ['refuse an array', { _id: 1 }, { _id: [1] }, 53],
    ['refuse dollars in it', { _id: 1 }, { _id: { $a: 1 } }, 52],
    ['and deep in it', { _id: 1 }, { _id: { a: [{ $b: 1 }] } }, 52],
    ['change nothing', { _id: 1, a: 1 }, { _id: 1, a: 1 }, SAME],
    ['change something, if they do not say the _id', { _id: 1, a: 1 }, { a: 1 }, { _id: 1, a: 1 }],
    ['unless there is nothing else', { _id: 1 }, {}, SAME],
    [
      'fill empty timestamps at the top',
      { _id: 1 },
      { t: EMPTY_TIMESTAMP, a: { t: EMPTY_TIMESTAMP } },
      { _id: 1, t: NEW_TIMESTAMP, a: { t: EMPTY_TIMESTAMP } },
    ],
    ['refuse dollars at the top', { _id: 1 }, { a: 1, $b: 2 }, 52],
    ['but not further down', { _id: 1 }, { a: { $b: 2, 'c.d': 1 } }, { _id: 1, a: { $b: 2, 'c.d': 1 } }],
    [
      'may be a reference',
      { _id: 1 },
      { a: 1, $ref: 'c', $id: 1, $db: 'd' },
      { _id: 1, a: 1, $ref: 'c', $id: 1, $db: 'd' },
    ],
    ['which has to be whole', { _id: 1 }, { a: 1, $ref: 'c' }, 55],
    ['in order', { _id: 1 }, { a: 1, $id: 1, $ref: 'c' }, 55],
    ['and of strings', { _id: 1 }, { a: 1, $ref: 1, $id: 1 }, 55],
  ] as const)
    it(why, () => expectOutcome(outcome(document, update), expected));

  it('look at filters before constants', () =>
    expect(outcome({}, { $set: { a: 1 } }, { constants: {}, arrayFilters: [{ x: { $foo: 1 } }] })).to.equal(
      2,
    ));
  it('are for one document', () => expect(outcome({}, { a: 1 }, { isMulti: true })).to.equal(9));
  it('are documents', () => expect(outcome({}, 1)).to.equal(9));
});

describe('updates by pipelines', () => {
  it('have no filters', () => expect(outcome({}, [], { arrayFilters: [{ x: 1 }] })).to.equal(9));
  it('refuse filters that are none first', () =>
    expect(outcome({}, [], { arrayFilters: [{ x: { $foo: 1 } }] })).to.equal(2));

  const given: UpdateCase = { constants: { n: 5, list: [{ $add: [1, 2] }] } };
  for (const [why, document, update, expected] of [
    [
      'set fields from others',
      { _id: 1, a: 2 },
      [{ $set: { b: '$a' } }, { $addFields: { a: '$$n' } }],
      { _id: 1, a: 5, b: 2 },
    ],
    [
      'take constants as they are',
      { _id: 1 },
      [{ $set: { a: '$$list' } }],
      { _id: 1, a: [{ $add: [1, 2] }] },
    ],
    ['know the time', { _id: 1 }, [{ $set: { a: '$$NOW' } }], { _id: 1, a: new Date(5) }],
    ['take fields away', { _id: 1, a: 1, b: 1 }, [{ $unset: 'a' }], { _id: 1, b: 1 }],
    ['keep some', { _id: 1, a: 1, b: 1 }, [{ $project: { b: 1 } }], { _id: 1, b: 1 }],
    ['replace', { _id: 1, a: { b: 1 } }, [{ $replaceWith: '$a' }], { _id: 1, b: 1 }],
    ['give the _id back', { _id: 1, a: 1 }, [{ $project: { a: 1, _id: 0 } }], { _id: 1, a: 1 }],
    ['in front', { _id: 1 }, [{ $replaceRoot: { newRoot: { a: 1, _id: 1 } } }], { _id: 1, a: 1 }],
    ['refuse another', { _id: 1 }, [{ $set: { _id: 2 } }], 66],
    ['change nothing', { _id: 1, a: 1 }, [{ $set: { a: '$a' } }], SAME],
    ['of no stage', { _id: 1 }, [], SAME],
    ['may make dollars', { _id: 1 }, [{ $replaceWith: { $literal: { $a: 1 } } }], { _id: 1, $a: 1 }],
    ['of another stage', {}, [{ $match: {} }], 72],
    ['of a wrong stage beside', {}, [{ $match: {} }, { $unset: 1 }], 31002],
    ['of an unknown stage', {}, [{ $foo: {} }], 40324],
    ['of two stages in one', {}, [{ $set: {}, $unset: 'a' }], 40323],
    ['of no documents', {}, [1], 14],
  ] as const)
    it(why, () => expectOutcome(outcome(document, update, given), expected));

  it('alone know constants', () => expect(outcome({}, { $set: { a: 1 } }, given)).to.equal(51198));
  it('say which paths they touch', () => {
    expect(updateOf([{ $set: { 'a.b': 1 } }, { $unset: 'c' }]).touchedPaths).to.deep.equal(['a.b', 'c']);
    expect(updateOf([{ $replaceWith: {} }]).touchedPaths).to.equal(undefined);
  });
});

describe('documents that upserts insert', () => {
  for (const [why, filter, update, expected] of [
    ['have the fields of the filter', { a: 1, b: { $gt: 1 } }, { $set: { c: 1 } }, { a: 1, c: 1 }],
    ['with the _id in front', { a: 1, _id: 5 }, { $set: { b: 1 } }, { _id: 5, a: 1, b: 1 }],
    [
      'of all kinds of equality',
      { a: { $eq: 1 }, b: { $in: [2] }, $and: [{ c: 3 }] },
      { $set: { d: 1 } },
      { a: 1, b: 2, c: 3, d: 1 },
    ],
    ['by path', { 'a.b': 1, 'a.c': 2 }, { $set: { 'a.d': 3 } }, { a: { b: 1, c: 2, d: 3 } }],
    ['not by index', { 'a.0': 1 }, { $set: { b: 1 } }, { a: { '0': 1 }, b: 1 }],
    ['of which one is right', { $or: [{ a: 1 }] }, { $set: { b: 1 } }, { a: 1, b: 1 }],
    ['unless several may be', { $or: [{ a: 1 }, { a: 2 }] }, { $set: { b: 1 } }, { b: 1 }],
    ['with the update applied', { a: 5 }, { $inc: { a: 1 }, $setOnInsert: { b: 1 } }, { a: 6, b: 1 }],
    ['set twice', { $and: [{ a: 1 }, { a: 1 }] }, { $set: { b: 1 } }, 54],
    ['set inside of another', { a: 1, 'a.b': 2 }, { $set: { b: 1 } }, 54],
    ['may take their _id from the update', { a: 1 }, { $set: { _id: 5 } }, { a: 1, _id: 5 }],
    ['unless the filter has one', { _id: 1 }, { $set: { _id: 5 } }, 66],
    ['or a part of one', { '_id.a': 1 }, { $set: { '_id.b': 5 } }, 66],
    ['but no elements for it', { a: 1 }, { $push: { _id: 5 } }, 54],
    ['may have dollars', {}, { $set: { $a: 1 } }, { $a: 1 }],
    ['replaced take the _id alone', { _id: 1, a: 2 }, { b: 1 }, { _id: 1, b: 1 }],
    ['whatever else the filter says', { a: 1, 'a.b': 2 }, { b: 1 }, { b: 1 }],
    ['replaced by another _id', { _id: 1 }, { _id: 2 }, 66],
    ['replaced with half an _id', { '_id.a': 1 }, { b: 1 }, 111],
    ['replaced with an array as _id', { _id: [1] }, {}, 54],
    ['by a pipeline', { a: 1 }, [{ $set: { b: '$a' } }], { a: 1, b: 1 }],
    [
      'by a pipeline that takes the _id away',
      { _id: 1 },
      [{ $unset: '_id' }, { $set: { a: 1 } }],
      { _id: 1, a: 1 },
    ],
    ['by a pipeline that makes an array of it', { a: 1 }, [{ $set: { _id: [1] } }], 54],
  ] as const)
    it(why, () => expectOutcome(upserted(filter, update), expected));
});

describe('what an update says of itself', () => {
  it('paths it touches: all of an array that may get new elements', () => {
    const update = {
      $set: { 'a.$.b': 1, c: 1, 'g.0.h': 1, '0.i': 1 },
      $rename: { d: 'e.f' },
      $inc: { 'j.$[].k.$[]': 1 },
    };
    expect(updateOf(update).touchedPaths).to.have.members(['a', 'c', 'g', '0.i', 'd', 'e.f', 'j.k']);
    expect(updateOf({ a: 1 }).touchedPaths).to.equal(undefined);
  });

  it('whether it needs the element that matched', () => {
    expect(updateOf({ $set: { 'a.$': 1 } }).needsMatchedIndex).to.equal(true);
    expect(updateOf({ $set: { 'a.$[]': 1 } }).needsMatchedIndex).to.equal(false);
  });
});
