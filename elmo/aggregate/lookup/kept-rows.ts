/** Rows that are read once and kept, up to a number of bytes, because they do not change from row to row of a `$lookup`. */
import { documentLength } from '../../bson/walk.js';
import { PAUSE, ROW, type RowSource } from '../../operation/row-source.js';

export class KeptRows {
  readonly rows: Uint8Array[] = [];
  /** Whether there were more than may be kept; `rows` is then of no use. */
  isTooLarge = false;
  private source: RowSource | undefined;
  private isDone = false;
  private bytes = 0;

  constructor(
    private readonly openSource: () => RowSource,
    private readonly mostBytes: number,
  ) {}

  /** Reads on. @returns false to pause, and to be called again */
  fill(): boolean {
    if (this.isDone) return true;
    const source = (this.source ??= this.openSource());
    for (;;) {
      const pulled = source.pull();
      if (pulled === PAUSE) return false;
      if (pulled !== ROW) break;
      const length = documentLength(source.bytes, source.at);
      this.bytes += length;
      if (this.bytes > this.mostBytes) {
        this.isTooLarge = true;
        this.rows.length = 0;
        break;
      }
      this.rows.push(source.bytes.slice(source.at, source.at + length));
    }
    this.isDone = true;
    this.close();
    return true;
  }

  close(): void {
    this.source?.close();
    this.source = undefined;
  }
}
