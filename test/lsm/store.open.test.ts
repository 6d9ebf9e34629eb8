/** Opening and closing a store: what is refused, and how; what stays, and what is left behind. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import type { File, OpenMode } from '../../lsm/env/file-system.js';
import { SystemError } from '../../lsm/env/system-error.js';
import { ioError, type LsmErrorCode } from '../../lsm/errors.js';
import { MEMORY_PATH, openLsm, systemEnv, type LsmStore, type OpenOptions } from '../../lsm/index.js';
import { ManifestLog } from '../../lsm/manifest/manifest-log.js';
import { encodeMeta, readMeta } from '../../lsm/manifest/meta-slots.js';
import { FaultyFileSystem } from '../support/faulty-files.js';
import { asNobody, canBeNobody } from '../support/nobody.js';
import { SeededRandom } from '../support/seeded-random.js';
import {
  bytes,
  contents,
  expectSame,
  expectSound,
  fillKeys,
  inside,
  LAB_PATH,
  labEnv,
  Model,
  refusal,
  SMALL,
  text,
  useStage,
} from './store-fixture.js';

/** A file system that can be mounted for reading only, as a system's answers then. */
class MountedFiles extends FaultyFileSystem {
  isReadOnly = false;

  override open(path: string, mode: OpenMode): File {
    if (this.isReadOnly && mode !== 'read') throw ioError('open', path, new SystemError('EROFS'));
    return super.open(path, mode);
  }
}

const KEY = new Uint8Array(32).fill(5);
/** Opens a store, writes one entry, says so, and waits to be told what to do. */
const HOLDER = `
import { createInterface } from 'node:readline';
const { openLsm } = await import(process.argv[1]);
const store = await openLsm(process.argv[2], { worker: false });
await store.put(new TextEncoder().encode('of the child'), new Uint8Array(1), { sync: true });
console.log('open');
for await (const line of createInterface({ input: process.stdin })) if (line === 'close') break;
await store.close();
console.log('closed');
`;

describe('opening a store', () => {
  const stage = useStage();

  /** A closed store with a few tables, blobs among them. */
  async function makeStore(path: string, options: OpenOptions = SMALL): Promise<Model> {
    const store = await openLsm(path, options);
    const model = new Model();
    await fillKeys(store, 500, { model });
    await fillKeys(store, 5, { from: 1000, length: 9000, model });
    await store.close();
    return model;
  }

  async function expectHolds(path: string, model: Model, options: OpenOptions = SMALL): Promise<void> {
    const store = await stage.open(path, options);
    expectSame(contents(store), model.contents());
    await expectSound(store);
    await store.close();
  }

  describe('that is none', () => {
    for (const [what, content, code] of [
      ['a text', bytes('This is not a store, it is a letter.\n'), 'NotAStore'],
      ['a long text', new Uint8Array(100_000).fill(97), 'NotAStore'],
      ['zeros, more than a creation that was cut off leaves', new Uint8Array(1 << 20), 'NotAStore'],
      ['the magic alone', bytes('elmo lsm'), 'NotAStore'],
    ] as const) {
      it(`${what}: ${code}, and the file stays as it is`, async () => {
        writeFileSync(stage.path(), content);
        const error = await refusal(() => openLsm(stage.path()), code);
        expect(error.message).to.include(stage.path());
        expect(stage.names()).to.deep.equal(['store.elmo']);
        expect(new Uint8Array(readFileSync(stage.path()))).to.deep.equal(new Uint8Array(content));
      });
    }

    it('a directory: says so, and leaves nothing beside it', async () => {
      mkdirSync(stage.path());
      const error = await refusal(() => openLsm(stage.path()), 'Io');
      expect(error.message).to.include('directory');
      expect(stage.names()).to.deep.equal(['store.elmo']);
    });

    it('a read-only file system: ReadOnly, in a sentence; who only reads is welcome', async () => {
      const files = new MountedFiles();
      const store = await stage.openOn(files);
      await fillKeys(store, 10);
      await store.close();
      files.isReadOnly = true;
      const error = await refusal(() => stage.openOn(files), 'ReadOnly');
      expect(error.message).to.match(/^cannot \w+ .*: not permitted \(EROFS\)$/);
      const reader = await stage.openOn(files, { ...SMALL, readOnly: true });
      expect(contents(reader).size).to.equal(10);
    });

    it('a path that is no text: BadOptions', async () => {
      await refusal(() => openLsm(''), 'BadOptions');
      await refusal(() => openLsm(7 as unknown as string), 'BadOptions');
    });

    it('a folder that does not exist: NotFound', async () => {
      const error = await refusal(() => openLsm(stage.path('nowhere/store.elmo')), 'NotFound');
      expect(error.message).to.include('nowhere');
    });

    for (const options of [{ createIfMissing: false }, { readOnly: true }] as const) {
      it(`a file that does not exist, with ${JSON.stringify(options)}: NotFound, and none is made`, async () => {
        await refusal(() => openLsm(stage.path(), options), 'NotFound');
        expect(stage.names()).to.deep.equal([]);
      });
    }

    it('an empty file is a store to be; for a reader it is none', async () => {
      writeFileSync(stage.path(), '');
      await refusal(() => openLsm(stage.path(), { readOnly: true }), 'NotAStore');
      const store = await stage.open(stage.path());
      expect(contents(store).size).to.equal(0);
    });

    it('a file that exists, with errorIfExists: BadOptions, and it stays', async () => {
      const model = await makeStore(stage.path());
      await refusal(() => openLsm(stage.path(), { errorIfExists: true }), 'BadOptions');
      await expectHolds(stage.path(), model);
    });

    describe('by who may not', () => {
      before(function () {
        if (!canBeNobody) this.skip(); // the system has no users
      });

      it('a file that may not be read: ReadOnly', async () => {
        await makeStore(stage.path());
        chmodSync(stage.path(), 0o000);
        await asNobody([stage.folder], () => refusal(() => openLsm(stage.path()), 'ReadOnly'));
      });

      it('a file that may not be written: ReadOnly, but it can be read', async () => {
        const model = await makeStore(stage.path());
        chmodSync(stage.path(), 0o444);
        await asNobody([stage.folder], async () => {
          await refusal(() => openLsm(stage.path(), SMALL), 'ReadOnly');
          await expectHolds(stage.path(), model, { ...SMALL, readOnly: true });
        });
      });

      it('a folder that may not be written: ReadOnly, but its store can be read', async () => {
        const model = await makeStore(stage.path());
        chmodSync(stage.path(), 0o666);
        chmodSync(stage.folder, 0o555);
        try {
          await asNobody([], async () => {
            await refusal(() => openLsm(stage.path(), SMALL), 'ReadOnly');
            await expectHolds(stage.path(), model, { ...SMALL, readOnly: true });
          });
        } finally {
          chmodSync(stage.folder, 0o755);
        }
      });
    });
  });

  describe('whose creation failed', () => {
    for (const call of [1, 2, 3]) {
      it(`at its sync ${call}: the next opening finishes it, and a power cut later takes nothing away`, async () => {
        const disk = new FaultyFileSystem();
        disk.failAt('sync', call, 'ENOSPC');
        await refusal(() => stage.openOn(disk), 'DiskFull');
        const random = new SeededRandom(call);
        const store = await stage.openOn(disk);
        await store.put(bytes('a'), bytes('1'), { sync: true });
        for (let round = 0; round < 10; round++) {
          const again = await stage.openOn(disk.powerCut(random));
          expect(text(again.get(bytes('a'))), `round ${round}`).to.equal('1');
        }
      });
    }
  });

  describe('of a newer format', () => {
    it('says which format it has and which can be read', async () => {
      await makeStore(stage.path());
      const store = await stage.open(stage.path());
      const { meta } = inside(store).open.manifest;
      await store.close();
      const future = new Uint8Array(readFileSync(stage.path()));
      for (const sequence of [meta.sequence + 100, meta.sequence + 101]) {
        future.set(encodeMeta({ ...meta, format: 99, minReader: 99, sequence }), (sequence % 2) * 4096);
      }
      writeFileSync(stage.path(), future);
      const error = await refusal(() => openLsm(stage.path()), 'NewerFormat');
      expect(error.message).to.include('format 99');
      expect(new Uint8Array(readFileSync(stage.path()))).to.deep.equal(future);
    });
  });

  describe('that was cut short', () => {
    it('at any length: a typed refusal, at the latest by who reads there; never wrong data, never a changed file', async () => {
      const model = await makeStore(stage.path());
      const whole = statSync(stage.path()).size;
      const lengths = new Set([1, 7, 8, 100, 511, 512, 4095, 4096, 4097, 8191, 8192, 8193, whole - 1]);
      for (let length = 0; length < whole; length += 3001) lengths.add(length);
      lengths.delete(0); // an empty file is a new store
      for (const length of lengths) {
        const copy = stage.path('cut.elmo');
        copyFileSync(stage.path(), copy);
        truncateSync(copy, length);
        const before = readFileSync(copy);
        let store: LsmStore | undefined;
        try {
          store = await openLsm(copy, { ...SMALL, readOnly: length % 2 === 0 });
          expectSame(contents(store), model.contents(), `cut at ${length} of ${whole}:`);
        } catch (error) {
          const { code } = error as { code: LsmErrorCode };
          expect(['Corrupt', 'NotAStore'], `cut at ${length}: ${String(error)}`).to.include(code);
          if (store !== undefined) expect(await store.check({ deep: true })).to.have.length.above(0);
          else expect(readFileSync(copy).equals(before), `cut at ${length}: changed`).to.equal(true);
        }
        await store?.close();
      }
    });

    it('one meta slot lost: the other one serves', async () => {
      const model = await makeStore(stage.path());
      for (const slot of [0, 1]) {
        const copy = stage.path(`slot-${slot}.elmo`);
        const damaged = readFileSync(stage.path());
        damaged.fill(0xab, slot * 4096, slot * 4096 + 512);
        writeFileSync(copy, damaged);
        await expectHolds(copy, model);
      }
    });
  });

  describe('with a key', () => {
    for (const [what, made, given, code] of [
      ['another key', KEY, new Uint8Array(32).fill(6), 'WrongKey'],
      ['no key', KEY, undefined, 'WrongKey'],
      ['another passphrase', 'open sesame', 'open barley', 'WrongKey'],
      ['a key for a plain file', undefined, KEY, 'WrongKey'],
    ] as const) {
      for (const readOnly of [false, true]) {
        it(`${what}${readOnly ? ', for reading' : ''}: ${code}, and the file stays as it is`, async () => {
          const model = await makeStore(stage.path(), { ...SMALL, encryptionKey: made });
          const before = readFileSync(stage.path());
          const wrong = { ...SMALL, encryptionKey: given, readOnly };
          const error = await refusal(() => openLsm(stage.path(), wrong), code);
          expect(error.message).to.include('encrypt');
          expect(readFileSync(stage.path()).equals(before)).to.equal(true);
          expect(stage.names()).to.deep.equal(['store.elmo']);
          await expectHolds(stage.path(), model, { ...SMALL, encryptionKey: made });
        });
      }
    }
  });

  describe('with bad options', () => {
    const rows: readonly (readonly [string, unknown])[] = [
      ['memtableBytes', 4095],
      ['memtableBytes', 2 ** 30 + 1],
      ['memtableBytes', 8192.5],
      ['memtableBytes', '8192'],
      ['memtableBytes', NaN],
      ['blockBytes', 0],
      ['blockBytes', 65_537],
      ['tableBytes', -1],
      ['tableBytes', Infinity],
      ['cacheBytes', -1],
      ['bloomBitsPerKey', 33],
      ['blobBytes', 63],
      ['levelFactor', 1],
      ['levelZeroRuns', 0],
      ['slowdownRuns', 1],
      ['levelOneBytes', 0],
      ['transactionBytes', 1],
      ['transactionRuns', 1],
      ['syncIntervalMs', 0],
      ['sliceMs', 0],
      ['codec', 'gzip'],
      ['codec', null],
      ['durability', 'none'],
      ['worker', 1],
      ['readOnly', 'yes'],
      ['createIfMissing', null],
      ['encryptionKey', new Uint8Array(31)],
      ['encryptionKey', ''],
      ['encryptionKey', 7],
      ['memTableBytes', 8192],
    ];
    for (const [name, value] of rows) {
      const shown = value instanceof Uint8Array ? `${value.length} bytes` : JSON.stringify(value);
      it(`${name} = ${shown}: BadOptions that names it, and no file is made`, async () => {
        const error = await refusal(
          () => openLsm(stage.path(), { [name]: value } as OpenOptions),
          'BadOptions',
        );
        expect(error.message).to.include(name);
        expect(stage.names()).to.deep.equal([]);
      });
    }

    it('undefined stands for the default', async () => {
      const store = await stage.open(MEMORY_PATH, { codec: undefined, memtableBytes: undefined });
      expect(inside(store).options.codec).to.equal('lz4');
    });
  });

  describe('twice', () => {
    let child: ChildProcess | undefined;

    async function startHolder(path: string): Promise<AsyncIterator<string>> {
      const door = new URL('../../lsm/index.js', import.meta.url).href;
      const args = ['--input-type=module', '-e', HOLDER, door, path];
      child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
      expect((await lines.next()).value).to.equal('open');
      return lines;
    }

    afterEach(async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    });

    it('in this process: Locked, naming it; the first is not disturbed', async () => {
      const store = await stage.open(stage.path());
      for (const readOnly of [false, true]) {
        const error = await refusal(() => openLsm(stage.path(), { readOnly }), 'Locked');
        expect(error.message).to.include(String(process.pid));
      }
      await store.put(bytes('a'), bytes('1'));
      await store.close();
      const again = await stage.open(stage.path());
      expect(text(again.get(bytes('a')))).to.equal('1');
    });

    it('both at once: one of them wins', async () => {
      const ends = await Promise.allSettled([stage.open(stage.path()), stage.open(stage.path())]);
      expect(ends.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
    });

    it('by another process: Locked, with its number and since when, until that one closes', async () => {
      const lines = await startHolder(stage.path());
      const error = await refusal(() => openLsm(stage.path()), 'Locked');
      expect(error.message).to.include(String(child!.pid));
      expect(error.message).to.include(new Date().toISOString().slice(0, 10));
      child!.stdin!.write('close\n');
      expect((await lines.next()).value).to.equal('closed');
      const store = await stage.open(stage.path());
      expect(store.has(bytes('of the child'))).to.equal(true);
    });

    it('after kill -9 of the other: nothing blocks, and what it wrote is there', async () => {
      await startHolder(stage.path());
      const gone = once(child!, 'exit');
      child!.kill('SIGKILL');
      await gone;
      const reader = await stage.open(stage.path(), { ...SMALL, readOnly: true });
      expect(reader.has(bytes('of the child'))).to.equal(true);
      await reader.close();
      const store = await stage.open(stage.path());
      expect(store.has(bytes('of the child'))).to.equal(true);
      await store.close();
      expect(stage.names()).to.deep.equal(['store.elmo']);
    });

    it('two readers at once are welcome', async () => {
      const model = await makeStore(stage.path());
      const readers = await Promise.all(
        [1, 2].map(() => stage.open(stage.path(), { ...SMALL, readOnly: true })),
      );
      for (const reader of readers) expectSame(contents(reader), model.contents());
    });
  });

  describe('for reading only', () => {
    /** A store whose last writes lie in logs: its process crashed. */
    async function crashed(): Promise<{ disk: FaultyFileSystem; model: Model }> {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk);
      const model = new Model();
      await fillKeys(store, 300, { model });
      await store.settle();
      await fillKeys(store, 30, { from: 200, seed: 9, model });
      await fillKeys(store, 3, { from: 2000, length: 5000, model });
      return { disk: disk.processCrash(), model };
    }

    it('reads what lies in logs, and creates, changes and removes nothing', async () => {
      const { disk, model } = await crashed();
      const before = disk.paths().map((path) => [path, disk.contents(path)]);
      disk.journal = [];
      const reader = await stage.openOn(disk, { ...SMALL, readOnly: true });
      expectSame(contents(reader), model.contents());
      await expectSound(reader);
      expect(reader.stats().isReadOnly).to.equal(true);
      const snapshot = reader.snapshot();
      expectSame(contents(snapshot), model.contents());
      snapshot.release();
      await reader.close();
      expect(disk.journal).to.deep.equal([]);
      expect(disk.paths().map((path) => [path, disk.contents(path)])).to.deep.equal(before);
    });

    it('refuses every write, and what would write', async () => {
      const { disk, model } = await crashed();
      disk.journal = [];
      const reader = await stage.openOn(disk, { ...SMALL, readOnly: true });
      const batch = reader.batch().put(bytes('a'), bytes('1'));
      for (const use of [
        () => reader.put(bytes('a'), bytes('1')),
        () => reader.put(bytes('a'), new Uint8Array(10_000)),
        () => reader.delete(bytes('a')),
        () => reader.deleteRange({}),
        () => reader.putStream(bytes('a'), [bytes('1')]),
        () => reader.putStream(bytes('a'), [new Uint8Array(10_000)]),
        () => reader.write(batch),
        () => reader.flush(),
        () => reader.settle(),
        () => reader.mergeAll(),
        () => reader.compact(),
        () => reader.begin().put(bytes('a'), bytes('1')),
        () => reader.begin().putStream(bytes('a'), [new Uint8Array(10_000)]),
      ]) {
        await refusal(use, 'ReadOnly');
      }
      expect(disk.journal).to.deep.equal([]);
      expectSame(contents(reader), model.contents());
    });

    it('a copy holds what lies in logs too, or is refused', async () => {
      const { disk, model } = await crashed();
      const reader = await stage.openOn(disk, { ...SMALL, readOnly: true });
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of reader.backup()) chunks.push(chunk);
      } catch (error) {
        expect((error as { code: string }).code).to.equal('ReadOnly');
        return;
      }
      const copy = new FaultyFileSystem();
      copy.plant(LAB_PATH, Buffer.concat(chunks));
      expectSame(contents(await stage.openOn(copy)), model.contents());
    });
  });

  describe('and closing it', () => {
    it('leaves a manifest that says what is there, not how it came about', async () => {
      const store = await stage.open(stage.path(), SMALL);
      const model = new Model();
      for (let round = 0; round < 60; round++) {
        await fillKeys(store, 50, { from: 1000 * (round % 7), length: 1000, model });
        await store.flush();
      }
      await store.settle();
      await store.close();
      const file = systemEnv().files.open(stage.path(), 'read');
      const { validBytes } = readMeta(file)!.manifest;
      const { isWorthRewriting, state } = ManifestLog.open(file, readMeta(file)!);
      file.close();
      expect(state.version.number).to.be.greaterThan(60);
      expect(isWorthRewriting, `of ${validBytes} bytes`).to.equal(false);
      await expectHolds(stage.path(), model);
    });

    it('leaves one file, whatever was open', async () => {
      const store = await stage.open(stage.path(), { ...SMALL, worker: true });
      const model = new Model();
      await fillKeys(store, 1000, { model });
      const tx = store.begin();
      tx.put(bytes('never'), new Uint8Array(5000));
      store.snapshot();
      store.scan().next();
      await store.close();
      expect(stage.names()).to.deep.equal(['store.elmo']);
      await expectHolds(stage.path(), model);
      expect(stage.names()).to.deep.equal(['store.elmo']);
    });

    it('keeps what was written while it began, or refuses it', async () => {
      const disk = new FaultyFileSystem();
      const store = await stage.openOn(disk);
      await fillKeys(store, 200);
      const closing = store.close();
      const kept: number[] = [];
      let isClosed = false;
      void closing.then(() => (isClosed = true));
      for (let n = 0; !isClosed; n++) {
        try {
          const tx = store.begin();
          tx.put(bytes(`late-${n}`), bytes('1'));
          await tx.commit();
          kept.push(n);
        } catch (error) {
          expect((error as { code: string }).code).to.equal('Closed');
        }
        try {
          await store.put(bytes(`put-${n}`), bytes('1'));
          kept.push(-n);
        } catch (error) {
          expect((error as { code: string }).code).to.equal('Closed');
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await closing;
      const again = await stage.openOn(disk);
      const lost = kept.filter((n) => !again.has(bytes(n < 0 ? `put-${-n}` : `late-${n}`)));
      expect(lost, 'acknowledged, and lost').to.deep.equal([]);
    });

    for (const job of ['compact', 'mergeAll', 'settle', 'flush', 'check'] as const) {
      it(`during ${job}: that ends too, and the file is sound`, async () => {
        const disk = new FaultyFileSystem();
        const store = await stage.openOn(disk);
        const model = new Model();
        await fillKeys(store, 800, { model });
        await fillKeys(store, 800, { seed: 5, model });
        const work = store[job]().then(
          () => 'done',
          (error: { code: string }) => error.code,
        );
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        await store.close();
        expect(['done', 'Closed', 'Aborted']).to.include(await work);
        expect(disk.paths()).to.deep.equal([LAB_PATH]);
        const again = await stage.openOn(disk);
        expectSame(contents(again), model.contents());
        await expectSound(again);
      });
    }

    it('a store without writes is one file too, and opens again', async () => {
      await (await stage.open(stage.path())).close();
      expect(existsSync(stage.path())).to.equal(true);
      await (await stage.open(stage.path())).close();
      expect(stage.names()).to.deep.equal(['store.elmo']);
    });

    it('marks the file as closed in order, until it is written to', async () => {
      await makeStore(stage.path());
      const isClean = async (store: LsmStore): Promise<boolean | undefined> =>
        readMeta(inside(store).open.file)?.isClean;
      const store = await stage.open(stage.path());
      expect(await isClean(store)).to.equal(true);
      await store.put(bytes('a'), bytes('1'));
      await store.flush();
      expect(await isClean(store)).to.equal(false);
    });
  });

  describe('what has ended', () => {
    it('is refused: transaction, snapshot, cursor, value reader, each by its name', async () => {
      const store = await stage.open(MEMORY_PATH);
      await store.put(bytes('a'), new Uint8Array(10_000));
      const snapshot = store.snapshot();
      snapshot.release();
      const cursor = store.scan();
      cursor.close();
      const reader = store.openValue(bytes('a'))!;
      reader.close();
      for (const [word, use] of [
        ['snapshot', () => snapshot.get(bytes('a'))],
        ['snapshot', () => snapshot.scan()],
        ['cursor', () => cursor.next()],
        ['value reader', () => reader.read(new Uint8Array(1), 0, 1, 0)],
      ] as const) {
        expect((await refusal(use, 'Closed')).message).to.include(word);
      }
      const ends = ['commit', 'rollback'] as const;
      for (const end of ends) {
        const tx = store.begin();
        tx.put(bytes('b'), bytes('1'));
        await tx[end]();
        for (const use of [
          () => tx.get(bytes('a')),
          () => tx.put(bytes('a'), bytes('1')),
          () => tx.commit(),
        ]) {
          expect((await refusal(use, 'Closed')).message).to.include('transaction');
        }
      }
    });

    it('a store that was refused its own lock file leaves no trace in the process', async () => {
      const disk = new FaultyFileSystem();
      disk.failAt('create', 1, 'EIO');
      await refusal(() => openLsm(LAB_PATH, { ...SMALL, env: labEnv(disk) }), 'Io');
      await stage.openOn(disk);
    });
  });
});
