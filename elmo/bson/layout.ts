/**
 * Fields found where those before them tell that they must be. Documents of a collection mostly have the same names in
 * the same order. A search goes from field to field and looks for the end of each name; code made for a layout compares
 * each name with the one expected there, four bytes at a time, which costs a third (decision 0016). Documents that differ
 * are searched.
 */
import { resultOf } from './made-code.js';
import { readText } from './read.js';
import { COUNTED, MISSING, SELF_COUNTED, VALUE_BYTES } from './types.js';
import { ElementWalker, endOfValue, FieldFinder, type FieldName } from './walk.js';

/**
 * Fills, for the n-th name that is wanted, `types[n]` (MISSING: it is not there) and `starts[n]`.
 * @returns false: the document has another layout
 */
export type LayoutReader = (
  bytes: Uint8Array,
  view: DataView,
  at: number,
  types: Uint8Array,
  starts: Int32Array,
) => boolean;

/** From so many documents on the code is tried that was used last for the same names. */
const FIRST_LOOK = 16;
/** After so many documents, of all searches for the same names, the layout is looked at, and code made for it. */
const WORTH = 1024;
/** Code that fails for more than half of so many documents is given up; after so many attempts all is searched. */
const TRIAL = 64;
const ATTEMPTS = 4;
/** Fields before the last one wanted. */
const MOST_FIELDS = 64;
const LONGEST_NAME = 64;
/** Code that is kept, by layout, and by the names wanted; when there is more, all of it is let go. */
const MOST_KEPT = 512;

const kept = new Map<string, LayoutReader>();
const wantedBefore = new Map<string, Wanted>();
const walker = new ElementWalker();
const NOTHING = new Uint8Array([5, 0, 0, 0, 0]);

/** What all searches for the same names have found out. */
class Wanted {
  /** The code used last. */
  reader: LayoutReader | undefined = undefined;
  /** Documents that were searched, without code or in vain, since the layout was last looked at. */
  searched = 0;
}

function wantedOf(names: readonly FieldName[]): Wanted {
  const key = names.length === 1 ? names[0]!.text : names.map(({ text }) => text).join('\0');
  let wanted = wantedBefore.get(key);
  if (wanted === undefined) keep(wantedBefore, key, (wanted = new Wanted()));
  return wanted;
}

/** Looks for fields in documents of one array of bytes after the other, and gets used to their layout. */
export class LayoutGuess {
  private bytes: Uint8Array = NOTHING;
  private view: DataView | undefined = undefined;
  private reader: LayoutReader | undefined;
  private readonly wanted: Wanted;
  private uses = 0;
  private misses = 0;
  private attempts = 0;

  /** @param names  wanted; of equal names in a document the first counts */
  constructor(private readonly names: readonly FieldName[]) {
    this.wanted = wantedOf(names);
    this.reader = this.wanted.reader;
  }

  /** @returns false: search the document at `at` */
  read(bytes: Uint8Array, at: number, types: Uint8Array, starts: Int32Array): boolean {
    if (bytes !== this.bytes) {
      // documents that each have memory of their own are not worth a view
      this.bytes = bytes;
      this.view = undefined;
      return false;
    }
    const { reader } = this;
    if (reader === undefined) {
      if (++this.wanted.searched >= WORTH) this.learn(bytes, at);
      return false;
    }
    this.uses++;
    this.view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (reader(bytes, this.view, at, types, starts)) return true;
    this.misses++;
    if (++this.wanted.searched >= WORTH) this.learn(bytes, at);
    else if (this.uses >= TRIAL) {
      if (this.misses * 2 > this.uses) this.reader = undefined;
      this.uses = this.misses = 0;
    }
    return false;
  }

  private learn(bytes: Uint8Array, at: number): void {
    this.wanted.searched = 0;
    if (this.attempts++ >= ATTEMPTS) return;
    const fields = layoutOf(bytes, at, this.names);
    if (fields === undefined) return;
    this.reader = readerOf(fields, this.names);
    if (this.reader !== undefined) this.wanted.reader = this.reader;
    this.uses = this.misses = 0;
  }
}

function readerOf(fields: readonly LayoutField[], names: readonly FieldName[]): LayoutReader | undefined {
  const key = JSON.stringify([names.map(({ text }) => text), fields]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const made = makeReader(fields, names);
  if (made !== undefined) keep(kept, key, made);
  return made;
}

function keep<T>(known: Map<string, T>, key: string, value: T): void {
  if (known.size === MOST_KEPT) known.clear();
  known.set(key, value);
}

/** Finds one field; the value found is in `type` and `valueStart`. */
export class LayoutFinder {
  /** Type of the field found, or `MISSING`. */
  type: number = MISSING;
  valueStart = 0;
  private readonly finder = new FieldFinder();
  private searches = 0;
  private guess: LayoutGuess | undefined = undefined;
  private types: Uint8Array | undefined = undefined;
  private starts: Int32Array | undefined = undefined;

  constructor(readonly name: FieldName) {}

  /**
   * Looks for the first field of that name in the document at `at`.
   * @returns whether there is one
   */
  find(bytes: Uint8Array, at: number): boolean {
    const { guess } = this;
    if (guess !== undefined) {
      const types = this.types!;
      const starts = this.starts!;
      if (guess.read(bytes, at, types, starts)) {
        this.valueStart = starts[0]!;
        return (this.type = types[0]!) !== MISSING;
      }
    } else if (++this.searches === FIRST_LOOK) {
      this.guess = new LayoutGuess([this.name]);
      this.types = new Uint8Array(1);
      this.starts = new Int32Array(1);
    }
    const { finder } = this;
    const isFound = finder.find(bytes, at, this.name);
    this.type = finder.type;
    this.valueStart = finder.valueStart;
    return isFound;
  }
}

interface LayoutField {
  readonly name: string;
  readonly type: number;
}

/** The fields up to the last wanted one, or all where a wanted one is missing; undefined: nothing for code. */
function layoutOf(bytes: Uint8Array, at: number, wanted: readonly FieldName[]): LayoutField[] | undefined {
  const fields: LayoutField[] = [];
  const left = new Set(wanted.map(({ text }) => text));
  walker.open(bytes, at);
  while (left.size > 0 && walker.next()) {
    const name = readText(bytes, walker.nameStart, walker.nameEnd);
    const isPlain = name.length <= LONGEST_NAME && /^[\x20-\x7e]*$/u.test(name);
    if (!isPlain || fields.length === MOST_FIELDS) return undefined;
    fields.push({ name, type: walker.type });
    left.delete(name);
  }
  return fields;
}

function makeReader(fields: readonly LayoutField[], wanted: readonly FieldName[]): LayoutReader | undefined {
  const left = new Set(wanted.map(({ text }) => text));
  const parts = fields.map((field) => {
    const slot = left.delete(field.name) ? wanted.findIndex(({ text }) => text === field.name) : -1;
    return fieldCode(field, slot, left.size > 0);
  });
  const absent = wanted.flatMap(({ text }, n) => (left.has(text) ? [`types[${n}] = ${MISSING};`] : []));
  const code = `return (bytes, view, at, types, starts) => {
      const limit = at + view.getInt32(at, true) - 1;
      let type = 0;
      at += 4;
      ${parts.join('')}
      ${absent.length > 0 ? `if (at !== limit) return false; ${absent.join(' ')}` : ''}
      return true;
    };`;
  return resultOf<LayoutReader>(code, { endOfValue });
}

/** @param slot  of the name among those wanted, or -1 */
function fieldCode({ name, type }: LayoutField, slot: number, goesOn: boolean): string {
  const take = slot < 0 ? '' : `types[${slot}] = type; starts[${slot}] = at;`;
  return `
      if (at + ${name.length + 2} > limit || ${differs(`${name}\0`)}) return false;
      type = bytes[at];
      at += ${name.length + 2};
      ${take}
      ${goesOn ? `if (type === ${type}) at += ${lengthCode(type)}; else at = endOfValue(bytes, type, at);` : ''}`;
}

/** Whether what stands behind the type byte is not this text. */
function differs(text: string): string {
  const code = (at: number): number => text.charCodeAt(at);
  const parts: string[] = [];
  let at = 0;
  for (; at + 4 <= text.length; at += 4) {
    const word = code(at) | (code(at + 1) << 8) | (code(at + 2) << 16) | (code(at + 3) << 24);
    parts.push(`view.getInt32(at + ${at + 1}, true) !== ${word}`);
  }
  for (; at < text.length; at++) parts.push(`bytes[at + ${at + 1}] !== ${code(at)}`);
  return parts.join(' || ');
}

/** The length of the value at `at`. */
function lengthCode(type: number): string {
  const bytes = VALUE_BYTES[type]!;
  if (bytes >= 0) return String(bytes);
  if (bytes === COUNTED) return '4 + view.getInt32(at, true)';
  if (bytes === SELF_COUNTED) return 'view.getInt32(at, true)';
  return `endOfValue(bytes, ${type}, at) - at`;
}
