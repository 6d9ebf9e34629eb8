/** The life of a write: order, back-pressure, a full disk, failing syncs, shared syncs, turns for everybody else. */
import { expect } from 'chai';
import { LsmError } from '../../../lsm/errors.js';
import { MEMORY_PATH, type LsmStore, type OpenOptions } from '../../../lsm/index.js';
import type { FlushSpec, JobOutcome } from '../../../lsm/merge/job-runner.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  fillKeys,
  HookedFiles,
  inside,
  keyAt,
  LAB_PATH,
  labEnv,
  Model,
  refusal,
  SMALL,
  text,
  useStage,
  valueAt,
} from '../store-fixture.js';

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets every flush wait for `gate` first. */
function delayFlushes(store: LsmStore, gate: () => Promise<void>): void {
  const { runner } = inside(store);
  const flush = runner.flush.bind(runner);
  runner.flush = async (spec: FlushSpec): Promise<JobOutcome> => {
    await gate();
    return flush(spec);
  };
}

describe('writes', () => {
  const stage = useStage();

  describe('that nobody waits for', () => {
    for (const worker of [false, true]) {
      it(`apply in the order of their calls while memtables rotate${worker ? ', with the worker' : ''}`, async () => {
        const store = await stage.open(stage.path(), { ...SMALL, worker, memtableBytes: 8192 });
        const random = new SeededRandom(2);
        const model = new Model();
        const all: Promise<unknown>[] = [];
        for (let n = 0; n < 3000; n++) {
          const at = random.int(60);
          const dice = random.int(100);
          if (dice < 10) {
            all.push(store.delete(keyAt(at)));
            model.delete(keyAt(at));
          } else if (dice < 13) {
            all.push(store.deleteRange({ low: keyAt(at), high: keyAt(at + 5) }));
            model.deleteRange({ low: keyAt(at), high: keyAt(at + 5) });
          } else if (dice < 16) {
            const tx = store.begin();
            // What it puts nobody else changes, so that it never conflicts.
            tx.put(keyAt(n, 'tx-'), valueAt(n));
            model.put(keyAt(n, 'tx-'), valueAt(n));
            all.push(tx.commit());
          } else {
            const value = valueAt(n, random.chance(2) ? 4000 : 120);
            all.push(store.put(keyAt(at), value, { sync: random.chance(1) }));
            model.put(keyAt(at), value);
          }
          if (n % 500 === 0) await turn();
        }
        await Promise.all(all);
        expectSame(contents(store), model.contents());
        await store.settle();
        expectSame(contents(store), model.contents());
        await expectSound(store);
      });
    }

    it('are seen at once, as long as there is room', async () => {
      const store = await stage.open(MEMORY_PATH);
      void store.put(bytes('a'), bytes('1'));
      expect(text(store.get(bytes('a')))).to.equal('1');
    });

    it('are flushed, settled and closed after, not before', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...SMALL, memtableBytes: 4096 });
      const model = new Model();
      const all: Promise<void>[] = [];
      for (let n = 0; n < 500; n++) {
        all.push(store.put(keyAt(n), valueAt(n)));
        model.put(keyAt(n), valueAt(n));
      }
      await store.flush();
      expectSame(contents(store), model.contents(), 'flushed:');
      expect(store.stats().memtables.entries).to.equal(0);
      for (let n = 500; n < 800; n++) {
        all.push(store.put(keyAt(n), valueAt(n)));
        model.put(keyAt(n), valueAt(n));
      }
      await store.close();
      await Promise.all(all);
      expectSame(contents(await stage.openOn(disk)), model.contents(), 'closed:');
    });
  });

  describe('that come fast', () => {
    /** Writes 600 KB in batches into memtables of 1 MiB. @returns how often the runner was told to be ready */
    const preparations = async (pauseMs: number): Promise<number> => {
      const clock = new FakeClock();
      const env = { ...labEnv(new FaultyFileSystem()), clock };
      const store = await stage.open(LAB_PATH, { memtableBytes: 1 << 20, env });
      let count = 0;
      inside(store).runner.prepare = () => void count++;
      for (let n = 0; n < 600; n++) {
        await store.put(keyAt(n), valueAt(n, 1000));
        clock.advance(pauseMs);
      }
      return count;
    };

    it('have the next flush made ready once, at a quarter of the memtable', async () => {
      expect(await preparations(1)).to.equal(1);
    });

    it('and not when they come slowly', async () => {
      expect(await preparations(20)).to.equal(0);
    });
  });

  describe('when flushes are slow', () => {
    it('wait, each a little, and none for ever', async () => {
      const store = await stage.open(MEMORY_PATH, { ...SMALL, memtableBytes: 8192 });
      delayFlushes(store, () => new Promise((resolve) => setTimeout(resolve, 15)));
      let longest = 0;
      let mostFrozen = 0;
      for (let n = 0; n < 800; n++) {
        const start = performance.now();
        await store.put(keyAt(n), valueAt(n));
        longest = Math.max(longest, performance.now() - start);
        mostFrozen = Math.max(mostFrozen, store.stats().memtables.count);
      }
      expect(longest, 'ms').to.be.below(500);
      expect(mostFrozen, 'memtables').to.be.at.most(3);
      expect(contents(store).size).to.equal(800);
    });

    it('and stand still as long as no flush ends; reads and snapshots go on', async () => {
      const store = await stage.open(MEMORY_PATH, { ...SMALL, memtableBytes: 8192 });
      let open: () => void = () => {};
      const gate = new Promise<void>((resolve) => (open = resolve));
      delayFlushes(store, () => gate);
      const all = Array.from({ length: 400 }, (_, n) => store.put(keyAt(n), valueAt(n)));
      for (let n = 0; n < 20; n++) await turn();
      expect(store.stats().writes.waiting).to.be.above(100);
      expect(store.has(keyAt(0))).to.equal(true);
      expect(store.has(keyAt(399)), 'waits').to.equal(false);
      const snapshot = store.snapshot();
      const seen = contents(snapshot).size;
      open();
      await Promise.all(all);
      expect(contents(store).size).to.equal(400);
      expect(contents(snapshot).size).to.equal(seen);
      snapshot.release();
    });

    it('an empty batch that is to be durable waits for those before it', async () => {
      const store = await stage.open(MEMORY_PATH, { ...SMALL, memtableBytes: 8192 });
      let open: () => void = () => {};
      const gate = new Promise<void>((resolve) => (open = resolve));
      delayFlushes(store, () => gate);
      const all = Array.from({ length: 300 }, (_, n) => store.put(keyAt(n), valueAt(n)));
      let isDone = false;
      const barrier = store.write(store.batch(), { sync: true }).then(() => (isDone = true));
      for (let n = 0; n < 20; n++) await turn();
      expect(isDone).to.equal(false);
      open();
      await Promise.all(all);
      await barrier;
    });
  });

  it('that never end let flush, mergeAll and settle of the others end', async () => {
    const store = await stage.open(stage.path(), { ...SMALL, worker: true });
    let isOver = false;
    const writer = (async () => {
      for (let n = 0; !isOver; n++) {
        await store.put(keyAt(n % 2000), valueAt(n));
        if (n % 20 === 0) await turn();
      }
    })();
    const start = performance.now();
    for (let round = 0; round < 3; round++) {
      await store.flush();
      await store.mergeAll();
    }
    isOver = true;
    await writer;
    expect(performance.now() - start, 'ms').to.be.below(5000);
    await expectSound(store);
  });

  describe('on a full disk', () => {
    it('fail with DiskFull, leaving all as it was; reads go on; when there is space again, so do they', async function () {
      this.timeout(20_000);
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...SMALL, memtableBytes: 8192 });
      const model = new Model();
      await fillKeys(store, 200, { model });
      await store.settle();
      const used = (): number => disk.paths().reduce((sum, path) => sum + disk.contents(path)!.length, 0);
      for (const room of [0, 100, 5000, 20_000, 60_000]) {
        disk.capacityBytes = used() + room;
        let refused = 0;
        for (let n = 0; refused < 5 && n < 2000; n++) {
          const key = keyAt(n % 300);
          const value = valueAt(room + n, n % 10 === 0 ? 3000 : 100);
          try {
            if (n % 4 === 3) {
              const tx = store.begin();
              tx.put(key, value);
              tx.put(keyAt(n % 300, 'tx-'), value);
              await tx.commit();
              model.put(keyAt(n % 300, 'tx-'), value);
            } else await store.put(key, value);
            model.put(key, value);
          } catch (error) {
            expect(error).to.be.instanceOf(LsmError);
            expect((error as LsmError).code, String(error)).to.equal('DiskFull');
            refused++;
            await turn();
          }
        }
        expect(refused, `refusals with ${room} bytes of room`).to.equal(5);
        expectSame(contents(store), model.contents(), `full, ${room}:`);
        const crashed = disk.processCrash();
        crashed.capacityBytes = Infinity;
        const other = await stage.openOn(crashed);
        expectSame(contents(other), model.contents(), `reopened, ${room}:`);
        await expectSound(other);
        await other.close();
        disk.capacityBytes = Infinity;
        await store.put(bytes('again'), valueAt(room));
        model.put(bytes('again'), valueAt(room));
        await store.settle();
        expectSame(contents(store), model.contents(), `space again, ${room}:`);
        await expectSound(store);
        expect(store.stats().backgroundError).to.equal(undefined);
      }
    });

    it('succeed at once when there is space again: an old failure says nothing of the next attempt', async () => {
      const store = await stage.openOn(new FaultyFileSystem(), { ...SMALL, memtableBytes: 4096 });
      const { runner } = inside(store);
      const flush = runner.flush.bind(runner);
      runner.flush = () => Promise.reject(new LsmError('there is no space in this test', 'DiskFull'));
      let refused: unknown;
      for (let n = 0; refused === undefined && n < 1000; n++) {
        await store.put(keyAt(n), valueAt(n)).catch((error: unknown) => (refused = error));
      }
      expect((refused as LsmError).code).to.equal('DiskFull');
      runner.flush = flush;
      await store.put(keyAt(1000), valueAt(1000));
      expect(store.stats().backgroundError).to.equal(undefined);
    });

    it('can be ended: the close keeps what was written', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk);
      const model = new Model();
      await fillKeys(store, 100, { model });
      disk.capacityBytes = 0;
      await store.put(bytes('no'), bytes('1')).catch(() => undefined);
      await store.close();
      disk.capacityBytes = Infinity;
      const again = await stage.openOn(disk);
      expectSame(contents(again), model.contents());
      await expectSound(again);
    });

    it('a large transaction is refused whole, and gives its space back', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk);
      await fillKeys(store, 50);
      await store.settle();
      disk.capacityBytes = disk.contents(LAB_PATH)!.length + 60_000;
      const tx = store.begin();
      let failure: unknown;
      try {
        for (let n = 0; n < 2000; n++) {
          tx.put(keyAt(n, 'tx-'), valueAt(n));
          if (n % 50 === 0) await tx.settle();
        }
        await tx.commit();
      } catch (error) {
        failure = error;
      }
      expect((failure as LsmError).code).to.equal('DiskFull');
      tx.rollback();
      await turn();
      await turn();
      expect(contents(store).size).to.equal(50);
      expect(store.stats().space.lentBytes).to.equal(0);
      disk.capacityBytes += 1000; // what is free inside the file is no space for a log
      await store.put(bytes('small'), bytes('1'));
      await expectSound(store);
    });
  });

  describe('after a sync that failed', () => {
    for (const [what, options, write] of [
      [
        'of a write that asked for it',
        {},
        (store: LsmStore) => store.put(bytes('x'), bytes('1'), { sync: true }),
      ],
      ['of every write', { durability: 'full' }, (store: LsmStore) => store.put(bytes('x'), bytes('1'))],
      [
        'in the background',
        { syncIntervalMs: 5 },
        async (store: LsmStore) => {
          await store.put(bytes('x'), bytes('1'));
          await new Promise((resolve) => setTimeout(resolve, 40));
          await store.put(bytes('y'), bytes('1'));
        },
      ],
      [
        'of a commit',
        {},
        async (store: LsmStore) => {
          const tx = store.begin();
          tx.put(bytes('x'), valueAt(1, 5000));
          await tx.commit({ sync: true });
        },
      ],
    ] as const satisfies readonly (readonly [string, OpenOptions, (store: LsmStore) => Promise<unknown>])[]) {
      it(`(${what}) the store is read-only and says why; reads go on; nothing acknowledged is lost`, async () => {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, { ...SMALL, syncIntervalMs: 60_000, ...options });
        const model = new Model();
        await fillKeys(store, 30, { model });
        disk.failAt('sync', 1, 'EIO');
        let failure: unknown;
        await write(store).catch((error: unknown) => (failure = error));
        expect(['Io', 'ReadOnly'], String(failure)).to.include((failure as LsmError).code);
        for (const use of [
          () => store.put(bytes('z'), bytes('1')),
          () => store.deleteRange({}),
          () => store.putStream(bytes('z'), [new Uint8Array(10_000)]),
          () => store.begin().put(bytes('z'), bytes('1')),
          () => store.flush(),
          () => store.compact(),
        ]) {
          const error = await refusal(use, 'ReadOnly');
          expect(error.message).to.include('sync');
          expect(error.cause, 'its cause').to.be.instanceOf(LsmError);
        }
        expect(store.stats().failure).to.include('sync');
        const found = contents(store);
        for (const [key, value] of model.contents()) expect(found.get(key)).to.equal(value);
        const snapshot = store.snapshot();
        expect(contents(snapshot).size).to.be.at.least(30);
        snapshot.release();
        await store.close();
        const again = await stage.openOn(disk);
        const after = contents(again);
        for (const [key, value] of model.contents()) expect(after.get(key)).to.equal(value);
        await expectSound(again);
      });
    }

    it('of the manifest: the same, and the file opens again', async () => {
      for (let n = 1; n <= 4; n++) {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, { ...SMALL, syncIntervalMs: 60_000 });
        const model = new Model();
        await fillKeys(store, 300, { model });
        await store.settle();
        await fillKeys(store, 30, { seed: 5, model });
        disk.failAt('sync', n, 'EIO');
        await store.flush().catch((error: LsmError) => expect(['Io', 'ReadOnly']).to.include(error.code));
        await store.mergeAll().catch((error: LsmError) => expect(['Io', 'ReadOnly']).to.include(error.code));
        expectSame(contents(store), model.contents());
        await store.close();
        disk.clearFaults();
        const again = await stage.openOn(disk);
        expectSame(contents(again), model.contents(), `sync ${n}:`);
        await expectSound(again);
        await again.close();
      }
    });
  });

  it('go on when a log that is not needed any more cannot be removed; it is removed later', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk);
    await fillKeys(store, 20);
    await store.flush();
    await store.put(bytes('more'), bytes('1'));
    disk.failAt('rename', 1, 'EIO'); // the log is not to become the next one
    disk.failAt('remove', 3, 'EIO'); // the first two make sure that the next log is a new file
    await store.flush();
    expect(store.stats().backgroundError).to.include('remove');
    expect(disk.paths()).to.have.lengthOf(4);
    await store.put(bytes('later'), bytes('1'));
    await store.flush();
    expect(disk.paths(), 'the log written to, and one kept for the next').to.have.lengthOf(3);
    await store.close();
    expect(disk.paths()).to.have.lengthOf(1);
  });

  describe('that are to be durable', () => {
    it('share their syncs: 32 at once take a few', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...SMALL, syncIntervalMs: 60_000, memtableBytes: 1 << 20 });
      await store.put(bytes('first'), bytes('1'), { sync: true });
      let before = disk.counts.sync;
      await Promise.all(
        Array.from({ length: 32 }, (_, n) => store.put(keyAt(n), valueAt(n), { sync: true })),
      );
      expect(disk.counts.sync - before, 'syncs for 32 writes').to.be.at.most(3);
      before = disk.counts.sync;
      const committers = Array.from({ length: 32 }, async (_, n) => {
        for (let round = 0; round < 10; round++) await store.put(keyAt(n), valueAt(round), { sync: true });
      });
      await Promise.all(committers);
      expect(disk.counts.sync - before, 'syncs for 32 writers of 10').to.be.at.most(25);
      before = disk.counts.sync;
      await Promise.all(
        Array.from({ length: 16 }, (_, n) => {
          const tx = store.begin();
          tx.put(keyAt(n), valueAt(n));
          return tx.commit({ sync: true });
        }),
      );
      expect(disk.counts.sync - before, 'syncs for 16 commits').to.be.at.most(3);
    });

    it('are so when they are acknowledged, and not before', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...SMALL, durability: 'full', memtableBytes: 4096 });
      const random = new SeededRandom(3);
      for (let n = 0; n < 60; n++) {
        await store.put(keyAt(n), valueAt(n, n % 9 === 0 ? 4000 : 100));
        if (n % 7 > 0) continue;
        const again = await stage.openOn(disk.powerCut(random));
        expect(contents(again).size).to.equal(n + 1);
        await again.close();
      }
    });

    it('in mode interval: within the interval', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...SMALL, syncIntervalMs: 10 });
      await store.put(bytes('a'), bytes('1'));
      await new Promise((resolve) => setTimeout(resolve, 60));
      const again = await stage.openOn(disk.powerCut(new SeededRandom(1)));
      expect(text(again.get(bytes('a')))).to.equal('1');
      const before = disk.counts.sync;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(disk.counts.sync, 'none while nothing is written').to.equal(before);
    });
  });

  it('that fail are as if never called, at whichever file call', async function () {
    this.timeout(20_000);
    for (const operation of ['write', 'create', 'remove'] as const) {
      for (let n = 1; n <= 60; n += 3) {
        const disk = new HookedFiles();
        const store = await stage.openOn(disk, { ...SMALL, memtableBytes: 4096, syncIntervalMs: 60_000 });
        const model = new Model();
        disk.failAt(operation, n, 'EIO');
        for (let i = 0; i < 120; i++) {
          const key = keyAt(i % 40);
          const value = valueAt(i, i % 15 === 0 ? 3000 : 90);
          try {
            await store.put(key, value);
            model.put(key, value);
          } catch (error) {
            expect((error as LsmError).code).to.equal('Io');
          }
        }
        disk.clearFaults();
        expectSame(contents(store), model.contents(), `${operation} ${n}:`);
        const crashed = await stage.openOn(disk.processCrash());
        expectSame(contents(crashed), model.contents(), `${operation} ${n}, crashed:`);
        await expectSound(crashed);
        await crashed.close();
        await store.settle().catch(() => undefined);
        await store.close();
        const again = await stage.openOn(disk);
        expectSame(contents(again), model.contents(), `${operation} ${n}, closed:`);
        await expectSound(again);
        await again.close();
      }
    }
  });

  it('in a tight loop leave turns to the event loop', async () => {
    const store = await stage.open(MEMORY_PATH, { worker: false, memtableBytes: 4 << 20 });
    // Processor time: on a busy machine the clock goes on while nothing of this runs.
    const ms = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    let longest = 0;
    let ticks = 0;
    let last = ms();
    const timer = setInterval(() => {
      const now = ms();
      longest = Math.max(longest, now - last);
      last = now;
      ticks++;
    }, 1);
    const end = ms() + 400;
    let count = 0;
    while (ms() < end) {
      await store.put(keyAt(count % 20_000), valueAt(count % 16, 50));
      count++;
    }
    clearInterval(timer);
    expect(count, 'writes').to.be.above(3000);
    expect(ticks, 'turns in 400 ms').to.be.above(8);
    expect(longest, 'ms without a turn').to.be.below(150);
  });
});
