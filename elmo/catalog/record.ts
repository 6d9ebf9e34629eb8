/**
 * What the catalog stores of a collection: one BSON document in keyspace CATALOG.
 *
 *   { type: 'collection' | 'view', uuid: Binary 4, keyspace: long, options: {…as given},
 *     indexes: [{ keyspace: long, ready: bool, multikey: [[int…]…], definition: {v, key, name, …} }] }
 *
 * On disk since format 1.
 */
import { compareDocuments } from '../bson/compare.js';
import { Binary, Long, type Document } from '../bson/package.js';
import { Decoder } from '../bson/decode.js';
import { Encoder } from '../bson/encode.js';
import { Value } from '../bson/value.js';
import { ElementWalker, FieldFinder, FieldName } from '../bson/walk.js';
import { parseCollation } from '../collation/parse.js';
import type { CollectionSpec, IndexField, IndexKind, IndexSpec, Namespace } from './collection-spec.js';

const decoder = new Decoder({ promoteValues: true, promoteBuffers: false });
const encoder = new Encoder();

interface IndexRecord {
  readonly keyspace: number;
  readonly ready: boolean;
  readonly multikey: readonly (readonly number[])[];
}

/** Bytes of the field of that name of a document, as a value; undefined if there is none. */
export function fieldOf(raw: Uint8Array, name: string, at = 0): Value | undefined {
  const finder = new FieldFinder();
  return finder.find(raw, at, new FieldName(name))
    ? new Value(finder.type, raw, finder.valueStart)
    : undefined;
}

function documentOf(raw: Uint8Array, name: string): Uint8Array | undefined {
  return fieldOf(raw, name)?.keep().document;
}

const KINDS: Readonly<Record<string, IndexKind>> = {
  hashed: 'hashed',
  text: 'text',
  '2dsphere': '2dsphere',
  '2d': '2d',
};

/** The fields of a key pattern. */
export function indexFields(key: Uint8Array): IndexField[] {
  const pattern = decoder.decode(key) as Record<string, unknown>;
  return Object.entries(pattern).map(([path, way]) => {
    if (typeof way === 'string') return { path, direction: 1, kind: KINDS[way] ?? 'ordered' } as const;
    const direction = Number(way) < 0 ? -1 : 1;
    if (path === '$**') return { path: '', direction, kind: 'wildcard' } as const;
    if (path.endsWith('.$**')) return { path: path.slice(0, -4), direction, kind: 'wildcard' } as const;
    return { path, direction, kind: 'ordered' } as const;
  });
}

function indexSpec(definition: Uint8Array, record: IndexRecord): IndexSpec {
  const plain = decoder.decode(definition) as Record<string, unknown>;
  const key = documentOf(definition, 'key')!;
  const fields = indexFields(key);
  const multikeyComponents = fields.map((_, i) => new Set(record.multikey[i] ?? []));
  const collation = documentOf(definition, 'collation');
  return {
    name: plain['name'] as string,
    keyspace: record.keyspace,
    key,
    definition,
    fields,
    kind: fields.find(({ kind }) => kind !== 'ordered')?.kind ?? 'ordered',
    isUnique: truthy(plain['unique']) || plain['name'] === '_id_',
    isSparse: truthy(plain['sparse']),
    isHidden: truthy(plain['hidden']),
    partialFilter: documentOf(definition, 'partialFilterExpression'),
    expireAfterSeconds: numberOf(plain['expireAfterSeconds']),
    collation: collation === undefined ? undefined : parseCollation(collation),
    wildcardProjection: documentOf(definition, 'wildcardProjection'),
    multikeyComponents,
    isMultikey: multikeyComponents.some((components) => components.size > 0),
    isReady: record.ready,
  };
}

const truthy = (value: unknown): boolean => value === true || (typeof value === 'number' && value !== 0);
const numberOf = (value: unknown): number | undefined =>
  value === undefined || value === null ? undefined : Number(value);

/** What is derived from the options of a collection. */
export function specOf(
  namespace: Namespace,
  facts: Pick<CollectionSpec, 'kind' | 'uuid' | 'keyspace' | 'options' | 'indexes'>,
): CollectionSpec {
  const options = decoder.decode(facts.options) as Record<string, unknown>;
  const collation = documentOf(facts.options, 'collation');
  const clustered = options['clusteredIndex'] as Document | undefined;
  const pipeline = fieldOf(facts.options, 'pipeline');
  return {
    namespace,
    ...facts,
    isCapped: truthy(options['capped']),
    cappedBytes: Number(options['size'] ?? 0),
    cappedDocuments: Number(options['max'] ?? 0),
    isClustered: clustered !== undefined && clustered !== null,
    clusteredName: clustered?.['name'] as string | undefined,
    expireAfterSeconds: numberOf(options['expireAfterSeconds']),
    collation: collation === undefined ? undefined : parseCollation(collation),
    validator: documentOf(facts.options, 'validator'),
    validationLevel: (options['validationLevel'] ?? 'strict') as CollectionSpec['validationLevel'],
    validationAction: (options['validationAction'] ?? 'error') as CollectionSpec['validationAction'],
    viewOn: options['viewOn'] as string | undefined,
    pipeline: pipeline === undefined ? undefined : pipeline.keep().document,
  };
}

export function decodeCollection(namespace: Namespace, raw: Uint8Array): CollectionSpec {
  const plain = decoder.decode(raw) as Record<string, unknown>;
  const records = (plain['indexes'] ?? []) as IndexRecord[];
  const indexes: IndexSpec[] = [];
  const list = fieldOf(raw, 'indexes');
  if (list !== undefined) {
    const walker = new ElementWalker();
    walker.open(raw, list.at);
    for (let i = 0; walker.next(); i++) {
      const definition = fieldOf(walker.bytes, 'definition', walker.valueStart)!;
      const record = records[i]!;
      indexes.push(indexSpec(definition.keep().document, { ...record, keyspace: Number(record.keyspace) }));
    }
  }
  return specOf(namespace, {
    kind: plain['type'] as 'collection' | 'view',
    uuid: new Uint8Array((plain['uuid'] as Binary).buffer),
    keyspace: Number(plain['keyspace']),
    options: documentOf(raw, 'options')!,
    indexes,
  });
}

export function encodeCollection(spec: CollectionSpec): Uint8Array {
  return encoder.encode({
    type: spec.kind,
    uuid: new Binary(Buffer.from(spec.uuid), 4),
    keyspace: Long.fromNumber(spec.keyspace),
    options: exactDecoder.decode(spec.options),
    indexes: spec.indexes.map((index) => ({
      keyspace: Long.fromNumber(index.keyspace),
      ready: index.isReady,
      multikey: index.multikeyComponents.map((components) => [...components].sort((a, b) => a - b)),
      definition: exactDecoder.decode(index.definition),
    })),
  });
}

const exactDecoder = new Decoder({ promoteValues: false, promoteLongs: false, bsonRegExp: true });

/** An index of its definition, new: nothing is in it yet. */
export function newIndexSpec(definition: Uint8Array, keyspace: number, isReady: boolean): IndexSpec {
  return indexSpec(definition, { keyspace, ready: isReady, multikey: [] });
}

/** Whether two key patterns are the same, types of numbers aside. */
export function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  return compareDocuments(a, 0, b, 0) === 0;
}
