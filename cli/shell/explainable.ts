/** `db.orders.explain().find(…)`: how a statement is, or would be, carried out. */
import { inspect } from 'node:util';
import type { Document } from '../../elmo/values.js';
import type { Collection } from './collection.js';
import { FindCursor, verbosityName } from './cursor.js';
import { isDocument } from './options.js';
import {
  aggregateStatement,
  countStatement,
  deleteElement,
  deleteStatement,
  distinctStatement,
  findAndModifyStatement,
  findStatement,
  updateElement,
  updateStatement,
} from './statements.js';

/** A find that is asked how, not what. Shown, it is the answer. */
export class ExplainCursor extends FindCursor {
  verbosity: unknown = undefined;

  finish(): Document {
    return this.explain(this.verbosity);
  }

  override next(): unknown {
    return this.finish();
  }
}

export class Explainable {
  private readonly verbosity: string;
  private readonly name: string;

  constructor(
    private readonly collection: Collection,
    verbosity: unknown,
  ) {
    this.verbosity = verbosityName(verbosity);
    this.name = collection.getName();
  }

  [inspect.custom](): string {
    return `explain of ${this.collection.getFullName()}`;
  }

  getCollection(): Collection {
    return this.collection;
  }

  getVerbosity(): string {
    return this.verbosity;
  }

  private ask_(command: Document): Document {
    return this.collection.getDB().runCommand({ explain: command, verbosity: this.verbosity });
  }

  find(filter?: Document, projection?: Document, options?: Document): ExplainCursor {
    const source = this.collection.getDB().cursorSource_(this.name);
    const cursor = new ExplainCursor(source, findStatement(this.name, filter, projection, options));
    cursor.verbosity = this.verbosity;
    return cursor;
  }

  findOne(filter?: Document, projection?: Document): Document {
    return this.find(filter, projection).limit(-1).finish();
  }

  aggregate(...stages: unknown[]): Document {
    return this.ask_(aggregateStatement(this.name, stages));
  }

  count(filter?: Document, options?: Document): Document {
    return this.ask_(countStatement(this.name, filter, options));
  }

  distinct(field: string, filter?: Document, options?: Document): Document {
    return this.ask_(distinctStatement(this.name, field, filter, options));
  }

  updateOne(filter: Document, update: unknown, options?: Document): Document {
    const element = updateElement('updateOne', filter, update, options, false);
    return this.ask_(updateStatement(this.name, element, options));
  }

  updateMany(filter: Document, update: unknown, options?: Document): Document {
    const element = updateElement('updateMany', filter, update, options, true);
    return this.ask_(updateStatement(this.name, element, options));
  }

  deleteOne(filter: Document, options?: Document): Document {
    return this.ask_(deleteStatement(this.name, deleteElement('deleteOne', filter, options, false), options));
  }

  deleteMany(filter: Document, options?: Document): Document {
    return this.ask_(deleteStatement(this.name, deleteElement('deleteMany', filter, options, true), options));
  }

  remove(filter: Document, options?: boolean | Document): Document {
    const isOne = isDocument(options) ? options['justOne'] === true : options === true;
    return isOne ? this.deleteOne(filter) : this.deleteMany(filter);
  }

  findOneAndUpdate(filter: Document, update: unknown, options?: Document): Document {
    return this.ask_(findAndModifyStatement(this.name, filter, { update }, options));
  }

  findOneAndReplace(filter: Document, replacement: unknown, options?: Document): Document {
    return this.ask_(findAndModifyStatement(this.name, filter, { update: replacement }, options));
  }

  findOneAndDelete(filter: Document, options?: Document): Document {
    return this.ask_(findAndModifyStatement(this.name, filter, { remove: true }, options));
  }
}
