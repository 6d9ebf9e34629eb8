/**
 * Aggregation expressions: `{$add: ['$a', 1]}` becomes a tree of `Expression`s, compiled once, evaluated on raw documents.
 * The types that rooms agree on; what operators there are is in `table.ts`, how text becomes a tree in `parse.ts`.
 */
import { ARRAY } from '../bson/types.js';
import type { Collation } from '../bson/compare.js';
import type { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import type { RowMetadata } from '../operation/row-source.js';

/** What an expression is evaluated on. One frame per consumer, filled anew for each row. */
export class Frame {
  /** The current document, `$$ROOT`, starts at bytes[at]. */
  bytes: Uint8Array = NO_DOCUMENT;
  at = 0;
  /** `{$meta: …}` of the current row. */
  metadata: FrameMetadata | undefined = undefined;

  /**
   * @param slots  variables, by the number that parsing gave each name; the stages of a sub-pipeline share the slots of
   *   the variables that the outer pipeline gives them
   */
  constructor(readonly slots: Value[] = []) {}

  setDocument(bytes: Uint8Array, at: number): void {
    this.bytes = bytes;
    this.at = at;
  }

  setMetadata(metadata: RowMetadata | undefined): void {
    this.metadata = metadata as FrameMetadata | undefined;
  }
}
const NO_DOCUMENT = new Uint8Array([5, 0, 0, 0, 0]);

/** See `RowMetadata`. */
export type FrameMetadata = Readonly<Record<string, unknown>>;

/** A field, by its path from the root, compared with a constant. */
export interface FieldComparison {
  readonly path: string;
  readonly operator: 'eq' | 'lt' | 'lte' | 'gt' | 'gte';
  readonly value: Value;
}
/** What has to hold of fields, arrays in them and all, wherever an expression is true. */
export type FieldImplication =
  | { readonly kind: 'in'; readonly path: string; readonly values: readonly Value[] }
  | { readonly kind: 'and' | 'or'; readonly children: readonly FieldImplication[] };

const NO_DEMANDS: readonly FieldComparison[] = [];

/** A compiled expression. Operators are subclasses; `evaluate` is all that runs per row. */
export abstract class Expression {
  /** The value of a constant expression; undefined if it depends on the frame. */
  get constant(): Value | undefined {
    return undefined;
  }

  /** The dotted path of `'$a.b'` (from `$$ROOT` or `$$CURRENT`), so that consumers can read it straight from the bytes. */
  get rootPath(): string | undefined {
    return undefined;
  }

  /** Comparisons of fields with constants that hold wherever the expression is true. */
  get demands(): readonly FieldComparison[] {
    return NO_DEMANDS;
  }

  /** What a filter can ask of the fields before it asks the expression; undefined: nothing. */
  get implied(): FieldImplication | undefined {
    return undefined;
  }

  /** Whether it is made of comparisons of fields with constants, so that a filter can ask the fields themselves. */
  get comparesFields(): boolean {
    return this.demands.some(({ value }) => value.type !== ARRAY);
  }

  /** Whether it is one comparison. */
  get isComparison(): boolean {
    return false;
  }

  /** Whether it is true wherever its demands hold. */
  get isDemand(): boolean {
    return false;
  }

  /** Whether there may be documents for which it has no value but an error. */
  get mayFail(): boolean {
    return true;
  }

  /**
   * @returns the value; `MISSING_VALUE` if there is none. Valid as long as the frame's document.
   * @throws ElmoError
   */
  abstract evaluate(frame: Frame): Value;

  /** Adds what of the document it reads: paths, or `''` for the whole. */
  addDependencies(_into: Set<string>): void {}
}

/** What parsing needs to know. `child` scopes (of $let, $map …) know more variables. */
export interface ParseScope {
  /** The number of a variable's slot, which is about to be read; undefined if there is none. Without the `$$`. */
  variable(name: string): number | undefined;
  /** The value of a variable that is the same for every row (the `let` of a command); undefined if it is not. */
  constantOf(name: string): Value | undefined;
  /**
   * A scope with one more variable each, in fresh slots.
   * @param constants  by position: the value of a variable that is the same for every row
   */
  withVariables(
    names: readonly string[],
    constants?: readonly (Value | undefined)[],
  ): { scope: ParseScope; slots: readonly number[] };
  /** Whether what was parsed so far reads the variable of this slot. */
  isRead(slot: number): boolean;
  /** Parses an operand with the variables of this scope: the same as `parseExpression`. */
  parse(value: Value): Expression;
  /** Rules for comparing strings; undefined: bytes. */
  readonly collation: CollationSpec | undefined;
  /** The same rules, compiled. */
  readonly compareTexts: Collation | undefined;
  /** `$$NOW`, milliseconds. */
  readonly nowMs: number;
  /** `$$CLUSTER_TIME`, a timestamp; undefined where there is none. */
  readonly clusterTime: Value | undefined;
  /** Random numbers in [0, 1) for `$rand`, `$sampleRate`. */
  random(): number;
  /** Whether `{$meta: 'textScore'}` and the like are allowed, and which. */
  allowsMeta(name: string): boolean;
}

/** One row of the operator table. */
export interface ExpressionOperator {
  /**
   * @param argument  what stands right of the operator's name
   * @param name  with its dollar, for messages
   * @throws ElmoError of the reference's code for wrong arguments
   */
  parse(argument: Value, scope: ParseScope, name: string): Expression;
}

/** Names with their dollar. */
export type ExpressionOperators = Readonly<Record<string, ExpressionOperator>>;
