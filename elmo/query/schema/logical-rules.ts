/** allOf, anyOf, oneOf, not. Source: MongoDB manual, "$jsonSchema". */
import type { Details } from './details.js';
import type { Conditions } from '../filter.js';
import { allOf, type Schema, type SchemaRule } from './schema.js';

function unsatisfied(schemas: readonly Schema[], bytes: Uint8Array, type: number, at: number): Details[] {
  return schemas.flatMap((schema, index) =>
    schema.accepts(bytes, type, at)
      ? []
      : [{ index, ...schema.names, details: schema.explain(bytes, type, at) }],
  );
}

/** allOf, anyOf, oneOf: how many of the schemas may accept. */
export class CombinationRule implements SchemaRule {
  constructor(
    private readonly keyword: 'allOf' | 'anyOf' | 'oneOf',
    private readonly schemas: readonly Schema[],
  ) {}

  get ofDocuments(): boolean | undefined {
    const { keyword, schemas } = this;
    if (keyword === 'allOf') return allOf(schemas);
    if (keyword === 'oneOf' && schemas.length > 1) return undefined;
    if (schemas.some(({ ofDocuments }) => ofDocuments === true)) return true;
    return schemas.every(({ ofDocuments }) => ofDocuments === false) ? false : undefined;
  }

  ownConditions(among: Conditions): readonly string[] | undefined {
    const { keyword, schemas } = this;
    if (schemas.length > 1 && keyword === 'oneOf') return [keyword];
    if (schemas.length > 1 && keyword === 'anyOf' && among !== 'any') return undefined;
    const all = schemas.map((schema) => schema.ownConditions(among));
    if (!all.every((names) => names !== undefined)) return undefined;
    const isSpread = keyword === 'anyOf' && all.every((names) => names.length === 1);
    return isSpread ? [keyword] : all.flat();
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    const { schemas } = this;
    if (this.keyword === 'allOf') return schemas.every((schema) => schema.accepts(bytes, type, at));
    if (this.keyword === 'anyOf') return schemas.some((schema) => schema.accepts(bytes, type, at));
    return schemas.filter((schema) => schema.accepts(bytes, type, at)).length === 1;
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    const matching = this.schemas.flatMap((schema, i) => (schema.accepts(bytes, type, at) ? [i] : []));
    if (this.keyword === 'oneOf' && matching.length > 1)
      return {
        operatorName: 'oneOf',
        reason: 'more than one subschema matched',
        matchingSchemaIndexes: matching,
      };
    return {
      operatorName: this.keyword,
      schemasNotSatisfied: unsatisfied(this.schemas, bytes, type, at),
    };
  }
}

export class NotRule implements SchemaRule {
  constructor(private readonly schema: Schema) {}

  get ofDocuments(): boolean | undefined {
    const { ofDocuments } = this.schema;
    return ofDocuments === undefined ? undefined : !ofDocuments;
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return !this.schema.accepts(bytes, type, at);
  }

  explain(): Details {
    return { operatorName: 'not', reason: 'child expression matched' };
  }
}
