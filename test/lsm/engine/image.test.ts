/** Copies of a store that is written to: `backup` as a stream of bytes, `compactTo` into a file. */
import { expect } from 'chai';
import { createWriteStream, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { LsmStore, OpenOptions } from '../../../lsm/index.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  fillKeys,
  keyAt,
  LAB_PATH,
  Model,
  refusal,
  SMALL,
  useStage,
  valueAt,
} from '../store-fixture.js';

const ROWS: readonly (readonly [name: string, options: OpenOptions])[] = [
  ['plain', SMALL],
  ['encrypted', { ...SMALL, encryptionKey: new Uint8Array(32).fill(9) }],
  ['with the worker', { ...SMALL, worker: true }],
];

async function fillStore(store: LsmStore): Promise<Model> {
  const model = new Model();
  await fillKeys(store, 1500, { model });
  await fillKeys(store, 8, { prefix: 'large-', length: 30_000, model });
  await store.deleteRange({ low: keyAt(100), high: keyAt(200) });
  model.deleteRange({ low: keyAt(100), high: keyAt(200) });
  return model;
}

/** Writes on and on until told to stop, large values, deletions and merges among it. */
function disturb(store: LsmStore): () => Promise<void> {
  let isOver = false;
  const work = (async () => {
    for (let n = 0; !isOver; n++) {
      await store.put(keyAt(n % 1500), valueAt(n + 50_000, n % 40 === 0 ? 9000 : 90));
      if (n % 50 === 0) await store.deleteRange({ low: keyAt(n % 1500), high: keyAt((n % 1500) + 20) });
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return () => {
    isOver = true;
    return work;
  };
}

describe('a copy of a store', () => {
  const stage = useStage();

  for (const [name, options] of ROWS) {
    it(`as a stream, while writes go on: what was written before it began, whole and sound (${name})`, async () => {
      const store = await stage.open(stage.path(), options);
      const model = await fillStore(store);
      const copying = store.backup();
      const first = await copying.next();
      const stop = disturb(store);
      await fillKeys(store, 300, { seed: 123 });
      await pipeline(
        Readable.from(
          (async function* () {
            yield first.value as Uint8Array;
            yield* copying;
          })(),
        ),
        createWriteStream(stage.path('copy.elmo')),
      );
      await stop();
      const copy = await stage.open(stage.path('copy.elmo'), options);
      expectSame(contents(copy), model.contents());
      await expectSound(copy);
      const { space } = copy.stats();
      expect(space.freeBytes, 'free space in the copy').to.equal(0);
      await copy.put(bytes('new'), bytes('1'));
      await copy.mergeAll();
      await expectSound(copy);
    });

    it(`as a new file, while writes go on (${name})`, async () => {
      const store = await stage.open(stage.path(), options);
      const model = await fillStore(store);
      const stop = disturb(store);
      await store.compactTo(stage.path('copy.elmo'));
      await stop();
      const copy = await stage.open(stage.path('copy.elmo'), options);
      const found = contents(copy, { low: bytes('large-') });
      expectSame(found, new Map([...model.contents()].filter(([key]) => key >= 'large-')));
      await expectSound(copy);
      expect(stage.names()).to.not.include('copy.elmo-partial');
      await copy.close();
    });
  }

  it('is seldom longer than what it holds', async () => {
    const store = await stage.open(stage.path());
    await fillStore(store);
    for (let round = 0; round < 5; round++) await fillKeys(store, 1500, { seed: round * 1000 });
    await store.compactTo(stage.path('copy.elmo'));
    await store.compact();
    expect(statSync(stage.path('copy.elmo')).size).to.be.at.most(statSync(stage.path()).size + 16_384);
  });

  it('never replaces a file that is there, least of all the store itself', async () => {
    const store = await stage.open(stage.path());
    const model = await fillStore(store);
    writeFileSync(stage.path('letter.txt'), 'dear reader');
    for (const target of ['letter.txt', 'store.elmo']) {
      const error = await refusal(() => store.compactTo(stage.path(target)), 'BadOptions');
      expect(error.message).to.include(target);
    }
    expect(readFileSync(stage.path('letter.txt'), 'utf8')).to.equal('dear reader');
    await store.put(bytes('after'), bytes('1'));
    model.put(bytes('after'), bytes('1'));
    await store.close();
    expectSame(contents(await stage.open(stage.path())), model.contents());
  });

  it('that cannot be written leaves nothing behind', async () => {
    const disk = new FaultyFileSystem();
    const store = await stage.openOn(disk);
    const model = await fillStore(store);
    await store.mergeAll();
    disk.capacityBytes = disk.contents(LAB_PATH)!.length + 100_000;
    await refusal(() => store.compactTo('/lab/copy.elmo'), 'DiskFull');
    expect(disk.paths().filter((path) => path.includes('copy'))).to.deep.equal([]);
    disk.capacityBytes = Infinity;
    await store.compactTo('/lab/copy.elmo');
    expectSame(contents(store), model.contents());
  });

  it('that nobody reads to its end holds nothing', async () => {
    const store = await stage.open(stage.path());
    await fillStore(store);
    for await (const chunk of store.backup()) {
      expect(chunk.length).to.be.above(0);
      break;
    }
    expect(store.stats().pins.count).to.equal(0);
  });

  it('ends with the store', async () => {
    const store = await stage.open(stage.path());
    await fillStore(store);
    const copying = store.backup();
    await copying.next();
    await store.close();
    await refusal(async () => {
      for await (const chunk of copying) expect(chunk.length).to.be.above(0);
    }, 'Closed');
    expect(existsSync(stage.path('copy.elmo'))).to.equal(false);
  });

  it('is another store: its logs are not those of the first', async () => {
    const store = await stage.open(stage.path());
    await fillStore(store);
    await store.compactTo(stage.path('copy.elmo'));
    const copy = await stage.open(stage.path('copy.elmo'));
    const idOf = (path: string): string => readFileSync(path).subarray(34, 42).toString('hex');
    expect(idOf(stage.path('copy.elmo'))).to.not.equal(idOf(stage.path()));
    await copy.close();
  });
});
