/** Every codec from end to end, and all of them in one file. */
import { expect } from 'chai';
import * as zlib from 'node:zlib';
import type { CodecName, LsmStore, OpenOptions } from '../../lsm/index.js';
import { SeededRandom } from '../support/seeded-random.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  keyAt,
  Model,
  SMALL,
  useStage,
  valueAt,
} from './store-fixture.js';

const HAS_ZSTD = 'zstdCompressSync' in zlib;
const CODECS: readonly CodecName[] = [
  'none',
  'lz4',
  'lz4-block',
  'deflate',
  ...(HAS_ZSTD ? (['zstd'] as const) : []),
];
const WORDS = ['river', 'stone', 'letter', 'green', 'window', 'seven', 'north', 'quiet'];

/** A value that packs well, a little, or not at all. */
function someValue(n: number, random: SeededRandom): Uint8Array {
  const length = random.pick([0, 1, 20, 150, 600, 1500, 3000]);
  if (random.chance(30)) return valueAt(n, length);
  let text = '';
  while (text.length < length) text += `${random.pick(WORDS)} `;
  return bytes(text.slice(0, length));
}

async function write(store: LsmStore, model: Model, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const batch = store.batch();
  for (let n = 0; n < 600; n++) {
    const key = keyAt(random.int(700));
    if (random.chance(10)) {
      batch.delete(key);
      model.delete(key);
    } else {
      const value = someValue(n, random);
      batch.put(key, value);
      model.put(key, value);
    }
  }
  await store.write(batch);
  await store.settle();
}

describe('codecs', () => {
  const stage = useStage();

  for (const codec of CODECS) {
    for (const worker of [false, true]) {
      it(`${codec}${worker ? ', packed by the worker' : ''}: what was put is read, by key and in scans both ways`, async () => {
        const options: OpenOptions = { ...SMALL, codec, worker, blockBytes: 1024 };
        const store = await stage.open(stage.path(), options);
        const model = new Model();
        for (let round = 0; round < 3; round++) await write(store, model, round);
        const wanted = model.contents();
        expectSame(contents(store), wanted);
        const cursor = store.scan({}, 'backward');
        let count = 0;
        while (cursor.next()) {
          count++;
          expect(cursor.valueLength).to.equal(cursor.value().length);
          expect(store.get(cursor.key())).to.deep.equal(cursor.value());
          expect(store.describe(cursor.key())!.length).to.equal(cursor.valueLength);
        }
        cursor.close();
        expect(count).to.equal(wanted.size);
        await store.mergeAll();
        await expectSound(store);
        await store.close();
        const again = await stage.open(stage.path(), options);
        expectSame(contents(again), wanted);
      });
    }
  }

  it('pack what packs', async () => {
    const sizes = new Map<CodecName, number>();
    for (const codec of CODECS) {
      const store = await stage.open(stage.path(codec), {
        ...SMALL,
        codec,
        blockBytes: 8192,
        tableBytes: 65_536,
      });
      for (let n = 0; n < 3000; n++) {
        await store.put(keyAt(n), bytes(`${WORDS[n % 8]} and ${WORDS[(n * 3) % 8]}, `.repeat(6)));
      }
      await store.compact();
      sizes.set(codec, store.stats().space.liveBytes);
    }
    const plain = sizes.get('none')!;
    for (const [codec, size] of sizes) {
      if (codec !== 'none') expect(size, `bytes with ${codec}, ${plain} without`).to.be.below(plain * 0.6);
    }
  });

  it('may change from one opening to the next: one file has tables of all kinds, and merges them', async () => {
    const model = new Model();
    const order = [...CODECS, ...CODECS.slice().reverse()];
    for (const [round, codec] of order.entries()) {
      const store = await stage.open(stage.path(), { ...SMALL, codec, autoMerge: false });
      expectSame(contents(store), model.contents(), `opened with ${codec}:`);
      await write(store, model, 100 + round);
      expectSame(contents(store), model.contents(), `written with ${codec}:`);
      await expectSound(store);
      if (round % 3 === 2) await store.mergeAll();
      expectSame(contents(store), model.contents(), `merged with ${codec}:`);
      await store.close();
    }
    const store = await stage.open(stage.path(), { ...SMALL, codec: 'lz4' });
    await store.mergeAll();
    await expectSound(store);
    expectSame(contents(store), model.contents());
  });

  it('pack what another codec has written plain, once a merge goes through it', async () => {
    const sizes: number[] = [];
    for (const codec of ['none', 'lz4'] as const) {
      const store = await stage.open(stage.path(), { ...SMALL, codec, tableBytes: 65_536, autoMerge: false });
      if (codec === 'none')
        for (let n = 0; n < 1000; n++) await store.put(keyAt(n), bytes(`${WORDS[n % 8]}, `.repeat(20)));
      else for (const n of [0, 999]) await store.put(keyAt(n), bytes('other'));
      await store.compact();
      sizes.push(store.stats().space.liveBytes);
      await store.close();
    }
    expect(sizes[1]).to.be.below(sizes[0]! * 0.6);
  });

  it('go with other sizes of blocks and tables at each opening', async () => {
    const model = new Model();
    for (const [round, sizes] of [
      { blockBytes: 256, tableBytes: 4096 },
      { blockBytes: 65_536, tableBytes: 1 << 20 },
      { blockBytes: 1024, tableBytes: 16_384, bloomBitsPerKey: 0 },
      { blockBytes: 8192, tableBytes: 65_536, cacheBytes: 0 },
      { blobBytes: 64 },
      { blobBytes: 1 << 20 },
    ].entries()) {
      const store = await stage.open(stage.path(), { ...SMALL, ...sizes });
      await write(store, model, 200 + round);
      expectSame(contents(store), model.contents(), JSON.stringify(sizes));
      await expectSound(store);
      await store.close();
    }
  });
});
