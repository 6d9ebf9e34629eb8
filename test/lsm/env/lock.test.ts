/** Locks, with real processes: they live, die by kill -9, and contend. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Env } from '../../../lsm/env/env.js';
import { decodeOwner, describeSelf, encodeOwner, type LockOwner } from '../../../lsm/env/lock-owner.js';
import { acquireLock, HEARTBEAT_MS, resolvePath, type Lock } from '../../../lsm/env/lock.js';
import { memoryEnv, systemEnv } from '../../../lsm/env/system-env.js';
import { LsmError } from '../../../lsm/errors.js';
import { FakeClock } from '../../support/fake-clock.js';

/** Takes the lock when told by a line on stdin, says how it went, and lives until killed or told to release. */
const CONTENDER = `
import { createInterface } from 'node:readline';
const { acquireLock } = await import(process.argv[1]);
const { systemEnv } = await import(process.argv[2]);
let lock;
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'take') {
    try { lock = await acquireLock(systemEnv(), process.argv[3]); console.log('won'); }
    catch (error) { console.log(error.code + ' ' + error.message); }
  } else { lock.release(); console.log('released'); }
}`;

/** Above what any system gives. */
const NO_PID = 2 ** 22 + 5;
/** Only Linux tells in /proc when a process started, which tells a new process with an old number from the old one. */
const onLinux = process.platform === 'linux' ? it : it.skip;

class Contender {
  private readonly lines: AsyncIterator<string>;

  private constructor(readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async start(path: string): Promise<Contender> {
    const urls = ['lock.js', 'system-env.js'].map(
      (n) => new URL(`../../../lsm/env/${n}`, import.meta.url).href,
    );
    const args = ['--input-type=module', '-e', CONTENDER, ...urls, path];
    const contender = new Contender(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    await contender.line();
    return contender;
  }

  async line(): Promise<string> {
    return (await this.lines.next()).value as string;
  }

  tell(line: string): Promise<string> {
    this.child.stdin!.write(line + '\n');
    return this.line();
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

async function refusal(promise: Promise<Lock>): Promise<LsmError> {
  const result = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(result).to.be.instanceOf(LsmError);
  return result as LsmError;
}

describe('acquireLock', () => {
  let directory: string;
  let path: string;
  let lockPath: string;
  let env: Env;
  const locks: Lock[] = [];
  const contenders: Contender[] = [];

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'elmo-lock-')));
    path = join(directory, 'db.elmo');
    lockPath = path + '-lock';
    env = systemEnv();
  });
  afterEach(async () => {
    for (const lock of locks.splice(0)) lock.release();
    await Promise.all(contenders.splice(0).map((contender) => contender.kill()));
    rmSync(directory, { recursive: true, force: true });
  });

  async function take(onLost?: (why: LsmError) => void): Promise<Lock> {
    const lock = await acquireLock(env, path, onLost);
    locks.push(lock);
    return lock;
  }

  async function contender(): Promise<Contender> {
    const started = await Contender.start(path);
    contenders.push(started);
    return started;
  }

  function plantLock(changes: Partial<LockOwner>, ageMs = 0): void {
    writeFileSync(lockPath, encodeOwner({ ...describeSelf(env), ...changes }));
    const writtenAt = new Date(Date.now() - ageMs);
    utimesSync(lockPath, writtenAt, writtenAt);
  }

  it('leaves a file beside the store that tells its holder, and removes it at release', async () => {
    const lock = await take();
    const owner = decodeOwner(readFileSync(lockPath, 'utf8'));
    expect(owner).to.include({ pid: process.pid, host: hostname() });
    expect(owner!.startedAtMs).to.be.closeTo(Date.now(), 5000);
    expect(lock.isHeld).to.equal(true);
    lock.release();
    lock.release();
    expect(lock.isHeld).to.equal(false);
    expect(readdirSync(directory)).to.deep.equal([]);
    await take();
  });

  it('refuses a second opener of this process', async () => {
    await take();
    const error = await refusal(acquireLock(env, path));
    expect(error.code).to.equal('Locked');
    expect(error.message).to.match(
      new RegExp(`is in use by this process \\(${process.pid}\\) on host .*, since \\d{4}-\\d\\d-\\d\\dT`),
    );
  });

  it('of two openers at once in this process one wins', async () => {
    const results = await Promise.allSettled([take(), take(), take()]);
    expect(results.map((r) => r.status).sort()).to.deep.equal(['fulfilled', 'rejected', 'rejected']);
  });

  it('is one lock for all names of the file', async () => {
    writeFileSync(path, '');
    const alias = join(directory, 'alias.elmo');
    symlinkSync(path, alias);
    await take();
    expect((await refusal(acquireLock(env, alias))).code).to.equal('Locked');
    expect(resolvePath(alias)).to.equal(path);
    expect(existsSync(alias + '-lock')).to.equal(false);
  });

  it('says that the directory does not exist', async () => {
    const error = await refusal(acquireLock(env, join(directory, 'absent', 'db')));
    expect(error.code).to.equal('NotFound');
    expect(error.message).to.equal(`${join(directory, 'absent')} does not exist`);
  });

  it('refuses while another process holds it, and names that process', async () => {
    const other = await contender();
    expect(await other.tell('take')).to.equal('won');
    const error = await refusal(take());
    expect(error.code).to.equal('Locked');
    expect(error.message).to.contain(`process ${other.child.pid} on host ${hostname()}, since 20`);
    await other.tell('release');
    await take();
  });

  it('takes over at once from a process that was killed', async () => {
    const other = await contender();
    await other.tell('take');
    await other.kill();
    expect(existsSync(lockPath)).to.equal(true);
    await take();
    expect(decodeOwner(readFileSync(lockPath, 'utf8'))!.pid).to.equal(process.pid);
    expect(readdirSync(directory)).to.deep.equal(['db.elmo-lock']);
  });

  onLinux('still refuses when the holder is stopped, however long', async () => {
    const other = await contender();
    await other.tell('take');
    other.child.kill('SIGSTOP');
    utimesSync(lockPath, new Date(0), new Date(0));
    expect((await refusal(take())).code).to.equal('Locked');
  });

  it('of ten contenders for a stale lock, or a free one, exactly one wins, round after round', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, contender));
    for (let round = 0; round < 8; round++) {
      if (round > 1) plantLock({ pid: NO_PID, token: 'abcdef'.padEnd(32, String(round)) });
      const answers = await Promise.all(ten.map((one) => one.tell('take')));
      const winners = ten.filter((_, i) => answers[i] === 'won');
      expect(winners.length, answers.join('\n')).to.equal(1);
      for (const answer of answers) {
        if (answer !== 'won') expect(answer).to.contain(`process ${winners[0]!.child.pid} on`);
      }
      await winners[0]!.tell('release');
      expect(readdirSync(directory)).to.deep.equal([]);
    }
  });

  it('goes on where a contender died in the middle of taking over', async () => {
    const dead = { pid: NO_PID };
    plantLock({ ...dead, token: '1'.repeat(32) });
    const claim = (token: string): string => encodeOwner({ ...describeSelf(env), ...dead, token });
    writeFileSync(`${lockPath}-over-${'1'.repeat(32)}`, claim('2'.repeat(32)));
    writeFileSync(`${lockPath}-over-${'2'.repeat(32)}`, claim('3'.repeat(32)));
    await take();
    expect(readdirSync(directory)).to.deep.equal(['db.elmo-lock']);
  });

  for (const [why, changes, ageMs, isStale] of [
    ['its process is dead', { pid: NO_PID }, 0, true],
    ['its process lives', {}, 3_600_000, false],
    ['its host is another and touched it', { host: 'elsewhere' }, 20_000, false],
    ['its host is another and did not touch it for 30 s', { host: 'elsewhere' }, 40_000, true],
    ['its container is another and touched it', { pidSpace: 'pid:[1]' }, 0, false],
    ['its container is another and did not touch it for 30 s', { pidSpace: 'pid:[1]' }, 40_000, true],
  ] as const) {
    it(`${isStale ? 'takes over' : 'respects'} a lock when ${why}`, async () => {
      plantLock(changes, ageMs);
      if (isStale) await take();
      else expect((await refusal(take())).code).to.equal('Locked');
    });
  }

  onLinux('takes over a lock when the process number was given to another', async () => {
    plantLock({ processStart: '1@another-boot' });
    await take();
  });

  for (const content of ['', '{', '{"pid":1}', 'null', '\0'.repeat(200), encodeOwnerWithToken('../../x')]) {
    it(`takes over a garbled lock that is old: ${JSON.stringify(content.slice(0, 12))}`, async () => {
      writeFileSync(lockPath, content);
      utimesSync(lockPath, new Date(1000), new Date(1000));
      await take();
      expect(readdirSync(directory)).to.deep.equal(['db.elmo-lock']);
    });
  }

  it('waits for a garbled lock that is young: it may be being written', async () => {
    writeFileSync(lockPath, '');
    const recent = new Date(Date.now() - 1700);
    utimesSync(lockPath, recent, recent);
    const before = performance.now();
    await take();
    expect(performance.now() - before).to.be.within(150, 3000);
  });

  describe('while it is held', () => {
    let clock: FakeClock;
    let lost: LsmError[];
    let lock: Lock;

    beforeEach(async () => {
      clock = new FakeClock();
      env = { ...systemEnv(), clock };
      lost = [];
      lock = await take((why) => lost.push(why));
    });

    it('touches its file every two seconds', () => {
      const content = readFileSync(lockPath, 'utf8');
      for (let beat = 0; beat < 3; beat++) {
        utimesSync(lockPath, new Date(1000), new Date(1000));
        clock.advance(HEARTBEAT_MS);
        expect(statSync(lockPath).mtimeMs).to.be.closeTo(Date.now(), 5000);
        expect(readFileSync(lockPath, 'utf8')).to.equal(content);
      }
      expect(lock.isHeld).to.equal(true);
    });

    it('puts its file back when someone removed it', () => {
      unlinkSync(lockPath);
      clock.advance(HEARTBEAT_MS);
      expect(existsSync(lockPath)).to.equal(true);
      expect([lock.isHeld, lost.length]).to.deep.equal([true, 0]);
    });

    it('says when another host took it over, and leaves that lock alone', () => {
      plantLock({ host: 'elsewhere', token: 'f'.repeat(32) });
      clock.advance(2 * HEARTBEAT_MS);
      expect(lock.isHeld).to.equal(false);
      expect(lost.map((why) => why.code)).to.deep.equal(['Locked']);
      expect(lost[0]!.message).to.contain('on host elsewhere');
      lock.release();
      expect(existsSync(lockPath)).to.equal(true);
      expect(clock.timerCount).to.equal(0);
    });
  });

  it('of files in memory is one for each file system', async () => {
    const [a, b] = [memoryEnv(), memoryEnv()];
    const first = await acquireLock(a, ':memory:');
    await acquireLock(b, ':memory:');
    await acquireLock(a, 'other');
    expect((await refusal(acquireLock(a, ':memory:'))).code).to.equal('Locked');
    first.release();
    first.release();
    const again = await acquireLock(a, ':memory:');
    expect([first.isHeld, again.isHeld]).to.deep.equal([false, true]);
  });
});

function encodeOwnerWithToken(token: string): string {
  return encodeOwner({ ...describeSelf(systemEnv()), token });
}
