/**
 * Fuzz target: tables. One piece (a block, a section, the footer) is damaged; in half of the cases it gets the checksum
 * of its damaged bytes, so that the decoders behind the checksum see them too.
 */
import { compareBytes, readU32, writeU32, type Bytes } from '../../lsm/base/bytes.js';
import { crc32 } from '../../lsm/base/checksum.js';
import { BlockCache } from '../../lsm/cache/block-cache.js';
import { KIND_DELETE, KIND_LZ4, KIND_RAW } from '../../lsm/key/entry-kind.js';
import type { TableMeta } from '../../lsm/manifest/table-meta.js';
import type { CodecName } from '../../lsm/options.js';
import { ValueUnpacker } from '../../lsm/read/scratch.js';
import { EntryRegisters } from '../../lsm/read/source-cursor.js';
import { LookupHash } from '../../lsm/table/bloom.js';
import { FOOTER_BYTES } from '../../lsm/table/format.js';
import { TableBuilder } from '../../lsm/table/table-builder.js';
import type { TableCursor } from '../../lsm/table/table-cursor.js';
import { TableReader } from '../../lsm/table/table-reader.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { keyOf, pickKey, pickValue, valueOf } from '../support/values.js';
import { BytesFile } from './bytes-file.js';
import { damage } from './mutate.js';
import { attempt, type FuzzTarget } from './target.js';

const TABLES = 24;
const CODECS: readonly CodecName[] = ['lz4', 'none', 'lz4-block', 'deflate'];
/** Where the footer tells the places of the four sections. */
const PLACES_AT = 32;

interface Entry {
  readonly key: Bytes;
  readonly value: Bytes | undefined;
}

interface Sample {
  readonly bytes: Bytes;
  readonly meta: TableMeta;
  readonly entries: readonly Entry[];
  /** Offset and end of each piece. */
  readonly pieces: readonly (readonly [number, number])[];
}

export class BlocksTarget implements FuzzTarget {
  #samples: Sample[] = [];

  prepare(random: SeededRandom): Promise<void> {
    this.#samples = Array.from({ length: TABLES }, (_, i) => makeSample(i + 1, random));
    return Promise.resolve();
  }

  run(random: SeededRandom): string | undefined {
    const sample = random.pick(this.#samples);
    const bytes = sample.bytes.slice();
    const isRepaired = random.chance(60);
    const [from, to] = random.pick(sample.pieces);
    damage(bytes, isRepaired ? from + 4 : from, to, random);
    if (isRepaired) writeU32(bytes, from, crc32(bytes, from + 4, to - from - 4, from));
    const file = new BytesFile(
      !isRepaired && random.chance(10) ? bytes.slice(0, random.int(bytes.length)) : bytes,
    );
    return readAll(file, sample, isRepaired, random);
  }
}

/** Reads a damaged table in every way. @returns what is wrong with an answer */
function readAll(
  file: BytesFile,
  sample: Sample,
  isRepaired: boolean,
  random: SeededRandom,
): string | undefined {
  const wrong: string[] = [];
  const { meta, entries } = sample;
  const reader = new TableReader(file, meta, new BlockCache(random.chance(50) ? 0 : 65_536, 512));
  const unpacker = new ValueUnpacker();
  const found = new EntryRegisters();
  for (let n = 0; n < 3; n++) {
    const { key, value } = random.pick(entries);
    const isThere = attempt(wrong, () => {
      return reader.find(key, 0, key.length, new LookupHash(), Number.MAX_SAFE_INTEGER, found);
    });
    if (isThere === undefined) continue;
    if (!isThere) {
      if (!isRepaired) wrong.push('a key that is there was not found, without a complaint');
      continue;
    }
    const { kind, bytes, offset, storedLength, rawLength } = found;
    const isGood = kind === KIND_DELETE || unpacker.unpack(kind, bytes, offset, storedLength, rawLength);
    if (!isRepaired && (!isGood || !isValue(kind, unpacker, value))) wrong.push('a get gave another value');
  }
  attempt(wrong, () => scan(reader.cursor(), sample, isRepaired, random.chance(50), unpacker, wrong));
  attempt(wrong, () => seek(reader.cursor({ useCache: random.chance(50) }), sample, random));
  attempt(wrong, () => reader.rangeTombstones().length);
  attempt(wrong, () => reader.blobIds().length);
  attempt(wrong, () => {
    const low = random.chance(50) ? random.pick(entries).key : undefined;
    const { count, bytes } = reader.estimate(low, random.chance(50) ? random.pick(entries).key : undefined);
    if (!(count >= 0 && bytes >= 0)) wrong.push(`estimated ${count} entries of ${bytes} bytes`);
  });
  attempt(wrong, () => reader.verify());
  reader.close();
  return wrong[0];
}

function scan(
  cursor: TableCursor,
  { entries, meta }: Sample,
  isRepaired: boolean,
  backward: boolean,
  unpacker: ValueUnpacker,
  wrong: string[],
): void {
  let seen = 0;
  if (backward) cursor.last();
  else cursor.first();
  for (; cursor.isValid; seen++) {
    if (seen > meta.entryCount * 300 + 100_000) {
      wrong.push('a scan does not end');
      return;
    }
    const { kind, valueBytes, valueOffset, storedLength, rawLength } = cursor;
    const isGood =
      kind === KIND_DELETE || unpacker.unpack(kind, valueBytes, valueOffset, storedLength, rawLength);
    if (!isRepaired) {
      const expected = entries[backward ? entries.length - 1 - seen : seen];
      const key = cursor.keyBytes.subarray(cursor.keyOffset, cursor.keyOffset + cursor.keyLength);
      const isSame = expected !== undefined && compareBytes(key, expected.key) === 0;
      if (!isSame || !isGood || !isValue(kind, unpacker, expected.value)) {
        wrong.push(`a scan gave another entry ${seen}`);
        return;
      }
    }
    if (backward) cursor.previous();
    else cursor.next();
  }
  cursor.close();
  if (!isRepaired && seen !== entries.length) wrong.push(`a scan gave ${seen} of ${entries.length} entries`);
}

function seek(cursor: TableCursor, { entries }: Sample, random: SeededRandom): void {
  for (let n = 0; n < 3; n++) {
    const { key } = random.pick(entries);
    if (random.chance(50)) cursor.seekAtLeast(key, 0, key.length);
    else cursor.seekBefore(key, 0, key.length);
    for (let steps = random.int(4); steps > 0 && cursor.isValid; steps--) {
      if (random.chance(50)) cursor.next();
      else cursor.previous();
    }
  }
  cursor.close();
}

function isValue(
  kind: number,
  { bytes, offset, length }: ValueUnpacker,
  expected: Bytes | undefined,
): boolean {
  if (kind === KIND_DELETE) return expected === undefined;
  if (kind !== KIND_RAW && kind !== KIND_LZ4) return false;
  return expected !== undefined && compareBytes(bytes.subarray(offset, offset + length), expected) === 0;
}

function makeSample(tableId: number, random: SeededRandom): Sample {
  const codec = CODECS[tableId % CODECS.length]!;
  const builder = new TableBuilder({
    blockBytes: random.pick([256, 512, 2048]),
    codec,
    bloomBitsPerKey: random.pick([0, 10]),
    cipher: undefined,
  });
  builder.reset(tableId);
  const withSeqs = random.chance(50);
  const names = new Set(Array.from({ length: 4 + random.int(60) }, () => pickKey(random, 27)));
  const keys = [...names].filter((name) => !name.startsWith('h')).map(keyOf);
  keys.sort(compareBytes);
  const entries = keys.map((key): Entry => {
    const value = random.chance(12) ? undefined : valueOf(pickValue(random, 700));
    const seq = withSeqs ? 1 + random.int(1000) : 0;
    const bytes = value ?? new Uint8Array(0);
    const kind = value === undefined ? KIND_DELETE : KIND_RAW;
    builder.add(key, 0, key.length, kind, seq, bytes, 0, bytes.length, bytes.length);
    return { key, value };
  });
  if (random.chance(40)) builder.addRangeTombstone(keys[0]!, keys[keys.length - 1], 7);
  const { bytes, meta } = builder.finish();
  const table = bytes.slice();
  const whole: TableMeta = { ...meta, offset: 0, extentBytes: Math.ceil(table.length / 4096) * 4096 };
  return { bytes: table, meta: whole, entries, pieces: piecesOf(table, whole) };
}

function piecesOf(table: Bytes, meta: TableMeta): [number, number][] {
  const footer = table.length - FOOTER_BYTES;
  const pieces: [number, number][] = [[footer, table.length]];
  for (let at = footer + PLACES_AT; at < table.length; at += 8) {
    const offset = readU32(table, at);
    const length = readU32(table, at + 4);
    if (length > 0) pieces.push([offset, offset + length]);
  }
  const reader = new TableReader(new BytesFile(table), meta, new BlockCache(0, 512));
  for (let n = 0; n < readU32(table, footer + 24); n++) {
    const { offset, storedBytes } = reader.showBlock(n);
    pieces.push([offset, offset + storedBytes]);
  }
  return pieces;
}
