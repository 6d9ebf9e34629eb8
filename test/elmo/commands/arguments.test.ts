import { expect } from 'chai';
import { Long } from '../../../index.js';
import type { Document } from '../../../index.js';
import { connect, type ElmoClient } from '../../../server-compat/index.js';

describe('elmo/commands/arguments', () => {
  let client: ElmoClient;
  before(async () => (client = await connect(':memory:')));
  after(() => client.close());

  const codeOf = (command: Document, db = 'a'): Promise<unknown> =>
    client
      .db(db)
      .command(command)
      .then(
        () => 'ok',
        (thrown: unknown) => (thrown as { code: unknown }).code,
      );

  for (const [what, command, expected] of [
    ['a field there is not is told before what the name stands for', { explain: 1, foo: 1 }, 40415],
    ['a value is told before it', { explain: 1, verbosity: 'x' }, 2],
    ['a missing field is told before it', { getMore: 1 }, 40414],
    ['a name is told among the fields', { getMore: new Long(5), collection: '', foo: 1 }, 73],
    ['then it is told', { getMore: 1, collection: 'c' }, 14],
    ['null is none', { getMore: null, collection: 'c' }, 40414],
    ['what is explained has a name', { explain: { find: '' } }, 73],
    ['a sample is binary', { update: 'c', updates: [{ q: {}, u: {}, sampleId: 1 }] }, 14],
    ['of a delete too', { delete: 'c', deletes: [{ q: {}, limit: 1, sampleId: 1 }] }, 14],
  ] as const)
    it(what, async () => expect(await codeOf(command)).to.equal(expected));

  const insert = [{ insert: 0, document: {} }];
  for (const [what, command, expected] of [
    ['no operations are told before a namespace', { ops: [], nsInfo: [{ ns: '' }] }, 16],
    ['an operation that is none is told before a namespace', { ops: [{}], nsInfo: [{ ns: '' }] }, 40415],
    [
      'a namespace is told before a place in the list',
      { ops: [{ insert: 1, document: {} }], nsInfo: [{ ns: '' }] },
      73,
    ],
    ['a name that cannot be is told for the whole', { ops: insert, nsInfo: [{ ns: 'a.b$c' }] }, 73],
    ['a target is dropped or not', { renameCollection: 'a.c', to: 'a.d', dropTarget: 1 }, 14],
    ['and null is neither', { renameCollection: 'a.c', to: 'a.d', dropTarget: null }, 14],
  ] as const)
    it(what, async () => {
      const name = 'ops' in command ? { bulkWrite: 1 } : {};
      expect(await codeOf({ ...name, ...command }, 'admin')).to.equal(expected);
    });
});
