/** Which names are operators, for the operators that have to know of each other. */

const TOP_OPERATORS: ReadonlySet<string> = new Set([
  '$alwaysFalse',
  '$alwaysTrue',
  '$and',
  '$comment',
  '$expr',
  '$jsonSchema',
  '$nor',
  '$or',
  '$sampleRate',
  '$text',
  '$where',
]);

const FIELD_OPERATORS: ReadonlySet<string> = new Set([
  '$all',
  '$bitsAllClear',
  '$bitsAllSet',
  '$bitsAnyClear',
  '$bitsAnySet',
  '$elemMatch',
  '$eq',
  '$exists',
  '$geoIntersects',
  '$geoNear',
  '$geoWithin',
  '$gt',
  '$gte',
  '$in',
  '$lt',
  '$lte',
  '$mod',
  '$ne',
  '$near',
  '$nearSphere',
  '$nin',
  '$not',
  '$options',
  '$regex',
  '$size',
  '$type',
  '$within',
]);

/** Whether it stands in the place of a field. */
export function isTopOperator(name: string): boolean {
  return TOP_OPERATORS.has(name);
}

/** Whether it says something of a field. */
export function isKnownFieldOperator(name: string): boolean {
  return FIELD_OPERATORS.has(name);
}
