/** What is in a file, and keeping it in order. */
import { existsSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { connect } from '../../server-compat/index.js';
import { elmo, spawnElmo, usePlace } from './fixture.js';

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
    expect(out).to.equal('3 documents in 1 collection, 6 index entries: all well\n');
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

  it('stats counts no views, nor where they are kept', async () => {
    const client = await connect(file);
    await client.db('x').createCollection('seen', { viewOn: 'things', pipeline: [] });
    await client.close();
    const { out } = await elmo('stats', file, '--json');
    const { collections } = JSON.parse(out) as { collections: { namespace: string }[] };
    expect(collections.map(({ namespace }) => namespace)).to.deep.equal(['x.things']);
  });
});

describe('the built command keeps a file in order', () => {
  const place = usePlace();
  let file = '';

  beforeEach(async () => {
    file = place.path('a.elmo');
    await elmo('import', file, 'x.things', textFile('{"_id":1}\n{"_id":2}\n'));
  });

  function textFile(text: string): string {
    writeFileSync(place.path('things.json'), text);
    return place.path('things.json');
  }

  for (const [argv, fields] of [
    [['stats'], ['file', 'fileBytes', 'collections']],
    [['check'], ['collections', 'documents', 'indexEntries', 'problems']],
    [['compact'], ['before', 'after']],
  ] as const)
    it(`${argv.join(' ')}: for people and as JSON`, async () => {
      const people = await spawnElmo([...argv, file]);
      expect([people.code, people.err]).to.deep.equal([0, '']);
      expect(people.out).to.match(/all well|KiB/);
      const json = await spawnElmo([...argv, file, '--json']);
      expect(json.code).to.equal(0);
      expect(Object.keys(JSON.parse(json.out) as object)).to.deep.equal(fields);
    });

  it('backup, then lsm-diag of the copy', async () => {
    const copy = place.path('copy.elmo');
    const made = await spawnElmo(['backup', file, copy, '--json']);
    expect((JSON.parse(made.out) as { file: string }).file).to.equal(copy);
    const { code, out } = await spawnElmo(['lsm-diag', copy, 'stats', '--json']);
    expect([code, (JSON.parse(out) as { isClean: boolean }).isClean]).to.deep.equal([0, true]);
  });

  it('no such file, another kind of file, no such option: exit codes, and the place only with --verbose', async () => {
    const letter = textFile('a letter to Ada');
    const missing = place.path('none.elmo');
    for (const [argv, code, message] of [
      [['stats', missing], 1, /^error: there is no file .*none\.elmo\n$/],
      [
        ['check', letter],
        1,
        /^error: .*things\.json is not a store of this engine \[NotAStore\]\n +it is no database of elmo/,
      ],
      [['stats', file, '--nonsense'], 2, /^error: unknown option '--nonsense'/],
    ] as const) {
      const told = await spawnElmo(argv);
      expect(told.code, argv[0]).to.equal(code);
      expect(told.err).to.match(message);
    }
    expect((await spawnElmo(['stats', missing, '--verbose'])).err).to.match(/^error: .*\n(.*\n)* {4}at /);
  });
});
