import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { RawClient } from '../server-compat/connection/raw-client.js';
import { elmo } from './fixture.js';

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return line.toString();
}

describe('cli/serve', () => {
  it('says where it listens, answers, and ends cleanly when told to stop', async () => {
    const child = spawn(process.execPath, [main, 'serve', ':memory:', '--port', '0'], { stdio: 'pipe' });
    const ended = once(child, 'exit');
    const address = /mongodb:\/\/([^/]+)\//.exec(await firstLine(child))![1]!;
    const client = await RawClient.to(address);
    expect((await client.command({ ping: 1 })).ok).to.equal(1);
    await client.end();
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
  });

  for (const [why, argv, words] of [
    ['a port that is no number', ['serve', ':memory:', '--port', 'x'], '--port'],
    ['a certificate without its key', ['serve', ':memory:', '--tls-cert', 'c.pem'], '--tls-key'],
  ] as const)
    it(`does not understand ${why}`, async () => {
      const { code, err } = await elmo(...argv);
      expect(code).to.equal(2);
      expect(err).to.include(words);
    });

  it('does not listen beyond this machine without logins', async () => {
    const { code, err } = await elmo('serve', ':memory:', '--bind', '0.0.0.0', '--port', '0');
    expect(code).to.equal(1);
    expect(err).to.include('without authentication');
  });
});
