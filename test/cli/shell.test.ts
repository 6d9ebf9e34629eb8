/** The shell without a terminal: code from the command line, from files, from its input. */
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { connect } from '../../server-compat/index.js';
import { elmo, spawnElmo, usePlace } from './fixture.js';

describe('elmo shell', () => {
  const place = usePlace();

  it('explains itself', async () => {
    const { code, out } = await elmo('shell', '--help');
    expect(code).to.equal(0);
    expect(out).to.contain('Examples:').and.to.contain('--eval');
  });

  it('runs code from the command line, and keeps what it wrote', async () => {
    const file = place.path('a.elmo');
    const first = await spawnElmo(['shell', file, '--eval', 'db.a.insertMany([{_id: 1}, {_id: 2}])']);
    expect(first).to.include({
      code: 0,
      out: "{ acknowledged: true, insertedIds: { '0': 1, '1': 2 } }\n",
      err: '',
    });
    const second = await spawnElmo(['shell', file, '--json', '--eval', 'db.a.find({_id: {$gt: 1}})']);
    expect(second.out).to.equal('{"_id":2}\n');
  });

  it('reads its input as if it were typed, up to the first error', async () => {
    const input =
      'use shop\nfor (let i = 0; i < 3; i++) {\n  db.a.insertOne({_id: i})\n}\nfoo.bar\ndb.a.drop()\n';
    const { code, out, err } = await spawnElmo(['shell', place.path('a.elmo')], input);
    expect(code).to.equal(1);
    expect(out).to.equal('switched to db shop\n{ acknowledged: true, insertedId: 2 }\n');
    expect(err).to.equal('ReferenceError: foo is not defined\n');
  });

  it('runs a file; only what it prints is seen', async () => {
    const script = place.path('s.js');
    writeFileSync(script, 'db.a.insertOne({n: NumberLong(5)});\nprint(db.a.findOne().n);\nquit(3);\n');
    const { code, out } = await spawnElmo(['shell', ':memory:', script]);
    expect([code, out]).to.deep.equal([3, "Long('5')\n"]);
  });

  it('says where a script failed', async () => {
    const script = place.path('s.js');
    writeFileSync(script, 'const a = 1;\n  a.b.c;\n');
    const { code, err } = await spawnElmo(['shell', ':memory:', script]);
    expect(code).to.equal(1);
    expect(err).to.match(/^TypeError: .*\n {2}at .*s\.js:2:7\n$/);
  });

  it('changes nothing with --read-only', async () => {
    const file = place.path('a.elmo');
    await spawnElmo(['shell', file, '--eval', 'db.a.insertOne({_id: 1})']);
    const evals = ['--eval', 'db.a.countDocuments()', '--eval', 'db.a.insertOne({_id: 2})'];
    expect(await spawnElmo(['shell', file, '--read-only', ...evals])).to.include({
      code: 1,
      out: '1\n',
      err: `MongoServerError[IllegalOperation]: ${file} was opened for reading only\n`,
    });
  });

  it('looks into a file that another program shares', async () => {
    const file = place.path('a.elmo');
    const holder = await connect(file, { shared: true });
    try {
      await holder.db('test').collection('a').insertOne({ n: 5 });
      const evals = [
        '--eval',
        'db.a.updateOne({}, {$inc: {n: 1}}).modifiedCount',
        '--eval',
        'db.a.findOne().n',
      ];
      expect(await spawnElmo(['shell', file, '--shared', ...evals])).to.include({
        code: 0,
        out: '1\n6\n',
        err: '',
      });
      expect((await spawnElmo(['shell', file, ...evals])).err).to.contain('[Locked]');
    } finally {
      await holder.close();
    }
  });

  it('does not open what is no database', async () => {
    writeFileSync(place.path('text'), 'this is no database'.repeat(1000));
    const { code, err } = await spawnElmo(['shell', place.path('text'), '--eval', '1']);
    expect(code).to.equal(1);
    expect(err)
      .to.match(/^error: /)
      .and.not.to.contain('    at ');
  });
});
