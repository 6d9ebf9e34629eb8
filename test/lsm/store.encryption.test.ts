/** An encrypted store: nothing of keys or values can be read in its files, wherever they are on their way. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLsm, type LsmStore, type OpenOptions } from '../../lsm/index.js';
import { FaultyFileSystem } from '../support/faulty-files.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  LAB_PATH,
  Model,
  refusal,
  SMALL,
  useStage,
} from './store-fixture.js';

const KEY_MARK = 'MARK-OF-A-KEY';
const VALUE_MARK = 'MARK-OF-A-VALUE';
const KEYS: readonly (readonly [name: string, key: Uint8Array | string])[] = [
  ['a key of 32 bytes', new Uint8Array(32).fill(42)],
  ['a passphrase', 'correct horse battery staple'],
];
const MARKED: OpenOptions = { ...SMALL, codec: 'none' };

/** Where in a file a mark stands in the clear; -1: nowhere. */
function findMark(content: Uint8Array): number {
  const buffer = Buffer.from(content.buffer, content.byteOffset, content.length);
  return Math.max(buffer.indexOf(KEY_MARK), buffer.indexOf(VALUE_MARK));
}

function expectOpaque(folder: string): void {
  for (const name of readdirSync(folder)) {
    expect(findMark(readFileSync(join(folder, name))), `a mark in ${name}`).to.equal(-1);
  }
}

/** Writes that leave something in every kind of place: logs, tables, indexes, blobs, tombstones, the manifest. */
async function writeEverywhere(store: LsmStore, look: () => void): Promise<Model> {
  const model = new Model();
  const put = async (key: string, length: number): Promise<void> => {
    const value = bytes(VALUE_MARK.repeat(Math.ceil(length / VALUE_MARK.length)));
    await store.put(bytes(key), value);
    model.put(bytes(key), value);
  };
  for (let n = 0; n < 400; n++) await put(`${KEY_MARK}-${String(n).padStart(5, '0')}`, 60);
  look();
  await put(`${KEY_MARK}-large`, 20_000);
  await store.putStream(bytes(`${KEY_MARK}-stream`), [bytes(VALUE_MARK.repeat(500))]);
  model.put(bytes(`${KEY_MARK}-stream`), bytes(VALUE_MARK.repeat(500)));
  look();
  await store.flush();
  const range = { low: bytes(`${KEY_MARK}-00100`), high: bytes(`${KEY_MARK}-00150`) };
  await store.deleteRange(range);
  model.deleteRange(range);
  await store.flush();
  look();
  const tx = store.begin({ label: 'with pending tables' });
  for (let n = 0; n < 300; n++) tx.put(bytes(`${KEY_MARK}-tx-${n}`), bytes(VALUE_MARK.repeat(6)));
  await tx.settle();
  look();
  await tx.commit();
  for (let n = 0; n < 300; n++) model.put(bytes(`${KEY_MARK}-tx-${n}`), bytes(VALUE_MARK.repeat(6)));
  await store.mergeAll();
  look();
  await put(`${KEY_MARK}-last`, 100);
  return model;
}

describe('an encrypted store', () => {
  const stage = useStage();

  for (const [name, encryptionKey] of KEYS) {
    for (const worker of [false, true]) {
      it(`with ${name}${worker ? ' and the worker' : ''}: no byte of a key or value is in the clear`, async () => {
        const options: OpenOptions = { ...MARKED, encryptionKey, worker };
        const store = await stage.open(stage.path(), options);
        const model = await writeEverywhere(store, () => expectOpaque(stage.folder));
        expectSame(contents(store), model.contents());
        await expectSound(store);
        await store.compactTo(stage.path('copy.elmo'));
        expectOpaque(stage.folder);
        await store.close();
        expectOpaque(stage.folder);
        for (const path of [stage.path(), stage.path('copy.elmo')]) {
          const again = await stage.open(path, options);
          expectSame(contents(again), model.contents());
          await expectSound(again);
        }
      });
    }
  }

  it('shows its marks when it is not encrypted: the test can see them', async () => {
    const store = await stage.open(stage.path(), MARKED);
    let seen = 0;
    await writeEverywhere(store, () => {
      for (const name of stage.names()) if (findMark(readFileSync(stage.path(name))) >= 0) seen++;
    });
    expect(seen).to.be.above(5);
  });

  it('keeps its secrets through a crash, and recovers from its logs', async () => {
    const disk = new FaultyFileSystem();
    const options: OpenOptions = { ...MARKED, encryptionKey: 'secret', memtableBytes: 1 << 20 };
    const store = await stage.openOn(disk, options);
    const model = new Model();
    for (let n = 0; n < 50; n++) {
      const value = bytes(VALUE_MARK.repeat(n % 10 === 0 ? 300 : 3));
      await store.put(bytes(`${KEY_MARK}-${n}`), value);
      model.put(bytes(`${KEY_MARK}-${n}`), value);
    }
    const crashed = disk.processCrash();
    for (const path of crashed.paths()) expect(findMark(crashed.contents(path)!), path).to.equal(-1);
    const before = crashed.paths().map((path) => crashed.contents(path));
    for (const encryptionKey of ['Secret', undefined, new Uint8Array(32)]) {
      for (const readOnly of [false, true]) {
        await refusal(() => stage.openOn(crashed, { ...options, encryptionKey, readOnly }), 'WrongKey');
      }
    }
    expect(
      crashed.paths().map((path) => crashed.contents(path)),
      'a wrong key changes nothing',
    ).to.deep.equal(before);
    const again = await stage.openOn(crashed, options);
    expectSame(contents(again), model.contents());
    await expectSound(again);
  });

  it('does not take a changed byte for its own, wherever it is', async () => {
    const disk = new FaultyFileSystem();
    const options: OpenOptions = { ...MARKED, encryptionKey: new Uint8Array(32).fill(4) };
    const store = await stage.openOn(disk, options);
    const model = await writeEverywhere(store, () => undefined);
    await store.close();
    const whole = disk.contents(LAB_PATH)!;
    const wanted = model.contents();
    for (let at = 8192; at < whole.length; at += 1777) {
      const image = new FaultyFileSystem();
      const changed = whole.slice();
      changed[at] = changed[at]! ^ 0x40;
      image.plant(LAB_PATH, changed);
      try {
        const again = await stage.openOn(image, { ...options, readOnly: true });
        const found = contents(again);
        expectSame(found, wanted, `changed at ${at}:`);
        await again.close();
      } catch (error) {
        expect((error as { code: string }).code, String(error)).to.equal('Corrupt');
      }
    }
  });

  it('of the same contents is other bytes each time', async () => {
    const files = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const store = await openLsm(stage.path(name), {
          ...MARKED,
          encryptionKey: new Uint8Array(32).fill(1),
        });
        for (let n = 0; n < 100; n++) await store.put(bytes(`key ${n}`), bytes('the same value'));
        await store.close();
        return readFileSync(stage.path(name));
      }),
    );
    let alike = 0;
    for (let at = 8192; at + 16 <= files[0]!.length; at += 16) {
      const [one, two] = files.map((file) => file.subarray(at, at + 16));
      if (one!.equals(two!) && one!.some((byte) => byte !== 0)) alike++;
    }
    // The footer of the one table: offsets and counts.
    expect(alike, 'blocks of 16 bytes that are alike').to.be.at.most(4);
  });
});
