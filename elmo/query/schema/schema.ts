/** A schema: rules that a value has to satisfy, all of them. */
import type { Value } from '../../bson/value.js';
import type { Conditions, SchemaPredicate } from '../filter.js';
import type { Details } from './details.js';

/** One keyword of a schema. */
export interface SchemaRule {
  /** Whether it accepts all documents, or none; undefined: some. */
  readonly ofDocuments: boolean | undefined;
  /** The conditions it makes, if filters have no operators for any of them: their names. */
  ownConditions?(among: Conditions): readonly string[] | undefined;
  /** Whether the value satisfies it; values of types it says nothing about do. */
  accepts(bytes: Uint8Array, type: number, at: number): boolean;
  /** Why a value that it does not accept is refused. */
  explain(bytes: Uint8Array, type: number, at: number): Details;
}

/** What several rules say of documents together, if all of them have to hold. */
export function allOf(parts: readonly { readonly ofDocuments: boolean | undefined }[]): boolean | undefined {
  if (parts.some(({ ofDocuments }) => ofDocuments === false)) return false;
  return parts.every(({ ofDocuments }) => ofDocuments === true) ? true : undefined;
}

export class Schema implements SchemaPredicate {
  constructor(
    private readonly rules: readonly SchemaRule[],
    readonly title: string | undefined,
    readonly description: string | undefined,
    /** The whole schema, when it can accept no document at all: then the explanation is this and no more. */
    private readonly impossible: Value | undefined = undefined,
  ) {}

  /** Whether it accepts all documents, or none; undefined: some. */
  get ofDocuments(): boolean | undefined {
    return allOf(this.rules);
  }

  isAskedLast(among: Conditions): boolean {
    const own = this.ownConditions(among);
    if (own === undefined) return false;
    return among === 'all' ? own.length > 0 : new Set(own).size === 1;
  }

  /** The names of its conditions, if filters have no operators for any of them. */
  ownConditions(among: Conditions): readonly string[] | undefined {
    const all = this.rules
      .filter(({ ofDocuments }) => ofDocuments === undefined)
      .map((rule) => rule.ownConditions?.(among));
    return all.every((names) => names !== undefined) ? all.flat() : undefined;
  }

  parted(): readonly [Schema | undefined, Schema | undefined] {
    const isOwn = (rule: SchemaRule): boolean => rule.ownConditions?.('all') !== undefined;
    const parts = [this.rules.filter((rule) => !isOwn(rule)), this.rules.filter(isOwn)].map((rules) =>
      rules.length === 0 ? undefined : new Schema(rules, this.title, this.description),
    );
    return [parts[0], parts[1]];
  }

  /** Whether it accepts whatever there is. */
  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    const { rules } = this;
    for (let i = 0; i < rules.length; i++) if (!rules[i]!.accepts(bytes, type, at)) return false;
    return true;
  }

  /** One for each rule that is not satisfied. */
  explain(bytes: Uint8Array, type: number, at: number): Details[] {
    return this.rules
      .filter((rule) => !rule.accepts(bytes, type, at))
      .map((rule) => rule.explain(bytes, type, at));
  }

  /** Title and description, for the explanation of what encloses this schema. */
  get names(): Details {
    return { title: this.title, description: this.description };
  }

  /** Why a document is refused: the details of a failed validation by `$jsonSchema`. */
  explainDocument(bytes: Uint8Array, type: number, at: number): Details {
    if (this.impossible !== undefined)
      return {
        operatorName: '$jsonSchema',
        ...this.names,
        specifiedAs: { $jsonSchema: this.impossible },
        reason: 'expression always evaluates to false',
      };
    return {
      operatorName: '$jsonSchema',
      ...this.names,
      schemaRulesNotSatisfied: this.explain(bytes, type, at),
    };
  }
}
