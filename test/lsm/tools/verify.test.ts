import { expect } from 'chai';
import fc from 'fast-check';
import { storedBytes } from '../../../lsm/blob/blob-format.js';
import {
  LsmError,
  describeSpace,
  listPieces,
  listTables,
  locate,
  mapKeys,
  openStoreFile,
  showPiece,
  summarize,
  verifyFile,
  type FileProblem,
  type StoreFile,
} from '../../../lsm/index.js';
import type { Env } from '../../../lsm/env/env.js';
import { PATH, copyWorld, crashedStore, readFile, sampleStore, withDamage, writeFile } from './fixture.js';

function verify(env: Env, isDeep = true, encryptionKey?: Uint8Array): FileProblem[] {
  const file = openStoreFile(PATH, { env, encryptionKey });
  try {
    const steps = verifyFile(file, isDeep);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  } finally {
    file.close();
  }
}

/** Stretches of the file of which every byte has a meaning. */
function meaningful(file: StoreFile, overhead: number): [from: number, to: number][] {
  const { extent, validBytes } = file.manifest!;
  const stretches: [number, number][] = [
    [0, 8192],
    [extent.offset, extent.offset + validBytes],
  ];
  for (const { offset, dataBytes } of listTables(file)) stretches.push([offset, offset + dataBytes]);
  for (const length of [200_000, 3_000]) {
    for (const extents of file.state.blobs.values()) {
      const [first] = extents;
      const bytes = storedBytes(length, overhead);
      if (extents.length === 1 && first!.bytes - bytes < 4096 && first!.bytes >= bytes) {
        stretches.push([first!.offset, first!.offset + bytes]);
      }
    }
  }
  return stretches;
}

describe('verifying a file', () => {
  for (const [name, encryptionKey] of [
    ['plain', undefined],
    ['encrypted', new Uint8Array(32).fill(9)],
  ] as const) {
    it(`finds nothing wrong with a good file, ${name}`, async () => {
      expect(verify(await sampleStore({ encryptionKey }), true, encryptionKey)).to.deep.equal([]);
    });

    it(`finds every changed byte that has a meaning, ${name}`, async () => {
      const env = await sampleStore({ encryptionKey });
      const file = openStoreFile(PATH, { env, encryptionKey });
      const stretches = meaningful(file, encryptionKey === undefined ? 0 : 28);
      file.close();
      expect(stretches.length).to.equal(2 + listTablesOf(env, encryptionKey) + 2);
      fc.assert(
        fc.property(
          fc.nat({ max: stretches.length - 1 }),
          fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          fc.integer({ min: 1, max: 255 }),
          (which, share, flipped) => {
            const [from, to] = stretches[which]!;
            const offset = from + Math.floor(share * (to - from));
            return verify(withDamage(env, offset, flipped), true, encryptionKey).length > 0;
          },
        ),
        { numRuns: 150 },
      );
    });
  }

  it('is quick and blind to tables when it is not deep', async () => {
    const env = await sampleStore();
    const file = openStoreFile(PATH, { env });
    const { offset } = listTables(file)[0]!;
    file.close();
    expect(verify(withDamage(env, offset + 30), false)).to.deep.equal([]);
    expect(verify(withDamage(env, offset + 30)).map(({ code }) => code)).to.deep.equal(['TableDamaged']);
  });

  it('names each damaged block of a table', async () => {
    const env = await sampleStore();
    const file = openStoreFile(PATH, { env });
    const oldest = listTables(file).find(({ order }) => order === 1)!;
    const blocks = listPieces(file.table(oldest.id)).pieces;
    file.close();
    const damaged = withDamage(withDamage(env, blocks[0]!.offset + 20), blocks[2]!.offset + 20);
    expect(verify(damaged).map(({ at }) => at?.offset)).to.deep.equal([blocks[0]!.offset, blocks[2]!.offset]);
  });

  it('takes a store that was not closed as it is', async () => {
    expect(verify(await crashedStore())).to.deep.equal([]);
  });

  it('tells a file that was cut off', async () => {
    const env = copyWorld(await sampleStore());
    const content = readFile(env, PATH);
    writeFile(env, PATH, content.slice(0, content.length - 8192));
    expect(verify(env).map(({ code }) => code)).to.include('FileCut');
  });
});

function listTablesOf(env: Env, encryptionKey: Uint8Array | undefined): number {
  const file = openStoreFile(PATH, { env, encryptionKey });
  const count = listTables(file).length;
  file.close();
  return count;
}

describe('looking at damaged files', () => {
  it('throws nothing but typed errors', async () => {
    const env = await sampleStore();
    const content = readFile(env, PATH);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: content.length - 1 }), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.integer({ min: content.length / 2, max: content.length }),
        (changes, length) => {
          const damaged = content.slice(0, length);
          for (const [at, flipped] of changes) if (at < length) damaged[at]! ^= flipped;
          const copy = copyWorld(env);
          writeFile(copy, PATH, damaged);
          lookAtAll(copy);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function lookAtAll(env: Env): void {
  const file = openStoreFile(PATH, { env });
  try {
    for (const look of [summarize, describeSpace, mapKeys, (f: StoreFile) => locate(f, 100_000)]) {
      refused(() => look(file));
    }
    refused(() => {
      for (const { id } of listTables(file)) {
        const reader = file.table(id);
        for (const piece of listPieces(reader).pieces) showPiece(reader, piece);
      }
    });
    for (const _ of verifyFile(file, true)) void _;
  } finally {
    file.close();
  }
}

function refused(look: () => unknown): void {
  try {
    look();
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
  }
}
