/** Rows of an index with a collation that lie between `min` and `max`, and their order: asked of the documents. */
import type { Value } from '../bson/value.js';
import { rawDocument } from '../catalog/raw-document.js';
import { compareTuples, type CollatedRange } from '../plan/collated-range.js';
import { ROW, type Pulled, type RowMetadata, type RowSource } from '../operation/row-source.js';
import { Passing } from './row-stages.js';
import { SortKeys, type SortField } from './sort-key.js';

/** Keys of the tuples within the range alone: a document of several is where the first of these is. */
export class RangeKeys extends SortKeys {
  constructor(
    fields: readonly SortField[],
    private readonly range: CollatedRange,
  ) {
    super(fields, range.collation, true);
  }

  protected override takes(values: readonly Value[]): boolean {
    const { fields, collation } = this;
    const { min, max } = this.range;
    return (
      (min === undefined || compareTuples(fields, values, min, collation) >= 0) &&
      (max === undefined || compareTuples(fields, values, max, collation) < 0)
    );
  }
}

export class RowsInRange extends Passing {
  constructor(
    source: RowSource,
    private readonly keys: RangeKeys,
  ) {
    super(source);
  }

  /** The entry that is told of a document is the first within the range, which the scan may have come to later. */
  override get metadata(): RowMetadata | undefined {
    const { source, keys } = this;
    const told = source.metadata;
    if (told?.indexKey === undefined) return told;
    const values = keys.valuesOf(source.bytes, source.at);
    return { ...told, indexKey: rawDocument(keys.fields.map(({ path }, i) => [path, values[i]!])) };
  }

  pull(): Pulled {
    const { source, keys } = this;
    for (;;) {
      const pulled = source.pull();
      if (pulled !== ROW || keys.hasKey(source.bytes, source.at)) return pulled;
    }
  }
}
