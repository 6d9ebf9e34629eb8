/**
 * Documents of JSON text: one a line, one behind the other, or as one array. No more than one document is held beside the
 * piece of the input that is being read; behind a fault reading goes on where braces balance, or at the next line that
 * begins with a brace.
 */
import { checkIsText } from './input.js';
import { JsonFault, JsonParser, TEXT_ENDS } from './json-parser.js';
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
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** No document's text is longer. */
const MOST_BYTES = 128 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

class Splitter {
  private bytes: Uint8Array = NOTHING;
  private at = 0;
  private line = 1;
  private lineStart = 0;
  /** Characters of the line that have been forgotten. */
  private columnsBefore = 0;
  private isFirst = true;
  /** Between documents something else was found in this line, and told. */
  private isFaulty = false;
  /** A document is being skipped, behind a fault in it. */
  private skipping: Skipping | undefined;
  /** So many bytes before the document that begins at `at` is tried again. */
  private wanted = 0;
  private readonly parser = new JsonParser();
  /** Where what is left of the last pieces and the next piece come together. */
  private store = NOTHING;

  /** @returns records that end in `chunk` */
  push(chunk: Uint8Array): InputRecord[] {
    this.bytes = this.behindRest(chunk);
    if (this.isFirst) {
      if (this.bytes.length < BYTE_ORDER_MARK.length) return [];
      if (BYTE_ORDER_MARK.every((byte, i) => this.bytes[i] === byte)) this.at = this.lineStart = 3;
      checkIsText(this.bytes);
      this.isFirst = false;
    }
    const records: InputRecord[] = [];
    if (this.bytes.length - this.at >= this.wanted) this.read(records);
    this.forget();
    return records;
  }

  private behindRest(chunk: Uint8Array): Uint8Array {
    const { bytes: rest } = this;
    const length = rest.length + chunk.length;
    let { store } = this;
    if (store.length < length) store = new Uint8Array(Math.max(length, 2 * store.length));
    store.set(rest); // also where it lies in the store already
    store.set(chunk, rest.length);
    this.store = store;
    return store.subarray(0, length);
  }

  end(): InputRecord[] {
    const records: InputRecord[] = [];
    if (this.isFirst || this.wanted > 0) this.read(records);
    if (this.skipping !== undefined || this.at >= this.bytes.length) return records;
    records.push(
      this.fault('the input ends in the middle of a document', this.at, this.line, this.lineStart),
    );
    return records;
  }

  private read(records: InputRecord[]): void {
    const { bytes, parser } = this;
    this.wanted = 0;
    for (;;) {
      if (this.skipping !== undefined && !this.skip(this.skipping)) return;
      if (!this.findDocument(records)) return;
      parser.reset(bytes, this.at, this.line, this.lineStart);
      const { line } = this;
      try {
        const document = parser.parse();
        records.push({ line, document });
        this.at = parser.at;
        if (parser.lineStart !== this.lineStart) this.columnsBefore = 0;
        this.line = parser.line;
        this.lineStart = parser.lineStart;
      } catch (error) {
        if (error === TEXT_ENDS) {
          // what is behind may be long: not tried again for every piece of it
          this.wanted = 2 * (bytes.length - this.at);
          return;
        }
        if (!(error instanceof JsonFault)) throw error;
        records.push(this.fault(error.message, error.at, error.line, error.lineStart));
        this.skipping = { depth: 0, isInText: false, from: this.at };
      }
    }
  }

  /** @returns whether a document begins at `at` */
  private findDocument(records: InputRecord[]): boolean {
    const { bytes } = this;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at]!;
      if (byte === OPEN) {
        this.isFaulty = false;
        return true;
      }
      if (byte === NEWLINE) this.newLine();
      else if (!BETWEEN.has(byte) && !this.isFaulty) {
        this.isFaulty = true;
        const got =
          byte >= 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `byte 0x${byte.toString(16)}`;
        records.push(this.fault(`a document was expected, got ${got}`, this.at, this.line, this.lineStart));
      }
    }
    return false;
  }

  /** @returns whether the end of the document that is skipped was found */
  private skip(skipping: Skipping): boolean {
    const { bytes } = this;
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at]!;
      if (byte === NEWLINE) {
        this.newLine();
        if (!skipping.isInText) continue;
        this.at++;
        this.skipping = undefined;
        return true;
      }
      if (skipping.isInText) {
        if (byte === BACKSLASH) this.at++;
        else if (byte === QUOTE) skipping.isInText = false;
        continue;
      }
      if (byte === OPEN && this.at === this.lineStart && this.at !== skipping.from) {
        this.skipping = undefined;
        return true;
      }
      if (byte === QUOTE) skipping.isInText = true;
      else if (byte === OPEN || byte === OPEN_LIST) skipping.depth++;
      else if ((byte === CLOSE || byte === CLOSE_LIST) && --skipping.depth <= 0) {
        this.at++;
        this.skipping = undefined;
        return true;
      }
    }
    return false;
  }

  private newLine(): void {
    this.line++;
    this.lineStart = this.at + 1;
    this.columnsBefore = 0;
    this.isFaulty = false;
  }

  private fault(reason: string, at: number, line: number, lineStart: number): InputRecord {
    const before = line === this.line ? this.columnsBefore : 0;
    return { line, column: before + this.charactersIn(Math.max(lineStart, 0), at) + 1, reason };
  }

  private charactersIn(from: number, to: number): number {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from).toString('utf8').length;
  }

  /** Drops what has been read. @throws Error when one document is longer than any may be */
  private forget(): void {
    const { at } = this;
    if (this.bytes.length - at > MOST_BYTES)
      throw new Error(`line ${this.line}: a document is longer than ${MOST_BYTES} bytes`);
    const dropped = Math.min(at, this.bytes.length);
    if (this.lineStart < dropped) {
      this.columnsBefore += this.charactersIn(Math.max(this.lineStart, 0), dropped);
      this.lineStart = -1;
    } else this.lineStart -= dropped;
    this.bytes = dropped === this.bytes.length ? NOTHING : this.bytes.subarray(dropped);
    this.at = at - dropped;
    if (this.skipping !== undefined) this.skipping.from -= dropped;
  }
}

interface Skipping {
  depth: number;
  isInText: boolean;
  /** Where the document begins. */
  from: number;
}

/** @yields every document of the text, and every fault */
export async function* jsonRecords(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly InputRecord[]> {
  const splitter = new Splitter();
  for await (const chunk of chunks) yield splitter.push(chunk);
  yield splitter.end();
}
