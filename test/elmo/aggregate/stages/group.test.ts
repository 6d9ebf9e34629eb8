/** What a `$group` that reads a collection does otherwise than one behind other stages, as 8.2 does. */
import { expect } from 'chai';
import { MaxKey, MinKey, type Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/aggregate/stages/group', () => {
  let client: ElmoClient;
  const run = (...stages: Document[]): Promise<Document[]> =>
    client.db('a').collection('c').aggregate(stages).toArray() as Promise<Document[]>;
  const failure = (...stages: Document[]): Promise<unknown> =>
    run(...stages).catch((thrown: unknown) => thrown);

  const group = (result: Document): Document => ({ $group: { _id: null, result } });
  const PROJECT = { $project: { _id: 0, result: 1 } };
  const UNWIND = { $unwind: '$list' };

  before(async () => {
    client = await connect(':memory:');
    const documents = [{ _id: 1, v: new MinKey(), zero: 0, list: [1] }];
    await client.db('a').command({ insert: 'c', documents });
  });
  after(() => client.close());

  describe('MinKey and MaxKey', () => {
    const inside = { '': new MinKey() };
    for (const [name, stages, expected] of [
      ['go out as they are', [group({ $last: '$v' })], { _id: null, result: new MinKey() }],
      ['go to a next stage inside a document', [group({ $last: '$v' }), PROJECT], { result: inside }],
      [
        'constants as well',
        [{ $sort: { _id: 1 } }, group({ $min: new MaxKey() }), PROJECT],
        { result: { '': new MaxKey() } },
      ],
      ['those in arrays too', [group({ $push: '$v' }), PROJECT], { result: [inside] }],
      [
        'but not those in documents',
        [group({ $last: { a: '$v' } }), PROJECT],
        { result: { a: new MinKey() } },
      ],
      ['nor behind another stage', [UNWIND, group({ $last: '$v' }), PROJECT], { result: new MinKey() }],
      ['as keys of groups too', [{ $group: { _id: '$v' } }, { $sort: { _id: 1 } }], { _id: inside }],
      [
        'not to another $group',
        [group({ $last: '$v' }), { $group: { _id: '$result' } }],
        { _id: new MinKey() },
      ],
    ] as const)
      it(name, async () => expect(await run(...stages)).to.deep.equal([expected]));
  });

  for (const [name, stages, code] of [
    ['a division by zero', [group({ $last: { $divide: [1, '$zero'] } })], 4848401],
    ['a remainder of it', [group({ $last: { $mod: [1, '$zero'] } })], 4848403],
    ['the same behind another stage', [UNWIND, group({ $last: { $divide: [1, '$zero'] } })], 2],
  ] as const)
    it(`${name} gives ${code}`, async () => expect(await failure(...stages)).to.have.property('code', code));
});
