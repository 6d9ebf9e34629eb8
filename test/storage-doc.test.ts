/**
 * docs/STORAGE.md says what the code does: every example is made by the code, and every field of its byte tables is in
 * the docstring of the source that the table's heading names, at the same place and of the same size.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { chunkChecksum, IDENTITY_BYTES, writeIdentity } from '../lsm/blob/blob-format.js';
import { encodeBlobDescriptor } from '../lsm/blob/descriptor.js';
import { writeU32 } from '../lsm/base/bytes.js';
import { memoryEnv } from '../lsm/env/system-env.js';
import { KIND_DELETE, KIND_RAW } from '../lsm/key/entry-kind.js';
import { encodeRecord, RECORD_STATE } from '../lsm/manifest/format.js';
import { Lz4Compressor } from '../lsm/table/lz4.js';
import { TableBuilder } from '../lsm/table/table-builder.js';
import { OpsBuffer } from '../lsm/transaction/write-batch.js';
import { WAL_HEADER_BYTES } from '../lsm/wal/format.js';
import { WalWriter } from '../lsm/wal/wal-writer.js';
import { projectFolder } from './support/source-tree.js';

const read = (path: string): string => readFileSync(join(projectFolder(), path), 'utf8');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What the code makes of each example's input. */
const MADE: Record<string, () => Uint8Array> = {
  'manifest record': () =>
    encodeRecord(
      RECORD_STATE,
      {
        version: 1,
        dataSeq: 0,
        firstLog: 1,
        nextTableId: 1,
        nextBlobId: 1,
        removeTables: [],
        addTables: [],
        removeBlobs: [],
        addBlobs: [],
        levelPointers: [],
      },
      0,
      undefined,
    ),
  block: () => {
    const builder = new TableBuilder({
      blockBytes: 4096,
      codec: 'none',
      bloomBitsPerKey: 10,
      cipher: undefined,
    });
    builder.reset(1);
    builder.add(text('ab'), 0, 2, KIND_RAW, 0, text('x'), 0, 1, 1);
    builder.add(text('ac'), 0, 2, KIND_DELETE, 0, text(''), 0, 0, 0);
    return builder.finish().bytes.slice(0, 42);
  },
  'packed value': () => {
    const value = text('abcdabcdabcdabcdX');
    const into = new Uint8Array(32);
    return into.slice(0, new Lz4Compressor().compress(value, 0, value.length, into, 0, 32));
  },
  'blob chunk': () => {
    const identity = new Uint8Array(IDENTITY_BYTES);
    writeIdentity(identity, 5, 0);
    const chunk = Uint8Array.of(...text('hi'), 0, 0, 0, 0);
    writeU32(chunk, 2, chunkChecksum(identity, chunk, 0, 2));
    return chunk;
  },
  'blob descriptor': () =>
    encodeBlobDescriptor({
      id: 5,
      length: 300,
      checksum: 0x12345678,
      extents: [{ offset: 8192, bytes: 4096 }],
    }),
  'log record': () => {
    const file = memoryEnv().files.open('log', 'create');
    const writer = new WalWriter(file, 1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    const ops = new OpsBuffer();
    ops.delete(text('hi'), 0, 2);
    writer.append(7, ops.count, ops.bytes, 0, ops.length);
    const bytes = new Uint8Array(file.size() - WAL_HEADER_BYTES);
    file.read(bytes, 0, bytes.length, WAL_HEADER_BYTES);
    return bytes;
  },
};

/** The examples: name, and the hexadecimal lines that follow. */
function examples(doc: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, lines] of doc.matchAll(/^Example `([\w ]+)`[^]*?\n\n((?: {4}.*\n)+)/gm)) {
    found.set(name!, lines!.replace(/[^0-9a-f]/g, ''));
  }
  return found;
}

interface Field {
  readonly source: string;
  readonly offset: string;
  readonly size: string;
  readonly name: string;
}

/** Rows of byte tables with a name, each with the source that the heading or paragraph before it names. */
function fields(doc: string): Field[] {
  const found: Field[] = [];
  let source = '';
  for (const line of doc.split('\n')) {
    const heading = /^#+ .*\(`(lsm\/[\w/-]+\.ts)`/.exec(line);
    if (heading) source = heading[1]!;
    const row = /^\| (\d+) \| (\d+|n) \| (\w+) \|/.exec(line);
    if (row) found.push({ source, offset: row[1]!, size: row[2]!, name: row[3]! });
  }
  return found;
}

describe('docs/STORAGE.md', () => {
  const doc = read('docs/STORAGE.md');

  it('has the examples that are known here', () =>
    expect([...examples(doc).keys()].sort()).to.deep.equal(Object.keys(MADE).sort()));

  for (const [name, make] of Object.entries(MADE)) {
    it(`gives the ${name} as the code makes it`, () => expect(examples(doc).get(name)).to.equal(hex(make())));
  }

  it('has the fields of its sources at the same places', () => {
    const all = fields(doc);
    expect(all.length).to.be.greaterThan(35);
    const wrong = all.filter(({ source, offset, size, name }) => {
      const told = new RegExp(`^ \\* +${offset} +${size} +${name}\\b`, 'm');
      return !told.test(read(source));
    });
    expect(wrong).to.deep.equal([]);
  });
});
