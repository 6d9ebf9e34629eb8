/** The disk of the crash laboratory must itself lose exactly what a disk may lose. */
import { expect } from 'chai';
import type { File } from '../../../lsm/env/file-system.js';
import { LsmError } from '../../../lsm/errors.js';
import { FaultyFileSystem, PowerCut } from '../../support/faulty-files.js';
import { SeededRandom } from '../../support/seeded-random.js';

const PATH = '/data/db';

function write(file: File, text: string, position: number): void {
  const bytes = new TextEncoder().encode(text);
  file.write(bytes, 0, bytes.length, position);
}

function text(files: FaultyFileSystem, path = PATH): string | undefined {
  const bytes = files.contents(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes).replaceAll('\0', '.');
}

/** Every content that some image of a power cut shows. */
function imagesOf(files: FaultyFileSystem, path = PATH): Set<string | undefined> {
  const seen = new Set<string | undefined>();
  for (let seed = 0; seed < 300; seed++) seen.add(text(files.powerCut(new SeededRandom(seed)), path));
  return seen;
}

/** A durable file of this content. */
function fileOf(files: FaultyFileSystem, content: string): File {
  const file = files.open(PATH, 'create');
  write(file, content, 0);
  file.syncNow();
  files.syncDirectory(PATH);
  return file;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof PowerCut) return 'PowerCut';
    return error instanceof LsmError ? error.code : String(error);
  }
  return 'none';
}

describe('FaultyFileSystem.powerCut', () => {
  it('keeps what was synced, whatever the chance', async () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'abc');
    write(file, 'X', 1);
    await file.sync();
    expect([...imagesOf(files)]).to.deep.equal(['aXc']);
  });

  it('keeps or loses each unsynced write by itself', () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'abc');
    write(file, 'X', 0);
    write(file, 'Z', 2);
    expect([...imagesOf(files)].sort()).to.deep.equal(['XbZ', 'Xbc', 'abZ', 'abc']);
  });

  it('tears a write at sectors of 512 bytes', () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, '');
    write(file, 'x'.repeat(1024), 0);
    const shapes = [...imagesOf(files)].map((image) =>
      image!.replace(/(.)\1*/g, (run) => run[0]! + run.length),
    );
    expect(shapes.sort()).to.deep.equal(['', '.512x512', 'x1024', 'x512']);
  });

  it('keeps or loses a truncation', () => {
    const files = new FaultyFileSystem();
    fileOf(files, 'abc').truncate(1);
    expect([...imagesOf(files)].sort()).to.deep.equal(['a', 'abc']);
  });

  it('loses a creation whose directory was not synced, and may bring back what was removed', () => {
    const files = new FaultyFileSystem();
    const file = files.open(PATH, 'create');
    write(file, 'abc', 0);
    file.syncNow();
    expect([...imagesOf(files)]).to.have.members([undefined, 'abc']);
    files.syncDirectory(PATH);
    files.remove(PATH);
    expect([...imagesOf(files)]).to.have.members([undefined, 'abc']);
    files.syncDirectory(PATH);
    expect([...imagesOf(files)]).to.deep.equal([undefined]);
  });

  it('keeps directory operations in order: a prefix of them', () => {
    const files = new FaultyFileSystem();
    fileOf(files, 'old').close();
    const fresh = files.open('/data/new', 'create');
    write(fresh, 'new', 0);
    fresh.syncNow();
    files.rename('/data/new', PATH);
    files.open('/data/third', 'create');
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const after = files.powerCut(new SeededRandom(seed));
      seen.add(after.paths().join(' ') + ' ' + text(after));
    }
    expect([...seen].sort()).to.deep.equal([
      '/data/db /data/new old',
      '/data/db /data/third new',
      '/data/db new',
      '/data/db old',
    ]);
  });

  it('covers by a sync only what was written before its call', async () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'ab');
    write(file, 'X', 0);
    const sync = file.sync();
    write(file, 'Y', 1);
    expect(imagesOf(files)).to.include('ab');
    await sync;
    expect([...imagesOf(files)].sort()).to.deep.equal(['XY', 'Xb']);
  });

  it('does not let an older write come back over a newer one that is durable', async () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'a');
    write(file, 'b', 0);
    const slow = file.sync();
    write(file, 'c', 0);
    file.syncNow();
    await slow;
    expect([...imagesOf(files)]).to.deep.equal(['c']);
  });

  it('gives the same image for the same seed, and leaves the files as they were', () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, '');
    for (let i = 0; i < 20; i++) write(file, 'x'.repeat(700), i * 600);
    const before = text(files);
    expect(text(files.powerCut(new SeededRandom(5)))).to.equal(text(files.powerCut(new SeededRandom(5))));
    expect(text(files)).to.equal(before);
  });
});

describe('FaultyFileSystem.processCrash', () => {
  it('keeps every write, and what was not synced is still not synced', () => {
    const files = new FaultyFileSystem();
    write(fileOf(files, 'ab'), 'X', 0);
    files.open('/data/other', 'create');
    const after = files.processCrash();
    expect(text(after)).to.equal('Xb');
    expect(after.paths()).to.deep.equal([PATH, '/data/other']);
    expect([...imagesOf(after)].sort()).to.deep.equal(['Xb', 'ab']);
    expect(imagesOf(after, '/data/other')).to.include(undefined);
    const again = after.open(PATH, 'write');
    again.syncNow();
    expect([...imagesOf(after)]).to.deep.equal(['Xb']);
    expect(imagesOf(files)).to.include('ab');
  });
});

describe('FaultyFileSystem.cutAt', () => {
  it('refuses the chosen mutating call and every call after it', async () => {
    const files = new FaultyFileSystem();
    files.cutAt(3);
    const file = files.open(PATH, 'create');
    write(file, 'a', 0);
    expect(files.calls).to.equal(2);
    expect(codeOf(() => write(file, 'b', 0))).to.equal('PowerCut');
    expect(files.hasPower).to.equal(false);
    for (const run of [
      () => file.read(new Uint8Array(1), 0, 1, 0),
      () => write(file, 'c', 0),
      () => file.size(),
      () => files.exists(PATH),
      () => files.open(PATH, 'read'),
      () => files.siblings(PATH),
    ]) {
      expect(codeOf(run)).to.equal('PowerCut');
    }
    expect(await file.sync().then(String, String)).to.contain('the power was cut');
    file.close();
    expect(text(files.processCrash())).to.equal('a');
  });

  it('may tear the write it comes at, and shows no write after it', () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, '');
    files.cutAt(files.calls + 1);
    expect(codeOf(() => write(file, 'x'.repeat(1024), 0))).to.equal('PowerCut');
    expect(codeOf(() => write(file, 'y', 0))).to.equal('PowerCut');
    const images = [...imagesOf(files)].map((image) => image!.length + image!.slice(0, 1));
    expect(images.sort()).to.deep.equal(['0', '1024.', '1024x', '512x']);
  });

  it('ends a sync under way without making anything durable', async () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'a');
    write(file, 'b', 0);
    const sync = file.sync().then(String, String);
    files.cutAt(files.calls + 1);
    expect(codeOf(() => files.remove('/data/none'))).to.equal('PowerCut');
    expect(await sync).to.contain('the power was cut');
    expect([...imagesOf(files)].sort()).to.deep.equal(['a', 'b']);
  });

  it('counts every call that changes something', () => {
    const files = new FaultyFileSystem();
    files.journal = [];
    const file = fileOf(files, 'a');
    file.truncate(0);
    file.read(new Uint8Array(1), 0, 1, 0);
    files.rename(PATH, '/data/other');
    files.remove('/data/other');
    expect(files.calls).to.equal(7);
    expect(files.journal.map((line) => line.split(' ')[0])).to.deep.equal([
      'create',
      'write',
      'sync',
      'syncDirectory',
      'truncate',
      'rename',
      'remove',
    ]);
    expect(files.counts.read).to.equal(1);
  });
});

describe('FaultyFileSystem.failAt', () => {
  it('fails the n-th call of an operation, once', () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'abcd');
    files.failAt('write', 2, 'ENOSPC');
    write(file, 'X', 0);
    expect(codeOf(() => write(file, 'YYYY', 0))).to.equal('DiskFull');
    expect(text(files), 'the first half of it').to.equal('YYcd');
    write(file, 'Z', 0);
    expect(text(files)).to.equal('ZYcd');
  });

  it('fails for ever, of any kind, until cleared', () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'a');
    files.failAt('any', 1, 'EIO', Infinity);
    for (let i = 0; i < 3; i++) expect(codeOf(() => write(file, 'b', 0))).to.equal('Io');
    expect(codeOf(() => file.read(new Uint8Array(1), 0, 1, 0))).to.equal('Io');
    expect(codeOf(() => files.open('/data/new', 'create'))).to.equal('Io');
    files.clearFaults();
    write(file, 'c', 0);
    expect(text(files)).to.equal('c');
  });

  it('a failed sync makes nothing durable, and no later sync of the same bytes does', async () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'ab');
    write(file, 'X', 0);
    files.failAt('sync', 1, 'EIO');
    expect(await file.sync().catch((error: LsmError) => error.code)).to.equal('Io');
    await file.sync();
    expect([...imagesOf(files)].sort()).to.deep.equal(['Xb', 'ab']);
    write(file, 'Y', 1);
    await file.sync();
    expect([...imagesOf(files)]).to.deep.equal(['aY']);
  });
});

describe('FaultyFileSystem, further faults', () => {
  it('has a capacity', () => {
    const files = new FaultyFileSystem({ capacityBytes: 6 });
    const file = fileOf(files, 'abcd');
    expect(codeOf(() => write(file, 'XXXX', 4))).to.equal('DiskFull');
    expect(text(files)).to.equal('abcdXX');
    write(file, 'Y', 0);
    expect(codeOf(() => file.truncate(7))).to.equal('DiskFull');
    files.capacityBytes = Infinity;
    file.truncate(7);
  });

  it('can skip syncs of chosen paths while claiming success', async () => {
    const files = new FaultyFileSystem();
    const file = fileOf(files, 'a');
    files.skipSyncs = (path) => path === PATH;
    write(file, 'b', 0);
    await file.sync();
    file.syncNow();
    expect(imagesOf(files)).to.include('a');
  });
});
