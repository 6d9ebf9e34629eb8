/** A collection, and what can be done to its documents. */
import type { Document } from '../../elmo/values.js';
import { BulkBuilder } from './bulk-builder.js';
import { CollectionReads } from './collection-reads.js';
import { invalid } from './errors.js';
import { hasOperators, needDocument, pick, WRITE_FIELDS } from './options.js';
import {
  deleteElement,
  deleteStatement,
  findAndModifyStatement,
  updateElement,
  updateStatement,
} from './statements.js';
import { bulkWrite, checked, isAcknowledged, withId, type BulkResult } from './writes.js';

export class CollectionWrites extends CollectionReads {
  insertOne(document: Document, options?: Document): Document {
    const whole = withId(document);
    const fields = pick(options, [...WRITE_FIELDS, 'bypassDocumentValidation']);
    checked(this.run_({ insert: this.name_, documents: [whole], ...fields }));
    return { acknowledged: isAcknowledged(options), insertedId: whole['_id'] as unknown };
  }

  insertMany(documents: Document[], options?: Document): Document {
    if (!Array.isArray(documents)) throw invalid('insertMany() needs a list of documents');
    const operations = documents.map((document) => ({ insertOne: { document } }));
    const { acknowledged, insertedIds } = this.bulkWrite(operations, options);
    return { acknowledged, insertedIds };
  }

  /** One document or several. */
  insert(documents: Document | Document[], options?: Document): Document {
    return this.insertMany(Array.isArray(documents) ? documents : [documents], options);
  }

  updateOne(filter: Document, update: Document | Document[], options?: Document): Document {
    return this.change_('updateOne', filter, update, options, false);
  }

  updateMany(filter: Document, update: Document | Document[], options?: Document): Document {
    return this.change_('updateMany', filter, update, options, true);
  }

  replaceOne(filter: Document, replacement: Document, options?: Document): Document {
    return this.change_('replaceOne', filter, replacement, options, false);
  }

  /** Of one document, or of all with {multi: true}. */
  update(filter: Document, update: Document | Document[], options?: Document): Document {
    return options?.['multi'] === true
      ? this.updateMany(filter, update, options)
      : hasOperators(update)
        ? this.updateOne(filter, update, options)
        : this.replaceOne(filter, update as Document, options);
  }

  private change_(
    method: string,
    filter: Document,
    update: unknown,
    options: Document | undefined,
    isMulti: boolean,
  ): Document {
    const element = updateElement(method, filter, update, options, isMulti);
    const reply = checked(this.run_(updateStatement(this.name_, element, options)));
    const upserted = (reply['upserted'] ?? []) as Document[];
    return {
      acknowledged: isAcknowledged(options),
      insertedId: (upserted[0]?.['_id'] ?? null) as unknown,
      matchedCount: Number(reply['n'] ?? 0) - upserted.length,
      modifiedCount: Number(reply['nModified'] ?? 0),
      upsertedCount: upserted.length,
    };
  }

  deleteOne(filter: Document, options?: Document): Document {
    return this.take_('deleteOne', filter, options, false);
  }

  deleteMany(filter: Document, options?: Document): Document {
    return this.take_('deleteMany', filter, options, true);
  }

  /** All that match, or one with `true` or {justOne: true}. */
  remove(filter: Document, options?: boolean | Document): Document {
    const given = typeof options === 'boolean' ? { justOne: options } : options;
    return given?.['justOne'] === true ? this.deleteOne(filter, given) : this.deleteMany(filter, given);
  }

  private take_(method: string, filter: Document, options: Document | undefined, isMulti: boolean): Document {
    const element = deleteElement(method, filter, options, isMulti);
    const reply = checked(this.run_(deleteStatement(this.name_, element, options)));
    return { acknowledged: isAcknowledged(options), deletedCount: Number(reply['n'] ?? 0) };
  }

  findOneAndUpdate(filter: Document, update: Document | Document[], options?: Document): unknown {
    if (typeof update !== 'object' || update === null || !hasOperators(update))
      throw invalid('Update document requires atomic operators');
    return this.modify_('findOneAndUpdate', filter, { update }, options);
  }

  findOneAndReplace(filter: Document, replacement: Document, options?: Document): unknown {
    if (hasOperators(needDocument(replacement, 'document', 'findOneAndReplace')))
      throw invalid('Replacement document must not contain atomic operators');
    return this.modify_('findOneAndReplace', filter, { update: replacement }, options);
  }

  findOneAndDelete(filter: Document, options?: Document): unknown {
    return this.modify_('findOneAndDelete', filter, { remove: true }, options);
  }

  /** As the command: {query, update | remove, sort, fields, new, upsert, arrayFilters}. */
  findAndModify(options: Document): unknown {
    const { query, update, remove } = needDocument(options, 'document', 'findAndModify');
    const change = remove === true ? { remove: true } : { update: update as unknown };
    return this.modify_('findAndModify', (query ?? {}) as Document, change, options);
  }

  private modify_(method: string, filter: Document, change: Document, options?: Document): unknown {
    needDocument(filter, 'filter', method);
    const reply = this.run_(findAndModifyStatement(this.name_, filter, change, options));
    if (options?.['includeResultMetadata'] !== true) return (reply['value'] ?? null) as unknown;
    const { value, lastErrorObject, ok } = reply;
    return { lastErrorObject: lastErrorObject as unknown, value: value as unknown, ok: ok as unknown };
  }

  bulkWrite(operations: readonly unknown[], options?: Document): BulkResult {
    if (!Array.isArray(operations)) throw invalid('bulkWrite() needs a list of operations');
    return bulkWrite((command) => this.run_(command), this.name_, operations, options);
  }

  initializeOrderedBulkOp(): BulkBuilder {
    return new BulkBuilder((operations, options) => this.bulkWrite(operations, options), true);
  }

  initializeUnorderedBulkOp(): BulkBuilder {
    return new BulkBuilder((operations, options) => this.bulkWrite(operations, options), false);
  }
}
