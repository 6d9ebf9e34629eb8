/** Keywords about arrays. Source: MongoDB manual, "$jsonSchema". */
import { ARRAY } from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import { elementsOf } from '../elements.js';
import type { Details } from './details.js';
import type { Schema, SchemaRule } from './schema.js';
import { firstRepeated } from './unordered.js';

function itemsOf(bytes: Uint8Array, at: number): Value[] {
  return elementsOf(new Value(ARRAY, bytes, at)).map(({ value }) => value);
}

function accepts(schema: Schema, { bytes, type, at }: Value): boolean {
  return schema.accepts(bytes, type, at);
}

function explain(schema: Schema, { bytes, type, at }: Value): Details[] {
  return schema.explain(bytes, type, at);
}

/** minItems, maxItems. */
export class ItemCountRule implements SchemaRule {
  readonly ofDocuments = true;
  constructor(
    private readonly keyword: 'minItems' | 'maxItems',
    private readonly limit: number,
    private readonly specified: Value,
  ) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== ARRAY) return true;
    const count = itemsOf(bytes, at).length;
    return this.keyword === 'minItems' ? count >= this.limit : count <= this.limit;
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: this.keyword,
      specifiedAs: { [this.keyword]: this.specified },
      reason: 'array did not match specified length',
      consideredValue: new Value(type, bytes, at),
      numberOfItems: itemsOf(bytes, at).length,
    };
  }
}

export class UniqueItemsRule implements SchemaRule {
  readonly ofDocuments = true;
  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== ARRAY || firstRepeated(itemsOf(bytes, at)) === undefined;
  }

  explain(bytes: Uint8Array, type: number, at: number): Details {
    return {
      operatorName: 'uniqueItems',
      specifiedAs: { uniqueItems: true },
      reason: 'found a duplicate item',
      consideredValue: new Value(type, bytes, at),
      duplicatedValue: firstRepeated(itemsOf(bytes, at)),
    };
  }
}

/** `items: {…}`, and `additionalItems: {…}` for those after the first `skip`. */
export class EachItemRule implements SchemaRule {
  readonly ofDocuments = true;
  constructor(
    private readonly keyword: 'items' | 'additionalItems',
    private readonly schema: Schema,
    private readonly skip: number,
  ) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== ARRAY || this.firstWrong(bytes, at) < 0;
  }

  private firstWrong(bytes: Uint8Array, at: number): number {
    return itemsOf(bytes, at).findIndex((item, i) => i >= this.skip && !accepts(this.schema, item));
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    const itemIndex = this.firstWrong(bytes, at);
    return {
      operatorName: this.keyword,
      ...this.schema.names,
      reason: `At least one ${this.skip > 0 || this.keyword === 'additionalItems' ? 'additional ' : ''}item did not match the sub-schema`,
      itemIndex,
      details: explain(this.schema, itemsOf(bytes, at)[itemIndex]!),
    };
  }
}

/** `items: [{…}, {…}]`: by position. */
export class TupleRule implements SchemaRule {
  readonly ofDocuments = true;
  constructor(private readonly schemas: readonly Schema[]) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== ARRAY) return true;
    const items = itemsOf(bytes, at);
    return this.schemas.every((schema, i) => items[i] === undefined || accepts(schema, items[i]));
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    const items = itemsOf(bytes, at);
    const details = this.schemas.flatMap((schema, itemIndex) => {
      const item = items[itemIndex];
      if (item === undefined || accepts(schema, item)) return [];
      return [{ itemIndex, details: explain(schema, item) }];
    });
    return { operatorName: 'items', details };
  }
}

/** `additionalItems: false` */
export class NoMoreItemsRule implements SchemaRule {
  readonly ofDocuments = true;
  constructor(private readonly most: number) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== ARRAY || itemsOf(bytes, at).length <= this.most;
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    return {
      operatorName: 'additionalItems',
      specifiedAs: { additionalItems: false },
      reason: 'found additional items',
      additionalItems: itemsOf(bytes, at).slice(this.most),
    };
  }
}
