/** What Tab offers: commands, databases, collections, methods, fields, operators. */
import type { OperatorNames } from '../../elmo/index.js';
import type { Document } from '../../elmo/values.js';
import type { Interpreter } from './interpreter.js';
import { SHOWN } from './show.js';

/** Completions are for whoever waits: what takes longer is left out. */
const PATIENCE_MS = 500;
const SAMPLED_DOCUMENTS = 50;
const MOST_FIELDS = 300;

const COMMANDS = ['use', 'show', 'it', 'help', 'exit', 'quit', 'cls'];

export type Completion = [matches: string[], replaced: string];

export class Completer {
  private operators: OperatorNames | undefined;

  constructor(private readonly interpreter: Interpreter) {}

  /** @param line  up to the cursor */
  complete(line: string): Completion {
    try {
      return this.find(line);
    } catch {
      return [[], line]; // the database does not answer now: nothing is offered
    }
  }

  private find(line: string): Completion {
    const command = /^\s*(use|show|help)\s+(\S*)$/.exec(line);
    if (command !== null) return offer(this.objectsOf(command[1]!), command[2]!);
    const operator = /\$[\w]*$/.exec(line);
    if (operator !== null) return offer(this.operatorsAt(line.slice(0, operator.index)), operator[0]);
    const field = /[{,]\s*(["']?)([\w.]*)$/.exec(line);
    const collection = field === null ? undefined : collectionAround(line);
    if (field !== null && collection !== undefined && isKeyPlace(line))
      return offer(fieldsAt(this.fieldsOf(collection), field[1] !== ''), field[2]!);
    const member = /((?:[A-Za-z_$][\w$]*)(?:\.[\w$]+|\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\])*)\.([\w$]*)$/.exec(
      line,
    );
    if (member !== null) return offer(this.membersOf(member[1]!), member[2]!);
    const word = /[\w$]*$/.exec(line)![0];
    const isStart = line.trimStart() === word;
    if (word === '' && !isStart) return [[], line];
    return offer([...(isStart ? COMMANDS : []), ...this.globals()], word);
  }

  private objectsOf(command: string): readonly string[] {
    if (command === 'use') return this.databaseNames();
    return command === 'show' ? SHOWN : ['shell', 'database', 'collection', 'cursor'];
  }

  private databaseNames(): string[] {
    const { connection } = this.interpreter.mongo;
    const command = { listDatabases: 1, nameOnly: true };
    const { databases } = connection.command('admin', command, undefined, PATIENCE_MS);
    return (databases as { name: string }[]).map(({ name }) => name);
  }

  private collectionNames(): string[] {
    const { db, mongo } = this.interpreter;
    const command = { listCollections: 1, nameOnly: true, cursor: {} };
    const { cursor } = mongo.connection.command(db.getName(), command, undefined, PATIENCE_MS);
    return ((cursor as Document)['firstBatch'] as { name: string }[]).map(({ name }) => name);
  }

  private globals(): string[] {
    const { context } = this.interpreter.evaluator;
    return Object.getOwnPropertyNames(context).filter((name) => !name.startsWith('_'));
  }

  /** What stands behind the dot of an expression. */
  private membersOf(expression: string): string[] {
    const names = this.collectionNamesBelow(expression);
    const value = this.valueOf(expression);
    return [...names, ...(value === undefined || value === null ? [] : methodsOf(value))];
  }

  /** `db.` → all, `db.orders.` → 'archive' of 'orders.archive' */
  private collectionNamesBelow(expression: string): string[] {
    const parts = expression.split('.');
    if (parts[0] !== 'db' || parts.some((part) => !/^\w+$/.test(part))) return [];
    const start = parts
      .slice(1)
      .map((part) => `${part}.`)
      .join('');
    return this.collectionNames()
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length).split('.')[0]!)
      .filter((name) => /^[A-Za-z]\w*$/.test(name));
  }

  /** Evaluated without calling anything, but for find() and aggregate(), which do nothing by themselves. */
  private valueOf(expression: string): unknown {
    const call = /^db\.([\w.]+?)\.(find|aggregate)\(/.exec(expression);
    if (call !== null) {
      const collection = this.interpreter.db.getCollection(call[1]!);
      return call[2] === 'find' ? collection.find() : collection.aggregate([]);
    }
    if (/^db\.[\w.]+\.explain\([^()]*\)$/.test(expression))
      return this.interpreter.db.getCollection('c').explain();
    let value: unknown = this.interpreter.evaluator.context;
    for (const part of expression.split('.')) {
      if (!/^[\w$]+$/.test(part) || value === null || value === undefined) return undefined;
      value = (value as Record<string, unknown>)[part];
    }
    return value;
  }

  private fieldsOf(collection: string): string[] {
    const { db, mongo } = this.interpreter;
    const command = { find: collection, limit: SAMPLED_DOCUMENTS, singleBatch: true };
    const { cursor } = mongo.connection.command(db.getName(), command, undefined, PATIENCE_MS);
    const names = new Set<string>();
    for (const document of (cursor as Document)['firstBatch'] as Document[]) collect(document, '', names);
    return [...names].slice(0, MOST_FIELDS);
  }

  /** Those that can stand there, as far as what is before it tells. */
  private operatorsAt(before: string): readonly string[] {
    const { connection } = this.interpreter.mongo;
    this.operators ??= connection.channel.operators(PATIENCE_MS);
    const { query, update, stages, accumulators, expressions } = this.operators;
    const call = /\.(\w+)\((?!.*\.\w+\()/.exec(before);
    const method = call?.[1] ?? '';
    const inside = call === null ? before : before.slice(call.index);
    if (method === 'aggregate') {
      if (/(\(|[[,])\s*\[?\s*\{\s*$/.test(inside) && depthOf(inside) <= 2) return stages;
      if (/\$match\s*:\s*\{[^}]*$/.test(inside)) return query;
      return [...new Set([...expressions, ...accumulators])];
    }
    const isChange = /^(update|findOneAndUpdate)/.test(method);
    if (isChange && argumentsBefore(inside) >= 1)
      return depthOf(inside) <= 1 ? update : [...update, ...query];
    return query;
  }
}

/** A name with a dot has to stand in quotes. */
function fieldsAt(names: readonly string[], isQuoted: boolean): readonly string[] {
  return isQuoted ? names : names.filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
}

function offer(names: readonly string[], start: string): Completion {
  const matches = [...new Set(names)].filter((name) => name.startsWith(start)).sort();
  return [matches, start];
}

/** Names of what an object can do: what its classes say; of plain objects their fields. */
function methodsOf(value: unknown): string[] {
  const names = new Set<string>();
  for (let object = Object(value) as object | null; object !== null;) {
    const above = Object.getPrototypeOf(object) as object | null;
    const isRoot = above === null;
    const isInstance = object === value && !isRoot && Object.getPrototypeOf(above) !== null;
    const isRootOfAll = isRoot && object !== value;
    if (!isRootOfAll && (!isInstance || typeof value === 'function'))
      for (const name of Object.getOwnPropertyNames(object)) names.add(name);
    object = above;
  }
  names.delete('constructor');
  return [...names].filter((name) => /^[A-Za-z$][\w$]*$/.test(name) && !name.endsWith('_'));
}

/** Of a document and of those in it: 'a', 'a.b'. */
function collect(document: Document, start: string, into: Set<string>): void {
  for (const [name, value] of Object.entries(document)) {
    into.add(start + name);
    const inner: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof inner !== 'object' || inner === null || '_bsontype' in inner || inner instanceof Date)
      continue;
    if (start.split('.').length < 4) collect(inner as Document, `${start}${name}.`, into);
  }
}

/** The collection whose method's brackets are open: db.orders.find({ → 'orders' */
function collectionAround(line: string): string | undefined {
  const call =
    /\bdb\.(?:getCollection\(["']([^"']+)["']\)|([\w.]+?))\.(?:explain\([^()]*\)\.)?\w+\([^]*$/.exec(line);
  return call?.[1] ?? call?.[2];
}

/** Whether a name is wanted, not a value: behind { or a comma of an object. */
function isKeyPlace(line: string): boolean {
  const open: string[] = [];
  for (const char of line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')) {
    if ('([{'.includes(char)) open.push(char);
    else if (')]}'.includes(char)) open.pop();
  }
  return open.at(-1) === '{';
}

/** Objects and lists that are open. */
function depthOf(text: string): number {
  let depth = 0;
  for (const char of text) {
    if ('[{'.includes(char)) depth++;
    else if (']}'.includes(char)) depth--;
  }
  return depth;
}

/** Commas outside of objects, behind the last opened call. */
function argumentsBefore(text: string): number {
  let depth = 0;
  let count = 0;
  for (const char of text.slice(text.indexOf('(') + 1)) {
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    else if (char === ',' && depth === 0) count++;
  }
  return count;
}
