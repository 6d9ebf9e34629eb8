/** Small stages over rows: filter, skip and limit, projection, nothing at all. */
import type { Projection } from '../projection/projection.js';
import { BsonWriter } from '../bson/writer.js';
import { END, ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import type { Matcher } from '../query/filter.js';
import { StageStats } from './plan-stats.js';

const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

/** No rows. */
export class Nothing implements RowSource {
  readonly bytes = NOTHING;
  readonly at = 0;
  readonly recordId = -1;
  readonly metadata = undefined;
  readonly isAtEnd = true;
  readonly stats = new StageStats();
  pull(): Pulled {
    return END;
  }
  close(): void {
    // it holds nothing
  }
}

/** Passes rows on as they are. */
export abstract class Passing implements RowSource {
  readonly stats = new StageStats();
  constructor(readonly source: RowSource) {}
  get bytes(): Uint8Array {
    return this.source.bytes;
  }
  get at(): number {
    return this.source.at;
  }
  get recordId(): number {
    return this.source.recordId;
  }
  get metadata(): RowMetadata | undefined {
    return this.source.metadata;
  }
  abstract pull(): Pulled;
  close(): void {
    this.source.close();
  }
}

export class FilterRows extends Passing {
  constructor(
    source: RowSource,
    private readonly matcher: Matcher,
  ) {
    super(source);
  }

  pull(): Pulled {
    const { source, matcher } = this;
    for (;;) {
      const pulled = source.pull();
      if (pulled !== ROW) return pulled;
      if (!matcher.matches(source.bytes, source.at)) continue;
      this.stats.returned++;
      return ROW;
    }
  }
}

export class SkipLimit extends Passing {
  private toSkip: number;
  private left: number;

  /** @param limit  0: no limit */
  constructor(
    source: RowSource,
    readonly skip: number,
    readonly limit: number,
  ) {
    super(source);
    this.toSkip = skip;
    this.left = limit === 0 ? Infinity : limit;
  }

  get isAtEnd(): boolean {
    return this.left === 0 || this.source.isAtEnd === true;
  }

  pull(): Pulled {
    if (this.left === 0) return END;
    for (;;) {
      const pulled = this.source.pull();
      if (pulled !== ROW) return pulled;
      if (this.toSkip > 0) {
        this.toSkip--;
        continue;
      }
      this.left--;
      this.stats.returned++;
      if (this.left === 0) this.stats.isAtEnd = true;
      return ROW;
    }
  }
}

export class ProjectRows implements RowSource {
  readonly stats = new StageStats();
  readonly at = 0;
  private readonly writer = new BsonWriter();

  /** @param matcher  of the filter, when the projection has a positional `$` */
  constructor(
    readonly source: RowSource,
    readonly projection: Projection,
    private readonly matcher: Matcher | undefined,
  ) {}

  get bytes(): Uint8Array {
    return this.writer.bytes;
  }
  get recordId(): number {
    return this.source.recordId;
  }
  get metadata(): RowMetadata | undefined {
    return this.source.metadata;
  }
  get isAtEnd(): boolean {
    return this.source.isAtEnd === true;
  }

  pull(): Pulled {
    const { source, writer } = this;
    const pulled = source.pull();
    if (pulled !== ROW) return pulled;
    writer.clear();
    this.matcher?.matches(source.bytes, source.at);
    this.projection.apply(source.bytes, source.at, writer, source.metadata, this.matcher?.matchedIndex);
    this.stats.returned++;
    return ROW;
  }

  close(): void {
    this.source.close();
  }
}
