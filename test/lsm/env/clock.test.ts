import { expect } from 'chai';
import { SystemClock } from '../../../lsm/env/clock.js';
import { SystemRandom } from '../../../lsm/env/random.js';
import { memoryEnv, systemEnv } from '../../../lsm/env/system-env.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('tells the time of day, and a time that never goes back', () => {
    expect(clock.wallMs()).to.be.closeTo(Date.now(), 1000);
    const before = clock.nowMs();
    expect(clock.nowMs()).to.be.at.least(before);
  });

  it('calls once after a delay, unless cancelled', async () => {
    const calls: string[] = [];
    clock.after(1, () => calls.push('kept'));
    clock.after(1, () => calls.push('cancelled'))();
    await clock.sleep(20);
    expect(calls).to.deep.equal(['kept']);
  });

  it('a turn lets timers and immediates run', async () => {
    let hasRun = false;
    setImmediate(() => (hasRun = true));
    await clock.turn();
    expect(hasRun).to.equal(true);
  });
});

describe('SystemRandom', () => {
  it('fills all of an array, short or long, and never the same way', () => {
    const random = new SystemRandom();
    for (const length of [0, 1, 12, 256, 257, 10_000]) {
      const counts = new Set<string>();
      for (let i = 0; i < 40; i++) {
        const bytes = new Uint8Array(length);
        random.fill(bytes);
        counts.add(bytes.join());
      }
      if (length >= 12) expect(counts.size).to.equal(40);
    }
  });
});

describe('the two worlds', () => {
  it('are the files of the system, shared with other threads, and files of this process', () => {
    expect(systemEnv().files.isShared).to.equal(true);
    expect(memoryEnv().files.isShared).to.equal(false);
    const [a, b] = [memoryEnv(), memoryEnv()];
    a.files.open('/x', 'create');
    expect(b.files.exists('/x')).to.equal(false);
  });
});

describe('FakeClock', () => {
  it('stands still until moved, and runs what falls due in order', () => {
    const clock = new FakeClock(1000);
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.nowMs()}`);
    clock.after(20, note('b'));
    clock.after(10, () => clock.after(5, note('a')));
    clock.after(30, note('c'));
    clock.after(15, note('never'))();
    clock.advance(25);
    expect(seen).to.deep.equal(['a@15', 'b@20']);
    expect([clock.nowMs(), clock.wallMs(), clock.timerCount]).to.deep.equal([25, 1025, 1]);
  });

  it('wakes sleepers', async () => {
    const clock = new FakeClock();
    let isAwake = false;
    const sleeper = clock.sleep(10).then(() => (isAwake = true));
    await clock.pass(9);
    expect(isAwake).to.equal(false);
    await clock.pass(1);
    await sleeper;
  });
});

describe('SeededRandom', () => {
  it('repeats itself for a seed, and not for another', () => {
    const draw = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 50 }, () => random.next());
    };
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).to.not.deep.equal(draw(8));
    expect(draw(2 ** 40)).to.not.deep.equal(draw(0));
    expect(new Set(draw(7)).size).to.equal(50);
  });

  it('is spread evenly', () => {
    const random = new SeededRandom(3);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[random.int(10)]!++;
    for (const count of counts) expect(count).to.be.within(850, 1150);
    const bits = new SeededRandom(4).bytes(10_000);
    let ones = 0;
    for (const byte of bits) for (let bit = byte; bit > 0; bit >>= 1) ones += bit & 1;
    expect(ones).to.be.within(39_000, 41_000);
  });

  it('keeps its ranges', () => {
    const random = new SeededRandom(5);
    for (let i = 0; i < 1000; i++) {
      expect(random.float()).to.be.within(0, 0.9999999999);
      expect(random.int(3)).to.be.within(0, 2);
    }
  });
});
