/** From what a crash left: every kind of log, and what the next opening makes of it. */
import { expect } from 'chai';
import { LsmError } from '../../../lsm/errors.js';
import type { LsmStore, OpenOptions } from '../../../lsm/index.js';
import { WAL_HEADER_BYTES, walPath } from '../../../lsm/wal/format.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  fillKeys,
  inside,
  keyAt,
  LAB_PATH,
  Model,
  refusal,
  SMALL,
  text,
  useStage,
  valueAt,
} from '../store-fixture.js';

/** Everything stays in logs: nothing is flushed, and nothing synced but what asks for it. */
const IN_LOGS: OpenOptions = { ...SMALL, memtableBytes: 1 << 20, syncIntervalMs: 60_000 };

/** A store whose flushes fail, so that logs gather; the fault is the disk's, not the store's. */
async function gatherLogs(store: LsmStore, count: number, model: Model): Promise<void> {
  const { runner } = inside(store);
  runner.flush = () => Promise.reject(new LsmError('flushes are off in this test', 'Io'));
  for (let log = 0; log < count; log++) {
    for (let n = 0; n < 30; n++) {
      const key = keyAt(log * 20 + n);
      const value = valueAt(log * 100 + n);
      await store.put(key, value);
      model.put(key, value);
    }
    if (log < count - 1) inside(store).writes.freeze();
  }
}

function logsOf(disk: FaultyFileSystem): string[] {
  return disk.paths().filter((path) => path !== LAB_PATH);
}

describe('recovery', () => {
  const stage = useStage();

  async function expectRecovers(disk: FaultyFileSystem, model: Model, options = SMALL): Promise<void> {
    const wanted = model.contents();
    const store = await stage.openOn(disk, options);
    expectSame(contents(store), wanted, 'just opened:');
    await store.settle();
    expectSame(contents(store), wanted, 'flushed:');
    await expectSound(store);
    await store.put(bytes('later'), bytes('1'));
    await store.close();
    expect(disk.paths()).to.deep.equal([LAB_PATH]);
    const again = await stage.openOn(disk, options);
    expectSame(contents(again), new Map([...wanted, ...contents(again, { low: bytes('later') })]), 'again:');
    await again.close();
  }

  describe('after a crash of the process', () => {
    for (const count of [1, 2, 3]) {
      it(`finds all that was written, in ${count} ${count === 1 ? 'log' : 'logs'}`, async () => {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, IN_LOGS);
        const model = new Model();
        await gatherLogs(store, count, model);
        const after = disk.processCrash();
        expect(logsOf(after)).to.have.lengthOf(count);
        await expectRecovers(after, model);
      });
    }

    it('can be repeated: crash after crash while nothing is flushed', async () => {
      let disk = new FaultyFileSystem();
      const model = new Model();
      for (let round = 0; round < 6; round++) {
        const store = await stage.openOn(disk, IN_LOGS);
        expectSame(contents(store), model.contents(), `round ${round}:`);
        inside(store).runner.flush = () => Promise.reject(new LsmError('flushes are off', 'Io'));
        await fillKeys(store, 25, { from: round * 15, seed: round * 1000, model });
        disk = disk.processCrash();
      }
      await expectRecovers(disk, model);
    });

    it('at each file call of an opening that recovers', async function () {
      this.timeout(20_000);
      const origin = new FaultyFileSystem();
      const store = await stage.openOn(origin, IN_LOGS);
      const model = new Model();
      await gatherLogs(store, 3, model);
      await store.put(bytes('large'), valueAt(1, 20_000));
      model.put(bytes('large'), valueAt(1, 20_000));
      const crashed = origin.processCrash();
      for (let call = 1; call <= 40; call++) {
        const disk = crashed.processCrash();
        disk.cutAt(disk.calls + call);
        try {
          const opened = await stage.openOn(disk, SMALL);
          await opened.settle();
          await opened.close();
        } catch (error) {
          expect(String(error)).to.match(/power was cut/);
        }
        const image = disk.processCrash();
        const again = await stage.openOn(image, SMALL);
        expectSame(contents(again), model.contents(), `cut at call ${call}:`);
        await expectSound(again);
        await again.close();
      }
    });

    it('with a memtable smaller than the log, and entries of a few bytes', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...IN_LOGS, memtableBytes: 4 << 20 });
      const model = new Model();
      const batch = store.batch();
      for (let n = 0; n < 60_000; n++) {
        const key = new Uint8Array([n >>> 16, n >>> 8, n]);
        batch.put(key, new Uint8Array(0));
        model.put(key, new Uint8Array(0));
      }
      await store.write(batch);
      await fillKeys(store, 2000, { model });
      await expectRecovers(disk.processCrash(), model, { ...SMALL, memtableBytes: 4096 });
    });

    it('with deletions, range deletions and batches that mix them', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      await fillKeys(store, 300, { model });
      const random = new SeededRandom(8);
      for (let n = 0; n < 60; n++) {
        const batch = store.batch();
        for (let i = 0; i < 6; i++) {
          const at = random.int(320);
          if (random.chance(30)) {
            const range = { low: keyAt(at), high: keyAt(at + random.int(30)) };
            batch.deleteRange(range);
            model.deleteRange(range);
          } else if (random.chance(30)) {
            batch.delete(keyAt(at));
            model.delete(keyAt(at));
          } else {
            batch.put(keyAt(at), valueAt(n * 10 + i));
            model.put(keyAt(at), valueAt(n * 10 + i));
          }
        }
        await store.write(batch);
      }
      await expectRecovers(disk.processCrash(), model);
    });

    it('keeps the order of the numbers: conflicts and snapshots work on what was recovered', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      await gatherLogs(store, 2, new Model());
      const again = await stage.openOn(disk.processCrash(), SMALL);
      expect(again.seq).to.equal(store.seq);
      const tx = again.begin();
      tx.put(keyAt(3), bytes('own'));
      await again.put(keyAt(3), bytes('other'));
      expect(again.seq).to.equal(store.seq + 1);
      await again.settle();
      await refusal(() => tx.commit(), 'WriteConflict');
    });

    it('with large transactions between small writes', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...IN_LOGS, transactionBytes: 4096 });
      const model = new Model();
      for (let round = 0; round < 4; round++) {
        await fillKeys(store, 20, { from: round * 10, seed: round * 100, model });
        const tx = store.begin();
        for (let n = 0; n < 120; n++) {
          tx.put(keyAt(n), valueAt(round * 1000 + n));
          model.put(keyAt(n), valueAt(round * 1000 + n));
        }
        await tx.commit();
        await store.deleteRange({ low: keyAt(5), high: keyAt(9) });
        model.deleteRange({ low: keyAt(5), high: keyAt(9) });
        const image = disk.processCrash();
        await expectRecovers(image, model);
      }
    });
  });

  describe('after a crash of the process, and a power cut later', () => {
    /** What is synced after a recovery vouches for all that was recovered, in every image of the disk. */
    async function expectKept(crashed: FaultyFileSystem, model: Model): Promise<void> {
      const random = new SeededRandom(5);
      for (let round = 0; round < 12; round++) {
        const disk = crashed.processCrash();
        const store = await stage.openOn(disk, IN_LOGS);
        inside(store).runner.flush = () => Promise.reject(new LsmError('flushes are off', 'Io'));
        await store.put(bytes('later'), bytes('1'), { sync: true });
        const wanted = new Map([...model.contents(), ...contents(store, { low: bytes('later') })]);
        const again = await stage.openOn(disk.powerCut(random));
        expectSame(contents(again), wanted, `round ${round}:`);
        await expectSound(again);
      }
    }

    for (const count of [1, 2, 3]) {
      it(`keeps what ${count === 1 ? 'a log' : `${count} logs`} held that nobody had synced`, async () => {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, IN_LOGS);
        const model = new Model();
        await gatherLogs(store, count, model);
        await expectKept(disk.processCrash(), model);
      });
    }

    it('keeps what was part of a sync that failed', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      await gatherLogs(store, 2, model);
      await store.put(bytes('k-large'), valueAt(1, 20_000));
      model.put(bytes('k-large'), valueAt(1, 20_000));
      for (const path of ['log', 'file'] as const) {
        const failing = disk.processCrash();
        const second = await stage.openOn(failing, IN_LOGS);
        inside(second).runner.flush = () => Promise.reject(new LsmError('flushes are off', 'Io'));
        await second.put(bytes('k-large'), valueAt(1, path === 'log' ? 100 : 20_000));
        failing.failAt('sync', 1, 'EIO');
        await refusal(() => second.put(bytes('l'), bytes('1'), { sync: true }), 'Io');
        const seen = new Model(model);
        seen.put(bytes('k-large'), valueAt(1, path === 'log' ? 100 : 20_000));
        seen.put(bytes('l'), bytes('1'));
        await expectKept(failing.processCrash(), seen);
      }
    });

    it('keeps what a flush brought into tables whose publication was not synced', async () => {
      const random = new SeededRandom(6);
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      await fillKeys(store, 60, { model });
      // Of a publication the second sync makes the meta slot durable.
      disk.failAt('sync', 2, 'EIO');
      await refusal(() => store.flush(), 'Io');
      for (let round = 0; round < 12; round++) {
        const image = disk.processCrash();
        await stage.openOn(image, SMALL);
        const again = await stage.openOn(image.powerCut(random));
        expectSame(contents(again), model.contents(), `round ${round}:`);
        await expectSound(again);
      }
    });
  });

  describe('of logs', () => {
    it('that are empty: removes them', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      await store.put(bytes('k'), bytes('1'));
      const after = disk.processCrash();
      const path = walPath(LAB_PATH, 1);
      expect(logsOf(after)).to.deep.equal([path]);
      const header = after.contents(path)!.slice(0, WAL_HEADER_BYTES);
      for (const content of [header, new Uint8Array(0), new Uint8Array(7), new Uint8Array(5000)]) {
        const image = after.processCrash();
        image.plant(path, content);
        await expectRecovers(image, new Model());
      }
    });

    it('cut at any byte: a prefix of the batches, each whole', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const prefixes: Map<string, string>[] = [new Map()];
      const model = new Model();
      for (let n = 0; n < 12; n++) {
        const batch = store.batch();
        for (let i = 0; i < 3; i++) {
          batch.put(keyAt(n * 2 + i), valueAt(n * 10 + i, 30));
          model.put(keyAt(n * 2 + i), valueAt(n * 10 + i, 30));
        }
        await store.write(batch);
        prefixes.push(model.contents());
      }
      const crashed = disk.processCrash();
      const [path] = logsOf(crashed);
      const whole = crashed.contents(path!)!;
      const sizes = prefixes.map((prefix) => JSON.stringify([...prefix]));
      let last = prefixes.length;
      for (let length = whole.length; length >= 0; length -= 17) {
        const image = crashed.processCrash();
        image.plant(path!, whole.slice(0, length));
        const again = await stage.openOn(image);
        const at = sizes.indexOf(JSON.stringify([...contents(again)]));
        expect(at, `cut at ${length}: a prefix`).to.be.within(0, last);
        last = at;
        await again.put(bytes('more'), bytes('1'));
        await again.close();
        const third = await stage.openOn(image);
        expect(text(third.get(bytes('more')))).to.equal('1');
        await third.close();
      }
      expect(last).to.equal(0);
    });

    it('whose unsynced end is garbage: the batches before it', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      await fillKeys(store, 50, { model });
      const crashed = disk.processCrash();
      const [path] = logsOf(crashed);
      const whole = crashed.contents(path!)!;
      const garbage = valueAt(3, 3000);
      const image = crashed.processCrash();
      image.plant(path!, new Uint8Array([...whole, ...garbage]));
      await expectRecovers(image, model);
    });

    it('damaged in a part that was synced: Corrupt, naming log and byte, and nothing is removed', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      await store.put(bytes('a'), valueAt(1), { sync: true });
      await store.put(bytes('b'), valueAt(2), { sync: true });
      await store.put(bytes('c'), valueAt(3), { sync: true });
      const crashed = disk.processCrash();
      const [path] = logsOf(crashed);
      const damaged = crashed.contents(path!)!;
      damaged[60] = damaged[60]! ^ 1;
      const image = crashed.processCrash();
      image.plant(path!, damaged);
      for (const readOnly of [true, false]) {
        const error = await refusal(() => stage.openOn(image, { ...SMALL, readOnly }), 'Corrupt');
        expect(error.at?.file).to.equal(path);
        expect(error.at?.offset).to.be.a('number');
        expect(image.contents(path!)).to.deep.equal(damaged);
      }
    });

    it('not sealed, and followed by a newer one: what came after it never counted', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const first = new Model();
      await gatherLogs(store, 1, first);
      const firstOnly = first.contents();
      inside(store).writes.freeze();
      await store.put(bytes('second'), bytes('1'));
      const crashed = disk.processCrash();
      const [older, newer] = logsOf(crashed);
      const sealed = crashed.contents(older!)!;
      for (const cut of [1, 10, 30]) {
        const image = crashed.processCrash();
        image.plant(older!, sealed.slice(0, sealed.length - cut));
        for (const readOnly of [true, false]) {
          const again = await stage.openOn(image, { ...SMALL, readOnly });
          const found = contents(again);
          expect(found.has('third')).to.equal(false);
          if (cut <= 10) expectSame(found, firstOnly);
          expect(found.has('second')).to.equal(false);
          if (readOnly) expect(image.contents(newer!)).to.deep.equal(crashed.contents(newer!));
          else await again.put(bytes('third'), bytes('1'));
          await again.close();
        }
      }
    });

    it('with one missing between: those before it', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      await gatherLogs(store, 1, model);
      const wanted = new Model(model);
      inside(store).writes.freeze();
      await store.put(bytes('second'), bytes('1'));
      inside(store).writes.freeze();
      await store.put(bytes('third'), bytes('1'));
      const image = disk.processCrash();
      const [, second] = logsOf(image);
      image.remove(second!);
      await expectRecovers(image, wanted);
    });

    it('older than the manifest: are removed, not read', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      await fillKeys(store, 40);
      const [path] = logsOf(disk);
      const old = disk.contents(path!)!;
      const model = new Model();
      await store.deleteRange({});
      await store.put(bytes('new'), bytes('1'));
      model.put(bytes('new'), bytes('1'));
      await store.flush();
      const image = disk.processCrash();
      image.plant(path!, old);
      await expectRecovers(image, model);
    });

    it('of another store: Corrupt, and they stay', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      await fillKeys(store, 40);
      const image = disk.processCrash();
      const [path] = logsOf(image);
      const foreign = new FaultyFileSystem();
      const env = { ...inside(store).env, files: foreign, random: new SeededRandom(99) };
      const other = await stage.open(LAB_PATH, { ...IN_LOGS, env });
      await fillKeys(other, 10);
      image.plant(path!, foreign.contents(path!)!);
      const error = await refusal(() => stage.openOn(image), 'Corrupt');
      expect(error.message).to.include('another store');
      expect(image.contents(path!)).to.deep.equal(foreign.contents(path!));
    });
  });

  describe('of large values that only logs tell of', () => {
    for (const length of [2048, 4000, 4096, 5000, 65_536, 70_000, 300_001]) {
      it(`finds one of ${length} bytes at the end of the file`, async () => {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, IN_LOGS);
        const model = new Model();
        for (const [n, key] of ['a', 'b'].entries()) {
          await store.put(bytes(key), valueAt(n, length));
          model.put(bytes(key), valueAt(n, length));
        }
        await store.putStream(bytes('stream'), [valueAt(7, length), valueAt(8, 100)]);
        model.put(bytes('stream'), new Uint8Array([...valueAt(7, length), ...valueAt(8, 100)]));
        await expectRecovers(disk.processCrash(), model);
      });
    }

    it('gives their space to nobody else', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      for (let n = 0; n < 10; n++) {
        await store.put(keyAt(n), valueAt(n, 10_000));
        model.put(keyAt(n), valueAt(n, 10_000));
      }
      await store.put(keyAt(3), valueAt(33, 10_000));
      model.put(keyAt(3), valueAt(33, 10_000));
      await store.delete(keyAt(4));
      model.delete(keyAt(4));
      const again = await stage.openOn(disk.processCrash(), IN_LOGS);
      for (let n = 20; n < 30; n++) {
        await again.put(keyAt(n), valueAt(n, 10_000));
        model.put(keyAt(n), valueAt(n, 10_000));
      }
      expectSame(contents(again), model.contents());
      await again.mergeAll();
      expectSame(contents(again), model.contents());
      await expectSound(again);
      const { blobs, space } = again.stats();
      expect(blobs.count).to.equal(19);
      expect(space.lentBytes).to.equal(0);
    });

    it('takes those that did not reach the disk for the end of the log, and their space is free', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, IN_LOGS);
      const model = new Model();
      await fillKeys(store, 10, { model });
      await store.put(bytes('large'), valueAt(1, 40_000));
      await store.put(bytes('after'), bytes('1'));
      const crashed = disk.processCrash();
      const blob = [...inside(store).live.blobsOf(inside(store).live.active.layer).values()][0]![0]!;
      const image = crashed.processCrash();
      const damaged = image.contents(LAB_PATH)!;
      damaged.fill(0, blob.offset, blob.offset + blob.bytes);
      image.plant(LAB_PATH, damaged);
      await expectRecovers(image, model);
      const cut = crashed.processCrash();
      cut.plant(LAB_PATH, cut.contents(LAB_PATH)!.slice(0, blob.offset + 4096));
      await expectRecovers(cut, model);
    });

    it('keeps what was acknowledged as durable after a large value that was not waited for', async () => {
      // The sync of the file with the value takes long; a small durable write must not overtake it.
      const disk = new FaultyFileSystem();
      const slow = new Proxy(disk, {
        get(target, name: keyof FaultyFileSystem) {
          if (name !== 'open') {
            const member: unknown = target[name];
            return typeof member === 'function' ? (member as () => unknown).bind(target) : member;
          }
          return (path: string, mode: 'create' | 'write' | 'read') => {
            const file = target.open(path, mode);
            if (path !== LAB_PATH) return file;
            const sync = file.sync.bind(file);
            file.sync = async () => {
              for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
              await sync();
            };
            return file;
          };
        },
      });
      const store = await stage.openOn(slow, IN_LOGS);
      const large = store.put(bytes('large'), valueAt(1, 40_000), { sync: true });
      const small = store.put(bytes('small'), bytes('1'), { sync: true });
      await small;
      const random = new SeededRandom(5);
      const images = Array.from({ length: 30 }, () => disk.powerCut(random));
      await large;
      for (const image of images) {
        const again = await stage.openOn(image);
        expect(text(again.get(bytes('small'))), 'acknowledged as durable').to.equal('1');
        await again.close();
      }
    });
  });

  describe('after a power cut', () => {
    it('finds what was synced, and of the rest a prefix', async function () {
      this.timeout(20_000);
      const random = new SeededRandom(17);
      for (let run = 0; run < 60; run++) {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, { ...SMALL, syncIntervalMs: 60_000, memtableBytes: 4096 });
        const prefixes: string[] = ['[]'];
        const model = new Model();
        let durable = 0;
        const count = 10 + random.int(60);
        for (let n = 0; n < count; n++) {
          const key = keyAt(random.int(30));
          const value = valueAt(n, random.chance(10) ? 3000 : 120);
          const sync = random.chance(10);
          await store.put(key, value, { sync });
          model.put(key, value);
          prefixes.push(JSON.stringify([...model.contents()]));
          if (sync) durable = prefixes.length - 1;
        }
        const image = disk.powerCut(random);
        const again = await stage.openOn(image);
        const found = prefixes.lastIndexOf(JSON.stringify([...contents(again)]));
        expect(found, `run ${run}: a prefix, of ${count}, that holds the first ${durable}`).to.be.at.least(
          durable,
        );
        await expectSound(again);
        await again.close();
        await store.close();
      }
    });
  });
});
