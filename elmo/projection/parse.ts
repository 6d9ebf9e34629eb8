/**
 * What `find` projections and `$project` have in common: fields, nested and dotted, that are shown, hidden or computed.
 * Source: MongoDB manual, "Project Fields to Return from Query", "$project"; codes are the reference engine's own.
 */
import { OBJECT, BOOL } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import type { ParseScope } from '../expression/expression.js';
import { parsePath } from '../expression/field-names.js';
import { parseExpression } from '../expression/parse.js';
import { lateOperators } from '../expression/late-operators.js';
import { describe, elementsOf, isNumber, isTruthy } from '../query/elements.js';
import { TreeBuilder } from './build.js';

export type ProjectionKind = 'inclusion' | 'exclusion';

/** Parses the fields of one projection; subclasses know operators of their own. */
export abstract class ProjectionParser {
  readonly tree = new TreeBuilder();
  /** Which of the two it is, once a field has said so. */
  kind: ProjectionKind | undefined = undefined;
  /** What was said of `_id` itself. */
  idRule: 'include' | 'exclude' | undefined = undefined;

  constructor(protected readonly scope: ParseScope) {}

  /** @throws ElmoError */
  parse(specification: Value): void {
    for (const { name, value } of elementsOf(specification)) this.parseField([], name, value);
  }

  /** Called before anything else is looked at. @param name  as it is written */
  protected checkName(name: string, _value: Value): void {
    refuseInnerPositional(name);
  }

  /** The components of a field's path. @param outer  those of what encloses it */
  protected pathOf(outer: readonly string[], name: string): readonly string[] {
    return [...outer, ...parsePath(name, 0)];
  }

  /** `{$name: argument}` in the place of a field's value; by default an expression. */
  protected parseOperator(path: readonly string[], value: Value, name: string, _argument: Value): void {
    if (!Object.hasOwn(lateOperators().expressionOperators, name))
      throw new ElmoError(31325, `Unknown expression ${name}`);
    if (name !== '$meta')
      this.computeInInclusion(31252, 'Cannot use expression other than $meta in exclusion projection');
    const expression = parseExpression(value, this.scope);
    this.tree.add(path, { kind: 'computed', expression });
  }

  private parseField(outer: readonly string[], name: string, value: Value): void {
    this.checkName(name, value);
    if (value.type === BOOL || isNumber(value)) {
      this.addFlag(this.pathOf(outer, name), name, isTruthy(value));
      return;
    }
    if (value.type !== OBJECT) {
      const expression = parseExpression(value, this.scope);
      this.tree.add(this.pathOf(outer, name), { kind: 'computed', expression });
      this.computeInInclusion(
        31310,
        `Cannot use an expression ${describe(name, value)} in an exclusion projection`,
      );
      return;
    }
    const fields = elementsOf(value);
    const [first] = fields;
    if (first === undefined) throw new ElmoError(51270, `Invalid empty sub-projection: ${name}`);
    const path = this.pathOf(outer, name);
    if (fields.length === 1 && first.name.startsWith('$')) {
      this.parseOperator(path, value, first.name, first.value);
      return;
    }
    this.tree.refuseCollision(path);
    for (const field of fields) this.parseField(path, field.name, field.value);
  }

  private addFlag(path: readonly string[], name: string, isShown: boolean): void {
    this.tree.add(path, { kind: isShown ? 'include' : 'exclude' });
    if (path.length === 1 && name === '_id') this.idRule = isShown ? 'include' : 'exclude';
    else this.settle(isShown ? 'inclusion' : 'exclusion', name);
  }

  /** @throws ElmoError if the projection is of the other kind */
  private settle(kind: ProjectionKind, name: string): void {
    this.kind ??= kind;
    if (this.kind === kind) return;
    throw kind === 'inclusion'
      ? new ElmoError(31253, `Cannot do inclusion on field ${name} in exclusion projection`)
      : new ElmoError(31254, `Cannot do exclusion on field ${name} in inclusion projection`);
  }

  /** A field that is computed makes an inclusion. @throws ElmoError if it is the other already */
  private computeInInclusion(code: number, refusal: string): void {
    if (this.kind === 'exclusion') throw new ElmoError(code, refusal);
    this.kind = 'inclusion';
  }
}

/** @throws ElmoError if a positional `$` is not at the end of a path */
export function refuseInnerPositional(name: string): void {
  if (name.includes('.$.'))
    throw new ElmoError(
      31394,
      `As of 4.4, it's illegal to specify positional operator in the middle of a path: ${name}`,
    );
}
