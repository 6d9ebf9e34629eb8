import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('elmo/commands/crud/find', () => {
  let client: ElmoClient;
  before(async () => (client = await connect(':memory:')));
  after(() => client.close());

  const codeOf = (options: Document): Promise<unknown> =>
    client
      .db('a')
      .command({ find: 'c', ...options })
      .then(
        () => 'ok',
        (thrown: unknown) => (thrown as { code: unknown }).code,
      );
  const backwards = { $natural: 2 };
  const apart = { min: { a: 1 }, max: { b: 1 } };

  for (const [what, options, expected] of [
    ['a natural hint is told before a collation', { hint: backwards, collation: { foo: 1 } }, 2],
    ['a natural hint is told before variables', { hint: backwards, let: { a: { $foo: 1 } } }, 2],
    ['a natural hint is told before awaitData', { hint: backwards, awaitData: true }, 2],
    ['a natural hint is told where nothing is read', { hint: backwards, tailable: true }, 2],
    ['no name is told before a natural hint', { find: '', hint: backwards }, 73],
    ['bounds of different fields are told before a sort', { ...apart, sort: { a: 2 } }, 51176],
    ['bounds of different fields are told before a filter', { ...apart, filter: { $foo: 1 } }, 51176],
    ['awaitData without tailable is told before a sort', { awaitData: true, sort: { a: 2 } }, 9],
    ['a single batch waits for nothing', { singleBatch: true, tailable: true }, 2],
    ['what waits for more is not sorted', { tailable: true, sort: { a: 1 } }, 2],
    ['what waits for more is not sorted, whatever the sort is', { tailable: true, sort: { $a: 2 } }, 2],
    ['what waits for more goes forward', { tailable: true, sort: { $natural: -1 } }, 2],
    ['it may say so', { tailable: true, sort: { $natural: 1 } }, 'ok'],
  ] as const)
    it(what, async () => expect(await codeOf(options)).to.equal(expected));
});
