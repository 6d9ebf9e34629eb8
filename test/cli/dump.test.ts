/** Dumps: out and in again keeps every byte, options and indexes; what is broken is told. */
import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Decimal128, Long } from '../../elmo/index.js';
import { connect } from '../../server-compat/index.js';
import { elmo, usePlace } from './fixture.js';

describe('elmo dump and restore', () => {
  const place = usePlace();

  beforeEach(async () => {
    const client = await connect(place.path('a.elmo'));
    const db = client.db('shop');
    const orders = await db.createCollection('orders', { capped: true, size: 100_000 });
    await orders.insertMany([
      { l: Long.fromNumber(1) },
      { d: Decimal128.fromString('1.10') },
      { a: [1, { b: null }] },
    ]);
    await orders.createIndex({ a: 1 }, { unique: true, sparse: true });
    await client.db('other').collection('odd/na%me').insertOne({ x: 1 });
    await client.close();
  });

  for (const flags of [[], ['--gzip']])
    it(`keeps everything ${flags.join(' ')}`, async () => {
      const out = await elmo('dump', place.path('a.elmo'), place.path('dump'), ...flags);
      expect(out.err).to.equal('');
      expect(out.out).to.match(/^4 documents of 2 collections dumped/);
      const back = await elmo('restore', place.path('b.elmo'), place.path('dump'));
      expect(back.err).to.equal('');
      expect(back.code).to.equal(0);
      await elmo('dump', place.path('b.elmo'), place.path('again'));
      await elmo('dump', place.path('a.elmo'), place.path('plain'));
      for (const name of ['shop/orders.bson', 'other/odd%2Fna%25me.bson'])
        expect(
          readFileSync(join(place.path('again'), name)).equals(readFileSync(join(place.path('plain'), name))),
        ).to.equal(true);
      const client = await connect(place.path('b.elmo'));
      const [info] = await client.db('shop').listCollections().toArray();
      expect((info as { options?: { capped?: boolean } }).options?.capped).to.equal(true);
      const indexes = await client.db('shop').collection('orders').indexes();
      expect(indexes[1]).to.deep.include({ key: { a: 1 }, name: 'a_1', unique: true, sparse: true });
      await client.close();
    });

  it('says where a file breaks off, keeps what came before, goes on with the next', async () => {
    await elmo('dump', place.path('a.elmo'), place.path('dump'));
    const broken = join(place.path('dump'), 'shop', 'orders.bson');
    truncateSync(broken, readFileSync(broken).length - 3);
    const { code, out, err } = await elmo('restore', place.path('b.elmo'), place.path('dump'));
    expect(code).to.equal(1);
    expect(err).to.contain('orders.bson').and.to.contain('the input ends in the middle of a document');
    expect(out).to.match(/^3 documents of 2 collections restored, 1 fault \(/);
  });

  it('one database under another name', async () => {
    await elmo('dump', place.path('a.elmo'), place.path('dump'));
    await elmo('restore', place.path('b.elmo'), join(place.path('dump'), 'shop'), '--db', 'copy');
    expect((await elmo('count', place.path('b.elmo'), 'copy.orders')).out).to.equal('3\n');
  });

  it('a folder without a dump is an error', async () => {
    const { code, err } = await elmo('restore', place.path('b.elmo'), place.path('nope'));
    expect(code).to.equal(1);
    expect(err).to.contain('there is no folder');
  });
});
