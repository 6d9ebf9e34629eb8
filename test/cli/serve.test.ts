import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Document } from 'bson';
import { connect } from '../../server-compat/index.js';
import { RawClient } from '../server-compat/connection/raw-client.js';
import { elmo } from './fixture.js';

const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

describe('cli/serve', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), 'elmo-serve-'));
  const running: ChildProcess[] = [];

  /** @returns the line the server prints, and what ends it */
  async function serve(...args: string[]): Promise<{ line: string; stop(): Promise<unknown[]> }> {
    const child = spawn(process.execPath, [main, 'serve', ...args], { stdio: 'pipe' });
    running.push(child);
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return {
      line: line.toString(),
      stop: () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }
  const addressIn = (line: string): string => /mongodb:\/\/([^/]+)\//.exec(line)![1]!;

  /** What a server that was started so answers. */
  async function answers(args: readonly string[], ...commands: Document[]): Promise<Document[]> {
    const server = await serve(':memory:', '--port', '0', ...args);
    const client = await RawClient.to(addressIn(server.line));
    const replies: Document[] = [];
    for (const command of commands) replies.push(await client.command({ ...command, $db: 'admin' }));
    await client.end();
    expect(await server.stop()).to.deep.equal([0, null]);
    return replies;
  }

  afterEach(() => {
    for (const child of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says where it listens, answers, and ends cleanly when told to stop', async () => {
    const [reply] = await answers([], { ping: 1 });
    expect(reply!['ok']).to.equal(1);
  });

  it('keeps what was written in the file', async () => {
    const file = join(folder, 'kept.elmo');
    for (const count of [0, 1]) {
      const server = await serve(file, '--port', '0');
      const client = await RawClient.to(addressIn(server.line));
      expect((await client.command({ count: 'c' }))['n']).to.equal(count);
      await client.command({ insert: 'c', documents: [{ a: 1 }] });
      await client.end();
      expect(await server.stop()).to.deep.equal([0, null]);
    }
  });

  it('--port and --bind', async () => {
    const first = await serve(':memory:', '--port', '0', '--bind', '127.0.0.1');
    const port = addressIn(first.line).split(':')[1]!;
    await first.stop();
    const second = await serve(':memory:', '-p', port);
    expect(addressIn(second.line)).to.equal(`127.0.0.1:${port}`);
    const { code, err } = await elmo('serve', ':memory:', '--port', port);
    expect([code, err]).to.satisfy(
      ([status, text]: [number, string]) => status === 1 && /EADDRINUSE/.test(text),
    );
    await second.stop();
  });

  it('by default a replica set of one', async () => {
    const [hello] = await answers([], { hello: 1 });
    expect(hello!['setName']).to.equal('elmo');
    expect(hello!['hosts']).to.deep.equal([hello!['me']]);
  });

  it('--replica-set and --advertise', async () => {
    const [hello] = await answers(['--replica-set', 'rs7', '--advertise', 'db.example:77'], { hello: 1 });
    expect([hello!['setName'], hello!['me']]).to.deep.equal(['rs7', 'db.example:77']);
  });

  it('--standalone', async () => {
    const [hello] = await answers(['--standalone'], { hello: 1 });
    expect([hello!['setName'], hello!['isWritablePrimary']]).to.deep.equal([undefined, true]);
  });

  it('--enable-test-commands', async () => {
    const command = { configureFailPoint: 'failCommand', mode: 'off' };
    const [without] = await answers([], command);
    const [with_] = await answers(['--enable-test-commands'], command);
    expect([without!['codeName'], with_!['ok']]).to.deep.equal(['CommandNotFound', 1]);
  });

  it('--auth: the first user is made from this machine, then all have to log in', async () => {
    const [find, made, again] = await answers(
      ['--auth'],
      { find: 'c' },
      { createUser: 'boss', pwd: 'p', roles: ['root'] },
      { createUser: 'other', pwd: 'p', roles: ['root'] },
    );
    expect([find!['code'], made!['ok'], again!['code']]).to.deep.equal([13, 1, 13]);
  });

  it('--allow-unauthenticated', async () => {
    const refused = await elmo('serve', ':memory:', '--bind', '0.0.0.0', '--port', '0');
    expect(refused.code).to.equal(1);
    expect(refused.err).to.include('without authentication');
    const server = await serve(':memory:', '--port', '0', '--bind', '0.0.0.0', '--allow-unauthenticated');
    const port = addressIn(server.line).split(':')[1]!;
    const client = await RawClient.to(`127.0.0.1:${port}`);
    expect((await client.command({ ping: 1 }))['ok']).to.equal(1);
    await client.end();
    await server.stop();
  });

  it('--unix-socket, for the same user', async function () {
    if (process.platform === 'win32') this.skip();
    const path = join(folder, 'own.sock');
    const server = await serve(':memory:', '--port', '0', '--unix-socket', path);
    const socket = connectSocket({ path });
    await once(socket, 'connect');
    socket.destroy();
    await server.stop();
    expect(existsSync(path)).to.equal(false);
  });

  it('--shared: other processes of this machine open the same file', async () => {
    const file = join(folder, 'shared.elmo');
    const server = await serve(file, '--port', '0', '--shared');
    const member = await connect(file, { shared: true });
    await member.db('test').collection('c').insertOne({ a: 1 });
    expect((await elmo('check', file)).out).to.equal('1 document in 1 collection, 1 index entry: all well\n');
    expect((await elmo('stats', file)).out).to.match(/test\.c\s+1\s+1/);
    const client = await RawClient.to(addressIn(server.line));
    expect((await client.command({ count: 'c' }))['n']).to.equal(1);
    await client.end();
    await member.close();
    expect(await server.stop()).to.deep.equal([0, null]);
    expect((await elmo('serve', ':memory:', '--shared')).code).to.equal(2);
  });

  it('--tls-cert, --tls-key and --tls-ca', async function () {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    try {
      const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost';
      execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
    } catch {
      console.log('    skipped: there is no openssl to make a certificate with');
      this.skip();
    }
    const open = async (port: number, own: Document): Promise<string> => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...own });
      const ended = once(socket, 'close').catch((error: Error) => error.message);
      // who shows no certificate learns of it only after the handshake
      socket.on('secureConnect', () => setTimeout(() => socket.end(), 200));
      let failure = 'served';
      socket.on('error', (error) => (failure = error.message));
      await ended;
      return failure;
    };
    const portOf = ({ line }: { line: string }): number => Number(addressIn(line).split(':')[1]);
    const plain = await serve(':memory:', '--port', '0', '--tls-cert', cert, '--tls-key', key);
    expect(plain.line).to.include('tls=true');
    expect(await open(portOf(plain), {})).to.equal('served');
    await plain.stop();
    const strict = await serve(
      ...[':memory:', '--port', '0', '--tls-cert', cert, '--tls-key', key, '--tls-ca', cert],
    );
    expect(await open(portOf(strict), {})).to.not.equal('served');
    expect(await open(portOf(strict), { cert: readFileSync(cert), key: readFileSync(key) })).to.equal(
      'served',
    );
    await strict.stop();
  });

  for (const [why, argv, words] of [
    ['a port that is no number', ['serve', ':memory:', '--port', 'x'], '--port'],
    ['a certificate without its key', ['serve', ':memory:', '--tls-cert', 'c.pem'], '--tls-key'],
    ['an unknown flag', ['serve', ':memory:', '--tsl'], '--tsl'],
    ['no file', ['serve'], 'file'],
  ] as const)
    it(`does not understand ${why}`, async () => {
      const { code, err } = await elmo(...argv);
      expect(code).to.equal(2);
      expect(err).to.include(words);
    });
});
