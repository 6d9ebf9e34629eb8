/** Questions from the command line. */
import { expect } from 'chai';
import { connect } from '../../server-compat/index.js';
import { elmo, usePlace } from './fixture.js';

interface Order {
  readonly _id: number;
  readonly customer: string;
  readonly total: number;
  readonly at?: Date;
  readonly tags?: string[];
}

describe('elmo find, aggregate, count, distinct', () => {
  const place = usePlace();
  let file = '';

  beforeEach(async () => {
    file = place.path('shop.elmo');
    const client = await connect(file);
    await client
      .db('shop')
      .collection<Order>('orders')
      .insertMany([
        { _id: 1, customer: 'Ada', total: 30.5, at: new Date(0) },
        { _id: 2, customer: 'Bob', total: 5, tags: ['a'] },
      ]);
    await client.close();
  });

  for (const [what, argv, expected] of [
    [
      'a filter as in the shell',
      ['find', '{total: {$gt: 10}}', '--project', '{total: 1}'],
      '{"_id":1,"total":30.5}\n',
    ],
    [
      'Extended JSON',
      ['find', '{"_id":{"$numberInt":"2"}}', '--canonical', '--project', '{total: 1}'],
      '{"_id":{"$numberInt":"2"},"total":{"$numberInt":"5"}}\n',
    ],
    [
      'a table',
      ['find', '{}', '--table', '--sort', '{_id: -1}', '--project', '{at: 0}'],
      '_id  customer  total  tags\n2    Bob       5      ["a"]\n1    Ada       30.5\n',
    ],
    [
      'limit and skip',
      ['find', '{}', '--skip', '1', '--limit', '1', '--project', '{customer: 1}'],
      '{"_id":2,"customer":"Bob"}\n',
    ],
    [
      'a pipeline',
      ['aggregate', "[{$group: {_id: null, sum: {$sum: '$total'}}}]"],
      '{"_id":null,"sum":35.5}\n',
    ],
    ['a count', ['count', '{total: {$lt: 10}}'], '1\n'],
    ['distinct values', ['distinct', 'customer'], '"Ada"\n"Bob"\n'],
  ] as const)
    it(what, async () => {
      const [command, ...rest] = argv;
      const { code, out, err } = await elmo(command, file, 'shop.orders', ...rest);
      expect(err).to.equal('');
      expect(code).to.equal(0);
      expect(out).to.equal(expected);
    });

  for (const [what, argv, expectedCode, message] of [
    ['a filter that cannot be read', ['shop.orders', '{a:'], 2, 'the filter cannot be read'],
    ['a count that is none', ['shop.orders', '{}', '--limit', 'x'], 2, "'x' is no count"],
    ['an option that is none', ['shop.orders', '--nope'], 2, "unknown option '--nope'"],
    ['a name that is none', ['orders'], 2, 'does not name a collection'],
    ['an operator that is none', ['shop.orders', '{a: {$nope: 1}}'], 1, 'unknown operator: $nope [BadValue]'],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { code, out, err } = await elmo('find', file, ...argv);
      expect(code).to.equal(expectedCode);
      expect(out).to.equal('');
      expect(err)
        .to.match(/^error: /)
        .and.to.contain(message);
    });

  it('explains an aggregation', async () => {
    const { code, out } = await elmo('aggregate', file, 'shop.orders', '{$match: {_id: 1}}', '--explain');
    expect(code).to.equal(0);
    expect(JSON.parse(out)).to.have.property('queryPlanner');
  });

  it('takes --verbose anywhere', async () => {
    for (const argv of [
      ['--verbose', 'find', file, 'shop.orders', '{$nope: 1}'],
      ['find', file, 'shop.orders', '{$nope: 1}', '--verbose'],
    ])
      expect((await elmo(...argv)).err).to.match(/^error: .*\n(.*\n)* {4}at /);
  });

  it('says that a file is not there, and makes none', async () => {
    const { code, err } = await elmo('find', place.path('nope.elmo'), 'a.b');
    expect(code).to.equal(1);
    expect(err).to.contain('there is no file');
  });
});
