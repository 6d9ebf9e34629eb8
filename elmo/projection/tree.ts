/**
 * A projection as a tree of field names, run over raw documents. What stands in a document and in no tree is kept or
 * dropped, by the kind of the projection; arrays on the way are gone through element by element, arrays in them too.
 *
 *   inclusion    drops what is not named; computed fields come last, in their own order
 *   exclusion    keeps what is not named
 *   addition     the same, and computed fields take the place of what they replace
 *
 * A scalar where a path goes on is dropped by an inclusion and kept by an exclusion, unless a field is computed inside it:
 * then a document takes its place.
 */
import { endOfCString, readInt32 } from '../bson/read.js';
import { ARRAY, MISSING, OBJECT } from '../bson/types.js';
import { ElementWalker, endOfValue } from '../bson/walk.js';
import type { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import type { Expression, Frame } from '../expression/expression.js';

export interface ArraySlice {
  /** Elements from the start; negative: from the end. */
  readonly skip: number;
  readonly limit: number;
}

/** What happens to one field. */
export type FieldRule =
  | { readonly kind: 'include' | 'exclude' }
  | { readonly kind: 'computed'; readonly expression: Expression }
  | { readonly kind: 'slice'; readonly slice: ArraySlice }
  | { readonly kind: 'node'; readonly node: ProjectionNode };

export interface Child {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly rule: FieldRule;
  /** Whether the positional `$` is at the end of the path through here. */
  readonly isPositional: boolean;
}

/** What one application carries along. */
export interface Application {
  readonly frame: Frame;
  matchedIndex: number;
  /** Whether the positional `$` still waits for its array. */
  isPositionalPending: boolean;
  /** That it has no element to show, which is told once all is computed. */
  positionalFault: ElmoError | undefined;
}

const EMPTY = new Uint8Array([5, 0, 0, 0, 0]);

export class ProjectionNode {
  /** By length of the name: the children with such a name. */
  private readonly byLength: (Child[] | undefined)[] = [];
  private readonly computed: readonly Child[];
  /** By child: the number of the last document that had the field. */
  private readonly lastSeen = new Map<Child, number>();
  private documentCount = 0;
  private readonly walker = new ElementWalker();
  /** Whether something in it is computed. */
  readonly isComputing: boolean;
  private readonly canStopEarly: boolean;

  constructor(
    readonly children: readonly Child[],
    private readonly keepsOthers: boolean,
    /** Whether computed fields take the place of what they replace, or come last. */
    private readonly isInPlace: boolean,
  ) {
    for (const child of children) (this.byLength[child.nameBytes.length] ??= []).push(child);
    this.computed = children.filter(({ rule }) => isComputing(rule));
    this.isComputing = this.computed.length > 0;
    for (const child of this.computed) this.lastSeen.set(child, 0);
    this.canStopEarly = !keepsOthers;
  }

  /** Appends what becomes of the document at `at`. */
  writeDocument(bytes: Uint8Array, at: number, writer: BsonWriter, application: Application): void {
    const document = ++this.documentCount;
    const start = writer.beginDocument();
    const { walker, keepsOthers } = this;
    let left = this.canStopEarly ? this.children.length : -1;
    walker.open(bytes, at);
    let keptFrom = -1; // what is kept is copied in stretches
    while (left !== 0 && walker.next()) {
      const elementStart = walker.nameStart - 1;
      const child = this.childNamed(bytes, walker.nameStart, walker.nameEnd);
      if (child === undefined ? keepsOthers : child.rule.kind === 'include' && !child.isPositional) {
        if (keptFrom < 0) keptFrom = elementStart;
        if (child !== undefined) left--;
        continue;
      }
      if (keptFrom >= 0) {
        writer.writeRange(bytes, keptFrom, elementStart);
        keptFrom = -1;
      }
      if (child === undefined) continue;
      left--;
      this.writeChild(
        child,
        bytes,
        walker.type,
        walker.valueStart,
        walker.valueEnd,
        document,
        writer,
        application,
      );
    }
    if (keptFrom >= 0) writer.writeRange(bytes, keptFrom, walker.valueEnd);
    if (this.isComputing) this.writeRest(document, writer, application);
    writer.endDocument(start);
  }

  private childNamed(bytes: Uint8Array, start: number, end: number): Child | undefined {
    const candidates = this.byLength[end - start];
    if (candidates === undefined) return undefined;
    next: for (const candidate of candidates) {
      const { nameBytes } = candidate;
      for (let i = 0; i < nameBytes.length; i++) if (bytes[start + i] !== nameBytes[i]) continue next;
      return candidate;
    }
    return undefined;
  }

  private writeChild(
    child: Child,
    bytes: Uint8Array,
    type: number,
    at: number,
    end: number,
    document: number,
    writer: BsonWriter,
    application: Application,
  ): void {
    const { rule } = child;
    if (child.isPositional && application.isPositionalPending && type === ARRAY) {
      this.lastSeen.set(child, document);
      writer.writeName(ARRAY, child.nameBytes);
      this.writeMatched(rule, bytes, at, writer, application);
      return;
    }
    switch (rule.kind) {
      case 'include':
        writer.writeName(type, child.nameBytes);
        writer.writeRange(bytes, at, end);
        return;
      case 'computed':
        if (!this.isInPlace) return;
        this.lastSeen.set(child, document);
        writeComputed(child, rule.expression, writer, application);
        return;
      case 'slice':
        writer.writeName(type, child.nameBytes);
        if (type === ARRAY) writeSlice(rule.slice, bytes, at, writer);
        else writer.writeRange(bytes, at, end);
        return;
      case 'node': {
        const { node } = rule;
        if (type !== OBJECT && type !== ARRAY) {
          if (node.isComputing) {
            this.lastSeen.set(child, document);
            writer.writeName(OBJECT, child.nameBytes);
            node.writeDocument(EMPTY, 0, writer, application);
          } else if (this.keepsOthers) {
            writer.writeName(type, child.nameBytes);
            writer.writeRange(bytes, at, end);
          }
          return;
        }
        if (node.isComputing) this.lastSeen.set(child, document);
        writer.writeName(type, child.nameBytes);
        if (type === OBJECT) node.writeDocument(bytes, at, writer, application);
        else node.writeArray(bytes, at, writer, application);
        return;
      }
      default:
        return;
    }
  }

  /** Appends the array with nothing but the element that the filter matched. */
  private writeMatched(
    rule: FieldRule,
    bytes: Uint8Array,
    array: number,
    writer: BsonWriter,
    application: Application,
  ): void {
    application.isPositionalPending = false;
    const { matchedIndex } = application;
    const start = writer.beginDocument();
    const limit = array + readInt32(bytes, array) - 1;
    let at = array + 4;
    for (let index = 0; at < limit && index < matchedIndex; index++)
      at = endOfValue(bytes, bytes[at]!, endOfCString(bytes, at + 1) + 1);
    if (matchedIndex < 0 || at >= limit) {
      application.positionalFault =
        matchedIndex < 0
          ? new ElmoError(51246, "positional operator '.$' couldn't find a matching element in the array")
          : new ElmoError(51247, "positional operator '.$' element mismatch");
      writer.endDocument(start);
      return;
    }
    const type = bytes[at]!;
    const value = endOfCString(bytes, at + 1) + 1;
    const end = endOfValue(bytes, type, value);
    if (rule.kind === 'node') rule.node.writeElement(bytes, type, value, end, 0, writer, application);
    else {
      writer.writeIndex(type, 0);
      writer.writeRange(bytes, value, end);
    }
    writer.endDocument(start);
  }

  /** Computed fields that the document did not have, or that come last. */
  private writeRest(document: number, writer: BsonWriter, application: Application): void {
    for (const child of this.computed) {
      if (this.lastSeen.get(child) === document) continue;
      const { rule } = child;
      if (rule.kind === 'computed') writeComputed(child, rule.expression, writer, application);
      else if (rule.kind === 'node') {
        writer.writeName(OBJECT, child.nameBytes);
        rule.node.writeDocument(EMPTY, 0, writer, application);
      }
    }
  }

  /** Appends what becomes of the array at `array`. */
  private writeArray(bytes: Uint8Array, array: number, writer: BsonWriter, application: Application): void {
    const start = writer.beginDocument();
    const limit = array + readInt32(bytes, array) - 1;
    let index = 0;
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      at = endOfValue(bytes, type, value);
      if (this.writeElement(bytes, type, value, at, index, writer, application)) index++;
    }
    writer.endDocument(start);
  }

  /** @returns whether the element is in the new array */
  private writeElement(
    bytes: Uint8Array,
    type: number,
    at: number,
    end: number,
    index: number,
    writer: BsonWriter,
    application: Application,
  ): boolean {
    if (type === OBJECT) {
      writer.writeIndex(OBJECT, index);
      this.writeDocument(bytes, at, writer, application);
    } else if (type === ARRAY) {
      writer.writeIndex(ARRAY, index);
      this.writeArray(bytes, at, writer, application);
    } else if (this.isComputing) {
      writer.writeIndex(OBJECT, index);
      this.writeDocument(EMPTY, 0, writer, application);
    } else {
      if (!this.keepsOthers) return false;
      writer.writeIndex(type, index);
      writer.writeRange(bytes, at, end);
    }
    return true;
  }
}

export function isComputing(rule: FieldRule): boolean {
  return rule.kind === 'computed' || (rule.kind === 'node' && rule.node.isComputing);
}

function writeComputed(
  child: Child,
  expression: Expression,
  writer: BsonWriter,
  { frame }: Application,
): void {
  const value = expression.evaluate(frame);
  if (value.type === MISSING) return;
  writer.writeName(value.type, child.nameBytes);
  writer.writeRange(value.bytes, value.at, value.end);
}

function writeSlice({ skip, limit }: ArraySlice, bytes: Uint8Array, array: number, writer: BsonWriter): void {
  const first = skip < 0 ? Math.max(countOf(bytes, array) + skip, 0) : skip;
  const start = writer.beginDocument();
  const end = array + readInt32(bytes, array) - 1;
  for (let at = array + 4, index = 0; at < end && index < first + limit; index++) {
    const type = bytes[at]!;
    const value = endOfCString(bytes, at + 1) + 1;
    at = endOfValue(bytes, type, value);
    if (index < first) continue;
    writer.writeIndex(type, index - first);
    writer.writeRange(bytes, value, at);
  }
  writer.endDocument(start);
}

function countOf(bytes: Uint8Array, array: number): number {
  const end = array + readInt32(bytes, array) - 1;
  let count = 0;
  for (let at = array + 4; at < end; count++)
    at = endOfValue(bytes, bytes[at]!, endOfCString(bytes, at + 1) + 1);
  return count;
}
