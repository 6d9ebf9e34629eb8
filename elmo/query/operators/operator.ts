/** What a row of the operator tables is. */
import type { Value } from '../../bson/value.js';
import type { Element } from '../elements.js';
import type { FilterContext, FilterNode } from '../filter.js';

/** Where in the filter an operator stands, and how to parse what is inside it. */
export interface ParsePosition {
  readonly context: FilterContext;
  /** Whether what is parsed is about the whole document, not about an element of an array. */
  readonly isTopLevel: boolean;
  /** How many documents enclose it. */
  readonly depth: number;
  /** Parses a filter that is nested in this one. */
  parseFilter(value: Value, position: ParsePosition): FilterNode;
  /** Parses `{$gt: 1, $lt: 5}` about one path. */
  parseOperators(value: Value, path: string, position: ParsePosition): FilterNode[];
}

/** An operator of a field: {a: {$gt: 5}}. */
export interface FieldOperator {
  /**
   * @param siblings  all that stands in the document with the operator
   * @returns nothing if another operator has taken care of it
   * @throws ElmoError of the reference's code for wrong arguments
   */
  parse(
    argument: Value,
    path: string,
    position: ParsePosition,
    name: string,
    siblings: readonly Element[],
  ): FilterNode | undefined;
}

/** An operator in the place of a field: {$or: […]}. */
export interface TopOperator {
  /** @returns nothing if it says nothing ($comment) */
  parse(argument: Value, position: ParsePosition, name: string): FilterNode | undefined;
}

/** Names with their dollar. */
export type FieldOperators = Readonly<Record<string, FieldOperator>>;
export type TopOperators = Readonly<Record<string, TopOperator>>;
