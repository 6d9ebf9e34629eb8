/**
 * What folds the rows of a group into one value: `$sum`, `$push`, … One object serves all groups, which it knows by
 * number, so that states of numbers lie in typed arrays and a row costs no look-up of an object.
 */
import type { Value } from '../../bson/value.js';
import type { Expression, Frame, ParseScope } from '../../expression/expression.js';
import type { RowFields } from '../row-fields.js';

export abstract class Accumulator {
  /** Bytes of memory all its groups take. */
  abstract readonly heldBytes: number;

  /**
   * One more group; its number is the count of those before.
   * @param id  the group's key: what `n` of `$firstN` and the like may be computed from
   */
  abstract addGroup(id: Frame): void;

  /** One row of a group. */
  abstract add(group: number, frame: Frame): void;

  /** The value of a group. Valid until the next call. */
  abstract result(group: number): Value;

  /** All that is known of a group, as a value that `restore` takes. Valid until the next call. */
  abstract save(group: number): Value;

  /** Adds what `save` gave for rows that came later than those the group has seen. */
  abstract restore(group: number, state: Value): void;

  /** Forgets all groups. */
  abstract clear(): void;
}

/** A parsed accumulator of one field. */
export interface AccumulatorSpec {
  /** @param fields  is read before each `add` */
  create(fields: RowFields): Accumulator;
  /** All it reads of rows, as an `Operand`; undefined: it reads more. */
  readonly operand?: Expression;
  /** Adds what of the rows it reads: paths, or `''` for the whole. */
  addDependencies(into: Set<string>): void;
}

/** One row of the accumulator table. */
export interface AccumulatorOperator {
  /**
   * @param argument  what stands right of the name
   * @param name  with its dollar
   * @throws ElmoError of the reference's code
   */
  parse(argument: Value, scope: ParseScope, name: string): AccumulatorSpec;
}

/** Names with their dollar. */
export type AccumulatorOperators = Readonly<Record<string, AccumulatorOperator>>;
