/** `$listLocalSessions`, `$listSessions`: whose sessions are shown, and what is refused. */
import { expect } from 'chai';
import type { Document } from '../../../../index.js';
import { connect, type ElmoClient } from '../../../../server-compat/index.js';

describe('$listLocalSessions and $listSessions', () => {
  let client: ElmoClient;
  const local = (argument: unknown, db = 'admin'): Promise<Document[]> =>
    rows(client.db(db).command({ aggregate: 1, pipeline: [{ $listLocalSessions: argument }], cursor: {} }));
  const stored = (argument: unknown, db = 'config', collection = 'system.sessions'): Promise<Document[]> =>
    rows(
      client.db(db).command({ aggregate: collection, pipeline: [{ $listSessions: argument }], cursor: {} }),
    );
  const rows = async (reply: Promise<Document>): Promise<Document[]> =>
    ((await reply) as { cursor: { firstBatch: Document[] } }).cursor.firstBatch;

  before(async () => {
    client = await connect(':memory:');
    await client.db('admin').command({ startSession: 1 });
  });
  after(() => client.close());

  for (const [why, ask] of [
    ['a database', () => local({})],
    ['a database, of all users', () => local({ allUsers: true })],
    ['the collection of sessions', () => stored({})],
  ] as const)
    it(`shows sessions when asked of ${why}`, async () => {
      const [first] = await ask();
      expect(first!._id).to.have.all.keys('id', 'uid');
      expect(first!.lastUse).to.be.an.instanceOf(Date);
    });

  it('shows those of the users named', async () =>
    expect(await local({ users: [{ user: 'nobody', db: 'test' }] })).to.deep.equal([]));

  for (const [why, ask, code] of [
    ['another argument', () => local(5), 14],
    ['an unknown option', () => local({ x: 1 }), 40415],
    ['a user without a database', () => local({ users: [{ user: 'a' }] }), 40414],
    ['users and all users', () => local({ users: [{ user: 'a', db: 'b' }], allUsers: true }), 12],
    ['another collection', () => stored({}, 'test', 'c'), 73],
  ] as const)
    it(`refuses ${why}`, async () =>
      expect(await ask().catch((thrown: unknown) => thrown)).to.have.property('code', code));
});
