/**
 * Compiled filters: small objects that ask one document. Matchers that find a value at a path hand it to a `ValueTest`.
 */
import { LayoutFinder } from '../../bson/layout.js';
import { PathReader } from '../../bson/path.js';
import { endOfCString, readInt32 } from '../../bson/read.js';
import { ARRAY, BOOL, MISSING, OBJECT } from '../../bson/types.js';
import type { FieldName } from '../../bson/walk.js';
import { endOfValue } from '../../bson/walk.js';
import { Frame, type Expression } from '../../expression/expression.js';
import { isTruthy } from '../elements.js';
import type { Matcher, SchemaPredicate } from '../filter.js';
import { ElementMatchTest, ExistsTest, type ElementPredicate } from './other-tests.js';
import type { ValueTest } from './value-test.js';

export abstract class CompiledMatcher implements Matcher {
  matchedIndex = -1;
  /** What one call costs, roughly, in units of a comparison: cheap conditions are asked first. */
  abstract readonly cost: number;

  abstract matches(bytes: Uint8Array, at: number): boolean;
}

export class ConstantMatcher extends CompiledMatcher {
  override readonly cost = 0;

  constructor(private readonly answer: boolean) {
    super();
  }

  override matches(): boolean {
    return this.answer;
  }
}

/** A field of the document itself, tested. */
export class FieldMatcher extends CompiledMatcher {
  override readonly cost: number;
  private readonly finder: LayoutFinder;
  private readonly wantsWholeArrays: boolean;

  constructor(
    name: FieldName,
    private readonly test: ValueTest,
  ) {
    super();
    this.finder = new LayoutFinder(name);
    this.cost = test.cost;
    this.wantsWholeArrays = test.wantsWholeArrays;
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    const { finder, test } = this;
    if (!finder.find(bytes, at)) return test.visit(bytes, MISSING, 0);
    const type = finder.type;
    const value = finder.valueStart;
    if (type === ARRAY && !this.wantsWholeArrays && this.matchesElement(bytes, value)) return true;
    return test.visit(bytes, type, value);
  }

  private matchesElement(bytes: Uint8Array, array: number): boolean {
    const { test } = this;
    const limit = array + readInt32(bytes, array) - 1;
    for (let at = array + 4; at < limit;) {
      const type = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      if (test.visit(bytes, type, value)) return true;
      at = endOfValue(bytes, type, value);
    }
    return false;
  }
}

/** What a dotted path leads to, tested. */
export class PathMatcher extends CompiledMatcher {
  override readonly cost: number;
  private readonly reader: PathReader;

  constructor(
    path: string,
    private readonly test: ValueTest,
  ) {
    super();
    this.reader = readerFor(path, test);
    this.cost = test.cost + 1;
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    return this.reader.visit(bytes, at, this.test);
  }
}

function readerFor(path: string, test: ValueTest): PathReader {
  return new PathReader(path, { leafArrays: test.wantsWholeArrays ? 'whole' : 'each' });
}

/** The same, keeping which element of an array it was. */
export class PositionalPathMatcher extends CompiledMatcher {
  override readonly cost = 1;
  private readonly reader: PathReader;

  constructor(
    path: string,
    private readonly test: ValueTest,
  ) {
    super();
    this.reader = test instanceof ExistsTest ? new PathReader(path) : readerFor(path, test);
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    this.matchedIndex = -1;
    if (!this.reader.visit(bytes, at, this.test)) return false;
    const name = this.reader.elementNameStart;
    if (name >= 0) this.matchedIndex = indexAt(bytes, name);
    else if (this.test instanceof ElementMatchTest) this.matchedIndex = this.test.matchedIndex;
    return true;
  }
}

function indexAt(bytes: Uint8Array, at: number): number {
  let index = 0;
  for (; bytes[at]! > 0; at++) index = index * 10 + bytes[at]! - 0x30;
  return index;
}

export class AndMatcher extends CompiledMatcher {
  override readonly cost: number;

  constructor(private readonly children: readonly CompiledMatcher[]) {
    super();
    this.cost = children.reduce((sum, child) => sum + child.cost, 0);
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    const { children } = this;
    for (let i = 0; i < children.length; i++) if (!children[i]!.matches(bytes, at)) return false;
    return true;
  }
}

/** All of them; the last that entered an array says where. */
export class PositionalAndMatcher extends CompiledMatcher {
  override readonly cost = 1;

  constructor(private readonly children: readonly CompiledMatcher[]) {
    super();
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    this.matchedIndex = -1;
    let index = -1;
    for (const child of this.children) {
      if (!child.matches(bytes, at)) return false;
      if (child.matchedIndex >= 0) index = child.matchedIndex;
    }
    this.matchedIndex = index;
    return true;
  }
}

/** Which alternative it was, and where in an array, is not told. */
export class OrMatcher extends CompiledMatcher {
  override readonly cost: number;

  constructor(private readonly children: readonly CompiledMatcher[]) {
    super();
    this.cost = children.reduce((sum, child) => sum + child.cost, 0);
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    const { children } = this;
    for (let i = 0; i < children.length; i++) if (children[i]!.matches(bytes, at)) return true;
    return false;
  }
}

export class NotMatcher extends CompiledMatcher {
  override readonly cost: number;

  constructor(private readonly child: CompiledMatcher) {
    super();
    this.cost = child.cost;
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    return !this.child.matches(bytes, at);
  }
}

export class ExpressionMatcher extends CompiledMatcher {
  override readonly cost = 20;
  private readonly frame = new Frame();

  constructor(private readonly expression: Expression) {
    super();
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    this.frame.setDocument(bytes, at);
    const value = this.expression.evaluate(this.frame);
    return value.type === BOOL ? value.bytes[value.at] !== 0 : isTruthy(value);
  }
}

export class SchemaMatcher extends CompiledMatcher {
  override readonly cost = 30;

  constructor(private readonly schema: SchemaPredicate) {
    super();
  }

  override matches(bytes: Uint8Array, at: number): boolean {
    return this.schema.accepts(bytes, OBJECT, at);
  }
}

/** Elements that are documents, or arrays (whose fields are then their indexes), asked by a filter. */
export class ObjectPredicate implements ElementPredicate {
  constructor(private readonly matcher: Matcher) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return (type === OBJECT || type === ARRAY) && this.matcher.matches(bytes, at);
  }
}

/** Elements asked by a test of values. */
export class ValuePredicate implements ElementPredicate {
  constructor(private readonly test: ValueTest) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return this.test.visit(bytes, type, at);
  }
}
