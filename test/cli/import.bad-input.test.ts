/** Bad input, through the built command: it says what, where, how many went in, and how to go on; nothing is lost. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { connect } from '../../server-compat/index.js';
import { elmo, spawnElmo, usePlace } from './fixture.js';

describe('bad input of the built command', () => {
  const place = usePlace();
  const file = (): string => place.path('a.elmo');
  const given = (name: string, bytes: string | Uint8Array): string => {
    writeFileSync(place.path(name), bytes);
    return place.path(name);
  };
  const count = async (): Promise<string> => (await elmo('count', file(), 'x.a')).out.trim();

  for (const [what, bytes, message, out, kept] of [
    [
      'half a document',
      '{"_id":1}\n{"_id":2}\n{"_id":3,"a":"ha',
      /^line 3, column 1: the input ends in the middle of a document\nwhat is wrong .*: mend it and import these lines alone, or all of it again, with --mode upsert .*\n$/,
      /^2 documents imported, 1 left out/,
      '2',
    ],
    [
      'a duplicate key in the middle',
      '{"_id":1}\n{"_id":2}\n{"_id":1}\n{"_id":3}\n',
      /^line 3: E11000 .*_id: 1.*\n1 was there already: --mode upsert replaces them, --mode merge adds to them\n$/,
      /^3 documents imported, 1 left out/,
      '3',
    ],
  ] as const)
    it(what, async () => {
      const told = await spawnElmo(['import', file(), 'x.a', given('a.json', bytes)]);
      expect(told.code).to.equal(1);
      expect(told.err).to.match(message);
      expect(told.out).to.match(out);
      expect(await count()).to.equal(kept);
    });

  it('a broken gzip: what came before is in, and the way on works', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `{"_id":${i},"x":${Math.sin(i)}}\n`).join('');
    const packed = gzipSync(lines);
    const broken = given('a.json.gz', packed.subarray(0, packed.length >> 1));
    const told = await spawnElmo(['import', file(), 'x.a', broken]);
    expect(told.code).to.equal(1);
    const went = /damaged gzip: .*; ([\d,]+) documents went in before/
      .exec(told.err)?.[1]
      ?.replaceAll(',', '');
    expect(await count()).to.equal(went);
    const mended = given('a.json.gz', packed);
    expect((await spawnElmo(['import', file(), 'x.a', mended, '--mode', 'upsert'])).code).to.equal(0);
    expect(await count()).to.equal('20000');
  });

  it('a dump that breaks off: what came before is in, and how to go on is told', async () => {
    await spawnElmo(['import', file(), 'x.a', given('a.json', '{"_id":1}\n{"_id":2}\n{"_id":3}\n')]);
    const archive = place.path('a.archive');
    await spawnElmo(['dump', file(), `--archive=${archive}`, '--gzip']);
    const packed = readFileSync(archive);
    const cut = given('cut.archive', packed.subarray(0, packed.length - 20));
    const told = await spawnElmo(['restore', place.path('b.elmo'), `--archive=${cut}`]);
    expect(told.code).to.equal(1);
    expect(told.err).to.match(
      /^x\.a: .*cut\.archive is damaged gzip: .*\nall that could be read is there; .*--drop\n$/,
    );
    const again = await spawnElmo(['restore', file(), `--archive=${archive}`]);
    expect(again.err).to.match(/\n3 were there already: --drop restores collections anew/);
    expect((await spawnElmo(['restore', file(), `--archive=${archive}`, '--drop'])).code).to.equal(0);
    expect(await count()).to.equal('3');
  });

  it('a duplicate key in the middle of a dump: the others are in, and how to go on is told', async () => {
    await spawnElmo(['import', file(), 'x.a', given('a.json', '{"_id":1}\n{"_id":2}\n{"_id":3}\n')]);
    await spawnElmo(['dump', file(), place.path('dump')]);
    const other = place.path('b.elmo');
    await spawnElmo(['import', other, 'x.a', given('b.json', '{"_id":2,"mine":true}\n')]);
    const told = await spawnElmo(['restore', other, place.path('dump')]);
    expect(told.code).to.equal(1);
    expect(told.out).to.match(/^2 documents of 1 collection restored, 1 fault/);
    expect(told.err).to.match(
      /^x\.a: E11000 .*_id: 2 }\n1 was there already: --drop restores collections anew, .*\n$/,
    );
    expect((await elmo('find', other, 'x.a', '{_id: 2}')).out).to.contain('"mine":true');
  });

  it('a dump with a damaged document: it alone is left out, and told with its place', async () => {
    await spawnElmo(['import', file(), 'x.a', given('a.json', '{"_id":1,"t":"x"}\n{"_id":2,"t":"y"}\n')]);
    await spawnElmo(['dump', file(), place.path('dump')]);
    const data = place.path(join('dump', 'x', 'a.bson'));
    const bytes = readFileSync(data);
    bytes[bytes.lastIndexOf('y') + 1] = 7;
    writeFileSync(data, bytes);
    const told = await spawnElmo(['restore', place.path('b.elmo'), place.path('dump')]);
    expect(told.code).to.equal(1);
    expect(told.err).to.match(
      /^x\.a: document 2 is left out: a text does not end in NUL, at byte \d+\nall that could be read/,
    );
    expect(told.out).to.match(/^1 document of 1 collection restored, 1 fault/);
  });

  it('a dump that is not there, or is none', async () => {
    for (const [argv, message] of [
      [[place.path('none')], `there is no folder ${place.path('none')}`],
      [[given('a.json', '{}')], `${place.path('a.json')} is neither a folder nor a file that ends in .bson`],
      [[`--archive=${place.path('none')}`], `there is no file ${place.path('none')}`],
      [[`--archive=${place.path('a.json')}`], `${place.path('a.json')}: this is no archive`],
    ] as const) {
      const told = await spawnElmo(['restore', file(), ...argv]);
      expect(told.code).to.equal(1);
      expect(told.err).to.contain(`error: ${message}`);
    }
  });

  it('a filter that is none: what is wrong, and where', async () => {
    await spawnElmo(['import', file(), 'x.a', given('a.json', '{"_id":1}\n')]);
    for (const [filter, message] of [
      ['{a: 1 b: 2}', 'Unexpected token: line 1, column 7'],
      ['{a:\n  b c}', 'Unexpected token: line 2, column 5'],
      ['{a:', 'Unexpected token: the text ends too soon'],
    ] as const) {
      const told = await spawnElmo(['find', file(), 'x.a', filter]);
      expect([told.code, told.err]).to.deep.equal([2, `error: the filter cannot be read: ${message}\n`]);
    }
  });

  it('a missing file, a file of another kind', async () => {
    const missing = await spawnElmo(['import', file(), 'x.a', place.path('none.json')]);
    expect([missing.code, missing.err]).to.deep.equal([
      1,
      `error: there is no file ${place.path('none.json')}\n`,
    ]);
    const letter = given('letter.elmo', 'a letter to Ada');
    const other = await spawnElmo(['import', letter, 'x.a', given('b.json', '{"_id":1}')]);
    expect([other.code, other.err]).to.deep.equal([
      1,
      `error: ${letter} is not a store of this engine [NotAStore]\n       it is no database of elmo, and was left as it is: was another file meant?\n`,
    ]);
    for (const type of ['json', 'csv']) {
      const picture = given('picture.bin', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
      const told = await spawnElmo(['import', file(), 'x.a', picture, '--type', type]);
      expect([told.code, told.err], type).to.deep.equal([
        1,
        'error: the input is no text: byte 8 is zero. What mongodump and elmo dump write is for elmo restore; nothing went in\n',
      ]);
    }
  });

  it('a locked file, for each command', async () => {
    const client = await connect(file());
    try {
      for (const argv of [
        ['import', file(), 'x.a', given('a.json', '{"_id":1}')],
        ['export', file(), 'x.a'],
        ['dump', file(), place.path('dump')],
        ['restore', file(), `--archive=${given('b.archive', '')}`],
        ['stats', file()],
      ]) {
        const told = await spawnElmo(argv);
        expect(told.code, argv[0]).to.equal(1);
        expect(told.err, argv[0]).to.match(
          /^error: .*\[Locked\]\n +close the program that has the file open/,
        );
      }
    } finally {
      await client.close();
    }
  });
});
