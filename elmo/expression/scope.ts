/**
 * What names mean while an expression is parsed. Each variable gets a slot of the frame of its own, never used for
 * another within one tree of scopes, so expressions of the same pipeline may share a frame's slots.
 */
import type { Collation } from '../bson/compare.js';
import type { Value } from '../bson/value.js';
import type { CollationSpec } from '../collation/collation.js';
import { collatorOf } from '../collation/collator.js';
import type { Expression, ParseScope } from './expression.js';
import { parseExpression } from './parse.js';

export interface ScopeOptions {
  readonly collation?: CollationSpec | undefined;
  readonly nowMs: number;
  readonly clusterTime?: Value | undefined;
  /** Random numbers in [0, 1). */
  readonly random: () => number;
  /** Whether `{$meta: name}` is allowed. Default: none is. */
  readonly allowsMeta?: (name: string) => boolean;
  /** Variables that are the same for every row: a command's `let`. */
  readonly constants?: ReadonlyMap<string, Value>;
}

/** The outermost scope of an operation. */
export function openScope(options: ScopeOptions): ParseScope {
  const variables = new Map<string, Variable>();
  for (const [name, constant] of options.constants ?? [])
    variables.set(name, { slot: variables.size, constant: constant.keep() });
  return new Scope(options, variables, { next: variables.size, read: new Set() });
}

interface Variable {
  readonly slot: number;
  readonly constant: Value | undefined;
}

class Scope implements ParseScope {
  readonly collation: CollationSpec | undefined;
  readonly compareTexts: Collation | undefined;
  readonly nowMs: number;
  readonly clusterTime: Value | undefined;

  constructor(
    private readonly options: ScopeOptions,
    private readonly variables: ReadonlyMap<string, Variable>,
    private readonly slots: { next: number; readonly read: Set<number> },
  ) {
    this.collation = options.collation;
    this.compareTexts = options.collation === undefined ? undefined : collatorOf(options.collation);
    this.nowMs = options.nowMs;
    this.clusterTime = options.clusterTime;
  }

  variable(name: string): number | undefined {
    const slot = this.variables.get(name)?.slot;
    if (slot !== undefined) this.slots.read.add(slot);
    return slot;
  }

  isRead(slot: number): boolean {
    return this.slots.read.has(slot);
  }

  constantOf(name: string): Value | undefined {
    return this.variables.get(name)?.constant;
  }

  withVariables(
    names: readonly string[],
    constants: readonly (Value | undefined)[] = [],
  ): { scope: ParseScope; slots: readonly number[] } {
    const variables = new Map(this.variables);
    const slots = names.map((name, i) => {
      const slot = this.slots.next++;
      variables.set(name, { slot, constant: constants[i] });
      return slot;
    });
    return { scope: new Scope(this.options, variables, this.slots), slots };
  }

  parse(value: Value): Expression {
    return parseExpression(value, this);
  }

  random(): number {
    return this.options.random();
  }

  allowsMeta(name: string): boolean {
    return this.options.allowsMeta?.(name) ?? false;
  }
}
