/**
 * Fuzz target: logs. Damaged as they are, the batches read must be a prefix of those written, or the log is refused;
 * with their checksums repaired the decoder of operations sees the damage too.
 */
import { compareBytes, readU32, writeU32, type Bytes } from '../../lsm/base/bytes.js';
import { crc32 } from '../../lsm/base/checksum.js';
import { KIND_RANGE_DELETE, KIND_RAW } from '../../lsm/key/entry-kind.js';
import { OpsReader } from '../../lsm/memtable/ops-reader.js';
import { OpsBuffer } from '../../lsm/transaction/write-batch.js';
import {
  LENGTH_AT,
  RECORD_HEADER_BYTES,
  recordSeed,
  WAL_HEADER_BYTES,
  walSeed,
} from '../../lsm/wal/format.js';
import { readWal } from '../../lsm/wal/wal-reader.js';
import { WalWriter } from '../../lsm/wal/wal-writer.js';
import type { SeededRandom } from '../support/seeded-random.js';
import { keyOf, pickKey, pickValue, valueOf } from '../support/values.js';
import { BytesFile } from './bytes-file.js';
import { damage, damagedCopy } from './mutate.js';
import { attempt, type FuzzTarget } from './target.js';

const LOGS = 16;
const STORE_ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

interface Sample {
  readonly bytes: Bytes;
  readonly logNumber: number;
  readonly batches: readonly Bytes[];
}

export class LogsTarget implements FuzzTarget {
  readonly #ops = new OpsReader();
  #samples: Sample[] = [];

  async prepare(random: SeededRandom): Promise<void> {
    this.#samples = [];
    for (let n = 1; n <= LOGS; n++) this.#samples.push(await makeSample(n, random));
  }

  run(random: SeededRandom): string | undefined {
    const sample = random.pick(this.#samples);
    const { logNumber } = sample;
    const isRepaired = random.chance(50);
    let bytes: Bytes;
    if (isRepaired) {
      bytes = sample.bytes.slice();
      damage(bytes, WAL_HEADER_BYTES, bytes.length, random);
      repairLog(bytes, logNumber, STORE_ID);
    } else bytes = damagedCopy(sample.bytes, random);
    const wrong: string[] = [];
    let count = 0;
    attempt(wrong, () => {
      const expected = { logNumber, storeId: STORE_ID };
      const summary = readWal(new BytesFile(bytes), expected, (_seq, _count, ops, offset, length) => {
        if (!isRepaired) {
          const batch = sample.batches[count];
          const isSame =
            batch !== undefined && compareBytes(ops.subarray(offset, offset + length), batch) === 0;
          if (!isSame) wrong.push(`batch ${count} is another one`);
        }
        this.#readOps(ops, offset, offset + length, wrong);
        count++;
      });
      const end = summary.validBytes + summary.tornBytes;
      const isWhole = end <= bytes.length && bytes.subarray(end).every((byte) => byte === 0);
      if (!isWhole || summary.records !== count) {
        wrong.push(`a wrong summary: ${JSON.stringify(summary)} of ${bytes.length} bytes`);
      }
    });
    return wrong[0];
  }

  #readOps(bytes: Bytes, from: number, end: number, wrong: string[]): void {
    for (let at = from; at < end;) {
      if (!this.#ops.read(bytes, at, end)) return;
      if (this.#ops.end <= at || this.#ops.end > end)
        wrong.push(`an operation at ${at} ends at ${this.#ops.end}`);
      if (wrong.length > 0) return;
      at = this.#ops.end;
    }
  }
}

/** Gives every record of a log the checksum of the bytes it has. */
export function repairLog(bytes: Bytes, logNumber: number, storeId: Bytes): void {
  const seed = walSeed(logNumber, storeId);
  for (let at = WAL_HEADER_BYTES; at + RECORD_HEADER_BYTES <= bytes.length;) {
    const length = RECORD_HEADER_BYTES + readU32(bytes, at + LENGTH_AT);
    if (at + length > bytes.length) return;
    writeU32(bytes, at, crc32(bytes, at + 4, length - 4, recordSeed(seed, at)));
    at += length;
  }
}

async function makeSample(logNumber: number, random: SeededRandom): Promise<Sample> {
  const file = new BytesFile();
  const writer = new WalWriter(file, logNumber, STORE_ID);
  const batches: Bytes[] = [];
  for (let seq = 1; seq <= 3 + random.int(12); seq++) {
    const ops = new OpsBuffer();
    for (let n = 1 + random.int(4); n > 0; n--) addOp(ops, random);
    writer.append(seq, ops.count, ops.bytes, 0, ops.length);
    batches.push(ops.bytes.slice(0, ops.length));
    if (random.chance(25)) await writer.sync();
  }
  if (random.chance(40)) writer.appendSeal();
  return { bytes: file.bytes, logNumber, batches };
}

function addOp(ops: OpsBuffer, random: SeededRandom): void {
  const key = keyOf(pickKey(random, 20));
  const small = key.length > 1000 ? keyOf('a:1') : key;
  const roll = random.int(10);
  if (roll < 2) ops.delete(small, 0, small.length);
  else {
    const value = roll < 3 ? keyOf('u:9') : valueOf(pickValue(random, 400));
    const kind = roll < 3 ? KIND_RANGE_DELETE : KIND_RAW;
    ops.put(kind, small, 0, small.length, value, 0, value.length);
  }
}
