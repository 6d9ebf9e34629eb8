/** Documents of CSV or TSV: a heading, or names that are given; values typed by their look, or as the heading says. */
import { Binary, Decimal128, Double, Int32, Long, type Document } from '../../elmo/index.js';
import { UsageError } from '../errors.js';
import type { InputRecord } from './record.js';

export interface TableOptions {
  readonly delimiter: ',' | '\t';
  /** Names of the columns; undefined: the first row has them. */
  readonly fields: readonly string[] | undefined;
  /** Names say types: `total.double()`, `at.date()`. */
  readonly hasTypes: boolean;
  /** Empty cells make no field. */
  readonly ignoresBlanks: boolean;
}

type Parse = (text: string) => unknown;

interface TableColumn {
  readonly path: readonly string[];
  readonly parse: Parse;
}

const INT32 = 0x7fff_ffff;

/** As it looks: whole numbers, numbers, else text. */
function parseAuto(text: string): unknown {
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return text;
  const number = Number(text);
  if (!/^[-+]?\d+$/.test(text)) return new Double(number);
  if (Math.abs(number) <= INT32) return new Int32(number);
  return Number.isSafeInteger(number) ? Long.fromString(text.replace('+', '')) : new Double(number);
}

function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new Error(`'${text}' is no number`);
  return number;
}

function parseWhole(text: string): number {
  const number = parseNumber(text);
  if (!Number.isInteger(number)) throw new Error(`'${text}' is no whole number`);
  return number;
}

const TYPES: Readonly<Record<string, Parse>> = {
  auto: parseAuto,
  string: (text) => text,
  int32: (text) => new Int32(parseWhole(text)),
  int64: (text) => (parseWhole(text), Long.fromString(text)),
  double: (text) => new Double(parseNumber(text)),
  decimal: (text) => Decimal128.fromString(text),
  boolean: (text) => {
    if (/^(true|1|yes)$/i.test(text)) return true;
    if (/^(false|0|no)$/i.test(text)) return false;
    throw new Error(`'${text}' is neither true nor false`);
  },
  date: (text) => {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) throw new Error(`'${text}' is no date`);
    return at;
  },
  binary: (text) => new Binary(Buffer.from(text, 'base64')),
};

function columnsOf(names: readonly string[], hasTypes: boolean): TableColumn[] {
  return names.map((name) => {
    if (!hasTypes) return { path: name.split('.'), parse: parseAuto };
    const [, path, type] = /^(.*)\.(\w+)\([^)]*\)$/.exec(name) ?? [];
    const parse = type === undefined ? undefined : TYPES[type];
    if (path === undefined || parse === undefined)
      throw new UsageError(
        `the column '${name}' does not say its type: NAME.TYPE(), of ${Object.keys(TYPES).join(', ')}`,
      );
    return { path: path.split('.'), parse };
  });
}

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Cuts text into rows. A cell in quotes may hold anything, quotes doubled. */
class RowReader {
  private cells: string[] = [];
  private cell = '';
  private isQuoted = false;
  private wasQuoted = false;
  private line = 1;
  private rowLine = 1;
  private pending = '';

  constructor(private readonly delimiter: ',' | '\t') {}

  *push(piece: string, isEnd: boolean): Generator<Row> {
    const text = this.pending + piece;
    // a quote at the end of a piece may be the first of two
    const length = isEnd || !text.endsWith('"') ? text.length : text.length - 1;
    this.pending = text.slice(length);
    for (let i = 0; i < length; i++) {
      const character = text[i]!;
      if (character === '\n') this.line++;
      if (this.isQuoted) {
        if (character !== '"') this.cell += character;
        else if (text[i + 1] === '"') this.cell += text[++i]!;
        else this.isQuoted = false;
      } else if (character === '"' && this.cell === '' && this.delimiter === ',')
        this.isQuoted = this.wasQuoted = true;
      else if (character === this.delimiter) this.endCell();
      else if (character === '\n') yield* this.endRow();
      else if (character !== '\r' || text[i + 1] !== '\n') this.cell += character;
    }
    if (!isEnd) return;
    if (this.isQuoted) throw new Error(`line ${this.rowLine}: a quoted cell does not end`);
    yield* this.endRow();
  }

  private endCell(): void {
    this.cells.push(this.cell);
    this.cell = '';
    this.wasQuoted = false;
  }

  private *endRow(): Generator<Row> {
    const isEmpty = this.cells.length === 0 && this.cell === '' && !this.wasQuoted;
    this.endCell();
    if (!isEmpty) yield { line: this.rowLine, cells: this.cells };
    this.cells = [];
    this.rowLine = this.line;
  }
}

function documentOf(row: Row, columns: readonly TableColumn[], ignoresBlanks: boolean): InputRecord {
  const document: Document = {};
  for (let i = 0; i < row.cells.length; i++) {
    const text = row.cells[i]!;
    if (text === '' && ignoresBlanks) continue;
    const { path, parse } = columns[i] ?? { path: [`field${i}`], parse: parseAuto };
    try {
      setPath(document, path, parse(text));
    } catch (error) {
      return { line: row.line, column: i + 1, reason: `${path.join('.')}: ${(error as Error).message}` };
    }
  }
  return { line: row.line, document };
}

function setPath(document: Document, path: readonly string[], value: unknown): void {
  let at = document;
  for (const name of path.slice(0, -1)) at = (at[name] ??= {}) as Document;
  at[path.at(-1)!] = value;
}

/** @yields every row as a document; `column` of a fault is the number of the cell */
export async function* tableRecords(
  text: AsyncIterable<string>,
  { delimiter, fields, hasTypes, ignoresBlanks }: TableOptions,
): AsyncGenerator<readonly InputRecord[]> {
  const reader = new RowReader(delimiter);
  let columns = fields === undefined ? undefined : columnsOf(fields, hasTypes);
  const recordsOf = (rows: Iterable<Row>): InputRecord[] => {
    const records: InputRecord[] = [];
    for (const row of rows) {
      if (columns === undefined) columns = columnsOf(row.cells, hasTypes);
      else records.push(documentOf(row, columns, ignoresBlanks));
    }
    return records;
  };
  for await (const piece of text) yield recordsOf(reader.push(piece, false));
  yield recordsOf(reader.push('', true));
}
