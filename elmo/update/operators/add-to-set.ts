/** $addToSet. Source: MongoDB manual, "$addToSet". */
import { compareValues, type Collation } from '../../bson/compare.js';
import { ARRAY, OBJECT } from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import { typeNameOf } from '../../expression/numbers.js';
import { describe, elementsOf } from '../../query/elements.js';
import type { Run } from '../run.js';
import type { UpdateOperators } from './operator.js';
import { PushNode } from './push.js';

const walker = new ElementWalker();

class AddToSetNode extends PushNode {
  /** @param values  no two equal */
  constructor(
    path: string,
    private readonly values: readonly Value[],
    private readonly compareTexts: Collation | undefined,
  ) {
    super(path, { values, position: undefined, slice: undefined, order: undefined });
  }

  override apply(run: Run, type: number, nameStart: number, valueStart: number): void {
    if (type !== ARRAY)
      throw new ElmoError(
        'BadValue',
        `Cannot apply $addToSet to non-array field. Field named '${this.path}' has non-array type ${typeNameOf(new Value(type, run.bytes, valueStart))}`,
      );
    const added = this.values.filter((value) => !isIn(value, run.bytes, valueStart, this.compareTexts));
    if (added.length === 0) return;
    if (added.length === this.values.length) super.apply(run, type, nameStart, valueStart);
    else
      new PushNode(this.path, {
        values: added,
        position: undefined,
        slice: undefined,
        order: undefined,
      }).apply(run, type, nameStart, valueStart);
  }
}

function isIn(value: Value, bytes: Uint8Array, array: number, collation: Collation | undefined): boolean {
  walker.open(bytes, array);
  while (walker.next())
    if (
      compareValues(value.bytes, value.type, value.at, bytes, walker.type, walker.valueStart, collation) === 0
    )
      return true;
  return false;
}

function isEqual(a: Value, b: Value, collation: Collation | undefined): boolean {
  return compareValues(a.bytes, a.type, a.at, b.bytes, b.type, b.at, collation) === 0;
}

function parseValues(argument: Value): readonly Value[] {
  if (argument.type !== OBJECT) return [argument];
  const clauses = elementsOf(argument);
  const [each] = clauses;
  if (each?.name !== '$each') return [argument];
  if (each.value.type !== ARRAY)
    throw new ElmoError(
      'TypeMismatch',
      `The argument to $each in $addToSet must be an array but it was of type ${typeNameOf(each.value)}`,
    );
  if (clauses.length > 1)
    throw new ElmoError(
      'BadValue',
      `Found unexpected fields after $each in ${describe('$addToSet', argument)}`,
    );
  return elementsOf(each.value).map(({ value }) => value);
}

export const addToSetOperators: UpdateOperators = {
  $addToSet: {
    parse(path, argument, { compareTexts }) {
      const values: Value[] = [];
      for (const value of parseValues(argument))
        if (!values.some((other) => isEqual(value, other, compareTexts))) values.push(value);
      return [new AddToSetNode(path, values, compareTexts)];
    },
  },
};
