/** The examples run, as a newcomer runs them. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { start, type ElectronMain } from '../../examples/electron-main/main.js';
import { projectFolder } from '../support/source-tree.js';

const execute = promisify(execFile);
const example = (...path: string[]): string => join(projectFolder(), 'dist', 'examples', ...path);

describe('the examples', function () {
  this.timeout(60_000);
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'elmo-examples-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('tests with mongoose', async () => {
    const mocha = join(projectFolder(), 'node_modules', 'mocha', 'bin', 'mocha.js');
    const suite = example('tests-with-mongoose', 'library.suite.js');
    const { stdout } = await execute(process.execPath, [mocha, '--no-config', suite], {
      cwd: projectFolder(),
    });
    expect(stdout)
      .to.match(/5 passing/)
      .and.not.match(/failing/);
  });

  it('the command line tool', async () => {
    const env = { ...process.env, HOURS_FILE: join(folder, 'hours.elmo') };
    const hours = async (...args: string[]): Promise<string> =>
      (await execute(process.execPath, [example('cli-tool', 'hours.js'), ...args], { env })).stdout.trim();
    expect(await hours('start', 'elmo', 'the', 'examples')).to.equal('started elmo');
    expect(await hours('start', 'rest')).to.equal('stopped elmo after 0.00 h\nstarted rest');
    expect(await hours('stop')).to.equal('stopped rest after 0.00 h');
    expect(await hours('stop')).to.equal('nothing runs');
    expect(await hours('list', 'elmo')).to.match(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d {2}0\.00 h {2}elmo {2}the examples$/,
    );
    expect((await hours('report')).split('\n').sort()).to.deep.equal([
      'elmo: 0.00 h in 1',
      'rest: 0.00 h in 1',
    ]);
    const wrong = await hours('what').catch((error: { code: number; stderr: string }) => error);
    expect(wrong).to.include({ code: 2 });
  });

  describe('the application with Express', () => {
    let server: ChildProcess;
    let notes = '';

    beforeEach(async () => {
      const args = [example('express-app', 'main.js'), join(folder, 'notes.elmo')];
      server = spawn(process.execPath, args, { env: { ...process.env, PORT: '0' }, stdio: 'pipe' });
      const [line] = (await once(server.stdout!, 'data')) as [Buffer];
      notes = line.toString().trim();
    });
    afterEach(async () => {
      server.kill();
      await once(server, 'exit');
      expect(existsSync(join(folder, 'notes.elmo.lock')), 'it was closed').to.equal(false);
    });

    const send = async (method: string, url: string, body?: object): Promise<[number, unknown]> => {
      const response = await fetch(url, {
        method,
        headers: { 'content-type': 'application/json', connection: 'close' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return [response.status, text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text];
    };

    it('makes, shows, changes and removes notes', async () => {
      const [created, note] = await send('POST', notes, { title: 'one', text: 'first', tags: ['a', 'b'] });
      expect(created).to.equal(201);
      const { _id } = note as { _id: string };
      expect(_id).to.match(/^[0-9a-f]{24}$/);
      await send('POST', notes, { title: 'two', text: 'second', tags: ['b'] });
      expect(await send('GET', notes.replace('notes', 'tags'))).to.deep.equal([
        200,
        [
          { _id: 'b', count: 2 },
          { _id: 'a', count: 1 },
        ],
      ]);
      const [, tagged] = await send('GET', `${notes}?tag=a`);
      expect(tagged).to.have.length(1);
      const [changed, after] = await send('PATCH', `${notes}/${_id}`, { text: 'changed' });
      expect(changed).to.equal(200);
      expect(after).to.include({ text: 'changed', title: 'one' });
      expect((await send('DELETE', `${notes}/${_id}`))[0]).to.equal(204);
      expect((await send('GET', `${notes}/${_id}`))[0]).to.equal(404);
      expect((await send('GET', `${notes}/nonsense`))[0]).to.equal(404);
    });

    it('refuses what it must', async () => {
      await send('POST', notes, { title: 'one', text: '' });
      expect((await send('POST', notes, { title: 'one', text: 'again' }))[0]).to.equal(409);
      expect((await send('POST', notes, { title: 'two', text: 5 }))[0]).to.equal(422);
    });
  });

  it('the main process of Electron', async () => {
    const handlers = new Map<string, (event: unknown, ...args: never[]) => unknown>();
    let beforeQuit: (event: { preventDefault(): void }) => void = () => undefined;
    let hasQuit: () => void = () => undefined;
    const quit = new Promise<void>((resolve) => (hasQuit = resolve));
    const electron: ElectronMain = {
      app: {
        whenReady: () => Promise.resolve(),
        getPath: () => folder,
        requestSingleInstanceLock: () => true,
        on: (_event, listener) => (beforeQuit = listener),
        quit() {
          let isPrevented = false;
          beforeQuit({ preventDefault: () => (isPrevented = true) });
          if (!isPrevented) hasQuit();
        },
      },
      ipcMain: { handle: (channel, listener) => void handlers.set(channel, listener) },
    };
    const invoke = (channel: string, ...args: unknown[]): unknown =>
      handlers.get(channel)!({}, ...(args as never[]));

    await start(electron);
    expect(await invoke('tasks:add', 'write')).to.deep.equal({ _id: 1, text: 'write', done: false });
    await invoke('tasks:add', 'rest');
    expect(await invoke('tasks:finish', 1)).to.equal(true);
    expect(await invoke('tasks:list', false)).to.deep.equal([{ _id: 2, text: 'rest', done: false }]);
    electron.app.quit();
    await quit;
    expect(existsSync(join(folder, 'tasks.elmo'))).to.equal(true);

    await start(electron); // the next time
    expect(await invoke('tasks:list')).to.have.length(2);
    electron.app.quit();
  });
});
