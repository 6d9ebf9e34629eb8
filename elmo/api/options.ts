/** From the options of the interface to requests of the engine. */
import { Decoder } from '../bson/decode.js';
import { Encoder } from '../bson/encode.js';
import type { Document } from '../bson/package.js';
import { ARRAY, OBJECT } from '../bson/types.js';
import { Value, valueOf } from '../bson/value.js';
import { copyDocument } from '../bson/writer.js';
import type { ReadDocument } from '../operation/row-source.js';
import type { CommonRequest, RawDocument } from '../operation/requests.js';
import { parseFilterText } from '../query/filter-text.js';
import { MongoInvalidArgumentError } from './errors.js';
import type {
  BSONSerializeOptions,
  Hint,
  OperationOptions,
  Sort,
  SortDirection,
  WriteConcernSettings,
  WriteOptions,
} from './types.js';

/** One encoder and one decoder for a set of options; collections share those of the defaults. */
export class Codec {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor(readonly options: BSONSerializeOptions = {}) {
    this.encoder = new Encoder(options);
    this.decoder = new Decoder(options);
  }

  /** The same, unless `options` say otherwise. */
  with(options: BSONSerializeOptions | undefined): Codec {
    if (options === undefined) return this;
    let changed: Record<string, unknown> | undefined;
    for (const name of CODEC_OPTIONS) {
      const value = options[name];
      if (value !== undefined && value !== this.options[name])
        (changed ??= { ...this.options })[name] = value;
    }
    return changed === undefined ? this : new Codec(changed);
  }

  encode(document: object): RawDocument {
    return this.encoder.encode(document);
  }

  decode<T>(raw: Uint8Array, at = 0): T {
    return this.decoder.decode(raw, at) as T;
  }

  /** What the user gets of a document at `bytes[at]`, which does not stay: decoded, or a copy of its bytes. */
  readonly read: ReadDocument<object> = (bytes, at) =>
    this.options.raw === true ? copyDocument(bytes, at) : this.decoder.decode(bytes, at);
}

/** Options of how documents are read and written; operations may have them too. */
export const CODEC_OPTIONS = [
  'promoteLongs',
  'promoteValues',
  'promoteBuffers',
  'useBigInt64',
  'bsonRegExp',
  'raw',
  'ignoreUndefined',
  'serializeFunctions',
] as const;

const EMPTY: RawDocument = new Uint8Array([5, 0, 0, 0, 0]);

/** A filter as an object, or typed as text. */
export function encodeFilter(codec: Codec, filter: unknown): RawDocument {
  if (filter === undefined || filter === null) return EMPTY;
  if (typeof filter === 'string') return parseFilterText(filter);
  if (typeof filter !== 'object' || Array.isArray(filter))
    throw new MongoInvalidArgumentError(`a filter has to be an object or a text, got ${describe(filter)}`);
  return codec.encode(filter);
}

function describe(value: unknown): string {
  return Array.isArray(value) ? 'an array' : typeof value;
}

/** A hint, an update: strings, documents and arrays as values. */
export function encodeValue(codec: Codec, value: unknown): Value {
  if (typeof value === 'string') return valueOf(value);
  if (Array.isArray(value)) {
    const raw = codec.encode({ v: value });
    return new Value(ARRAY, raw, 7);
  }
  return new Value(OBJECT, codec.encode(value as object), 0);
}

export function encodeHint(codec: Codec, hint: Hint | undefined): Value | undefined {
  return hint === undefined ? undefined : encodeValue(codec, hint);
}

/** All forms of a sort as a document. */
export function encodeSort(
  codec: Codec,
  sort: Sort | undefined,
  direction?: SortDirection,
): RawDocument | undefined {
  if (sort === undefined || sort === null) return undefined;
  if (isPlainSort(sort)) return codec.encode(sort);
  const fields = sortFields(sort, direction);
  return fields.length === 0 ? undefined : codec.encode(Object.fromEntries(fields));
}

/** Whether it is what commands want already: names with 1 or -1. */
function isPlainSort(sort: Sort): sort is Record<string, 1 | -1> {
  if (typeof sort !== 'object' || Object.getPrototypeOf(sort) !== Object.prototype) return false;
  let count = 0;
  for (const name in sort) {
    const direction: unknown = (sort as Record<string, unknown>)[name];
    if (direction !== 1 && direction !== -1) return false;
    count++;
  }
  return count > 0;
}

function sortFields(sort: Sort, direction: SortDirection = 1): [string, unknown][] {
  if (typeof sort === 'string') return [[sort, directionOf(direction)]];
  if (sort instanceof Map)
    return [...(sort as Map<string, SortDirection>)].map(([path, way]) => [path, directionOf(way)]);
  if (!Array.isArray(sort))
    return Object.entries(sort as Record<string, SortDirection>).map(([path, way]) => [
      path,
      directionOf(way),
    ]);
  const list = sort as readonly unknown[];
  if (list.length === 0) return [];
  if (Array.isArray(list[0]))
    return (list as readonly [string, SortDirection][]).map(([path, way]) => [path, directionOf(way)]);
  if (list.length === 2 && isDirection(list[1])) return [[String(list[0]), directionOf(list[1])]];
  return list.map((path) => [String(path), 1]);
}

const DIRECTIONS: Readonly<Record<string, 1 | -1>> = {
  asc: 1,
  ascending: 1,
  '1': 1,
  desc: -1,
  descending: -1,
  '-1': -1,
};

function isDirection(value: unknown): value is SortDirection {
  return (
    (typeof value === 'number' || typeof value === 'string') && String(value).toLowerCase() in DIRECTIONS
  );
}

function directionOf(direction: SortDirection): unknown {
  if (typeof direction === 'object') return direction;
  const known = DIRECTIONS[String(direction).toLowerCase()];
  if (known === undefined)
    throw new MongoInvalidArgumentError(`Invalid sort direction: ${JSON.stringify(direction)}`);
  return known;
}

/** The first that is given. */
export function writeConcernOf(
  own: WriteConcernSettings | undefined,
  inherited: WriteConcernSettings | undefined,
): WriteConcernSettings {
  return own ?? inherited ?? NO_CONCERN;
}

const NO_CONCERN: WriteConcernSettings = {};

/** Whether the caller wants to hear of the result: not with `w: 0`. */
export function isAcknowledged(
  options: WriteOptions | undefined,
  inherited: WriteConcernSettings | undefined,
): boolean {
  return writeConcernOf(options?.writeConcern, inherited).w !== 0;
}

export function isDurable(concern: WriteConcernSettings): boolean {
  return concern.j === true || concern.journal === true;
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type CommonOptions = OperationOptions & { collation?: Document; let?: Document };

/** What every request carries, of an operation's options. Most calls have none. */
export function commonOf(
  codec: Codec,
  options: CommonOptions | undefined,
  inherited?: WriteConcernSettings,
): CommonRequest {
  if (options === undefined && inherited === undefined) return NO_OPTIONS;
  const common: Mutable<CommonRequest> = {};
  addCommon(common, codec, options, inherited);
  return common;
}

/** Adds the same to a request. @throws the reason of a signal that has aborted */
export function addCommon(
  request: Mutable<CommonRequest>,
  codec: Codec,
  options: CommonOptions | undefined,
  inherited?: WriteConcernSettings,
): void {
  if (isDurable(writeConcernOf((options as WriteOptions | undefined)?.writeConcern, inherited)))
    request.isDurable = true;
  if (options === undefined) return;
  const limit = options.maxTimeMS ?? options.timeoutMS;
  if (limit !== undefined) request.maxTimeMs = limit;
  if (options.signal !== undefined) {
    options.signal.throwIfAborted();
    request.signal = options.signal;
  }
  if (options.comment !== undefined) request.comment = valueOf(options.comment);
  if (options.let !== undefined) request.let = codec.encode(options.let);
  if (options.collation !== undefined) request.collation = codec.encode(options.collation);
}

const NO_OPTIONS: CommonRequest = {};
