import { expect } from 'chai';
import { writeU16, writeU32 } from '../../../lsm/base/bytes.js';
import { crc32 } from '../../../lsm/base/checksum.js';
import type { File } from '../../../lsm/env/file-system.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import { LsmError } from '../../../lsm/errors.js';
import { encodeMeta, eraseMeta, readMeta, writeMeta, type Meta } from '../../../lsm/manifest/meta-slots.js';
import { text } from './sample-edits.js';

function metaOf(sequence: number, more: Partial<Meta> = {}): Meta {
  return {
    format: 1,
    minReader: 1,
    sequence,
    version: sequence * 10,
    firstLog: 2 ** 40 + sequence,
    isClean: sequence % 3 === 0,
    isEncrypted: true,
    storeId: text('12345678'),
    keySalt: text('0123456789abcdef'),
    keyCheck: text('fedcba9876543210'),
    manifest: { extent: { offset: 2 ** 43, bytes: 2 ** 32 }, validBytes: 2 ** 31 + 5, seed: 2 ** 32 - 1 },
    blockBytes: 8192,
    tableBytes: 2 ** 22,
    blobBytes: 32_768,
    ...more,
  };
}

function fileOf(...metas: Meta[]): File {
  const file = new MemoryFileSystem().open('store', 'create');
  for (const meta of metas) writeMeta(file, meta);
  return file;
}

function flip(file: File, at: number): void {
  const byte = new Uint8Array(1);
  file.read(byte, 0, 1, at);
  byte[0]! ^= 0x10;
  file.write(byte, 0, 1, at);
}

function codeOf(file: File): string {
  try {
    return readMeta(file) === undefined ? 'no store yet' : 'a meta';
  } catch (error) {
    return error instanceof LsmError ? error.code : String(error);
  }
}

describe('meta slots', () => {
  it('come back as they were written', () => {
    expect(readMeta(fileOf(metaOf(2), metaOf(3)))).to.deep.equal(metaOf(3));
    const plain = metaOf(4, { isEncrypted: false, isClean: true });
    expect(readMeta(fileOf(plain, metaOf(3)))).to.deep.equal(plain);
  });

  it('are as the byte table says', () => {
    const hex = Buffer.from(encodeMeta(metaOf(3))).toString('hex');
    expect(hex.slice(0, 68)).to.equal(
      '656c6d6f2d6c736d' + '0100' + '0100' + '03000000' + '030000000000' + '1e0000000000' + '030000000001',
    );
    expect(hex.length).to.equal(8192);
  });

  it('are written in turn', () => {
    const file = fileOf(metaOf(2), metaOf(3));
    writeMeta(file, metaOf(4));
    expect(readMeta(file)?.sequence).to.equal(4);
    eraseMeta(file, 4);
    expect(readMeta(file)?.sequence).to.equal(3);
  });

  it('fall back to the other slot when any byte of one is damaged', () => {
    for (let at = 0; at < 512; at++) {
      const file = fileOf(metaOf(2), metaOf(3));
      flip(file, 4096 + at);
      expect(readMeta(file), `byte ${at}`).to.deep.equal(metaOf(2));
    }
  });

  const nothing = (): File => fileOf();
  const withBytes = (length: number, fill: number): File => {
    const file = fileOf();
    file.write(new Uint8Array(length).fill(fill), 0, length, 0);
    return file;
  };
  const damaged = (...places: number[]): File => {
    const file = fileOf(metaOf(2), metaOf(3));
    for (const at of places) flip(file, at);
    return file;
  };
  const newer = (minReader: number): File => {
    const bytes = encodeMeta(metaOf(4, { format: 9 }));
    writeU16(bytes, 10, minReader);
    writeU32(bytes, 508, crc32(bytes, 0, 508));
    const file = fileOf(metaOf(3));
    file.write(bytes, 0, bytes.length, 0);
    return file;
  };
  const cut = (length: number): File => {
    const file = damaged(100);
    file.truncate(length);
    return file;
  };
  for (const [why, make, expected] of [
    ['an empty file', nothing, 'no store yet'],
    ['a creation that was cut off before the first slot', () => withBytes(8192 + 65_536, 0), 'no store yet'],
    ['a long file of zeros', () => withBytes(200_000, 0), 'NotAStore'],
    ['another short file', () => withBytes(100, 0x41), 'NotAStore'],
    ['another file', () => withBytes(100_000, 0x41), 'NotAStore'],
    ['one slot only', () => fileOf(metaOf(2)), 'a meta'],
    ['both slots damaged', () => damaged(100, 4096 + 100), 'Corrupt'],
    ['one slot damaged, the magic of the other gone', () => damaged(100, 4096), 'Corrupt'],
    ['a slot damaged, the file cut', () => cut(4096 + 200), 'Corrupt'],
    ['a newer format that we can read', () => newer(1), 'a meta'],
    ['a newer format', () => newer(2), 'NewerFormat'],
    [
      'a manifest over the meta slots',
      () =>
        fileOf(metaOf(2, { manifest: { extent: { offset: 4096, bytes: 4096 }, validBytes: 1, seed: 0 } })),
      'Corrupt',
    ],
    [
      'a manifest longer than its extent',
      () =>
        fileOf(metaOf(2, { manifest: { extent: { offset: 8192, bytes: 4096 }, validBytes: 5000, seed: 0 } })),
      'Corrupt',
    ],
  ] as const) {
    it(`${why}: ${expected}`, () => expect(codeOf(make())).to.equal(expected));
  }
});
