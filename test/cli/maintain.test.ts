/** What is in a file, and keeping it in order. */
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { connect } from '../../server-compat/index.js';
import { elmo, usePlace } from './fixture.js';

describe('elmo stats, check, compact, backup', () => {
  const place = usePlace();
  let file = '';

  beforeEach(async () => {
    file = place.path('a.elmo');
    const client = await connect(file);
    const things = client.db('x').collection('things');
    await things.insertMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await things.createIndex({ n: 1 });
    await client.close();
  });

  it('stats counts documents and indexes', async () => {
    const { code, out } = await elmo('stats', file, '--json');
    expect(code).to.equal(0);
    expect((JSON.parse(out) as { collections: unknown }).collections).to.deep.equal([
      { namespace: 'x.things', documents: 3, indexes: 2 },
    ]);
    expect((await elmo('stats', file)).out).to.match(/x\.things +3 +2/);
  });

  it('check finds all well', async () => {
    const { code, out } = await elmo('check', file);
    expect(code).to.equal(0);
    expect(out).to.equal('3 documents in 1 collections, 6 index entries: all well\n');
  });

  it('compact keeps everything', async () => {
    expect((await elmo('compact', file)).code).to.equal(0);
    expect((await elmo('count', file, 'x.things')).out).to.equal('3\n');
  });

  it('backup makes a copy, and replaces nothing', async () => {
    const copy = place.path('copy.elmo');
    expect((await elmo('backup', file, copy)).code).to.equal(0);
    expect(existsSync(copy)).to.equal(true);
    expect((await elmo('count', copy, 'x.things')).out).to.equal('3\n');
    const again = await elmo('backup', file, copy);
    expect(again.code).to.equal(1);
    expect(again.err).to.contain('exists already');
  });
});
