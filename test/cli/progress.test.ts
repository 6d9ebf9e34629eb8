import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Progress } from '../../cli/progress.js';
import { KeptTerminal, usePlace } from './fixture.js';

describe('progress', () => {
  it('is a line every five seconds where nobody looks', () => {
    const terminal = new KeptTerminal();
    let now = 0;
    const progress = new Progress(terminal, { label: 'loading', total: 100, nowMs: () => now });
    for (; now <= 12_000; now += 500) progress.update(Math.min(100, now / 200), () => `${now} ms`);
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
    progress.update(5, () => 'half');
    progress.stop();
    progress.stop();
    expect(terminal.out).to.equal('');
  });
});

describe('what is told while there is a bar', () => {
  it('stands in lines of its own above it', () => {
    const terminal = new KeptTerminal(true, true, 100);
    const write = (text: string): boolean => {
      terminal.warn(text);
      return true;
    };
    Object.assign(terminal.progressStream, { isTTY: true, columns: 100, write });
    const progress = new Progress(terminal, { label: 'loading', total: 10 });
    progress.terminal.warn('line 3: it is not so\n');
    const told = terminal.err;
    progress.stop();
    // the bar, taken away for the line, and drawn again below it
    expect(told).to.match(/loading [░█]+[^\n]*\r\x1b\[Kline 3: it is not so\n[^\n]*loading [░█]+ 0 %[^\n]*$/);
  });

  it('stands alone where there is none', () => {
    const terminal = new KeptTerminal();
    const progress = new Progress(terminal, { label: 'loading', total: 10 });
    progress.terminal.warn('line 3: it is not so\n');
    progress.stop();
    expect(terminal.err).to.equal('line 3: it is not so\n');
  });
});

/**
 * Runs a command on a pseudo-terminal of 100 columns, and prints all that appears on it. The command is held for a
 * while when it first shows something, so that it takes long enough on a fast machine to tell what time is left.
 */
const ON_A_SCREEN = `
import fcntl, os, pty, signal, struct, sys, termios, time
child, screen = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while True:
    try:
        piece = os.read(screen, 65536)
    except OSError:
        break
    if not piece:
        break
    if not seen:
        os.kill(child, signal.SIGSTOP)
        time.sleep(1)
        os.kill(child, signal.SIGCONT)
    seen += piece
os.write(1, seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

describe('progress on a screen', () => {
  const place = usePlace();

  it('shows a bar with share, size, rate and time left, and takes it away', function () {
    if (spawnSync('python3', ['-c', 'import pty']).status !== 0) this.skip(); // no python3 to make a screen
    const lines = Array.from({ length: 60_000 }, (_, i) => `{"_id":${i},"filling":"${'x'.repeat(300)}"}\n`);
    writeFileSync(place.path('many.ndjson'), lines.join(''));
    const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
    const command = [main, 'import', place.path('a.elmo'), 'x.many', place.path('many.ndjson')];
    const { status, stdout } = spawnSync('python3', ['-c', ON_A_SCREEN, process.execPath, ...command]);
    const screen = stdout.toString();
    expect(status).to.equal(0);
    expect(screen).to.match(/importing █+░+ \d+ % {2}[\d.]+ MiB {2}[\d,]+ documents, [\d,]+\/s/);
    expect(screen).to.match(/ left/);
    // hidden cursor shown again, the bar gone, then the result
    expect(screen).to.contain('\x1b[?25l').and.to.contain('\x1b[?25h');
    expect(screen.slice(screen.lastIndexOf('\x1b'))).to.match(
      /60,000 documents imported \(.* s, [\d,]+\/s\)\r?\n$/,
    );
  });
});
