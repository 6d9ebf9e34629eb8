/**
 * What the catalog stores of a collection: one BSON document in keyspace CATALOG.
 *
 *   { type: 'collection' | 'view' | 'timeseries', uuid: Binary 4, keyspace: long, options: {…as listCollections},
 *     indexes: [{ keyspace: long, ready: bool, multikey: [int…] (for each field a bit for each component of its path; of a
 *                 wildcard field 1: arrays were met, 2: their paths are noted, 4: names with dots, see array-paths.ts),
 *                 definition: {v, key, name, …as listIndexes} }] }
 *
 * On disk since format 1.
 */
import { compareDocuments } from '../bson/compare.js';
import { ARRAY, BINARY, OBJECT, STRING } from '../bson/types.js';
import {
  boolValue,
  documentValue,
  int32Value,
  int64OfNumber,
  plainJs,
  stringValue,
  Value,
} from '../bson/value.js';
import { parseCollation } from '../collation/parse.js';
import { elementsOf, isNumber, isTruthy } from '../query/elements.js';
import { ARRAYS_MET } from './array-paths.js';
import type {
  CollectionKind,
  CollectionSpec,
  IndexField,
  IndexKind,
  IndexSpec,
  Namespace,
} from './collection-spec.js';
import { documentOf, fieldOf, fieldsOf, rawArray, rawDocument } from './raw-document.js';

const UUID_BYTES = 16;
const UUID_SUBTYPE = 4;

interface IndexRecord {
  readonly keyspace: number;
  readonly isReady: boolean;
  readonly multikeyComponents: readonly ReadonlySet<number>[];
}

const KINDS: Readonly<Record<string, IndexKind>> = {
  hashed: 'hashed',
  text: 'text',
  '2dsphere': '2dsphere',
  '2d': '2d',
};
const WILDCARD = '$**';

/** The fields of a key pattern. */
export function indexFields(key: Uint8Array): IndexField[] {
  return fieldsOf(key).map(({ name, value }): IndexField => {
    if (value.type === STRING) return { path: name, direction: 1, kind: KINDS[value.text] ?? 'ordered' };
    const direction = Number(plainJs(value)) < 0 ? -1 : 1;
    if (name === WILDCARD) return { path: '', direction, kind: 'wildcard' };
    if (name.endsWith(`.${WILDCARD}`))
      return { path: name.slice(0, -WILDCARD.length - 1), direction, kind: 'wildcard' };
    return { path: name, direction, kind: 'ordered' };
  });
}

function indexSpec(definition: Uint8Array, record: IndexRecord): IndexSpec {
  const key = documentOf(definition, 'key')!;
  const fields = indexFields(key);
  const multikeyComponents = fields.map((_, i) => record.multikeyComponents[i] ?? new Set<number>());
  const name = textField(definition, 'name')!;
  return {
    name,
    keyspace: record.keyspace,
    key,
    definition,
    fields,
    kind: fields.find(({ kind }) => kind !== 'ordered')?.kind ?? 'ordered',
    isUnique: isSet(definition, 'unique') || isIdKey(fields),
    isPreparingUnique: isSet(definition, 'prepareUnique'),
    isSparse: isSet(definition, 'sparse'),
    isHidden: isSet(definition, 'hidden'),
    partialFilter: documentOf(definition, 'partialFilterExpression'),
    expireAfterSeconds: numberField(definition, 'expireAfterSeconds'),
    collation: collationOf(definition),
    wildcardProjection: documentOf(definition, 'wildcardProjection'),
    multikeyComponents,
    isMultikey: hasArrays(fields, multikeyComponents),
    isReady: record.isReady,
  };
}

/** Whether one of the fields has met arrays. */
export function hasArrays(
  fields: readonly IndexField[],
  multikeyComponents: readonly ReadonlySet<number>[],
): boolean {
  return multikeyComponents.some((components, field) =>
    fields[field]!.kind === 'wildcard' ? components.has(ARRAYS_MET) : components.size > 0,
  );
}

/** Whether that is the index on `_id`, which is always there. */
export function isIdKey(fields: readonly IndexField[]): boolean {
  return fields.length === 1 && fields[0]!.path === '_id' && fields[0]!.kind === 'ordered';
}

function isSet(raw: Uint8Array, name: string): boolean {
  const value = fieldOf(raw, name);
  return value !== undefined && isTruthy(value);
}

function textField(raw: Uint8Array, name: string): string | undefined {
  const value = fieldOf(raw, name);
  return value?.type === STRING ? value.text : undefined;
}

function numberField(raw: Uint8Array, name: string): number | undefined {
  const value = fieldOf(raw, name);
  return value !== undefined && isNumber(value) ? Number(plainJs(value)) : undefined;
}

function collationOf(raw: Uint8Array): CollectionSpec['collation'] {
  const collation = documentOf(raw, 'collation');
  return collation === undefined ? undefined : parseCollation(collation);
}

/** What is derived from the options of a collection. */
export function specOf(
  namespace: Namespace,
  facts: Pick<CollectionSpec, 'kind' | 'uuid' | 'keyspace' | 'options' | 'indexes'>,
): CollectionSpec {
  const { options } = facts;
  const clustered = documentOf(options, 'clusteredIndex');
  const pipeline = fieldOf(options, 'pipeline');
  return {
    namespace,
    ...facts,
    isCapped: isSet(options, 'capped'),
    cappedBytes: numberField(options, 'size') ?? 0,
    cappedDocuments: numberField(options, 'max') ?? 0,
    isClustered: clustered !== undefined,
    clusteredName: clustered === undefined ? undefined : textField(clustered, 'name'),
    expireAfterSeconds: numberField(options, 'expireAfterSeconds'),
    collation: collationOf(options),
    validator: documentOf(options, 'validator'),
    validationLevel: (textField(options, 'validationLevel') ?? 'strict') as CollectionSpec['validationLevel'],
    validationAction: (textField(options, 'validationAction') ??
      'error') as CollectionSpec['validationAction'],
    viewOn: textField(options, 'viewOn'),
    pipeline: pipeline?.type === ARRAY ? pipeline.keep().document : undefined,
  };
}

export function decodeCollection(namespace: Namespace, raw: Uint8Array): CollectionSpec {
  const uuid = fieldOf(raw, 'uuid')!;
  const uuidStart = uuid.at + 5;
  return specOf(namespace, {
    kind: textField(raw, 'type') as CollectionKind,
    uuid: uuid.bytes.slice(uuidStart, uuidStart + UUID_BYTES),
    keyspace: numberField(raw, 'keyspace')!,
    options: documentOf(raw, 'options')!,
    indexes: elementsOf(fieldOf(raw, 'indexes')!).map(({ value }) => decodeIndex(value.keep().document)),
  });
}

function decodeIndex(raw: Uint8Array): IndexSpec {
  const multikey = elementsOf(fieldOf(raw, 'multikey')!);
  return indexSpec(documentOf(raw, 'definition')!, {
    keyspace: numberField(raw, 'keyspace')!,
    isReady: isSet(raw, 'ready'),
    multikeyComponents: multikey.map(({ value }) => componentsOf(plainJs(value) as number)),
  });
}

/** The components of a field's path that a bit is set for. */
export function componentsOf(bits: number): ReadonlySet<number> {
  const components = new Set<number>();
  for (let component = 0; component < 32; component++)
    if (((bits >>> component) & 1) === 1) components.add(component);
  return components;
}

export function bitsOf(components: ReadonlySet<number>): number {
  let bits = 0;
  for (const component of components) bits |= 1 << component;
  return bits;
}

export function uuidValue(uuid: Uint8Array): Value {
  const bytes = new Uint8Array(UUID_BYTES + 5);
  bytes[0] = UUID_BYTES;
  bytes[4] = UUID_SUBTYPE;
  bytes.set(uuid, 5);
  return new Value(BINARY, bytes, 0);
}

export function encodeCollection(spec: CollectionSpec): Uint8Array {
  return rawDocument([
    ['type', stringValue(spec.kind)],
    ['uuid', uuidValue(spec.uuid)],
    ['keyspace', int64OfNumber(spec.keyspace)],
    ['options', documentValue(spec.options)],
    [
      'indexes',
      new Value(ARRAY, rawArray(spec.indexes.map((index) => documentValue(encodeIndex(index)))), 0),
    ],
  ]);
}

function encodeIndex(index: IndexSpec): Uint8Array {
  const multikey = index.multikeyComponents.map((components) => int32Value(bitsOf(components)));
  return rawDocument([
    ['keyspace', int64OfNumber(index.keyspace)],
    ['ready', boolValue(index.isReady)],
    ['multikey', new Value(ARRAY, rawArray(multikey), 0)],
    ['definition', new Value(OBJECT, index.definition, 0)],
  ]);
}

/** An index of its definition, new: nothing is in it yet. */
export function newIndexSpec(definition: Uint8Array, keyspace: number, isReady: boolean): IndexSpec {
  return indexSpec(definition, { keyspace, isReady, multikeyComponents: [] });
}

/** An index of another definition that holds the same entries. */
export function redefinedIndex(spec: IndexSpec, definition: Uint8Array): IndexSpec {
  return indexSpec(definition, spec);
}

/** Whether two key patterns are the same, types of numbers aside. */
export function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return compareDocuments(a, 0, b, 0) === 0;
}
