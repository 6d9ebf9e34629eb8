/**
 * Documents of JSON text: one a line, one behind the other, or as one array. The text is cut where braces balance, without
 * holding more than one document; after a fault reading goes on at the next line that begins with a brace.
 */
import { EJSON, type Document } from '../../elmo/index.js';
import type { InputRecord } from './record.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
/** Blanks, and what stands between the elements of an array. */
const BETWEEN = new Set([0x20, 0x09, 0x0d, NEWLINE, 0x2c, OPEN_LIST, CLOSE_LIST]);

/** No document is longer. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

class Splitter {
  private text = '';
  /** Where the document begins; -1: between documents. */
  private start = -1;
  private at = 0;
  private depth = 0;
  private isInString = false;
  private isFaulty = false;
  private line = 1;
  private startLine = 1;
  private startColumn = 1;
  private lineStart = 0;

  /** @yields records that end in `text` */
  *push(text: string): Generator<InputRecord> {
    this.text += text;
    for (; this.at < this.text.length; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (this.isInString) {
        if (code === BACKSLASH) this.at++;
        else if (code === QUOTE) this.isInString = false;
        else if (code === NEWLINE) yield* this.brokenLine('a text does not end');
        continue;
      }
      if (code === NEWLINE) {
        this.newLine();
      } else if (this.start < 0) yield* this.between(code);
      else if (code === QUOTE) this.isInString = true;
      else if (code === OPEN || code === OPEN_LIST) {
        if (code === OPEN && this.at === this.lineStart) {
          yield this.fault('the document does not end');
          this.begin();
        }
        this.depth++;
      } else if (code === CLOSE || code === CLOSE_LIST) {
        if (--this.depth === 0) {
          yield this.finish();
          this.start = -1;
        }
      }
    }
    this.forget();
  }

  *end(): Generator<InputRecord> {
    if (this.start >= 0) yield this.fault('the input ends in the middle of a document');
  }

  private *between(code: number): Generator<InputRecord> {
    if (code === OPEN) {
      this.begin();
      this.depth = 1;
      this.isFaulty = false;
    } else if (!BETWEEN.has(code) && !this.isFaulty) {
      this.isFaulty = true;
      const character = String.fromCharCode(code);
      yield {
        line: this.line,
        column: this.at - this.lineStart + 1,
        reason: `a document was expected, got '${character}'`,
      };
    }
  }

  private begin(): void {
    this.start = this.at;
    this.depth = 0;
    this.startLine = this.line;
    this.startColumn = this.at - this.lineStart + 1;
  }

  private newLine(): void {
    this.line++;
    this.lineStart = this.at + 1;
    if (this.start < 0) this.isFaulty = false;
  }

  private *brokenLine(reason: string): Generator<InputRecord> {
    yield this.fault(reason);
    this.isInString = false;
    this.start = -1;
    this.newLine();
  }

  private fault(reason: string): InputRecord {
    return { line: this.startLine, column: this.startColumn, reason };
  }

  private finish(): InputRecord {
    const text = this.text.slice(this.start, this.at + 1);
    try {
      return { line: this.startLine, document: parseDocument(text) };
    } catch (error) {
      return { ...this.placeOf(text, error as Error), reason: plainReason(error as Error) };
    }
  }

  /** Of an error that names a position in `text`. */
  private placeOf(text: string, error: Error): { line: number; column: number } {
    const position = Number(/position (\d+)/.exec(error.message)?.[1] ?? 0);
    const before = text.slice(0, position).split('\n');
    const column = before.at(-1)!.length + 1;
    if (before.length === 1) return { line: this.startLine, column: this.startColumn + column - 1 };
    return { line: this.startLine + before.length - 1, column };
  }

  /** Drops what has been read. @throws Error when one document is longer than any may be */
  private forget(): void {
    const from = this.start < 0 ? this.at : this.start;
    if (this.text.length - from > MOST_CHARACTERS)
      throw new Error(`line ${this.startLine}: a document is longer than ${MOST_CHARACTERS} characters`);
    this.text = this.text.slice(from);
    this.at -= from;
    this.lineStart -= from;
    if (this.start >= 0) this.start = 0;
  }
}

function plainReason(error: Error): string {
  return error.message
    .replace(/ in JSON at position \d+.*$| at position \d+.*$/s, '')
    .replace(/, "[\s\S]*$/, '');
}

/** Forms of Extended JSON version 1 that version 2 writes otherwise. */
const HAS_VERSION_1 = /"\$(?:binary|date|undefined|regex)"/;

function parseDocument(text: string): Document {
  if (!HAS_VERSION_1.test(text)) return EJSON.parse(text, { relaxed: false }) as Document;
  const value: unknown = JSON.parse(text, (_name, inner: unknown) => asVersion2(inner));
  return EJSON.deserialize(value as Document, { relaxed: false }) as Document;
}

function asVersion2(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $binary, $type, $date } = value as Record<string, unknown>;
  if (typeof $binary === 'string')
    return { $binary: { base64: $binary, subType: typeof $type === 'string' ? $type : '00' } };
  if (typeof $date === 'number') return { $date: { $numberLong: String($date) } };
  return value;
}

/** @yields every document of the text, and every fault */
export async function* jsonRecords(text: AsyncIterable<string>): AsyncGenerator<readonly InputRecord[]> {
  const splitter = new Splitter();
  for await (const piece of text) yield [...splitter.push(piece)];
  yield [...splitter.end()];
}
