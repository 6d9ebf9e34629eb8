/** A collection, its indexes and how large things are. */
import type { Document } from '../../elmo/values.js';
import { CollectionWrites } from './collection-writes.js';
import { AggregationCursor, ListCursor } from './cursor.js';
import { invalid, ShellError } from './errors.js';
import { isDocument, pick } from './options.js';

/** Options of the command, not of the index. */
const COMMAND_FIELDS = ['commitQuorum', 'maxTimeMS', 'comment', 'writeConcern'] as const;
const NAMESPACE_NOT_FOUND = 26;

/** {a: 1, b: -1} → 'a_1_b_-1' */
function indexName(keys: Document): string {
  return Object.entries(keys).flat().map(String).join('_');
}

export class CollectionIndexes extends CollectionWrites {
  createIndex(keys: Document | string, options: Document = {}, commitQuorum?: unknown): string {
    const [name] = this.createIndexes(
      [typeof keys === 'string' ? { [keys]: 1 } : keys],
      options,
      commitQuorum,
    );
    return name!;
  }

  ensureIndex(keys: Document | string, options?: Document): string {
    return this.createIndex(keys, options);
  }

  createIndexes(keys: Document[], options: Document = {}, commitQuorum?: unknown): string[] {
    if (!Array.isArray(keys) || !keys.every(isDocument))
      throw invalid('createIndexes() needs a list of keys: [{field: 1}]');
    const own = Object.entries(options).filter(([name]) => !COMMAND_FIELDS.includes(name as never));
    const indexes = keys.map((key) => ({ key, name: indexName(key), ...Object.fromEntries(own) }));
    this.run_({
      createIndexes: this.name_,
      indexes,
      ...pick(options, COMMAND_FIELDS),
      ...(commitQuorum === undefined ? {} : { commitQuorum }),
    });
    return indexes.map(({ name }) => name);
  }

  /** None, of a collection that is not there. */
  getIndexes(): unknown[] {
    try {
      return new ListCursor(this.source_(), { listIndexes: this.name_, cursor: {} }).toArray();
    } catch (error) {
      if (error instanceof ShellError && error.code === NAMESPACE_NOT_FOUND) return [];
      throw error;
    }
  }

  getIndices(): unknown[] {
    return this.getIndexes();
  }

  getIndexSpecs(): unknown[] {
    return this.getIndexes();
  }

  getIndexKeys(): unknown[] {
    return this.getIndexes().map((index) => (index as Document)['key'] as unknown);
  }

  dropIndex(index: string | Document): Document {
    if (index === undefined || index === '*')
      throw invalid("dropIndex() needs an index: 'name' or {field: 1}");
    return this.run_({ dropIndexes: this.name_, index });
  }

  /** All but that of _id, or those that are named. */
  dropIndexes(indexes: string | string[] | Document = '*'): Document {
    return this.run_({ dropIndexes: this.name_, index: indexes });
  }

  hideIndex(index: string | Document): Document {
    return this.setHidden_(index, true);
  }

  unhideIndex(index: string | Document): Document {
    return this.setHidden_(index, false);
  }

  private setHidden_(index: string | Document, hidden: boolean): Document {
    const which = typeof index === 'string' ? { name: index } : { keyPattern: index };
    return this.run_({ collMod: this.name_, index: { ...which, hidden } });
  }

  /** @param options  {scale}, or the scale: what sizes are divided by */
  stats(options: Document | number = {}): Document {
    const scale = typeof options === 'number' ? options : (options['scale'] as number | undefined);
    const stage = { $collStats: { storageStats: scale === undefined ? {} : { scale } } };
    const [found] = this.stage_(stage);
    const { ns, storageStats } = found as Document;
    return { ns: ns as unknown, ...(storageStats as Document) };
  }

  private stage_(stage: Document): unknown[] {
    const command = { aggregate: this.name_, pipeline: [stage], cursor: {} };
    return new AggregationCursor(this.source_(), command).toArray();
  }

  dataSize(): unknown {
    return this.stats()['size'];
  }

  storageSize(): unknown {
    return this.stats()['storageSize'];
  }

  totalIndexSize(): unknown {
    return this.stats()['totalIndexSize'];
  }

  totalSize(): unknown {
    const { storageSize, totalIndexSize } = this.stats();
    return Number(storageSize ?? 0) + Number(totalIndexSize ?? 0);
  }

  isCapped(): boolean {
    return this.stats()['capped'] === true;
  }

  latencyStats(options: Document = {}): unknown[] {
    return this.stage_({ $collStats: { latencyStats: options } });
  }
}
