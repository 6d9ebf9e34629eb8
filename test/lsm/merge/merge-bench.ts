/** A store's file with a runner of jobs over it and nothing else: tables, levels of them, and lent space. */
import { expect } from 'chai';
import type { Bytes } from '../../../lsm/base/bytes.js';
import type { Extent } from '../../../lsm/base/extent.js';
import { BlockCache } from '../../../lsm/cache/block-cache.js';
import { SystemClock } from '../../../lsm/env/clock.js';
import { MemoryFileSystem } from '../../../lsm/env/memory-files.js';
import type { File } from '../../../lsm/env/file-system.js';
import type { TableMeta } from '../../../lsm/manifest/table-meta.js';
import type { JobOwner, JobOutcome, MergeSpec, TableForm } from '../../../lsm/merge/job-runner.js';
import { SlicedRunner } from '../../../lsm/merge/sliced-runner.js';
import { RunCursor } from '../../../lsm/table/run-cursor.js';
import { TableReader } from '../../../lsm/table/table-reader.js';
import { lz4Decompress } from '../../../lsm/table/lz4.js';
import { KIND_LZ4 } from '../../../lsm/key/entry-kind.js';
import type { SourceCursor } from '../../../lsm/read/source-cursor.js';
import { compareBytes } from '../../../lsm/base/bytes.js';
import { entriesOf, sortedOf, type ModelSource, type Write } from './history.js';

export const FORM: TableForm = { blockBytes: 256, codec: 'lz4', bloomBitsPerKey: 10 };
export const TABLE_BYTES = 4096;

/** Lends ascending space and keeps account of it. */
export class CountingOwner implements JobOwner {
  readonly lent = new Map<number, number>();
  private end = 8192;
  private lastId = 0;
  /** Called before each loan. */
  beforeLoan: () => void = () => {};

  allocate(bytes: number): Extent {
    this.beforeLoan();
    expect(bytes % 4096, 'space is asked for in whole units').to.equal(0);
    const extent = { offset: this.end, bytes };
    this.end += bytes;
    this.lent.set(extent.offset, bytes);
    return extent;
  }

  giveBack(extent: Extent): void {
    expect(this.lent.get(extent.offset), 'what is given back was lent').to.equal(extent.bytes);
    this.lent.delete(extent.offset);
  }

  nextTableId(): number {
    return ++this.lastId;
  }
}

export class MergeBench {
  readonly file: File;
  readonly owner = new CountingOwner();
  readonly runner: SlicedRunner;
  private readonly cache = new BlockCache(0, FORM.blockBytes);

  constructor(
    file?: File,
    private readonly tableBytes = TABLE_BYTES,
  ) {
    this.file = file ?? new MemoryFileSystem().open('bench', 'create');
    this.runner = new SlicedRunner(
      {
        file: this.file,
        cipher: undefined,
        form: FORM,
        clock: new SystemClock(),
        sliceMs: 1,
        isSyncing: false,
      },
      this.owner,
    );
  }

  flush(part: readonly Write[], firstSeq: number, snapshots: readonly number[] = []): Promise<JobOutcome> {
    return this.runner.flush({
      entries: sortedOf(part, firstSeq),
      snapshots,
      tableBytes: this.tableBytes,
      keepSeqsAbove: 0,
      deeperSpans: undefined,
    });
  }

  merge(runs: MergeSpec['runs'], more: Partial<MergeSpec> = {}): Promise<JobOutcome> {
    return this.runner.merge({
      runs,
      nextLevel: [],
      passTombstoneShare: 0.2,
      tableBytes: this.tableBytes,
      keepSeqsAbove: Infinity,
      deeperSpans: [],
      ...more,
    });
  }

  reader(meta: TableMeta): TableReader {
    return new TableReader(this.file, meta, this.cache);
  }

  /** What a run holds, read back. Verifies each table. */
  contents(tables: readonly TableMeta[]): ModelSource {
    const readers = tables.map((meta) => this.reader(meta));
    for (const reader of readers) reader.verify();
    for (let i = 1; i < tables.length; i++) {
      const { highKey, rangeTombstoneCount } = tables[i - 1]!;
      expect(highKey, 'only the last table of a run is unbounded').not.to.equal(undefined);
      const order = compareBytes(highKey!, tables[i]!.lowKey);
      expect(order, 'tables are disjoint').to.be.at.most(rangeTombstoneCount > 0 ? 0 : -1);
    }
    const deletions = readers.flatMap((reader) => [...reader.rangeTombstones()]);
    return { entries: entriesOf(new RunCursor(readers), valueAt), deletions };
  }

  /** Ids of the blobs that the tables refer to. */
  blobs(tables: readonly TableMeta[]): number[] {
    return tables.flatMap((meta) => this.reader(meta).blobIds());
  }
}

/** The value of the entry at a cursor, unpacked. */
export function valueAt(cursor: SourceCursor): Bytes {
  const { kind, valueBytes, valueOffset, storedLength, rawLength } = cursor;
  if (kind !== KIND_LZ4) return valueBytes.slice(valueOffset, valueOffset + storedLength);
  const value = new Uint8Array(rawLength);
  expect(lz4Decompress(valueBytes, valueOffset, storedLength, value, 0, rawLength)).to.equal(rawLength);
  return value;
}
