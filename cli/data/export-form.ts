/** What documents become on their way out: lines of JSON, one array, or rows of a table. Text grows until it is taken. */
import { Decoder, EJSON, type Document } from '../../elmo/index.js';
import { JsonWriter } from './json-writer.js';

export interface ExportForm {
  add(document: Uint8Array): void;
  /** Nothing comes any more: what closes it. */
  end(): void;
  /** Whether there is so much that it should be taken. */
  readonly isFull: boolean;
  /** @returns what was added since the last time; valid until the call after the next */
  take(): Uint8Array;
}

export interface JsonLayout {
  readonly isArray: boolean;
  readonly isRelaxed: boolean;
  readonly isPretty: boolean;
}

/** One document a line, or all in one array. */
export class JsonExport implements ExportForm {
  private readonly writer: JsonWriter;
  private isFirst = true;

  constructor(private readonly layout: JsonLayout) {
    this.writer = new JsonWriter(layout);
    if (layout.isArray) this.writer.writeText('[');
  }

  get isFull(): boolean {
    return this.writer.isFull;
  }

  add(document: Uint8Array): void {
    const { isArray } = this.layout;
    if (isArray && !this.isFirst) this.writer.writeText(',\n');
    this.isFirst = false;
    this.writer.writeDocument(document);
    if (!isArray) this.writer.writeText('\n');
  }

  end(): void {
    if (this.layout.isArray) this.writer.writeText(']\n');
  }

  take(): Uint8Array {
    return this.writer.take();
  }
}

const PIECE_CHARACTERS = 64 * 1024;
/** Keeps every type of number. */
const precise = new Decoder({ promoteValues: false });

/** One document a row, with the names of the columns first unless they are not wanted. */
export class TableExport implements ExportForm {
  private text = '';

  constructor(
    private readonly type: 'csv' | 'tsv',
    private readonly fields: readonly string[],
    hasHeader: boolean,
  ) {
    if (hasHeader) this.addRow(fields);
  }

  get isFull(): boolean {
    return this.text.length >= PIECE_CHARACTERS;
  }

  add(document: Uint8Array): void {
    const decoded = precise.decode(document);
    this.addRow(
      this.fields.map((path) => {
        let value: unknown = decoded;
        for (const name of path.split('.')) value = (value as Document | null | undefined)?.[name];
        return plainText(value);
      }),
    );
  }

  end(): void {
    // a table has no end of its own
  }

  take(): Uint8Array {
    const { text } = this;
    this.text = '';
    return Buffer.from(text);
  }

  private addRow(texts: readonly string[]): void {
    const { type } = this;
    const cells = texts.map((text) => cellText(text, type));
    this.text += `${cells.join(type === 'csv' ? ',' : '\t')}\n`;
  }
}

function plainText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  const plain = EJSON.serialize(value, { relaxed: true }) as unknown;
  if (typeof plain !== 'object' || plain === null) return String(plain);
  const { $oid, $date, $numberDecimal } = plain as Record<string, unknown>;
  const inner = $oid ?? $date ?? $numberDecimal;
  return typeof inner === 'string' ? inner : JSON.stringify(plain);
}

function cellText(text: string, type: 'csv' | 'tsv'): string {
  if (type === 'csv') return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return text.replace(/[\t\n\r]/g, ' ');
}
