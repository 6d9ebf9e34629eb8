import { expect } from 'chai';
import { isSubcommand, listed, SUMMARIES } from '../../cli/summaries.js';
import { elmo } from './fixture.js';

describe('what the help says of subcommands', () => {
  for (const [name, { usage, text }] of Object.entries(SUMMARIES))
    it(`is what ${name} itself says`, async () => {
      expect(isSubcommand(name)).to.equal(true);
      const { out } = await elmo('help', name);
      if (name === 'lsm-diag') return expect(out).to.match(/^Usage: elmo lsm-diag FILE COMMAND/);
      expect(out).to.match(/^Usage: elmo /);
      const [first, , third] = out.split('\n');
      expect(first).to.equal(`Usage: elmo ${name} [options] ${usage}`);
      return expect(third).to.equal(text);
    });

  it('knows no other name', () => {
    expect(isSubcommand('imports')).to.equal(false);
    expect(isSubcommand('toString')).to.equal(false);
    expect(listed('import').name()).to.equal('import');
  });

  it('is told for a name that nobody knows', async () => {
    const { code, err } = await elmo('imprt');
    expect([code, err]).to.deep.equal([2, "error: unknown command 'imprt'\n(Did you mean import?)\n"]);
  });
});
