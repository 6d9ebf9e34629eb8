/** `initializeOrderedBulkOp()`: statements collected one after another, then run. Source: MongoDB manual, "Bulk()". */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import { invalid } from './errors.js';
import type { BulkResult } from './writes.js';

type Execute = (operations: readonly Document[], options: Document) => BulkResult;

export class BulkBuilder {
  private readonly operations: Document[] = [];
  private isExecuted = false;

  constructor(
    private readonly run: Execute,
    private readonly isOrdered: boolean,
  ) {}

  [inspect.custom](): Document {
    return this.toJSON();
  }

  get length(): number {
    return this.operations.length;
  }

  insert(document: Document): this {
    return this.add({ insertOne: { document } });
  }

  find(filter: Document): BulkFind {
    return new BulkFind(this, filter);
  }

  add(operation: Document): this {
    this.operations.push(operation);
    return this;
  }

  execute(writeConcern?: Document): BulkResult {
    if (this.isExecuted) throw invalid('these statements have been executed already');
    this.isExecuted = true;
    return this.run(this.operations, {
      ordered: this.isOrdered,
      ...(writeConcern === undefined ? {} : { writeConcern }),
    });
  }

  toJSON(): Document {
    const count = (start: string): number =>
      this.operations.filter((operation) => Object.keys(operation)[0]!.startsWith(start)).length;
    return {
      nInsertOps: count('insert'),
      nUpdateOps: count('update') + count('replace'),
      nRemoveOps: count('delete'),
    };
  }
}

/** What is done to the documents that match. */
export class BulkFind {
  private readonly model: Document;

  constructor(
    private readonly bulk: BulkBuilder,
    filter: Document,
  ) {
    this.model = { filter };
  }

  upsert(): this {
    this.model['upsert'] = true;
    return this;
  }

  hint(hint: unknown): this {
    this.model['hint'] = hint;
    return this;
  }

  collation(collation: Document): this {
    this.model['collation'] = collation;
    return this;
  }

  arrayFilters(filters: Document[]): this {
    this.model['arrayFilters'] = filters;
    return this;
  }

  update(update: Document): BulkBuilder {
    return this.bulk.add({ updateMany: { ...this.model, update } });
  }

  updateOne(update: Document): BulkBuilder {
    return this.bulk.add({ updateOne: { ...this.model, update } });
  }

  replaceOne(replacement: Document): BulkBuilder {
    return this.bulk.add({ replaceOne: { ...this.model, replacement } });
  }

  delete(): BulkBuilder {
    return this.bulk.add({ deleteMany: this.model });
  }

  remove(): BulkBuilder {
    return this.delete();
  }

  deleteOne(): BulkBuilder {
    return this.bulk.add({ deleteOne: this.model });
  }

  removeOne(): BulkBuilder {
    return this.deleteOne();
  }
}
