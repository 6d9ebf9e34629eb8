/** What the row sources of stages have in common. */
import type { BsonWriter } from '../bson/writer.js';
import type { Operation } from '../operation/operation.js';
import { END, PAUSE, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { HeldMetadata } from './row-metadata.js';

const NO_ROW = new Uint8Array([5, 0, 0, 0, 0]);

/** Rows made of another source's, one at a time; a stage that changes documents leaves its own in `bytes` and `at`. */
export abstract class StageRows implements RowSource {
  bytes: Uint8Array = NO_ROW;
  at = 0;
  readonly recordId = -1;

  constructor(protected readonly input: RowSource) {}

  abstract pull(): Pulled;

  get metadata(): RowMetadata | undefined {
    return this.input.metadata;
  }

  close(): void {
    this.input.close();
  }

  /** The input's row is this one's. */
  protected pass(): Pulled {
    this.bytes = this.input.bytes;
    this.at = this.input.at;
    return ROW;
  }
}

/**
 * Takes all rows of its input first, then gives its own, made one after the other: `$group`, `$bucketAuto`, `$facet` …
 */
export abstract class BlockingRows extends StageRows {
  /** What goes with the row that was emitted last. */
  protected told: RowMetadata | undefined = undefined;
  private isFilled = false;
  private isClosed = false;

  constructor(
    input: RowSource,
    protected readonly operation: Operation,
  ) {
    super(input);
  }

  pull(): Pulled {
    while (!this.isFilled) {
      const pulled = this.input.pull();
      if (pulled === ROW) this.take(this.input.bytes, this.input.at);
      else if (pulled === PAUSE) return PAUSE;
      else if (!this.finish()) return PAUSE;
      else this.isFilled = true;
    }
    if (this.isClosed) return END;
    if (this.operation.shouldPause()) return PAUSE;
    return this.emit() ? ROW : END;
  }

  override get metadata(): RowMetadata | undefined {
    return this.told;
  }

  /** One row of the input. */
  protected abstract take(bytes: Uint8Array, at: number): void;

  /** After the last. @returns false to pause; it is then called again */
  protected finish(): boolean {
    this.input.close();
    return true;
  }

  /** Leaves the next row in `bytes` and `at`. @returns false if there is none */
  protected abstract emit(): boolean;

  override close(): void {
    this.isFilled = this.isClosed = true;
    this.input.close();
  }
}

/** A few documents, as rows. */
export class ListRows implements RowSource {
  bytes: Uint8Array = NO_ROW;
  readonly at = 0;
  readonly recordId = -1;
  private next = 0;

  /** @param operation  where the documents are many: asked whether to pause */
  constructor(
    private documents: readonly Uint8Array[],
    private readonly operation?: Operation,
    private readonly held?: HeldMetadata,
  ) {}

  get metadata(): RowMetadata | undefined {
    return this.held?.of(this.bytes);
  }

  pull(): Pulled {
    if (this.operation?.shouldPause() === true) return PAUSE;
    if (this.next >= this.documents.length) return END;
    this.bytes = this.documents[this.next++]!;
    return ROW;
  }

  close(): void {
    this.documents = [];
  }
}

export function noRows(): RowSource {
  return new ListRows([]);
}

/** The row of a writer that was filled from 0. */
export function showWritten(rows: { bytes: Uint8Array; at: number }, writer: BsonWriter): void {
  rows.bytes = writer.bytes;
  rows.at = 0;
}
