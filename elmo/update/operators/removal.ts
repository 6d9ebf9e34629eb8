/** $pop, $pull, $pullAll. Source: MongoDB manual, "Array Update Operators". */
import { compareValues, type Collation } from '../../bson/compare.js';
import { endOfCString, readInt32 } from '../../bson/read.js';
import { ARRAY, OBJECT, REGEX } from '../../bson/types.js';
import { documentValue, Value, writeElement } from '../../bson/value.js';
import { endOfValue } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import { typeNameOf } from '../../expression/numbers.js';
import { elementsOf, expectWhole } from '../../query/elements.js';
import { compileFilter } from '../../query/compile.js';
import type { FilterContext, Matcher } from '../../query/filter.js';
import { fieldOperators as queryOperators } from '../../query/operators/table.js';
import { parseFilter } from '../../query/parse.js';
import { ElementFilter, FORBIDDEN_IN_ELEMENTS } from '../array-filters.js';
import { LeafNode } from '../node.js';
import { refuseTraversal, type Run } from '../run.js';
import type { OperatorContext, UpdateOperators } from './operator.js';

/** Takes elements out of an array. */
abstract class RemovalNode extends LeafNode {
  override create(): boolean {
    return false;
  }

  override refuse(run: Run, field: string, type: number, nameStart: number, valueStart: number): void {
    refuseTraversal(run, field, this.path, type, nameStart, valueStart);
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    if (type !== ARRAY) throw this.notAnArray(run, type, nameStart, valueStart);
    const { edits, bytes } = run;
    const { scratch } = edits;
    const limit = valueStart + readInt32(bytes, valueStart) - 1;
    const from = scratch.length;
    const start = scratch.beginDocument();
    let removed = 0;
    let kept = 0;
    for (let at = valueStart + 4; at < limit;) {
      const elementType = bytes[at]!;
      const value = endOfCString(bytes, at + 1) + 1;
      const end = endOfValue(bytes, elementType, value);
      if (this.removes(bytes, elementType, value, kept + removed, end === limit)) removed++;
      else {
        scratch.writeIndex(elementType, kept++);
        scratch.writeRange(bytes, value, end);
      }
      at = end;
    }
    scratch.endDocument(start);
    if (removed === 0) scratch.length = from;
    else edits.replace(valueStart, limit + 1, from);
  }

  protected notAnArray(_run: Run, _type: number, _nameStart: number, _valueStart: number): ElmoError {
    return new ElmoError('BadValue', 'Cannot apply $pull to a non-array value');
  }

  protected abstract removes(
    bytes: Uint8Array,
    type: number,
    valueStart: number,
    index: number,
    isLast: boolean,
  ): boolean;
}

class PopNode extends RemovalNode {
  constructor(
    path: string,
    private readonly isFirst: boolean,
  ) {
    super(path);
  }

  protected override removes(
    _bytes: Uint8Array,
    _type: number,
    _valueStart: number,
    index: number,
    isLast: boolean,
  ): boolean {
    return this.isFirst ? index === 0 : isLast;
  }

  protected override notAnArray(run: Run, type: number, _nameStart: number, valueStart: number): ElmoError {
    return new ElmoError(
      'TypeMismatch',
      `Path '${this.path}' contains an element of non-array type '${typeNameOf(new Value(type, run.bytes, valueStart))}'`,
    );
  }
}

/** Whether an element goes. */
interface ElementTest {
  matches(bytes: Uint8Array, type: number, valueStart: number): boolean;
}

class PullNode extends RemovalNode {
  constructor(
    path: string,
    private readonly test: ElementTest,
  ) {
    super(path);
  }

  protected override removes(bytes: Uint8Array, type: number, valueStart: number): boolean {
    return this.test.matches(bytes, type, valueStart);
  }
}

/** Equal to one of some values. */
class EqualityTest implements ElementTest {
  constructor(
    private readonly values: readonly Value[],
    private readonly compareTexts: Collation | undefined,
  ) {}

  matches(bytes: Uint8Array, type: number, valueStart: number): boolean {
    for (const value of this.values)
      if (compareValues(value.bytes, value.type, value.at, bytes, type, valueStart, this.compareTexts) === 0)
        return true;
    return false;
  }
}

/** A document that a filter accepts. */
class DocumentTest implements ElementTest {
  constructor(private readonly matcher: Matcher) {}

  matches(bytes: Uint8Array, type: number, valueStart: number): boolean {
    return type === OBJECT && this.matcher.matches(bytes, valueStart);
  }
}

/** The name under which an element is shown to a condition on values. */
const ELEMENT = 'element';

function pullTest(argument: Value, { collation, compareTexts, scope }: OperatorContext): ElementTest {
  const context: FilterContext = {
    collation,
    forbidden: FORBIDDEN_IN_ELEMENTS,
    ...(scope === undefined ? {} : { scope }),
  };
  if (argument.type === REGEX || isCondition(argument)) {
    const writer = new BsonWriter();
    const start = writer.beginDocument();
    writeElement(writer, Buffer.from(ELEMENT), argument);
    writer.endDocument(start);
    return new ElementFilter(parseFilter(writer.toBytes(), context), ELEMENT, collation);
  }
  if (argument.type !== OBJECT) return new EqualityTest([argument], compareTexts);
  const filter = documentValue(argument.keep().bytes);
  return new DocumentTest(compileFilter(parseFilter(filter.bytes, context), { collation }));
}

/** Whether a document is a condition on the element itself: `{$gt: 1}`. */
function isCondition(argument: Value): boolean {
  if (argument.type !== OBJECT) return false;
  const name = elementsOf(argument)[0]?.name;
  return name !== undefined && name !== '$not' && Object.hasOwn(queryOperators, name);
}

export const removalOperators: UpdateOperators = {
  $pop: {
    parse(path, argument) {
      const side = expectWhole(path, argument, ERROR_CODES.FailedToParse);
      if (side !== 1n && side !== -1n)
        throw new ElmoError('FailedToParse', `$pop expects 1 or -1, found: ${side}`);
      return [new PopNode(path, side === -1n)];
    },
  },
  $pull: { parse: (path, argument, context) => [new PullNode(path, pullTest(argument, context))] },
  $pullAll: {
    parse(path, argument, { compareTexts }) {
      if (argument.type !== ARRAY)
        throw new ElmoError(
          'BadValue',
          `$pullAll requires an array argument but was given a ${typeNameOf(argument)}`,
        );
      const values = elementsOf(argument).map(({ value }) => value);
      return [new PullNode(path, new EqualityTest(values, compareTexts))];
    },
  },
};
