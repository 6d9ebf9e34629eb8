/** The documents of record ids, those that match the rest of the filter. */
import type { ReadView } from '../../lsm/index.js';
import { appendRecordKey } from '../keys/key-layout.js';
import { KeyWriter } from '../keys/value-encoding.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import type { RecordIdSource } from './index-scan.js';
import { StageStats } from './plan-stats.js';

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

export class Fetch implements RowSource {
  bytes: Uint8Array = NOTHING;
  at = 0;
  readonly metadata: RowMetadata | undefined = undefined;
  readonly stats = new StageStats();
  private readonly key = new KeyWriter();

  /**
   * @param keyspace  of the records
   * @param matcher  what the scan has not decided; undefined: nothing
   */
  constructor(
    readonly source: RecordIdSource,
    private readonly view: ReadView,
    private readonly keyspace: number,
    private readonly matcher: Matcher | undefined,
  ) {}

  get recordId(): number {
    return this.source.recordId;
  }

  pull(): Pulled {
    const { source, view, key, matcher, stats } = this;
    for (;;) {
      const pulled = source.pull();
      if (pulled !== ROW) {
        stats.isAtEnd = pulled === END;
        return pulled === PAUSE ? PAUSE : END;
      }
      key.clear();
      appendRecordKey(key, this.keyspace, source.recordId);
      if (!view.lookup(key.bytes.subarray(0, key.length))) continue; // deleted since, in a view that moves on
      stats.documents++;
      if (matcher === undefined || matcher.matches(view.valueBytes, view.valueOffset)) {
        this.bytes = view.valueBytes;
        this.at = view.valueOffset;
        stats.returned++;
        return ROW;
      }
    }
  }

  close(): void {
    this.source.close();
  }
}
