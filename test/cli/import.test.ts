/** Documents in and out: what is read, what is told of faults, and that nothing changes on the way. */
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { connect } from '../../server-compat/index.js';
import { elmo, spawnElmo, usePlace, type Outcome } from './fixture.js';

describe('elmo import and export', () => {
  const place = usePlace();
  const file = (): string => place.path('a.elmo');

  function importText(name: string, text: string | Uint8Array, ...flags: string[]): Promise<Outcome> {
    writeFileSync(place.path(name), text);
    return elmo('import', file(), 'x.a', place.path(name), ...flags);
  }

  const exported = async (...flags: string[]): Promise<string> =>
    (await elmo('export', file(), 'x.a', '--sort', '{_id: 1}', ...flags)).out;

  for (const [what, text] of [
    ['a document a line', '{"_id":1}\n{"_id":2,"a":{"b":[1,"}{"]}}\n'],
    ['documents over lines', '{"_id":1}\n\n  {"_id":2,\n "a": {"b":[1,\n"}{"]}}'],
    ['an array', '[{"_id":1},\n{"_id":2,"a":{"b":[1,"}{"]}}]'],
    ['a mark of the byte order', '\ufeff{"_id":1}{"_id":2,"a":{"b":[1,"}{"]}}'],
  ] as const)
    it(`reads ${what}`, async () => {
      const { code, out, err } = await importText('a.json', text);
      expect(err).to.equal('');
      expect(code).to.equal(0);
      expect(out).to.match(/^2 documents imported/);
      expect(await exported()).to.equal('{"_id":1}\n{"_id":2,"a":{"b":[1,"}{"]}}\n');
    });

  it('reads gzip by its first bytes', async () => {
    expect((await importText('a.json', gzipSync('{"_id":1}\n'))).code).to.equal(0);
    expect(await exported()).to.equal('{"_id":1}\n');
  });

  it('reads standard input, writes standard output', async () => {
    expect((await spawnElmo(['import', file(), 'x.a'], '{"_id":1}')).code).to.equal(0);
    expect((await spawnElmo(['export', file(), 'x.a'])).out).to.equal('{"_id":1}\n');
  });

  for (const [what, text, canonical] of [
    ['version 1 of a date', '{"_id":{"$date":5}}', '{"_id":{"$date":{"$numberLong":"5"}}}\n'],
    [
      'version 1 of bytes',
      '{"_id":{"$binary":"AAE=","$type":"05"}}',
      '{"_id":{"$binary":{"base64":"AAE=","subType":"05"}}}\n',
    ],
    [
      'whole numbers by their size',
      '{"_id":1,"n":5000000000,"f":0.5}',
      '{"_id":{"$numberInt":"1"},"n":{"$numberLong":"5000000000"},"f":{"$numberDouble":"0.5"}}\n',
    ],
  ] as const)
    it(`understands ${what}`, async () => {
      await importText('a.json', text);
      expect(await exported('--jsonFormat', 'canonical')).to.equal(canonical);
    });

  it('out and in again gives the same', async () => {
    const text =
      '{"_id":{"$oid":"65f0c0ffee65f0c0ffee65f0"},"l":{"$numberLong":"1"},"d":{"$numberDecimal":"1.10"},"m":{"$minKey":1},"r":{"$regularExpression":{"pattern":"a","options":"i"}},"t":{"$timestamp":{"t":1,"i":2}},"z":{"$numberDouble":"-0.0"}}\n';
    await importText('a.json', text);
    expect(await exported('--jsonFormat', 'canonical')).to.equal(text);
    const packed = place.path('out.json.gz');
    expect((await elmo('export', file(), 'x.a', packed, '--jsonFormat', 'canonical')).code).to.equal(0);
    expect((await elmo('import', file(), 'x.a', packed, '--drop')).code).to.equal(0);
    expect(await exported('--jsonFormat', 'canonical')).to.equal(text);
  });

  it('tells what is wrong and where, and takes the rest', async () => {
    const text =
      '{"_id":1}\n{"_id":2,"a":tru}\nfoo\n{"_id":3,"s":"open\n{"_id":4}\n{"_id":5,"q":{\n{"_id":1}\n{"_id":6}\n{"_id":';
    const { code, out, err } = await importText('a.json', text);
    expect(code).to.equal(1);
    expect(out).to.match(/^3 documents imported, 6 left out/);
    for (const fault of [
      'line 2, ',
      'line 3, column 1: a document was expected',
      'line 4, column 14: a text does not end',
      'line 6, column 1: the document does not end',
      'line 7: E11000',
      'line 9, column 1: the input ends',
    ])
      expect(err).to.contain(fault);
    expect(await exported()).to.equal('{"_id":1}\n{"_id":4}\n{"_id":6}\n');
  });

  it('--stopOnError stops at the first fault', async () => {
    const { code, out } = await importText('a.json', '{"_id":1}\n{"_id":1}\n{"_id":2}\n', '--stopOnError');
    expect(code).to.equal(1);
    expect(out).to.match(/^1 document imported, 1 left out/);
    expect(await exported()).to.equal('{"_id":1}\n');
  });

  it('damaged gzip is an error', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `{"_id":${i},"x":${Math.sin(i)}}\n`).join('');
    const packed = gzipSync(lines);
    const { code, err } = await importText('a.json', packed.subarray(0, packed.length >> 1));
    expect(code).to.equal(1);
    const went = /damaged gzip: .*; ([\d,]+) documents went in before, and are there: mend the input/.exec(
      err,
    )?.[1];
    const count = (await elmo('count', file(), 'x.a')).out.trim();
    expect(went?.replaceAll(',', '')).to.equal(count);
    expect(Number(count)).to.be.within(5000, 15_000);
  });

  for (const [mode, expected] of [
    ['upsert', '{"_id":1,"b":2}\n{"_id":2,"b":3}\n'],
    ['merge', '{"_id":1,"a":1,"b":2}\n{"_id":2,"b":3}\n'],
    ['delete', ''],
  ] as const)
    it(`--mode ${mode}`, async () => {
      await importText('a.json', '{"_id":1,"a":1}');
      expect((await importText('b.json', '{"_id":1,"b":2}\n{"_id":2,"b":3}', '--mode', mode)).code).to.equal(
        0,
      );
      expect(await exported()).to.equal(expected);
    });

  it('--mode delete and merge look at fields that are told, and at all kinds of values as they are', async () => {
    await importText('a.json', '{"_id":1,"k":{"$regex":"a"},"n":1}\n{"_id":2,"k":"a","n":2}');
    const flags = ['--upsertFields', 'k', '--mode', 'merge'];
    expect(
      (await importText('b.json', '{"_id":9,"k":{"$regex":"a"},"m":5}\n{"_id":3,"k":"new"}', ...flags)).code,
    ).to.equal(0);
    expect(await exported('--fields', 'n,m')).to.equal('{"_id":1,"n":1,"m":5}\n{"_id":2,"n":2}\n{"_id":3}\n');
    const gone = await importText('c.json', '{"k":"a"}\n{"x":1}', '--upsertFields', 'k', '--mode', 'delete');
    expect(gone.out).to.match(/^1 document deleted, 1 left out/);
    expect(gone.err).to.equal('line 2: it has no k to be deleted by\n');
    expect(await exported('--fields', '_id')).to.equal('{"_id":1}\n{"_id":3}\n');
  });

  it('--upsertFields alone means --mode upsert', async () => {
    await importText('a.json', '{"_id":1,"k":1}');
    await importText('b.json', '{"k":1,"n":2}', '--upsertFields', 'k');
    expect(await exported()).to.equal('{"_id":1,"k":1,"n":2}\n');
  });

  it('tells how to go on where documents are there already', async () => {
    await importText('a.json', '{"_id":1}');
    const { code, err } = await importText('b.json', '{"_id":1}\n{"_id":2}');
    expect(code).to.equal(1);
    expect(err).to.match(
      /^line 1: E11000 .*\n1 was there already: --mode upsert replaces them, --mode merge adds to them\n$/,
    );
  });

  it('--file, --fieldFile, --useArrayIndexFields', async () => {
    writeFileSync(place.path('fields.txt'), '_id\na.0\na.1\n');
    writeFileSync(place.path('x.csv'), '1,2,3\n');
    const flags = ['--fieldFile', place.path('fields.txt'), '--useArrayIndexFields'];
    expect((await elmo('import', file(), 'x.a', '--file', place.path('x.csv'), ...flags)).code).to.equal(0);
    expect(await exported()).to.equal('{"_id":1,"a":[2,3]}\n');
  });

  for (const [grace, expected, code] of [
    ['skipRow', '{"_id":1,"n":1}\n{"_id":3,"n":3}\n', 1],
    ['skipField', '{"_id":1,"n":1}\n{"_id":2}\n{"_id":3,"n":3}\n', 0],
    ['autoCast', '{"_id":1,"n":1}\n{"_id":2,"n":"x"}\n{"_id":3,"n":3}\n', 0],
    ['stop', '{"_id":1,"n":1}\n', 1],
  ] as const)
    it(`--parseGrace ${grace}`, async () => {
      const text = '_id.int32(),n.int32()\n1,1\n2,x\n3,3\n';
      const outcome = await importText('a.csv', text, '--columnsHaveTypes', '--parseGrace', grace);
      expect(outcome.code).to.equal(code);
      expect(await exported()).to.equal(expected);
    });

  for (const [why, flags, message] of [
    ['two sources of names', ['--headerline', '--fields', 'a', '--type', 'csv'], 'contradict each other'],
    ['names of columns for JSON', ['--fields', 'a'], 'are of csv and tsv'],
    [
      'columns inside each other',
      ['--fields', 'a,a.b', '--type', 'csv'],
      "'a' and 'a.b' contradict each other",
    ],
    ['a column without a name', ['--fields', 'a,,b.', '--type', 'csv'], 'is no name for a column'],
    [
      'a type that is none',
      ['--fields', 'a.int()', '--columnsHaveTypes', '--type', 'csv'],
      'does not say its type',
    ],
  ] as const)
    it(`refuses ${why}`, async () => {
      const { code, err } = await importText('a.txt', '1\n', ...flags);
      expect(code).to.equal(2);
      expect(err).to.contain(message);
    });

  it('export: --out, --queryFile, --fieldFile, --noHeaderLine, --pretty, --limit', async () => {
    await importText('a.json', '{"_id":1,"a":{"b":1}}\n{"_id":2,"a":{"b":2}}\n{"_id":3}');
    writeFileSync(place.path('q.json'), '{"a":{"$exists":true}}');
    writeFileSync(place.path('f.txt'), 'a.b\n');
    const flags = ['--queryFile', place.path('q.json'), '--fieldFile', place.path('f.txt'), '--noHeaderLine'];
    const { code } = await elmo(
      'export',
      file(),
      'x.a',
      '--out',
      place.path('o.csv'),
      '--type',
      'csv',
      ...flags,
    );
    expect([code, readFileSync(place.path('o.csv'), 'utf8')]).to.deep.equal([0, '1\n2\n']);
    expect(await exported('--pretty', '--limit', '1')).to.equal(
      '{\n  "_id": 1,\n  "a": {\n    "b": 1\n  }\n}\n',
    );
    const refused = await elmo('export', file(), 'x.a', '--limit', 'x');
    expect([refused.code, refused.err]).to.deep.equal([2, "error: --limit takes a whole number, got 'x'\n"]);
  });

  it('CSV: quotes, dots, types by their look', async () => {
    const text = '_id,name,at.city,n\r\n1,"Ada ""A"", L\nx",London,5.5\r\n2,Bob,,\n';
    expect((await importText('a.csv', text)).code).to.equal(0);
    expect(await exported()).to.equal(
      '{"_id":1,"name":"Ada \\"A\\", L\\nx","at":{"city":"London"},"n":5.5}\n{"_id":2,"name":"Bob","at":{"city":""},"n":""}\n',
    );
    expect(await exported('--type', 'csv', '--fields', '_id,name,at.city')).to.equal(
      '_id,name,at.city\n1,"Ada ""A"", L\nx",London\n2,Bob,\n',
    );
  });

  it('TSV with types that are told; what does not fit is told with its column', async () => {
    const text = '1\t1815-12-10\t007\n2\tx\t8\n3\t\t9\n';
    const flags = [
      '--fields',
      '_id.int32(),born.date(),code.string()',
      '--columnsHaveTypes',
      '--ignoreBlanks',
    ];
    const { code, err } = await importText('a.tsv', text, ...flags);
    expect(code).to.equal(1);
    expect(err).to.match(/^line 2, column 2: born: 'x' is no date\nwhat is wrong in the input .*\n$/);
    expect(await exported('--fields', 'code')).to.equal('{"_id":1,"code":"007"}\n{"_id":3,"code":"9"}\n');
  });

  it('a file that another program has open is left alone', async () => {
    const client = await connect(file());
    writeFileSync(place.path('a.json'), '{"_id":1}');
    const { code, err } = await spawnElmo(['import', file(), 'x.a', place.path('a.json')]);
    await client.close();
    expect(code).to.equal(1);
    expect(err).to.match(/^error: .*\[Locked\]\n +close the program that has the file open/);
  });

  it('a file that is no database is left alone', async () => {
    writeFileSync(file(), 'a letter to Ada');
    const { code, err } = await importText('a.json', '{"_id":1}');
    expect(code).to.equal(1);
    expect(err).to.match(/^error: .*a\.elmo/);
    expect(err).not.to.contain('    at ');
    expect(readFileSync(file(), 'utf8')).to.equal('a letter to Ada');
  });

  it('an input that is not there makes no database', async () => {
    const { code, err } = await elmo('import', file(), 'x.a', place.path('nope.json'));
    expect(code).to.equal(1);
    expect(err).to.contain('there is no file');
    expect(() => readFileSync(file())).to.throw('ENOENT');
  });
});
