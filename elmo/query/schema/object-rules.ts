/** Keywords about documents. Names of properties may be dotted paths; arrays are not entered. Source: MongoDB manual, "$jsonSchema". */
import { PathReader } from '../../bson/path.js';
import { OBJECT } from '../../bson/types.js';
import { Value } from '../../bson/value.js';
import type { CompiledRegex } from '../../regex/regex.js';
import { elementsOf, type Element } from '../elements.js';
import type { Details } from './details.js';
import type { Schema, SchemaRule } from './schema.js';

/** Finds the value of a property. */
export class Property {
  private readonly reader: PathReader;
  private readonly last: number;

  constructor(readonly name: string) {
    this.reader = new PathReader(name);
    this.last = this.reader.components.length - 1;
  }

  valueIn(bytes: Uint8Array, at: number): Value | undefined {
    const { reader } = this;
    if (!reader.find(bytes, at) || reader.component < this.last) return undefined;
    return new Value(reader.type, bytes, reader.valueStart);
  }
}

function fieldsOf(bytes: Uint8Array, at: number): Element[] {
  return elementsOf(new Value(OBJECT, bytes, at));
}

function accepts(schema: Schema, { bytes, type, at }: Value): boolean {
  return schema.accepts(bytes, type, at);
}

function explain(schema: Schema, { bytes, type, at }: Value): Details[] {
  return schema.explain(bytes, type, at);
}

export class PropertiesRule implements SchemaRule {
  constructor(
    private readonly properties: readonly { readonly property: Property; readonly schema: Schema }[],
  ) {}

  get ofDocuments(): true | undefined {
    return this.properties.every(({ schema }) => schema.isEmpty) ? true : undefined;
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== OBJECT) return true;
    for (const { property, schema } of this.properties) {
      const value = property.valueIn(bytes, at);
      if (value !== undefined && !accepts(schema, value)) return false;
    }
    return true;
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    const propertiesNotSatisfied = this.properties.flatMap(({ property, schema }) => {
      const value = property.valueIn(bytes, at);
      if (value === undefined || accepts(schema, value)) return [];
      return [{ propertyName: property.name, ...schema.names, details: explain(schema, value) }];
    });
    return { operatorName: 'properties', propertiesNotSatisfied };
  }
}

export class RequiredRule implements SchemaRule {
  readonly ofDocuments = undefined;
  constructor(
    private readonly specified: Value,
    private readonly properties: readonly Property[],
  ) {}

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== OBJECT || this.properties.every((property) => property.valueIn(bytes, at) !== undefined);
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    return {
      operatorName: 'required',
      specifiedAs: { required: this.specified },
      missingProperties: missing(this.properties, bytes, at),
    };
  }
}

function missing(properties: readonly Property[], bytes: Uint8Array, at: number): string[] {
  return properties.filter((property) => property.valueIn(bytes, at) === undefined).map(({ name }) => name);
}

export interface PatternSchema {
  readonly pattern: string;
  readonly regex: CompiledRegex;
  readonly schema: Schema;
}

export class PatternPropertiesRule implements SchemaRule {
  readonly ofDocuments = undefined;
  constructor(private readonly patterns: readonly PatternSchema[]) {}

  ownConditions(): readonly string[] {
    return ['allowed properties']; // both make one
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== OBJECT || this.failures(bytes, at).length === 0;
  }

  private failures(bytes: Uint8Array, at: number): { field: Element; pattern: PatternSchema }[] {
    return fieldsOf(bytes, at).flatMap((field) =>
      this.patterns
        .filter(({ regex, schema }) => regex.test(field.name) && !accepts(schema, field.value))
        .map((pattern) => ({ field, pattern })),
    );
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    const details = this.failures(bytes, at).map(({ field, pattern }) => ({
      propertyName: field.name,
      ...pattern.schema.names,
      regexMatched: pattern.pattern,
      details: explain(pattern.schema, field.value),
    }));
    return { operatorName: 'patternProperties', details };
  }
}

/** `additionalProperties`: of those that neither `properties` nor `patternProperties` names. */
export class AdditionalPropertiesRule implements SchemaRule {
  readonly ofDocuments = undefined;
  /** @param schema  undefined: there may be none */
  constructor(
    private readonly names: ReadonlySet<string>,
    private readonly patterns: readonly CompiledRegex[],
    private readonly schema: Schema | undefined,
  ) {}

  ownConditions(): readonly string[] {
    return ['allowed properties']; // both make one
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== OBJECT || this.wrong(bytes, at).length === 0;
  }

  private wrong(bytes: Uint8Array, at: number): Element[] {
    const { names, patterns, schema } = this;
    return fieldsOf(bytes, at).filter(
      ({ name, value }) =>
        !names.has(name) &&
        !patterns.some((pattern) => pattern.test(name)) &&
        (schema === undefined || !accepts(schema, value)),
    );
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    const { schema } = this;
    const wrong = this.wrong(bytes, at);
    if (schema === undefined)
      return {
        operatorName: 'additionalProperties',
        specifiedAs: { additionalProperties: false },
        additionalProperties: wrong.map(({ name }) => name),
      };
    const [first] = wrong;
    return {
      operatorName: 'additionalProperties',
      ...schema.names,
      reason: 'at least one additional property did not match the subschema',
      failingProperty: first!.name,
      details: explain(schema, first!.value),
    };
  }
}

/** minProperties, maxProperties. */
export class PropertyCountRule implements SchemaRule {
  readonly ofDocuments = undefined;
  constructor(
    private readonly keyword: 'minProperties' | 'maxProperties',
    private readonly limit: number,
    private readonly specified: Value,
  ) {}

  ownConditions(): readonly string[] {
    return [this.keyword];
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    if (type !== OBJECT) return true;
    const count = fieldsOf(bytes, at).length;
    return this.keyword === 'minProperties' ? count >= this.limit : count <= this.limit;
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    return {
      operatorName: this.keyword,
      specifiedAs: { [this.keyword]: this.specified },
      reason: 'specified number of properties was not satisfied',
      numberOfProperties: fieldsOf(bytes, at).length,
    };
  }
}

export interface Dependency {
  readonly property: Property;
  /** What must be there as well, or what the document must be like. */
  readonly wants: readonly Property[] | Schema;
}

export class DependenciesRule implements SchemaRule {
  readonly ofDocuments = undefined;
  constructor(private readonly dependencies: readonly Dependency[]) {}

  ownConditions(): readonly string[] {
    return this.dependencies.map((_, i) => `dependency ${i}`);
  }

  accepts(bytes: Uint8Array, type: number, at: number): boolean {
    return type !== OBJECT || this.dependencies.every((dependency) => isMet(dependency, bytes, at));
  }

  explain(bytes: Uint8Array, _type: number, at: number): Details {
    const failingDependencies = this.dependencies
      .filter((dependency) => !isMet(dependency, bytes, at))
      .map(({ property, wants }) =>
        isList(wants)
          ? { conditionalProperty: property.name, missingProperties: missing(wants, bytes, at) }
          : { conditionalProperty: property.name, details: wants.explain(bytes, OBJECT, at) },
      );
    return { operatorName: 'dependencies', failingDependencies };
  }
}

function isMet({ property, wants }: Dependency, bytes: Uint8Array, at: number): boolean {
  if (property.valueIn(bytes, at) === undefined) return true;
  return isList(wants) ? missing(wants, bytes, at).length === 0 : wants.accepts(bytes, OBJECT, at);
}

function isList(wants: readonly Property[] | Schema): wants is readonly Property[] {
  return Array.isArray(wants);
}
