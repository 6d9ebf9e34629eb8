/** A collection as the shell shows it: `db.orders`, `db.orders.archive`. */
import type { Document } from '../../elmo/values.js';
import { CollectionIndexes } from './collection-indexes.js';
import type { Database } from './database.js';
import { ServerError, ShellError } from './errors.js';
import { Explainable } from './explainable.js';
import { helpText } from './help.js';
import type { PlainText } from './plain-text.js';
import { byName } from './by-name.js';

const NAMESPACE_NOT_FOUND = 26;

export class Collection extends CollectionIndexes {
  /** @returns whether there is something to drop; true as well when there was nothing */
  drop(options: Document = {}): boolean {
    try {
      this.run_({ drop: this.name_, ...options });
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== NAMESPACE_NOT_FOUND) throw error;
    }
    return true;
  }

  /** Its entry in the list of collections, or null. */
  exists(): unknown {
    return this.db_.getCollectionInfos({ name: this.name_ })[0] ?? null;
  }

  renameCollection(to: string, dropTarget = false): Document {
    return this.db_.adminCommand({
      renameCollection: this.getFullName(),
      to: `${this.db_.getName()}.${to}`,
      dropTarget,
    });
  }

  validate(options: boolean | Document = {}): Document {
    const fields = typeof options === 'boolean' ? { full: options } : options;
    return this.run_({ validate: this.name_, ...fields });
  }

  convertToCapped(size: number): Document {
    return this.run_({ convertToCapped: this.name_, size });
  }

  compact(options: Document = {}): Document {
    return this.run_({ compact: this.name_, ...options });
  }

  explain(verbosity: string | boolean = 'queryPlanner'): Explainable {
    return new Explainable(this, verbosity);
  }

  getPlanCache(): Document {
    const name = this.name_;
    return {
      clear: () => this.run_({ planCacheClear: name }),
      list: () => (this.aggregate([{ $planCacheStats: {} }]) as { toArray(): unknown[] }).toArray(),
    };
  }

  watch(): never {
    throw new ShellError('MongoServerError', 'the shell follows no changes: use a driver', 'ChangeStreams');
  }

  help(): PlainText {
    return helpText('collection');
  }
}

/** A collection whose unknown properties are collections of its own: db.a.b is 'a.b'. */
export function openCollection(db: Database, name: string): Collection {
  return byName(new Collection(db, name), (below) => openCollection(db, `${name}.${below}`));
}
