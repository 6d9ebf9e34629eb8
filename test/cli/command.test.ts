import { expect } from 'chai';
import { diag, elmo } from './fixture.js';

describe('the command line', () => {
  it('explains itself, with examples and exit codes', async () => {
    for (const argv of [['--help'], ['lsm-diag', '--help'], ['help', 'lsm-diag']]) {
      const { code, out } = await elmo(...argv);
      expect(code, argv.join(' ')).to.equal(0);
      expect(out).to.contain('Examples:').and.to.contain('Exit codes: 0');
    }
    expect((await diag('x.elmo', 'seek', '--help')).out)
      .to.contain('--mode')
      .and.to.contain('--json');
  });

  it('every subcommand explains itself, with examples', async () => {
    const names = [...(await elmo('--help')).out.matchAll(/^ {2}([a-z-]+) (?:\[options\] )?</gm)].map(
      ([, name]) => name!,
    );
    expect(names).to.include.members(['shell', 'find', 'import', 'serve', 'backup']);
    for (const name of names) {
      const { code, out } = await elmo(name, '--help');
      expect(code, name).to.equal(0);
      expect(out, name).to.contain('Examples:');
    }
  });

  it('no example says what a shell would replace: within double quotes a dollar begins a variable', async () => {
    const names = [...(await elmo('--help')).out.matchAll(/^ {2}([a-z-]+) (?:\[options\] )?[<[]/gm)].map(
      ([, name]) => [name!],
    );
    for (const argv of [[], ...names]) {
      const examples = (await elmo(...argv, '--help')).out.split('Examples:')[1] ?? '';
      expect(examples, argv.join()).not.to.match(/^[^'\n]*"[^"\n]*\$/m);
    }
  });

  it('knows its version', async () => {
    expect((await elmo('--version')).out).to.match(/^\d+\.\d+\.\d+/);
  });

  for (const argv of [
    [],
    ['nonsense'],
    ['lsm-diag'],
    ['lsm-diag', 'x.elmo'],
    ['lsm-diag', 'x.elmo', 'nonsense'],
    ['lsm-diag', 'x.elmo', 'seek'],
    ['lsm-diag', 'x.elmo', 'stats', '--nonsense'],
    ['lsm-diag', 'x.elmo', 'stats', '-o', 'nonsense=1'],
    ['lsm-diag', 'x.elmo', 'stats', '-o', 'nonsense'],
    ['lsm-diag', 'x.elmo', 'stats', '-o', 'readOnly=false'],
    ['lsm-diag', 'x.elmo', 'seek', '0xabc'],
    ['lsm-diag', 'x.elmo', 'seek', 'a', '--mode', 'NE'],
  ]) {
    it(`does not understand: elmo ${argv.join(' ')}`, async () => {
      const { code, out, err } = await elmo(...argv);
      expect([code, out]).to.deep.equal([2, '']);
      expect(err).not.to.equal('');
      expect(err).not.to.contain('    at ');
    });
  }

  it('takes options of all commands before the file as well', async () => {
    const { code, err } = await elmo('lsm-diag', '--json', '-o', 'levelFactor=4', 'missing.elmo', 'levels');
    expect([code, err.includes('NotFound')]).to.deep.equal([1, true]);
  });

  it('shows where an error arose only when asked', async () => {
    expect((await diag('missing.elmo', 'stats')).err).not.to.contain('    at ');
    expect((await diag('missing.elmo', 'stats', '--verbose')).err).to.contain('    at ');
  });
});
