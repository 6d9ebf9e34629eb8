/** The logs beside a store: what each holds, and how each ends. */
import { decodeBlobDescriptor } from '../blob/descriptor.js';
import type { Extent } from '../base/extent.js';
import type { Bytes } from '../base/bytes.js';
import type { Cipher } from '../env/cipher.js';
import type { Env } from '../env/env.js';
import { LsmError } from '../errors.js';
import { KIND_BLOB, KIND_DELETE, KIND_RANGE_DELETE } from '../key/entry-kind.js';
import type { Meta } from '../manifest/meta-slots.js';
import { OpsReader } from '../memtable/ops-reader.js';
import { walNumberOf, walPath } from '../wal/format.js';
import { readWal, type WalSummary } from '../wal/wal-reader.js';

export interface LogDump {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
  /** All that it holds is in tables: the next open removes it. */
  readonly isObsolete: boolean;
  /** Ended in order: a newer log follows. */
  readonly isSealed: boolean;
  readonly batches: number;
  readonly puts: number;
  readonly deletes: number;
  readonly rangeDeletes: number;
  /** Sequence numbers of the first and the last batch; 0 when there is none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Bytes that pass their checks, and those behind them: a write that a crash cut off. */
  readonly validBytes: number;
  readonly tornBytes: number;
  /** Values outside the tables that only a log tells of. */
  readonly blobs: readonly LogBlob[];
  /** Why it cannot be read to its end, or ''. */
  readonly problem: string;
}

export interface LogBlob {
  readonly id: number;
  readonly bytes: number;
  readonly extents: readonly Extent[];
}

interface Looked {
  readonly path: string;
  readonly env: Env;
  readonly cipher: Cipher | undefined;
}

/** The logs of a store, oldest first. Throws nothing for damage. */
export function readLogs({ path, env, cipher }: Looked, meta: Meta): LogDump[] {
  const numbers: number[] = [];
  for (const name of env.files.siblings(path)) {
    const number = walNumberOf(path, name);
    if (number !== undefined) numbers.push(number);
  }
  numbers.sort((a, b) => a - b);
  return numbers.map((number) => readLog(env, walPath(path, number), number, meta, cipher));
}

function readLog(env: Env, path: string, logNumber: number, meta: Meta, cipher: Cipher | undefined): LogDump {
  const file = env.files.open(path, 'read');
  const bytes = file.size();
  const count = new OperationCount(path);
  let summary: WalSummary = { validBytes: 0, records: 0, sealed: false, syncedTo: 0, tornBytes: 0 };
  let batches = 0;
  let firstSeq = 0;
  let lastSeq = 0;
  let problem = '';
  try {
    const { storeId } = meta;
    summary = readWal(file, { logNumber, storeId, cipher }, (seq, _count, ops, offset, length) => {
      batches++;
      if (firstSeq === 0) firstSeq = seq;
      lastSeq = seq;
      count.add(ops, offset, length);
    });
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    problem = error.message;
  } finally {
    file.close();
  }
  const { puts, deletes, rangeDeletes, blobs } = count;
  return {
    number: logNumber,
    path,
    bytes,
    isObsolete: logNumber < meta.firstLog,
    isSealed: summary.sealed,
    batches,
    puts,
    deletes,
    rangeDeletes,
    firstSeq,
    lastSeq,
    validBytes: summary.validBytes,
    tornBytes: summary.tornBytes,
    blobs,
    problem,
  };
}

class OperationCount {
  puts = 0;
  deletes = 0;
  rangeDeletes = 0;
  readonly blobs: LogBlob[] = [];
  private readonly reader = new OpsReader();

  constructor(private readonly path: string) {}

  /** @throws LsmError Corrupt */
  add(ops: Bytes, offset: number, length: number): void {
    const { reader } = this;
    const end = offset + length;
    for (let at = offset; at < end; at = reader.end) {
      if (!reader.read(ops, at, end)) {
        throw new LsmError(`${this.path}: a batch does not decode`, 'Corrupt', { file: this.path });
      }
      if (reader.kind === KIND_DELETE) this.deletes++;
      else if (reader.kind === KIND_RANGE_DELETE) this.rangeDeletes++;
      else this.puts++;
      if (reader.kind === KIND_BLOB) this.addBlob(ops, reader.valueOffset, reader.valueLength);
    }
  }

  private addBlob(bytes: Bytes, offset: number, length: number): void {
    const blob = decodeBlobDescriptor(bytes, offset, length, this.path);
    this.blobs.push({ id: blob.id, bytes: blob.length, extents: blob.extents });
  }
}
