/** One specification for every FileSystem: of the system, in memory, and the faulty one of the tests. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileSystem } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { NodeFileSystem } from '../../../lsm/env/node-files.js';
import { systemCode } from '../../../lsm/env/system-error.js';
import { LsmError } from '../../../lsm/errors.js';
import { FaultyFileSystem } from '../../support/faulty-files.js';

function errorOf(run: () => unknown): LsmError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(LsmError);
    return error as LsmError;
  }
  throw new Error('expected an error');
}

const CHUNK = 256 * 1024;
const positions = fc.oneof(
  fc.nat(600),
  fc.nat(40).map((n) => CHUNK - 20 + n),
  fc.constant(3 * CHUNK),
);
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ write: fc.uint8Array({ maxLength: 60 }), at: positions }) },
    { weight: 1, arbitrary: fc.record({ truncate: positions }) },
    { weight: 2, arbitrary: fc.record({ read: positions, count: fc.nat(80) }) },
  ),
  { maxLength: 30 },
);

for (const [name, make, isReal] of [
  ['NodeFileSystem', () => new NodeFileSystem(), true],
  ['MemoryFileSystem', () => new MemoryFileSystem(), false],
  ['FaultyFileSystem', () => new FaultyFileSystem(), false],
] as const) {
  describe(name, () => {
    let files: FileSystem;
    let directory: string;
    let path: string;

    beforeEach(() => {
      files = make();
      directory = isReal ? mkdtempSync(join(tmpdir(), 'elmo-files-')) : '/data';
      path = join(directory, 'db.elmo');
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    function put(at: string, text: string): void {
      const file = files.open(at, 'create');
      file.write(new TextEncoder().encode(text), 0, text.length, 0);
      file.close();
    }

    function get(at: string): string {
      const file = files.open(at, 'read');
      const bytes = new Uint8Array(file.size());
      file.read(bytes, 0, bytes.length, 0);
      file.close();
      return new TextDecoder().decode(bytes);
    }

    it('reads and writes as a byte array does', () => {
      let round = 0;
      fc.assert(
        fc.property(steps, (program) => {
          const file = files.open(join(directory, `round-${round++}`), 'create');
          let model = new Uint8Array(0);
          const resize = (length: number): void => {
            const next = new Uint8Array(length);
            next.set(model.subarray(0, length));
            model = next;
          };
          for (const step of program) {
            if ('write' in step) {
              file.write(step.write, 0, step.write.length, step.at);
              if (step.write.length === 0) continue;
              resize(Math.max(model.length, step.at + step.write.length));
              model.set(step.write, step.at);
            } else if ('truncate' in step) {
              file.truncate(step.truncate);
              resize(step.truncate);
            } else {
              const into = new Uint8Array(step.count + 2).fill(7);
              const count = file.read(into, 1, step.count, step.read);
              const expected = model.subarray(step.read, step.read + step.count);
              expect(count).to.equal(expected.length);
              expect(into.slice(1, 1 + count)).to.deep.equal(expected.slice());
              expect(into[0]).to.equal(7);
              expect(into[1 + count]).to.equal(7);
            }
            expect(file.size()).to.equal(model.length);
          }
          file.close();
        }),
        { numRuns: 60 },
      );
    });

    for (const keep of [0, 3, CHUNK, CHUNK + 3]) {
      it(`what truncate(${keep}) cut off reads as zeros when the file grows again`, () => {
        const file = files.open(path, 'create');
        const end = keep + 20;
        const ones = new Uint8Array(end).fill(1);
        file.write(ones, 0, end, 0);
        file.truncate(keep);
        file.truncate(keep + 10);
        file.write(ones, 0, 1, end - 1);
        const tail = new Uint8Array(20).fill(9);
        expect(file.read(tail, 0, 20, keep)).to.equal(20);
        expect(Array.from(tail)).to.deep.equal([...new Uint8Array(19), 1]);
        file.close();
      });
    }

    it('takes memory shared between threads', () => {
      const shared = new Uint8Array(new SharedArrayBuffer(8));
      shared.set([1, 2, 3, 4]);
      const file = files.open(path, 'create');
      file.write(shared, 1, 3, 0);
      expect(file.read(shared, 4, 3, 0)).to.equal(3);
      expect(Array.from(shared)).to.deep.equal([1, 2, 3, 4, 2, 3, 4, 0]);
      file.close();
    });

    it('create fails when the file exists, write and read when it does not', () => {
      const missing = errorOf(() => files.open(path, 'write'));
      expect(missing.code).to.equal('NotFound');
      expect(missing.at?.file).to.equal(path);
      expect(errorOf(() => files.open(path, 'read')).code).to.equal('NotFound');
      put(path, 'one');
      const existing = errorOf(() => files.open(path, 'create'));
      expect([existing.code, systemCode(existing)]).to.deep.equal(['Io', 'EEXIST']);
      expect(get(path)).to.equal('one');
    });

    it('a file opened for reading takes no writes', () => {
      put(path, 'one');
      const file = files.open(path, 'read');
      expect(errorOf(() => file.write(new Uint8Array(1), 0, 1, 0))).to.be.instanceOf(LsmError);
      expect(errorOf(() => file.truncate(0))).to.be.instanceOf(LsmError);
      file.close();
      expect(get(path)).to.equal('one');
    });

    it('a closed file says so, and may be closed again', async () => {
      const file = files.open(path, 'create');
      file.close();
      file.close();
      const into = new Uint8Array(1);
      for (const run of [
        () => file.read(into, 0, 1, 0),
        () => file.write(into, 0, 1, 0),
        () => file.size(),
        () => file.truncate(0),
        () => file.syncNow(),
      ]) {
        expect(errorOf(run).code).to.equal('Closed');
      }
      const code = await file.sync().then(
        () => 'none',
        (error: LsmError) => error.code,
      );
      expect(code).to.equal('Closed');
    });

    it('a sync under way outlives the close of its file', async () => {
      const file = files.open(path, 'create');
      file.write(new Uint8Array(100_000), 0, 100_000, 0);
      const syncs = Promise.all([file.sync(), file.sync()]);
      file.close();
      files.open(join(directory, 'other'), 'create').close();
      await syncs;
    });

    it('removes, and absence is no error', () => {
      put(path, 'one');
      expect(files.exists(path)).to.equal(true);
      files.remove(path);
      expect(files.exists(path)).to.equal(false);
      files.remove(path);
    });

    it('removes, and syncs a directory, in the background', async () => {
      put(path, 'one');
      await files.removeLater(path);
      expect(files.exists(path)).to.equal(false);
      await files.removeLater(path);
      await files.syncDirectoryLater(path);
      if (!files.isShared) return;
      const away = join(directory, 'none', 'file');
      const code = await files.syncDirectoryLater(away).then(
        () => 'none',
        (error: LsmError) => error.code,
      );
      expect(code).to.equal('NotFound');
    });

    it('renames over what is there', () => {
      put(path, 'one');
      put(path + '-new', 'two');
      files.rename(path + '-new', path);
      files.syncDirectory(path);
      expect(get(path)).to.equal('two');
      expect(files.exists(path + '-new')).to.equal(false);
      expect(errorOf(() => files.rename(path + '-new', path)).code).to.equal('NotFound');
    });

    it('lists the names beside a path that start like it', () => {
      for (const suffix of ['-log-2', '', '-log-1', '-lock']) put(path + suffix, '');
      put(join(directory, 'other.elmo'), '');
      expect(files.siblings(path)).to.deep.equal([
        'db.elmo',
        'db.elmo-lock',
        'db.elmo-log-1',
        'db.elmo-log-2',
      ]);
      expect(files.siblings(path + '-log-')).to.deep.equal(['db.elmo-log-1', 'db.elmo-log-2']);
      expect(files.siblings(join(directory, 'absent', 'db'))).to.deep.equal([]);
    });

    if (isReal) {
      // only Linux shows in /proc which descriptors a process holds
      (process.platform === 'linux' ? it : it.skip)(
        'keeps the descriptor as long as a sync needs it',
        async () => {
          const isOpen = (): boolean =>
            readdirSync('/proc/self/fd').some((fd) => {
              try {
                return readlinkSync(`/proc/self/fd/${fd}`) === path;
              } catch {
                return false;
              }
            });
          const file = files.open(path, 'create');
          file.write(new Uint8Array(1000), 0, 1000, 0);
          const sync = file.sync();
          file.close();
          expect(isOpen()).to.equal(true);
          await sync;
          expect(isOpen()).to.equal(false);
        },
      );

      it('refuses a directory by name', () => {
        mkdirSync(path);
        for (const mode of ['read', 'write'] as const) {
          const error = errorOf(() => files.open(path, mode));
          expect(error.message).to.equal(`${path} is a directory, expected a file`);
          expect(error.code).to.equal('Io');
        }
      });
    }
  });
}

describe('MemoryFileSystem', () => {
  it('gives memory back on truncate', () => {
    const files = new MemoryFileSystem();
    const file = files.open('/a', 'create');
    file.write(new Uint8Array(4 * CHUNK), 0, 4 * CHUNK, 0);
    expect(files.heldBytes).to.equal(4 * CHUNK);
    file.truncate(CHUNK + 1);
    expect(files.heldBytes).to.equal(2 * CHUNK);
    file.truncate(0);
    expect(files.heldBytes).to.equal(0);
  });

  it('holds no memory for a gap, and little for a small file', () => {
    const files = new MemoryFileSystem();
    files.open('/a', 'create').write(Uint8Array.of(1), 0, 1, 100 * CHUNK);
    files.open('/b', 'create').write(Uint8Array.of(1), 0, 1, 0);
    expect(files.heldBytes).to.equal(CHUNK + 4096);
  });
});
