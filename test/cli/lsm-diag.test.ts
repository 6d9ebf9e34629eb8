import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openLsm } from '../../lsm/index.js';
import { bytes, diag, diagJson, sample, spawnElmo, usePlace } from './fixture.js';

interface Table {
  readonly id: number;
  readonly level: number;
  readonly offset: number;
  readonly entries: number;
  readonly lowKey: string;
}

function damage(path: string, offset: number): void {
  const content = readFileSync(path);
  content[offset]! ^= 0xff;
  writeFileSync(path, content);
}

describe('elmo lsm-diag, looking', () => {
  const place = usePlace();

  for (const [command, words] of [
    ['stats', ['closed in order', 'entries', 'range tombstones  1']],
    // The bounds of the runs: the even entries begin with the large value, the odd ones end with the last user.
    ['tables', ['low key', 'large', 'user:0498', 'user:0001', 'user:0499', '0xff00']],
    ['levels', ['target', 'score', '4 runs']],
    ['space', ['fragmentation', 'meta slots', 'one mark']],
    ['manifest', ['Meta slots', 'in order', 'state', '+ table']],
    ['logs', ['no logs']],
    ['pins', ['nothing is pinned']],
    // The key space from its first key to its last, whatever lies between.
    ['graph', ['L0 run 5', 'L0 run 3', 'L0 run 1', 'large', '0xff00', '█']],
    ['check', ['no problem']],
    ['verify', ['no problem']],
  ] as const) {
    it(`${command} shows it to people and programs, and writes nothing`, async () => {
      const path = await sample(place);
      const before = readFileSync(path);
      const { code, out, err } = await diag(path, command);
      expect([code, err]).to.deep.equal([0, '']);
      for (const word of words) expect(out).to.contain(word);
      expect(await diagJson(path, command)).to.be.an(
        command === 'tables' || command === 'levels' || command === 'logs' ? 'array' : 'object',
      );
      expect(readFileSync(path).equals(before)).to.equal(true);
    });
  }

  it('graph draws for Graphviz', async () => {
    const { out } = await diag(await sample(place), 'graph', '--dot');
    expect(out).to.match(/^digraph store \{[^]*t\d+ \[label=[^]*t\d+ -> t\d+;[^]*\}\n$/);
  });

  it('show-block lists pieces, shows a block, a section, a byte', async () => {
    const path = await sample(place);
    const [table] = (await diagJson<Table[]>(path, 'tables')).slice(-1);
    const id = String(table!.id);
    expect((await diag(path, 'show-block', id)).out).to.match(/block 0[^]*filter[^]*index[^]*footer/);
    const block = await diag(path, 'show-block', id, '0', '--values', '--raw');
    expect(block.out)
      .to.contain(table!.lowKey)
      .and.to.contain('good')
      .and.to.match(/value \d+/);
    expect(block.out).to.match(/^[0-9a-f]{10} {2}([0-9a-f]{2} ){16}/m);
    expect((await diag(path, 'show-block', id, 'footer', '--raw')).out).to.contain('elmo');
    expect((await diag(path, 'show-block', `@${table!.offset + 3}`)).out).to.contain(
      `block 0 of table ${id}`,
    );
    expect((await diag(path, 'show-block', '@5000', '--raw')).out)
      .to.contain('meta slot 1')
      .and.to.contain('elmo-lsm');
    const json = await diagJson<{ list: { key: string; value?: string }[] }>(
      path,
      'show-block',
      id,
      '0',
      '--values',
    );
    expect(json.list[0]!.key).to.equal(table!.lowKey);
    for (const wrong of [[id, '999'], [id, 'nonsense'], ['x']]) {
      expect((await diag(path, 'show-block', ...wrong)).code, wrong.join(' ')).to.equal(2);
    }
    expect((await diag(path, 'show-block', '999')).code).to.equal(1);
  });

  it('shows damage, what is left, and exits with 1', async () => {
    const path = await sample(place);
    const [table] = await diagJson<Table[]>(path, 'tables');
    damage(path, table!.offset + 30);
    const { code, out } = await diag(path, 'verify');
    expect(code).to.equal(1);
    expect(out)
      .to.contain(`damaged at byte ${table!.offset}`)
      .and.to.contain('[TableDamaged]')
      .and.to.contain('1 problem');
    expect((await diag(path, 'check')).code).to.equal(0);
    const shown = await diag(path, 'show-block', `@${table!.offset}`);
    expect(shown.code).to.equal(1);
    expect(shown.out).to.contain('PROBLEM').and.to.contain(table!.lowKey.slice(0, 5));
  });

  it('shows a damaged manifest as far as it goes', async () => {
    const path = await sample(place);
    const whole = await diagJson<Table[]>(path, 'tables');
    const { manifest } = await diagJson<{ manifest: { records: { offset: number }[] } }>(path, 'manifest');
    damage(path, manifest.records[2]!.offset + 16);
    const { code, out, err } = await diag(path, 'manifest');
    expect(code).to.equal(1);
    expect(out).to.contain('damaged').and.to.contain('stands behind a damaged record');
    expect(err).to.contain(`damaged at byte ${manifest.records[2]!.offset}`);
    const rest = await diagJson<Table[]>(path, 'tables');
    expect(rest.length).to.be.greaterThan(0).and.to.be.lessThan(whole.length);
    expect((await diag(path, 'verify')).code).to.equal(1);
  });

  it('opens encrypted files with a key, a passphrase, or a file', async () => {
    const key = new Uint8Array(32).fill(0xab);
    const path = await sample(place, { encryptionKey: key });
    const digits = `0x${'ab'.repeat(32)}`;
    writeFileSync(place.path('raw.key'), key);
    writeFileSync(place.path('text.key'), `${digits}\n`);
    for (const given of [
      ['--key', digits],
      ['--key-file', place.path('raw.key')],
      ['--key-file', place.path('text.key')],
    ]) {
      expect((await diag(path, 'verify', ...given)).out).to.contain('no problem');
      expect((await diag(path, 'keys', '--limit', '1', ...given)).out).to.equal('large\n');
    }
    const without = await diag(path, 'stats');
    expect([without.code, without.err.includes('WrongKey'), without.err.includes('--key')]).to.deep.equal([
      1,
      true,
      true,
    ]);
    expect((await diag(path, 'stats', '--key', 'wrong')).code).to.equal(1);
    expect((await diag(path, 'stats', '--key', '0x12')).code).to.equal(2);
    const slots = await diag(path, 'manifest');
    expect(slots.code).to.equal(1);
    expect(slots.out).to.contain('encrypted');
  });

  it('is refused beside a process that has the file open', async () => {
    const store = await openLsm(place.path('live.elmo'), { worker: false });
    try {
      for (const command of ['stats', 'keys', 'merge', 'pins']) {
        const { code, err } = await diag(place.path('live.elmo'), command);
        expect(code).to.equal(1);
        expect(err).to.contain(`in use by this process (${process.pid})`).and.to.contain('[Locked]');
      }
    } finally {
      await store.close();
    }
  });
});

describe('elmo lsm-diag, reading', () => {
  const place = usePlace();

  it('keys lists a range, a prefix, backwards, with values', async () => {
    const path = await sample(place);
    const keys = async (...flags: string[]): Promise<string[]> => {
      const { out } = await diag(path, 'keys', ...flags);
      return out.split('\n').slice(0, -1);
    };
    expect(await keys()).to.have.length(500 - 50 + 2);
    expect(await keys('--prefix', 'user:049')).to.have.length(10);
    expect(await keys('--low', 'user:0098', '--high', '0x757365723a30313532')).to.deep.equal([
      'user:0098',
      'user:0099',
      'user:0150',
      'user:0151',
    ]);
    expect(await keys('--reverse', '--limit', '2')).to.deep.equal(['0xff00', 'user:0499']);
    expect(await keys('--limit', '2', '--values', '--value-limit', '4')).to.deep.equal([
      'large\tAAAA… (48.8 KiB)',
      'user:0000\tvalu… (7 B)',
    ]);
    const json = await diagJson(path, 'keys', '--prefix', 'user:0001', '--values');
    expect(json).to.deep.equal([
      { key: 'user:0001', valueBytes: 7, valueKind: 'inline', value: 'value 1', isCut: false },
    ]);
    expect(await diagJson(path, 'keys', '--prefix', 'nothing')).to.deep.equal([]);
    expect((await diag(path, 'keys', '--prefix', 'a', '--low', 'b')).code).to.equal(2);
    expect((await diag(path, 'keys', '--limit', '-1')).code).to.equal(2);
    expect((await diag(path, 'keys', '--low', 'b', '--high', 'a')).code).to.equal(1);
  });

  for (const [key, mode, expected] of [
    ['user:0120', 'EQ', undefined],
    ['user:0120', 'LE', 'user:0099'],
    ['user:0120', 'GE', 'user:0150'],
    ['user:0007', 'EQ', 'user:0007'],
    ['0xff00', 'EQ', '0xff00'],
    ['0xff01', 'GE', undefined],
  ] as const) {
    it(`seek ${key} ${mode}: ${expected ?? 'nothing'}`, async () => {
      const path = await sample(place);
      const { code, out } = await diag(path, 'seek', key, '--mode', mode);
      expect(code).to.equal(expected === undefined ? 1 : 0);
      if (expected !== undefined) expect(out).to.contain(`key     ${expected}\n`);
      const json = await diagJson<{ key: string } | null>(path, 'seek', key, '--mode', mode);
      expect(json?.key).to.equal(expected);
    });
  }

  it('reads what a crash left in logs', async () => {
    const store = await place.store('live.elmo');
    await store.put(bytes('only in the log'), bytes('1'));
    const names = ['live.elmo', 'live.elmo-log-000000000001'];
    for (const name of names) writeFileSync(place.path(`copy-${name}`), readFileSync(place.path(name)));
    await store.close();
    const copy = place.path('copy-live.elmo');
    expect((await diag(copy, 'keys')).out).to.equal('only in the log\n');
    expect((await diag(copy, 'logs')).out).to.contain('open');
    expect((await diag(copy, 'pins')).out).to.contain('1 log');
    const refused = await diag(copy, 'backup', '--to', place.path('backup.elmo'));
    expect([refused.code, existsSync(place.path('backup.elmo'))]).to.deep.equal([1, false]);
    expect((await diag(copy, 'backup', '--to', place.path('backup.elmo'), '--recover')).code).to.equal(0);
    expect((await diag(place.path('backup.elmo'), 'keys')).out).to.equal('only in the log\n');
  });
});

describe('elmo lsm-diag, changing', () => {
  const place = usePlace();

  it('merge leaves one run without anything dead', async () => {
    const path = await sample(place);
    const { code, out } = await diag(path, 'merge');
    expect([code, out.includes('before')]).to.deep.equal([0, true]);
    const stats = await diagJson<{ runs: number; entries: number; rangeTombstones: number }>(path, 'stats');
    expect([stats.runs, stats.entries, stats.rangeTombstones]).to.deep.equal([1, 452, 0]);
  });

  it('compact makes the file shorter, or a short copy', async () => {
    const path = await sample(place);
    const copy = place.path('copy.elmo');
    expect((await diag(path, 'compact', '--to', copy)).code).to.equal(0);
    expect((await diag(path, 'compact')).code).to.equal(0);
    for (const file of [path, copy]) {
      expect((await diagJson<{ freeBytes: number }>(file, 'space')).freeBytes).to.equal(0);
      expect((await diag(file, 'keys')).out.split('\n')).to.have.length(453);
      expect((await diag(file, 'verify')).code).to.equal(0);
    }
    expect((await diag(path, 'compact', '--to', copy)).code).to.equal(2);
  });

  it('backup writes a copy that is whole', async () => {
    const path = await sample(place);
    const copy = place.path('copy.elmo');
    expect((await diag(path, 'backup', '--to', copy)).code).to.equal(0);
    expect((await diag(copy, 'verify')).code).to.equal(0);
    expect((await diag(copy, 'keys')).out).to.equal((await diag(path, 'keys')).out);
    expect((await diag(path, 'backup', '--to', copy)).code).to.equal(2);
    expect((await diag(path, 'backup')).code).to.equal(2);
    expect(existsSync(`${copy}-partial`)).to.equal(false);
  });
});

describe('elmo, as a process', () => {
  const place = usePlace();

  it('prints results to its output, errors beside it', async () => {
    const path = await sample(place);
    const [good, bad] = await Promise.all([
      spawnElmo(['lsm-diag', path, 'seek', 'user:0007', '--json']),
      spawnElmo(['lsm-diag', place.path('missing.elmo'), 'stats']),
    ]);
    expect([good.code, (JSON.parse(good.out) as { value: string }).value, good.err]).to.deep.equal([
      0,
      'value 7',
      '',
    ]);
    expect([bad.code, bad.out]).to.deep.equal([1, '']);
    expect(bad.err).to.equal(`error: ${place.path('missing.elmo')} does not exist [NotFound]\n`);
  });

  it('loads what it is piped', async () => {
    const path = place.path('piped.elmo');
    const { code, out } = await spawnElmo(['lsm-diag', path, 'load-lines', '-'], 'b\na\nb\n');
    expect([code, out.includes('duplicates  1')]).to.deep.equal([0, true]);
    expect((await diag(path, 'keys')).out).to.equal('a\nb\n');
  });
});
