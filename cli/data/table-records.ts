/** Documents of CSV or TSV: a heading, or names that are given; values typed by their look, or as the heading says. */
import { encodeDocument, type Document } from '../../elmo/index.js';
import { UsageError } from '../errors.js';
import { CELL_TYPES, cellParser, parseAuto, type ParseCell } from './cell-types.js';
import type { InputRecord } from './record.js';

export interface TableOptions {
  readonly delimiter: ',' | '\t';
  /** Names of the columns; undefined: the first row has them. */
  readonly fields: readonly string[] | undefined;
  /** Names say types: `total.double()`, `at.date()`. */
  readonly hasTypes: boolean;
  /** Empty cells make no field. */
  readonly ignoresBlanks: boolean;
  /** What to do with a cell that is not of its column's type; `stop` and `skipRow` leave the row to the caller. */
  readonly grace: ParseGrace;
  /** `a.0` is an element of an array. */
  readonly hasArrays: boolean;
}

export type ParseGrace = 'autoCast' | 'skipField' | 'skipRow' | 'stop';

interface TableColumn {
  readonly path: readonly string[];
  readonly parse: ParseCell;
}

function columnsOf(names: readonly string[], hasTypes: boolean): TableColumn[] {
  const columns = names.map((name) => {
    if (!hasTypes) return { path: name.split('.'), parse: parseAuto };
    const [, path, type, argument] = /^(.*)\.(\w+)\((.*)\)$/s.exec(name) ?? [];
    const parse = type === undefined ? undefined : cellParser(type, argument!);
    if (path === undefined || parse === undefined)
      throw new UsageError(
        `the column '${name}' does not say its type: NAME.TYPE(), of ${CELL_TYPES.join(', ')}`,
      );
    return { path: path.split('.'), parse };
  });
  const paths = columns.map(({ path }) => path.join('.'));
  paths.forEach((path, i) => {
    const other = paths.find((one, k) => k !== i && (one === path || one.startsWith(`${path}.`)));
    if (other !== undefined)
      throw new UsageError(`the columns '${path}' and '${other}' contradict each other`);
    if (path.split('.').some((name) => name === '' || name.startsWith('$')))
      throw new UsageError(
        `'${path}' is no name for a column: its parts are not empty and do not begin with $`,
      );
  });
  return columns;
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

function documentOf(row: Row, columns: readonly TableColumn[], options: TableOptions): InputRecord {
  const { ignoresBlanks, grace, hasArrays } = options;
  const document: Document = {};
  for (let i = 0; i < row.cells.length; i++) {
    const text = row.cells[i]!;
    if (text === '' && ignoresBlanks) continue;
    const { path, parse } = columns[i] ?? { path: [`field${i}`], parse: parseAuto };
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      if (grace === 'skipField') continue;
      if (grace !== 'autoCast')
        return { line: row.line, column: i + 1, reason: `${path.join('.')}: ${(error as Error).message}` };
      value = parseAuto(text);
    }
    setPath(document, path, value, hasArrays);
  }
  return { line: row.line, document: encodeDocument(document) };
}

function setPath(document: Document, path: readonly string[], value: unknown, hasArrays: boolean): void {
  let at = document;
  for (let i = 0; i < path.length - 1; i++) {
    const isArray = hasArrays && /^\d+$/.test(path[i + 1]!);
    at = (at[path[i]!] ??= isArray ? [] : {}) as Document;
  }
  at[path.at(-1)!] = value;
}

/** @yields every row as a document; `column` of a fault is the number of the cell */
export async function* tableRecords(
  text: AsyncIterable<string>,
  options: TableOptions,
): AsyncGenerator<readonly InputRecord[]> {
  const { delimiter, fields, hasTypes } = options;
  const reader = new RowReader(delimiter);
  let columns = fields === undefined ? undefined : columnsOf(fields, hasTypes);
  const recordsOf = (rows: Iterable<Row>): InputRecord[] => {
    const records: InputRecord[] = [];
    for (const row of rows) {
      if (columns === undefined) columns = columnsOf(row.cells, hasTypes);
      else records.push(documentOf(row, columns, options));
    }
    return records;
  };
  for await (const piece of text) yield recordsOf(reader.push(piece, false));
  yield recordsOf(reader.push('', true));
}
