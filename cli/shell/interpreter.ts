/** The shell without a screen: lines in, values out. It knows the database of the moment and the cursor that `it` reads. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { types } from 'node:util';
import type { Connection } from './connection.js';
import { Cursor } from './cursor.js';
import type { Database } from './database.js';
import { invalid } from './errors.js';
import { Evaluator, Interrupted } from './evaluate.js';
import { ExplainCursor } from './explainable.js';
import { helpText, isHelpTopic } from './help.js';
import { Mongo } from './mongo.js';
import { PlainText } from './plain-text.js';
import { installNotation, jsonText, valueText } from './print.js';
import { ReplicaSet } from './replica-set.js';
import { show } from './show.js';
import { bsonTypes } from './types.js';

export interface InterpreterOptions {
  readonly connection: Connection;
  /** What is open, without passwords. */
  readonly address: string;
  /** Name of the first database. */
  readonly database: string;
  /** Prints a line, or several. */
  readonly print: (text: string) => void;
  readonly hasColors: boolean;
  readonly columns: () => number;
  /** Results as Extended JSON. */
  readonly json?: 'relaxed' | 'canonical' | undefined;
}

/** `exit`, with an exit code. */
export class ExitRequest extends Error {
  constructor(readonly exitCode: number) {
    super('exit');
  }
}

/** Commands of words, that are no JavaScript. */
const WORDS = /^\s*(?:(use|show)\s+(\S+?)|(it|exit|quit|cls)|(help)(?:\s+(\w+))?)\s*;?\s*$/;

const PAGE = 20;
const CLEAR_SCREEN = '\x1b[H\x1b[2J\x1b[3J';

export class Interpreter {
  readonly mongo: Mongo;
  readonly evaluator: Evaluator;
  private readonly batch = { shellBatchSize: PAGE };
  private page: Cursor | undefined;
  private folder = process.cwd();

  constructor(private readonly options: InterpreterOptions) {
    installNotation();
    this.mongo = new Mongo(options.connection, options.address);
    this.evaluator = new Evaluator({ ...bsonTypes(), ...this.globals() });
    this.use(options.database);
  }

  get db(): Database {
    return this.evaluator.context['db'] as Database;
  }

  /** What is typed is evaluated and shown. @throws whatever the code throws, ExitRequest, Interrupted */
  async execute(input: string, name = 'shell'): Promise<void> {
    try {
      const value = await this.valueOf(input, name);
      const text = this.evaluator.runWork(() => this.textOf(value));
      if (text !== '') this.options.print(text);
    } catch (error) {
      if (error instanceof Interrupted) this.options.connection.channel.interrupt();
      throw error;
    }
  }

  /** Runs a file; only what it prints is seen. */
  async executeFile(path: string): Promise<void> {
    const file = resolve(path);
    this.folder = dirname(file);
    await this.evaluator.evaluate(readFileSync(file, 'utf8'), file);
  }

  private async valueOf(input: string, name: string): Promise<unknown> {
    const words = WORDS.exec(input);
    if (words === null) return this.evaluator.evaluate(input, name);
    const [, verb, object, word, help, topic] = words;
    if (verb === 'use') return this.use(object!);
    return this.evaluator.runWork((): unknown => {
      if (verb === 'show') return show(object!, this.db);
      if (help !== undefined) return this.help(topic);
      if (word === 'it') return this.it();
      if (word === 'cls') return new PlainText(CLEAR_SCREEN);
      throw new ExitRequest(0);
    });
  }

  private use(name: string): PlainText {
    this.evaluator.context['db'] = this.mongo.getDB(name);
    return new PlainText(`switched to db ${name}`);
  }

  private it(): unknown {
    return this.page ?? new PlainText('no cursor');
  }

  private help(topic = 'shell'): PlainText {
    if (!isHelpTopic(topic)) throw invalid(`help knows shell, database, collection, cursor, got '${topic}'`);
    return helpText(topic);
  }

  /** A result as it is shown; of a cursor the next page. */
  textOf(value: unknown): string {
    if (value === undefined) return '';
    if (value instanceof PlainText) return value.text;
    if (value instanceof ExplainCursor) return this.plainTextOf(value.finish());
    if (value instanceof Cursor)
      return this.options.json === undefined ? this.pageText(value) : this.allOf(value);
    return this.plainTextOf(value);
  }

  private plainTextOf(value: unknown): string {
    const { json, hasColors, columns } = this.options;
    if (json !== undefined) return jsonText(value, json === 'canonical');
    if (typeof value === 'string') return value;
    if (types.isNativeError(value)) return `${value.name}: ${value.message}`;
    return valueText(value, { hasColors, columns: columns() });
  }

  private pageText(cursor: Cursor): string {
    const documents: unknown[] = [];
    while (documents.length < this.batch.shellBatchSize && cursor.hasNext()) documents.push(cursor.next());
    this.page = cursor.hasNext() ? cursor : undefined;
    if (documents.length === 0) return '';
    const more = this.page === undefined ? '' : '\nType "it" for more';
    return this.plainTextOf(documents) + more;
  }

  /** All documents, one a line: programs want no pages. */
  private allOf(cursor: Cursor): string {
    for (const document of cursor) this.options.print(this.plainTextOf(document));
    return '';
  }

  private globals(): Record<string, unknown> {
    const print = (...values: unknown[]): void =>
      this.options.print(values.map((value) => this.textOf(value)).join(' '));
    const console_ = { log: print, info: print, warn: print, error: print, debug: print };
    const exit = (code = 0): never => {
      throw new ExitRequest(Number(code));
    };
    return {
      print,
      printjson: print,
      console: console_,
      use: (name: string) => this.use(name),
      show: (subject: string) => show(subject, this.db),
      help: (topic?: string) => this.help(topic),
      it: () => this.it(),
      cls: () => new PlainText(CLEAR_SCREEN),
      exit,
      quit: exit,
      load: (path: string) => this.load(path),
      sleep,
      version: () => this.db.version(),
      rs: new ReplicaSet(() => this.db),
      DBQuery: this.batch,
    };
  }

  private load(path: string): boolean {
    const file = resolve(this.folder, path);
    this.evaluator.run(readFileSync(file, 'utf8'), file);
    return true;
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
