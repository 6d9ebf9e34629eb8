/** Transactions larger than their memory: pending tables, savepoints across them, commits and ends of every kind. */
import { expect } from 'chai';
import { MEMORY_PATH, type LsmStore, type OpenOptions, type Transaction } from '../../../lsm/index.js';
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

const TINY: OpenOptions = { ...SMALL, transactionBytes: 4096, transactionRuns: 2 };

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Overwrites what nobody owns: a reader of freed space is found out. */
function scribble(store: LsmStore): void {
  const { space, open } = inside(store);
  space.release();
  for (const { offset, bytes: length, state } of open.manifest.extents.partition()) {
    if (state === 'free') open.file.write(new Uint8Array(length).fill(0xee), 0, length, offset);
  }
}

/** Puts more than fits the overlay, waiting for room now and then. */
async function putMany(
  tx: Transaction,
  count: number,
  {
    from = 0,
    seed = 0,
    length = 100,
    model,
  }: { from?: number; seed?: number; length?: number; model?: Model },
): Promise<void> {
  for (let n = from; n < from + count; n++) {
    const value = valueAt(seed + n, length);
    tx.put(keyAt(n), value);
    model?.put(keyAt(n), value);
    if (n % 50 === 0) await tx.settle();
  }
}

describe('a transaction larger than its memory', () => {
  const stage = useStage();

  for (const worker of [false, true]) {
    it(`reads its own writes through pending tables and their merges${worker ? ', with the worker' : ''}`, async () => {
      const store = await stage.open(stage.path(), { ...TINY, worker });
      const model = new Model();
      await fillKeys(store, 300, { model });
      const tx = store.begin();
      const random = new SeededRandom(4);
      let mostTables = 0;
      for (let n = 0; n < 1500; n++) {
        const at = random.int(400);
        if (random.chance(15)) {
          tx.delete(keyAt(at));
          model.delete(keyAt(at));
        } else if (random.chance(2)) {
          const range = { low: keyAt(at), high: keyAt(at + random.int(60)) };
          tx.deleteRange(range);
          model.deleteRange(range);
        } else {
          const value = valueAt(n, random.chance(3) ? 3000 : 80);
          tx.put(keyAt(at), value);
          model.put(keyAt(at), value);
        }
        if (n % 100 === 0) await tx.settle();
        mostTables = Math.max(mostTables, store.stats().transactions[0]!.pendingTables);
        if (n % 150 === 0) expectSame(contents(tx), model.contents(), `after ${n} writes:`);
      }
      expect(mostTables, 'pending tables').to.be.above(2);
      expectSame(contents(tx), model.contents());
      for (let at = 0; at < 400; at++) {
        expect(tx.has(keyAt(at))).to.equal(model.contents().has(text(keyAt(at))!));
      }
      await tx.commit();
      expectSame(contents(store), model.contents(), 'committed:');
      await store.mergeAll();
      expectSame(contents(store), model.contents(), 'merged:');
      await expectSound(store);
      expect(store.stats().space.lentBytes).to.equal(0);
    });
  }

  it('returns to savepoints set before, between and after its flushes, whichever it is', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new SeededRandom(seed);
      const store = await stage.open(MEMORY_PATH, TINY);
      await fillKeys(store, 100);
      const tx = store.begin();
      let model = new Model();
      for (const [key] of contents(store)) model.put(bytes(key), store.get(bytes(key))!);
      let marks: { mark: number; then: Model }[] = [];
      for (let n = 0; n < 400; n++) {
        const dice = random.int(100);
        if (dice < 4) marks.push({ mark: tx.savepoint(), then: new Model(model) });
        else if (dice < 7 && marks.length > 0) {
          const at = random.int(marks.length);
          tx.rollbackTo(marks[at]!.mark);
          model = new Model(marks[at]!.then);
          marks = marks.slice(0, at + 1);
          scribble(store);
          expectSame(contents(tx), model.contents(), `seed ${seed}, step ${n}:`);
        } else if (dice < 9 && marks.length > 0) {
          const at = random.int(marks.length);
          tx.releaseSavepoint(marks[at]!.mark);
          marks = marks.slice(0, at);
        } else if (dice < 12) await tx.settle();
        else if (dice < 14) await turn();
        else if (dice < 17) {
          const low = random.int(120);
          const range = { low: keyAt(low), high: keyAt(low + 20) };
          tx.deleteRange(range);
          model.deleteRange(range);
        } else {
          const key = keyAt(random.int(120));
          const value = valueAt(n, random.chance(3) ? 3000 : 150);
          tx.put(key, value);
          model.put(key, value);
        }
      }
      await tx.settle();
      scribble(store);
      expectSame(contents(tx), model.contents(), `seed ${seed}:`);
      await tx.commit();
      expectSame(contents(store), model.contents(), `seed ${seed}, committed:`);
      await expectSound(store);
      // A merge of pending tables that was under way at the commit gives back what it wrote when it ends.
      for (let n = 0; n < 1000 && store.stats().space.lentBytes > 0; n++) await turn();
      expect(store.stats().space.lentBytes, 'lent').to.equal(0);
    }
  });

  it('gives cursors that see it as it was when they were opened, flushes or not', async () => {
    const store = await stage.open(MEMORY_PATH, TINY);
    const tx = store.begin();
    const model = new Model();
    const cursors: { cursor: ReturnType<Transaction['scan']>; wanted: string[] }[] = [];
    for (let round = 0; round < 12; round++) {
      await putMany(tx, 60, { from: round * 20, seed: round * 1000, model });
      const cursor = tx.scan();
      cursor.next();
      cursors.push({ cursor, wanted: [...model.contents()].map(([key]) => key) });
      tx.delete(keyAt(round));
      model.delete(keyAt(round));
      await tx.settle();
      scribble(store);
    }
    for (const { cursor, wanted } of cursors) {
      const found = [text(cursor.key())!];
      while (cursor.next()) found.push(text(cursor.key())!);
      expect(found).to.deep.equal(wanted);
      cursor.close();
    }
    tx.rollback();
    expect(store.stats().space.lentBytes).to.equal(0);
  });

  it('gives every byte back when it is rolled back, at whatever moment', async () => {
    for (const turns of [0, 1, 2, 3, 5, 8, 20, 100]) {
      const store = await stage.open(MEMORY_PATH, TINY);
      await fillKeys(store, 100);
      await store.flush();
      const before = store.stats().space.liveBytes;
      const tx = store.begin();
      await putMany(tx, 400, {});
      tx.put(bytes('large'), new Uint8Array(300_000));
      const reader = tx.openValue(bytes('large'));
      const cursor = tx.scan();
      cursor.next();
      for (let n = 0; n < 60; n++) tx.put(keyAt(n), valueAt(n, 200));
      for (let n = 0; n < turns; n++) await turn();
      tx.rollback();
      cursor.close();
      reader?.close();
      await turn();
      await store.settle();
      for (let n = 0; n < 50; n++) await turn();
      const { space } = store.stats();
      expect(space.lentBytes, `lent, after ${turns} turns`).to.equal(0);
      expect(space.liveBytes).to.be.at.most(before + 8192);
      await expectSound(store);
      expect(store.stats().pins.count).to.equal(0);
    }
  });

  it('lets who reads one of its large values go on after the end, or says that it is over', async () => {
    for (const end of ['rollback', 'commit'] as const) {
      const store = await stage.open(MEMORY_PATH, { ...TINY, cacheBytes: 0 });
      const tx = store.begin();
      const value = valueAt(1, 400_000);
      tx.put(bytes('large'), value);
      const reader = tx.openValue(bytes('large'))!;
      const piece = new Uint8Array(10_000);
      reader.read(piece, 0, piece.length, 0);
      await tx[end]();
      scribble(store);
      await store.put(bytes('other'), valueAt(2, 400_000));
      scribble(store);
      try {
        expect(reader.read(piece, 0, piece.length, 200_000)).to.equal(piece.length);
        expect(piece).to.deep.equal(value.subarray(200_000, 210_000));
      } catch (error) {
        expect((error as { code: string }).code, String(error)).to.equal('Closed');
      }
      reader.close();
      await store.delete(bytes('large'));
      await store.mergeAll();
      await expectSound(store);
      expect(store.stats().space.lentBytes).to.equal(0);
    }
  });

  it('keeps its memory within bounds, also when it writes in one go', async function () {
    this.timeout(20_000);
    const MEGABYTES = 100;
    for (const doesWait of [true, false]) {
      const store = await stage.open(stage.path(), {
        worker: true,
        transactionBytes: 1 << 20,
        codec: 'none',
      });
      const tx = store.begin();
      const value = valueAt(3, 4000);
      globalThis.gc?.();
      const before = process.memoryUsage();
      let most = 0;
      const count = (MEGABYTES * 1_000_000) / 4000;
      for (let n = 0; n < count; n++) {
        tx.put(keyAt((n * 7919) % count), value);
        if (doesWait && n % 256 === 0) await tx.settle();
        if (n % 2000 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before.arrayBuffers);
      }
      expect(most / 1_000_000, `MB of arrays, ${doesWait ? 'waiting' : 'in one go'}`).to.be.below(60);
      expect(tx.has(keyAt(5))).to.equal(true);
      expect(store.stats().fileBytes / 1_000_000, 'MB in the file').to.be.above(MEGABYTES * 0.8);
      await tx.settle();
      tx.rollback();
      expect(store.stats().fileBytes / 1_000_000, 'MB in the file, rolled back').to.be.below(30);
      // A merge of its tables may still be under way.
      for (let n = 0; n < 200 && store.stats().space.lentBytes > 0; n++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      expect(store.stats().space.lentBytes).to.equal(0);
      await store.close();
    }
  });

  it('is there whole or not at all after a crash, at each moment of its commit', async () => {
    const random = new SeededRandom(9);
    let wasThere = 0;
    let wasNot = 0;
    for (let turns = 0; turns < 40; turns++) {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, TINY);
      await fillKeys(store, 50, { prefix: 'base-' });
      const tx = store.begin();
      await putMany(tx, 200, {});
      tx.put(bytes('large'), valueAt(1, 60_000));
      let isDone = false;
      const commit = tx.commit().then(() => (isDone = true));
      for (let n = 0; n < turns; n++) await turn();
      const mustBeThere = isDone;
      const images = [disk.processCrash(), disk.powerCut(random)];
      await commit;
      await store.close();
      for (const image of images) {
        const again = await stage.openOn(image, TINY);
        const count = contents(again, { low: bytes('key-'), high: bytes('lb') }).size;
        expect([0, 201], `after ${turns} turns`).to.include(count);
        if (mustBeThere) expect(count, 'was acknowledged').to.equal(201);
        if (count > 0) {
          expect(again.get(bytes('large'))).to.deep.equal(valueAt(1, 60_000));
          wasThere++;
        } else wasNot++;
        await expectSound(again);
        await again.close();
      }
    }
    expect(Math.min(wasThere, wasNot), 'both were seen').to.be.above(3);
  });

  it('whose commit fails to be synced leaves a store that is sound when it is opened again', async () => {
    for (let n = 1; n <= 12; n++) {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk, { ...TINY, syncIntervalMs: 60_000 });
      await fillKeys(store, 150, { prefix: 'base-' });
      const tx = store.begin();
      await putMany(tx, 150, {});
      tx.put(bytes('large'), valueAt(1, 60_000));
      const small = store.begin();
      small.put(bytes('own-large'), valueAt(2, 30_000));
      await fillKeys(store, 30, { prefix: 'base-', from: 200 });
      disk.failAt('sync', n, 'EIO');
      const end = await tx.commit().then(
        () => 'committed',
        (error: { code: string }) => error.code,
      );
      expect(['committed', 'Io', 'ReadOnly']).to.include(end);
      await small.commit({ sync: true }).catch((error: { code: string }) => {
        expect(['Io', 'ReadOnly']).to.include(error.code);
      });
      for (let i = 0; i < 30; i++) await turn();
      const crashed = disk.processCrash();
      await store.close();
      for (const image of [crashed, disk]) {
        image.clearFaults();
        const again = await stage.openOn(image, TINY);
        await expectSound(again);
        const count = contents(again, { low: bytes('key-'), high: bytes('lb') }).size;
        expect([0, 151], `sync ${n}`).to.include(count);
        if (end === 'committed') expect(count).to.equal(151);
        if (count > 0) expect(again.get(bytes('large'))).to.deep.equal(valueAt(1, 60_000));
        const own = again.get(bytes('own-large'));
        if (own !== undefined) expect(own).to.deep.equal(valueAt(2, 30_000));
        expect(contents(again, { low: bytes('base-'), high: bytes('base.') }).size).to.equal(180);
        await again.settle();
        await expectSound(again);
        await again.close();
      }
    }
  });
});

describe('a transaction that is being committed', () => {
  const stage = useStage();

  for (const [what, count] of [
    ['a small one', 5],
    ['a large one', 300],
  ] as const) {
    it(`${what} takes no more writes, and is not rolled back any more`, async () => {
      const store = await stage.open(MEMORY_PATH, TINY);
      const tx = store.begin();
      await putMany(tx, count, {});
      const commit = tx.commit();
      await refusal(() => tx.put(bytes('late'), bytes('1')), 'Closed');
      await refusal(() => tx.delete(keyAt(1)), 'Closed');
      await refusal(() => tx.deleteRange({}), 'Closed');
      await refusal(() => tx.savepoint(), 'Closed');
      await refusal(() => tx.commit(), 'Closed');
      await refusal(() => tx.get(keyAt(1)), 'Closed');
      tx.rollback();
      await commit;
      expect(contents(store).size).to.equal(count);
      expect(store.stats().space.lentBytes).to.equal(0);
      await expectSound(store);
      expect(store.stats().pins.count).to.equal(0);
    });

    it(`${what} that nobody waited for to settle is committed all the same`, async () => {
      const store = await stage.open(MEMORY_PATH, TINY);
      const tx = store.begin();
      for (let n = 0; n < count; n++) tx.put(keyAt(n), valueAt(n));
      const settled = tx.settle();
      await tx.commit();
      await settled;
      expect(contents(store).size).to.equal(count);
      await expectSound(store);
    });

    it(`${what} at the close of the store is committed, or refused`, async () => {
      for (let turns = 0; turns < 8; turns++) {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk, TINY);
        const tx = store.begin();
        await putMany(tx, count, {});
        for (let n = 0; n < 20; n++) tx.put(keyAt(n), valueAt(n, 300));
        const commit = tx.commit().then(
          () => true,
          (error: { code: string }) => {
            expect(error.code).to.equal('Closed');
            return false;
          },
        );
        for (let n = 0; n < turns; n++) await turn();
        await store.close();
        const isCommitted = await commit;
        expect(disk.paths()).to.deep.equal([LAB_PATH]);
        const again = await stage.openOn(disk, TINY);
        expect(contents(again).size > 0, `after ${turns} turns`).to.equal(isCommitted);
        await expectSound(again);
        await again.close();
      }
    });
  }
});

describe('transactions among other writes', () => {
  const stage = useStage();

  it('a large commit keeps its place among writes that nobody waits for', async () => {
    const store = await stage.open(MEMORY_PATH, TINY);
    for (let round = 0; round < 10; round++) {
      const tx = store.begin();
      await putMany(tx, 150, { seed: round });
      const all: Promise<unknown>[] = [];
      all.push(store.put(bytes('before'), bytes(String(round))));
      all.push(tx.commit());
      all.push(store.put(keyAt(3), bytes(`after ${round}`)));
      all.push(store.deleteRange({ low: keyAt(100), high: keyAt(120) }));
      await Promise.all(all);
      expect(text(store.get(keyAt(3)))).to.equal(`after ${round}`);
      expect(store.get(keyAt(4))).to.deep.equal(valueAt(round + 4));
      expect(contents(store, { low: keyAt(0), high: keyAt(1000) }).size).to.equal(130);
      await store.flush();
      expect(text(store.get(keyAt(3)))).to.equal(`after ${round}`);
    }
    await store.mergeAll();
    expect(text(store.get(keyAt(3)))).to.equal('after 9');
    await expectSound(store);
  });

  it('a batch larger than a memtable is one batch all the same', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk, TINY);
    const model = new Model();
    const all: Promise<void>[] = [];
    all.push(store.put(keyAt(1), bytes('early')));
    const batch = store.batch();
    for (let n = 0; n < 2000; n++) {
      const value = valueAt(n, n % 400 === 0 ? 5000 : 60);
      batch.put(keyAt(n), value);
      model.put(keyAt(n), value);
    }
    batch.deleteRange({ low: keyAt(500), high: keyAt(700) });
    model.deleteRange({ low: keyAt(500), high: keyAt(700) });
    batch.put(keyAt(600), bytes('again'));
    model.put(keyAt(600), bytes('again'));
    all.push(store.write(batch));
    all.push(store.delete(keyAt(2)));
    model.delete(keyAt(2));
    await turn();
    const early = await stage.openOn(disk.processCrash(), TINY);
    expect([0, 1, model.contents().size, model.contents().size + 1]).to.include(contents(early).size);
    await Promise.all(all);
    expectSame(contents(store), model.contents());
    const late = await stage.openOn(disk.processCrash(), TINY);
    expectSame(contents(late), model.contents());
    await expectSound(late);
    await store.mergeAll();
    expectSame(contents(store), model.contents());
    await expectSound(store);
    expect(store.stats().space.lentBytes).to.equal(0);
  });

  it('thousands may be open, each with its own sight', async () => {
    const store = await stage.open(MEMORY_PATH, SMALL);
    const open: Transaction[] = [];
    for (let n = 0; n < 2000; n++) {
      await store.put(bytes('shared'), bytes(String(n)));
      const tx = store.begin();
      tx.put(keyAt(n), bytes('1'));
      open.push(tx);
    }
    await store.settle();
    for (let n = 0; n < 2000; n += 97) expect(text(open[n]!.get(bytes('shared')))).to.equal(String(n));
    expect(store.stats().transactions.length).to.equal(2000);
    await Promise.all(open.map((tx, n) => (n % 2 === 0 ? tx.commit() : tx.rollback())));
    expect(contents(store, { low: keyAt(0), high: keyAt(5000) }).size).to.equal(1000);
    expect(store.stats().pins.count).to.equal(0);
  });

  it('the close of the store ends them, their cursors and their readers, and frees their space', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk, TINY);
    await fillKeys(store, 50);
    const tx = store.begin();
    await putMany(tx, 300, {});
    tx.put(bytes('large'), new Uint8Array(50_000));
    const cursor = tx.scan();
    cursor.next();
    const reader = tx.openValue(bytes('large'))!;
    await store.close();
    await refusal(() => tx.get(keyAt(1)), 'Closed');
    await refusal(() => tx.commit(), 'Closed');
    await refusal(() => cursor.next(), 'Closed');
    await refusal(() => reader.read(new Uint8Array(10), 0, 10, 0), 'Closed');
    expect(tx.isOpen).to.equal(false);
    tx.rollback();
    reader.close();
    const again = await stage.openOn(disk);
    expect(contents(again).size).to.equal(50);
    expect(disk.contents(LAB_PATH)!.length).to.be.below(200_000);
  });
});

describe('values of unknown length', () => {
  const stage = useStage();

  it('of 100 MB pass through a few hundred kilobytes of memory, several at a time', async function () {
    this.timeout(20_000);
    const store = await stage.open(stage.path());
    const CHUNK = valueAt(8, 250_000);
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    async function* source(count: number): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < count; n++) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        if (n % 20 === 0) await turn();
        yield CHUNK;
      }
    }
    const tx = store.begin();
    await Promise.all([tx.putStream(bytes('one'), source(200)), tx.putStream(bytes('two'), source(200))]);
    expect(most / 1_000_000, 'MB').to.be.below(20);
    await tx.commit();
    expect(store.describe(bytes('two'))).to.deep.equal({ kind: 'blob', length: 50_000_000 });
    const reader = store.openValue(bytes('two'))!;
    const piece = new Uint8Array(1000);
    reader.read(piece, 0, 1000, 49_999_000);
    expect(piece).to.deep.equal(CHUNK.subarray(249_000));
    reader.close();
  });

  it('that fail in the middle, or whose transaction ends meanwhile, give their space back', async () => {
    const store = await stage.open(MEMORY_PATH, TINY);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(100_000);
      await turn();
      throw new Error('the source failed');
    }
    async function* slow(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n < 5; n++) {
        yield new Uint8Array(50_000);
        await turn();
      }
    }
    const tx = store.begin();
    const failed = await tx.putStream(bytes('a'), failing()).catch((error: Error) => error.message);
    expect(failed).to.equal('the source failed');
    const streaming = tx.putStream(bytes('b'), slow());
    await turn();
    tx.rollback();
    await refusal(() => streaming, 'Closed');
    const direct = store.putStream(bytes('c'), slow());
    const directFailing = store.putStream(bytes('d'), failing()).catch(() => 'failed');
    await direct;
    expect(await directFailing).to.equal('failed');
    expect([...contents(store).keys()]).to.deep.equal(['c']);
    await store.settle();
    expect(store.stats().space.lentBytes).to.equal(0);
    await expectSound(store);
  });

  it('that arrive while the store closes are refused, and give their space back', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk);
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    async function* gated(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(50_000);
      await gate;
      yield new Uint8Array(50_000);
    }
    const streaming = store.putStream(bytes('a'), gated());
    const inTx = store.begin().putStream(bytes('b'), gated());
    await turn();
    const closing = store.close();
    release();
    await refusal(() => streaming, 'Closed');
    await refusal(() => inTx, 'Closed');
    await closing;
    const again = await stage.openOn(disk);
    expect(contents(again).size).to.equal(0);
    await expectSound(again);
  });
});
