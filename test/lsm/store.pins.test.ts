/**
 * Readers of old moments: what a snapshot, a cursor, a value reader or a transaction holds stays readable while merges
 * move, replace and free everything around it. Freed space is overwritten with garbage at every step, so that a reader
 * of space that was freed too early is found out.
 */
import { expect } from 'chai';
import type { Cursor, LsmStore, OpenOptions, ReadView, Snapshot, ValueReader } from '../../lsm/index.js';
import { FaultyFileSystem } from '../support/faulty-files.js';
import { SeededRandom } from '../support/seeded-random.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  fillKeys,
  inside,
  keyAt,
  Model,
  SMALL,
  text,
  useStage,
  valueAt,
} from './store-fixture.js';

const ROWS: readonly (readonly [name: string, options: OpenOptions])[] = [
  ['no cache', { ...SMALL, cacheBytes: 0 }],
  ['a cache', SMALL],
  ['packed blocks', { ...SMALL, cacheBytes: 0, codec: 'lz4-block' }],
  ['encrypted', { ...SMALL, cacheBytes: 0, encryptionKey: new Uint8Array(32).fill(3) }],
];
const UNIVERSE = 400;

/** Overwrites every byte of the file that nobody owns. */
function scribble(store: LsmStore): number {
  const { space, open } = inside(store);
  space.release();
  let scribbled = 0;
  for (const { offset, bytes: length, state } of open.manifest.extents.partition()) {
    if (state !== 'free') continue;
    open.file.write(new Uint8Array(length).fill(0xee), 0, length, offset);
    scribbled += length;
  }
  return scribbled;
}

/** A reader of one moment, with what it must see. */
class Reader {
  private readonly wanted: Map<string, string>;

  constructor(
    readonly view: ReadView,
    model: Model,
    readonly end: () => void,
    readonly what: string,
  ) {
    this.wanted = model.contents();
  }

  check(random: SeededRandom): void {
    expectSame(contents(this.view), this.wanted, this.what);
    for (let n = 0; n < 20; n++) {
      const key = keyAt(random.int(UNIVERSE));
      expect(this.view.has(key), `${this.what}: ${text(key)}`).to.equal(this.wanted.has(text(key)!));
      this.view.get(key);
    }
  }
}

/** A cursor that goes on a few steps at a time, and turns now and then. */
class Walker {
  private readonly wanted: readonly (readonly [string, string])[];
  private at = -1;

  constructor(
    readonly cursor: Cursor,
    model: Model,
  ) {
    this.wanted = [...model.contents()];
  }

  walk(steps: number, random: SeededRandom): void {
    for (let n = 0; n < steps; n++) {
      const isForward = this.at < 0 || (this.at < this.wanted.length && !random.chance(20));
      if (isForward) this.cursor.next();
      else this.cursor.previous();
      this.at += isForward ? 1 : -1;
      if (this.at < 0 || this.at >= this.wanted.length) {
        expect(this.cursor.isValid).to.equal(false);
        this.cursor.seek(bytes('key-'), 'GE');
        this.at = 0;
      }
      const [key] = this.wanted[this.at]!;
      expect(text(this.cursor.key())).to.equal(key);
      expect(this.cursor.value().length).to.equal(this.cursor.valueLength);
    }
  }
}

/** Reads a blob in pieces, a few at a time. */
class PieceWalker {
  private position = 0;

  constructor(
    readonly reader: ValueReader,
    readonly seed: number,
  ) {}

  read(count: number): void {
    const piece = new Uint8Array(count);
    const got = this.reader.read(piece, 0, count, this.position);
    const value = valueAt(this.seed, this.reader.length);
    expect(piece.subarray(0, got)).to.deep.equal(value.subarray(this.position, this.position + got));
    this.position = got === 0 ? 0 : this.position + got;
  }
}

describe('readers of old moments', () => {
  const stage = useStage();

  for (const [name, options] of ROWS) {
    it(`see exactly theirs while everything is rewritten around them (${name})`, async function () {
      const random = new SeededRandom(11);
      const store = await stage.openOn(new FaultyFileSystem(), options);
      const model = new Model();
      const readers: Reader[] = [];
      const walkers: Walker[] = [];
      const pieces: PieceWalker[] = [];
      let scribbled = 0;

      const writeSome = async (seed: number): Promise<void> => {
        const batch = store.batch();
        for (let n = 0; n < 150; n++) {
          const at = random.int(UNIVERSE);
          const key = keyAt(at);
          if (random.chance(20)) {
            batch.delete(key);
            model.delete(key);
            continue;
          }
          const value = valueAt(seed * 1000 + n, random.chance(4) ? 3000 : 60);
          batch.put(key, value);
          model.put(key, value);
        }
        if (random.chance(30)) {
          const low = random.int(UNIVERSE);
          const range = { low: keyAt(low), high: keyAt(low + random.int(100)) };
          batch.deleteRange(range);
          model.deleteRange(range);
        }
        batch.put(keyAt(UNIVERSE), valueAt(seed, 12_000));
        model.put(keyAt(UNIVERSE), valueAt(seed, 12_000));
        await store.write(batch);
      };

      for (let round = 0; round < 24; round++) {
        await writeSome(round);
        switch (round % 4) {
          case 0: {
            const snapshot = store.snapshot();
            readers.push(new Reader(snapshot, model, () => snapshot.release(), `snapshot of round ${round}`));
            break;
          }
          case 1: {
            const tx = store.begin({ label: `round ${round}` });
            const own = new Model(model);
            for (let n = 0; n < 200; n++) {
              const value = valueAt(round * 7 + n, 90);
              tx.put(keyAt(n * 2), value);
              own.put(keyAt(n * 2), value);
            }
            readers.push(new Reader(tx, own, () => tx.rollback(), `transaction of round ${round}`));
            break;
          }
          case 2:
            walkers.push(new Walker(store.scan(), model));
            break;
          default:
            pieces.push(new PieceWalker(store.openValue(keyAt(UNIVERSE))!, round));
        }
        const work = [
          () => store.flush(),
          () => store.settle(),
          () => store.mergeAll(),
          () => store.compact(),
        ];
        await random.pick(work)();
        scribbled += scribble(store);
        for (const reader of readers) reader.check(random);
        for (const walker of walkers) walker.walk(15, random);
        for (const piece of pieces) piece.read(1 + random.int(5000));
        expectSame(contents(store), model.contents(), 'the store itself:');
        await expectSound(store);
        // The oldest go now and then, or nothing would ever be free.
        while (readers.length > 4) readers.shift()!.end();
        while (walkers.length > 2) walkers.shift()!.cursor.close();
        while (pieces.length > 2) pieces.shift()!.reader.close();
      }
      expect(scribbled, 'there was freed space to be overwritten').to.be.above(0);
      for (const { end } of readers) end();
      for (const { cursor } of walkers) cursor.close();
      for (const { reader } of pieces) reader.close();
      expect(store.stats().pins.count).to.equal(0);
      await store.compact();
      scribble(store);
      expectSame(contents(store), model.contents());
      await expectSound(store);
    });
  }

  it('by the thousand, each sees its own moment', async () => {
    const store = await stage.openOn(new FaultyFileSystem());
    const snapshots: Snapshot[] = [];
    const COUNT = 2000;
    for (let n = 0; n < COUNT; n++) {
      await store.put(keyAt(n % 50), bytes(String(n)));
      snapshots.push(store.snapshot());
    }
    await store.settle();
    await store.mergeAll();
    scribble(store);
    expect(store.stats().pins.count).to.equal(COUNT);
    for (let n = 0; n < COUNT; n += 7) {
      const latest = (key: number): number => n - ((n - key + 50 * COUNT) % 50);
      for (const key of [n % 50, (n + 1) % 50, 25]) {
        const wanted = latest(key) < 0 ? undefined : String(latest(key));
        expect(text(snapshots[n]!.get(keyAt(key))), `snapshot ${n}, key ${key}`).to.equal(wanted);
      }
    }
    // released in an order of no kind
    const random = new SeededRandom(3);
    while (snapshots.length > 0) snapshots.splice(random.int(snapshots.length), 1)[0]!.release();
    expect(store.stats().pins.count).to.equal(0);
    await store.mergeAll();
    expect(contents(store).size).to.equal(50);
    await expectSound(store);
  });

  it('are listed with their age and what they are', async () => {
    const store = await stage.openOn(new FaultyFileSystem());
    await store.put(bytes('a'), new Uint8Array(5000));
    const ends = [
      store.snapshot(),
      store.begin({ label: 'import of June' }),
      store.scan(),
      store.openValue(bytes('a'))!,
    ];
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { pins, transactions } = store.stats();
    expect(pins.count).to.equal(4);
    const labels = pins.oldest.map(({ label }) => label);
    expect(labels).to.include.members(['snapshot', 'import of June', 'cursor']);
    for (const { ageMs } of [...pins.oldest, ...pins.versions]) expect(ageMs).to.be.within(15, 10_000);
    expect(transactions.map(({ label }) => label)).to.deep.equal(['import of June']);
    for (const end of ends) {
      if ('release' in end) end.release();
      else if ('rollback' in end) end.rollback();
      else end.close();
    }
    expect(store.stats().pins).to.deep.equal({ count: 0, versions: [], oldest: [] });
  });

  it('hold space, which is used again once they are gone', async () => {
    const store = await stage.openOn(new FaultyFileSystem());
    await fillKeys(store, 2000);
    await store.mergeAll();
    const live = store.stats().space.liveBytes;
    const snapshot = store.snapshot();
    for (let round = 1; round <= 4; round++) {
      await fillKeys(store, 2000, { seed: round * 10_000 });
      await store.mergeAll();
    }
    const held = store.stats();
    expect(held.space.awaitingBytes, 'what only the snapshot needs').to.be.above(live * 0.9);
    snapshot.release();
    for (let round = 5; round <= 12; round++) {
      await fillKeys(store, 2000, { seed: round * 10_000 });
      await store.mergeAll();
    }
    const { space, fileBytes } = store.stats();
    expect(space.awaitingBytes).to.be.below(live * 1.5);
    expect(fileBytes, 'the file stopped growing').to.be.at.most(held.fileBytes);
  });

  it('that were forgotten are freed by the close of the store', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk);
    await fillKeys(store, 1000);
    store.snapshot();
    store.begin().put(bytes('a'), new Uint8Array(5000));
    store.scan().next();
    await fillKeys(store, 1000, { seed: 5 });
    await store.mergeAll();
    await store.close();
    const again = await stage.openOn(disk);
    const { space } = again.stats();
    expect(space.lentBytes + space.awaitingBytes).to.equal(0);
    await expectSound(again);
  });
});
