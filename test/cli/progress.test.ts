import { expect } from 'chai';
import { Progress } from '../../cli/progress.js';
import { KeptTerminal } from './fixture.js';

describe('progress', () => {
  it('is a line every five seconds where nobody looks', () => {
    const terminal = new KeptTerminal();
    let now = 0;
    const progress = new Progress(terminal, { label: 'loading', total: 100, nowMs: () => now });
    for (; now <= 12_000; now += 500) progress.update(Math.min(100, now / 200), `${now} ms`);
    progress.stop();
    expect(terminal.err).to.equal(
      'loading: 25 % 25, 5000 ms, 15 s left\nloading: 50 % 50, 10000 ms, 10 s left\n',
    );
    expect(terminal.out).to.equal('');
  });

  it('tells the time where the end is not known', () => {
    const terminal = new KeptTerminal();
    let now = 0;
    const progress = new Progress(terminal, { label: 'merging', total: 0, nowMs: () => now });
    now = 7_000;
    progress.update(3);
    progress.stop();
    expect(terminal.err).to.equal('merging: 3, 7.0 s\n');
  });

  it('is a bar on a screen, and goes away', () => {
    const terminal = new KeptTerminal(true, true, 100);
    Object.assign(terminal.progressStream, { isTTY: true, columns: 100 });
    const progress = new Progress(terminal, { label: 'loading', total: 10 });
    progress.update(5, 'half');
    progress.stop();
    progress.stop();
    expect(terminal.out).to.equal('');
  });
});
