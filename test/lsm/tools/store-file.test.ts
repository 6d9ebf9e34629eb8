import { expect } from 'chai';
import { LsmError, listTables, openLsm, openStoreFile } from '../../../lsm/index.js';
import { memoryEnv } from '../../../lsm/env/system-env.js';
import { PATH, copyWorld, crashedStore, readFile, sampleStore, withDamage, writeFile } from './fixture.js';

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof LsmError ? error.code : String(error);
  }
}

describe('a file opened for looking', () => {
  it('shows slots, manifest and tables, and changes nothing', async () => {
    const env = await sampleStore();
    const before = readFile(env, PATH);
    const file = openStoreFile(PATH, { env });
    expect(file.problems).to.deep.equal([]);
    expect(file.slots.map(({ isWhole }) => isWhole)).to.deep.equal([true, true]);
    expect(file.slots.filter(({ isUsed }) => isUsed)).to.have.length(1);
    expect(file.meta!.isClean).to.equal(true);
    expect(file.manifest!.records.every(({ isApplied }) => isApplied)).to.equal(true);
    expect(listTables(file).length).to.be.greaterThan(2);
    file.close();
    expect(readFile(env, PATH)).to.deep.equal(before);
    expect(env.files.siblings(PATH)).to.deep.equal([PATH]);
  });

  it('is refused while a store has it open', async () => {
    const env = memoryEnv();
    const store = await openLsm(PATH, { env, worker: false });
    expect(codeOf(() => openStoreFile(PATH, { env }))).to.equal('Locked');
    await store.close();
    expect(codeOf(() => openStoreFile(PATH, { env }).close())).to.equal(undefined);
  });

  it('tells files that are no stores', () => {
    const env = memoryEnv();
    expect(codeOf(() => openStoreFile(PATH, { env }))).to.equal('NotFound');
    writeFile(env, PATH, new Uint8Array(0));
    expect(codeOf(() => openStoreFile(PATH, { env }))).to.equal('NotAStore');
    writeFile(env, PATH, new Uint8Array(100_000).fill(1));
    expect(codeOf(() => openStoreFile(PATH, { env }))).to.equal('NotAStore');
  });

  it('goes on with the other slot when one is damaged', async () => {
    const env = await sampleStore();
    const clean = openStoreFile(PATH, { env });
    const used = clean.slots.find(({ isUsed }) => isUsed)!;
    clean.close();
    const file = openStoreFile(PATH, { env: withDamage(env, used.offset + 20) });
    expect(file.slots[used.slot]!.isWhole).to.equal(false);
    expect(file.slots[1 - used.slot]!.isUsed).to.equal(true);
    expect(file.meta!.isClean).to.equal(false);
    expect(listTables(file).length).to.be.greaterThan(2);
    file.close();
  });

  it('shows the fields of slots that are both damaged', async () => {
    const env = withDamage(withDamage(await sampleStore(), 300), 4096 + 300);
    const file = openStoreFile(PATH, { env });
    expect(file.problems.map(({ code }) => code)).to.deep.equal(['MetaLost']);
    expect(file.slots.map(({ meta }) => meta?.manifest.extent.offset)).to.deep.equal([8192, 8192]);
    expect(codeOf(() => listTables(file))).to.equal('Corrupt');
    file.close();
    const forced = openStoreFile(PATH, { env, slot: 1 });
    expect(listTables(forced).length).to.be.greaterThan(2);
    forced.close();
  });

  it('shows the slots of an encrypted file to whoever has no key', async () => {
    const env = await sampleStore({ encryptionKey: new Uint8Array(32).fill(3) });
    const file = openStoreFile(PATH, { env });
    expect(file.problems.map(({ code }) => code)).to.deep.equal(['KeyWrong']);
    expect(file.meta!.isEncrypted).to.equal(true);
    expect(codeOf(() => listTables(file))).to.equal('WrongKey');
    file.close();
    const opened = openStoreFile(PATH, { env, encryptionKey: new Uint8Array(32).fill(3) });
    expect(listTables(opened).length).to.be.greaterThan(2);
    opened.close();
  });
});

describe('the records of a manifest', () => {
  it('are applied up to the first damaged one, and shown behind it', async () => {
    const env = await sampleStore();
    const whole = openStoreFile(PATH, { env });
    const { records } = whole.manifest!;
    whole.close();
    expect(records.length).to.be.greaterThan(2);
    const file = openStoreFile(PATH, { env: withDamage(env, records[1]!.offset + 20) });
    expect(file.manifest!.records.map(({ kind }) => kind)).to.deep.equal([
      'state',
      'damaged',
      ...records.slice(2).map(({ kind }) => kind),
    ]);
    expect(file.manifest!.records.map(({ isApplied }) => isApplied)).to.deep.equal(
      records.map((_, i) => i === 0),
    );
    expect(file.problems.map(({ code, at }) => [code, at?.offset])).to.deep.equal([
      ['ManifestDamaged', records[1]!.offset],
    ]);
    expect(file.state.version.number).to.equal(1);
    file.close();
  });

  it('end where a file ends that was cut off', async () => {
    const env = copyWorld(await sampleStore());
    writeFile(env, PATH, readFile(env, PATH).slice(0, 8192 + 60));
    const file = openStoreFile(PATH, { env });
    expect(file.problems.map(({ code }) => code)).to.include('ManifestDamaged');
    expect(file.state.version.number).to.equal(1);
    file.close();
  });
});

describe('the logs beside a store', () => {
  it('are counted', async () => {
    const file = openStoreFile(PATH, { env: await crashedStore() });
    expect(file.meta!.isClean).to.equal(false);
    const [log, ...others] = file.logs;
    expect(others).to.deep.equal([]);
    const { batches, puts, deletes, rangeDeletes, firstSeq, lastSeq, isSealed, tornBytes, problem } = log!;
    expect({
      batches,
      puts,
      deletes,
      rangeDeletes,
      firstSeq,
      lastSeq,
      isSealed,
      tornBytes,
      problem,
    }).to.deep.equal({
      batches: 4,
      puts: 2,
      deletes: 1,
      rangeDeletes: 1,
      firstSeq: 1,
      lastSeq: 4,
      isSealed: false,
      tornBytes: 0,
      problem: '',
    });
    expect(log!.blobs.map((blob) => blob.bytes)).to.deep.equal([5_000]);
    file.close();
  });

  it('tell a write that was cut off', async () => {
    const env = await crashedStore();
    const name = env.files.siblings(PATH).find((candidate) => candidate.includes('-log-'))!;
    writeFile(env, name, readFile(env, name).slice(0, -3));
    const file = openStoreFile(PATH, { env });
    expect(file.logs[0]!.batches).to.equal(3);
    expect(file.logs[0]!.tornBytes).to.be.greaterThan(0);
    file.close();
  });
});
