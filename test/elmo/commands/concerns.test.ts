import { expect } from 'chai';
import { ERROR_CODES } from '../../../elmo/error-codes.js';
import type { Document } from '../../../index.js';
import { connect, type ElmoClient } from '../../../server-compat/index.js';

describe('elmo/commands/concerns', () => {
  let client: ElmoClient;
  before(async () => (client = await connect(':memory:')));
  after(() => client.close());

  const codeOf = (command: Document): Promise<unknown> =>
    client
      .db('a')
      .command(command)
      .then(
        () => 'ok',
        (thrown: unknown) => (thrown as { code: unknown }).code,
      );

  for (const [what, command, expected] of [
    ['a read concern stands among the fields', { insert: 'c', readConcern: { foo: 1 }, documents: 1 }, 40415],
    [
      'fields before a read concern are told first',
      { insert: 'c', documents: 1, readConcern: { foo: 1 } },
      14,
    ],
    [
      'a level there is not is told before what follows',
      { listCollections: 1, readConcern: { level: 'x' }, foo: 1 },
      2,
    ],
    [
      'a level that does not fit is told after all fields',
      { find: 'c', readConcern: { level: 'snapshot' }, skip: 'x' },
      14,
    ],
    ['a write concern stands among the fields', { insert: 'c', writeConcern: { w: 99 }, documents: 1 }, 9],
    [
      'what excludes itself is told there',
      { insert: 'c', writeConcern: { j: true, fsync: true }, documents: 1 },
      9,
    ],
    [
      'fields before a write concern are told first',
      { insert: 'c', documents: 1, writeConcern: { foo: 1 } },
      14,
    ],
    [
      'whether it is one is told before whether there may be one',
      { find: 'c', writeConcern: { foo: 1 } },
      40415,
    ],
    ['where there may be none', { find: 'c', writeConcern: { w: 1 } }, ERROR_CODES.InvalidOptions],
    ['a concern is told before the name of a collection', { find: 1, readConcern: { foo: 1 } }, 40415],
  ] as const)
    it(what, async () => expect(await codeOf(command)).to.equal(expected));
});
