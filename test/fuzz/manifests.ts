/**
 * Fuzz target: meta slots and manifests. Both are damaged, each with its checksum repaired in half of the cases; what
 * opens must be a state that the invariants of levels and of space allow.
 */
import { readU32, writeU32, type Bytes } from '../../lsm/base/bytes.js';
import { crc32 } from '../../lsm/base/checksum.js';
import type { Extent } from '../../lsm/base/extent.js';
import { ManifestLog } from '../../lsm/manifest/manifest-log.js';
import type { VersionChange } from '../../lsm/manifest/manifest-state.js';
import { readMeta } from '../../lsm/manifest/meta-slots.js';
import type { TableMeta } from '../../lsm/manifest/table-meta.js';
import { tablesOf } from '../../lsm/manifest/version.js';
import { SeededRandom } from '../support/seeded-random.js';
import { BytesFile } from './bytes-file.js';
import { damage } from './mutate.js';
import { attempt, type FuzzTarget } from './target.js';

const MANIFESTS = 12;
const SLOT_BYTES = 4096;
/** The checksum of a meta slot, at the end of its first sector. */
const SLOT_CRC_AT = 508;
/** The used part of a slot. */
const SLOT_USED = 106;
const RECORD_HEAD = 8;

interface Sample {
  /** The file without what lies behind the manifest. */
  readonly bytes: Bytes;
  readonly records: readonly (readonly [number, number])[];
  readonly seed: number;
}

export class ManifestsTarget implements FuzzTarget {
  #samples: Sample[] = [];

  async prepare(random: SeededRandom): Promise<void> {
    this.#samples = [];
    for (let n = 0; n < MANIFESTS; n++) this.#samples.push(await makeSample(random));
  }

  run(random: SeededRandom): string | undefined {
    const sample = random.pick(this.#samples);
    let bytes = sample.bytes.slice();
    if (random.chance(40)) damageSlots(bytes, random);
    if (random.chance(70)) damageRecord(bytes, sample, random);
    if (random.chance(5)) bytes = bytes.slice(0, random.int(bytes.length + 1));
    const wrong: string[] = [];
    attempt(wrong, () => {
      const file = new BytesFile(bytes);
      const meta = readMeta(file);
      if (meta === undefined) return;
      const { state, extents } = ManifestLog.open(file, meta);
      for (const { lowKey, highKey, entryCount } of tablesOf(state.version)) {
        if (!(lowKey.length >= 0 && entryCount >= 0 && (highKey?.length ?? 0) >= 0))
          wrong.push('a broken table');
      }
      let end = 2 * SLOT_BYTES;
      for (const { offset, bytes: size } of extents.partition()) {
        if (offset !== end || size <= 0) wrong.push(`space is not partitioned at ${offset}`);
        end = offset + size;
      }
    });
    return wrong[0];
  }
}

function damageSlots(bytes: Bytes, random: SeededRandom): void {
  // Mostly both, in the same way: else the other slot answers.
  const seed = random.next();
  const both = random.chance(70);
  const isRepaired = random.chance(70);
  for (const slot of both ? [0, SLOT_BYTES] : [SLOT_BYTES * random.int(2)]) {
    const used = random.chance(95) ? SLOT_USED : SLOT_BYTES;
    damage(bytes, slot, slot + used, new SeededRandom(seed));
    if (isRepaired) writeU32(bytes, slot + SLOT_CRC_AT, crc32(bytes, slot, SLOT_CRC_AT));
  }
}

function damageRecord(bytes: Bytes, { records, seed }: Sample, random: SeededRandom): void {
  const [from, to] = random.pick(records);
  const isRepaired = random.chance(70);
  damage(bytes, isRepaired ? from + RECORD_HEAD : from, to, random);
  if (isRepaired) writeU32(bytes, from, crc32(bytes, from + 4, to - from - 4, seed));
}

async function makeSample(random: SeededRandom): Promise<Sample> {
  const file = new BytesFile();
  const log = await ManifestLog.create(file, {
    storeId: random.bytes(8),
    isEncrypted: false,
    keySalt: new Uint8Array(16),
    keyCheck: new Uint8Array(16),
    blockBytes: 8192,
    tableBytes: 1 << 22,
    blobBytes: 32_768,
  });
  const live: number[] = [];
  const blobs: number[] = [];
  for (let n = 1; n <= 2 + random.int(12); n++) {
    const id = n * 2;
    const gone = live.length > 2 && random.chance(40) ? [live.splice(random.int(live.length), 1)[0]!] : [];
    const change: VersionChange = {
      dataSeq: n * 10,
      firstLog: n,
      addTables: [{ level: 0, order: n, meta: tableMeta(id, log.extents.allocate(8192), random) }],
      removeTables: gone,
      ...(random.chance(40) ? { addBlobs: [{ id, extents: [log.extents.allocate(20_000)] }] } : {}),
      ...(random.chance(20) && blobs.length > 0 ? { removeBlobs: [blobs.pop()!] } : {}),
      ...(random.chance(30) ? { levelPointers: [{ level: 1, key: random.bytes(1 + random.int(9)) }] } : {}),
    };
    await log.append(change);
    live.push(id);
    if (change.addBlobs !== undefined) blobs.push(id);
  }
  const meta = readMeta(file)!;
  const { extent, validBytes, seed } = meta.manifest;
  const records: [number, number][] = [];
  for (let at = extent.offset; at < extent.offset + validBytes;) {
    const end = at + 15 + readU32(file.bytes, at + 4);
    records.push([at, end]);
    at = end;
  }
  return { bytes: withRoom(file.bytes, log), records, seed };
}

/** The file as long as its extents say: their bytes are of no matter here. */
function withRoom(bytes: Bytes, log: ManifestLog): Bytes {
  const last = log.extents.partition().at(-1);
  const whole = new Uint8Array(Math.max(bytes.length, last === undefined ? 0 : last.offset + last.bytes));
  whole.set(bytes);
  return whole;
}

function tableMeta(id: number, { offset, bytes }: Extent, random: SeededRandom): TableMeta {
  const low = random.bytes(1 + random.int(8));
  const high = Uint8Array.of(...low, 1);
  return {
    id,
    offset,
    extentBytes: bytes,
    dataBytes: bytes - random.int(4000),
    lowKey: low,
    highKey: random.chance(85) ? high : undefined,
    entryCount: 1 + random.int(100),
    tombstoneCount: 0,
    rangeTombstoneCount: random.int(2),
    blobCount: 0,
    rawBytes: random.int(20_000),
    maxSeq: random.int(1000),
    commitSeq: 0,
  };
}
