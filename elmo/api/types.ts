/** Types of documents, filters, updates and options, as users of the official driver know them. */
import type {
  Binary,
  BSONRegExp,
  Decimal128,
  Document,
  Double,
  Int32,
  Long,
  ObjectId,
  Timestamp,
} from '../bson/package.js';
import type { ClientSession } from './session.js';

export type { Document } from '../bson/package.js';

/** Never `any` where a schema is given: the type of `_id`, or ObjectId if the schema has none. */
export type InferIdType<TSchema> = TSchema extends { _id: infer IdType }
  ? Record<never, never> extends IdType
    ? never
    : IdType
  : TSchema extends { _id?: infer IdType }
    ? unknown extends IdType
      ? ObjectId
      : IdType
    : ObjectId;

export type EnhancedOmit<TRecord, TKeys> = string extends keyof TRecord
  ? TRecord
  : Pick<TRecord, Exclude<keyof TRecord, TKeys>>;
/** A document that has its `_id`. */
export type WithId<TSchema> = EnhancedOmit<TSchema, '_id'> & { _id: InferIdType<TSchema> };
export type WithoutId<TSchema> = Omit<TSchema, '_id'>;
export type OptionalId<TSchema> = EnhancedOmit<TSchema, '_id'> & { _id?: InferIdType<TSchema> };
export type OptionalUnlessRequiredId<TSchema> = TSchema extends { _id: unknown }
  ? TSchema
  : OptionalId<TSchema>;

type NumericType = Decimal128 | Double | Int32 | Long | bigint | number;
export type BSONTypeAlias =
  | 'double'
  | 'string'
  | 'object'
  | 'array'
  | 'binData'
  | 'undefined'
  | 'objectId'
  | 'bool'
  | 'date'
  | 'null'
  | 'regex'
  | 'dbPointer'
  | 'javascript'
  | 'symbol'
  | 'javascriptWithScope'
  | 'int'
  | 'timestamp'
  | 'long'
  | 'decimal'
  | 'minKey'
  | 'maxKey'
  | 'number';

/** A regular expression matches a string. */
export type RegExpOrString<T> = T extends string ? BSONRegExp | RegExp | T : T;
/** An array may be asked for by one of its elements. */
export type AlternativeType<T> = T extends readonly (infer U)[] ? RegExpOrString<U> | T : RegExpOrString<T>;

export interface FilterOperators<TValue> extends Document {
  $eq?: TValue;
  $gt?: TValue;
  $gte?: TValue;
  $in?: readonly TValue[];
  $lt?: TValue;
  $lte?: TValue;
  $ne?: TValue;
  $nin?: readonly TValue[];
  $not?: TValue extends string ? FilterOperators<TValue> | RegExp : FilterOperators<TValue>;
  $exists?: boolean;
  $type?: BSONTypeAlias | number | readonly (BSONTypeAlias | number)[];
  $expr?: Document;
  $jsonSchema?: Document;
  $mod?: TValue extends number ? [number, number] : never;
  $regex?: TValue extends string ? BSONRegExp | RegExp | string : never;
  $options?: TValue extends string ? string : never;
  $all?: readonly unknown[];
  $elemMatch?: Document;
  $size?: TValue extends readonly unknown[] ? number : never;
  $bitsAllClear?: Binary | number | readonly number[];
  $bitsAllSet?: Binary | number | readonly number[];
  $bitsAnyClear?: Binary | number | readonly number[];
  $bitsAnySet?: Binary | number | readonly number[];
}

export type Condition<T> = AlternativeType<T> | FilterOperators<AlternativeType<T>>;

export interface RootFilterOperators<TSchema> extends Document {
  $and?: Filter<TSchema>[];
  $nor?: Filter<TSchema>[];
  $or?: Filter<TSchema>[];
  $text?: { $search: string; $language?: string; $caseSensitive?: boolean; $diacriticSensitive?: boolean };
  $comment?: Document | string;
}

/** What documents are meant. May be written as text: `'{age: {$gt: 5}}'`. */
export type Filter<TSchema> = {
  [P in keyof WithId<TSchema>]?: Condition<WithId<TSchema>[P]>;
} & RootFilterOperators<WithId<TSchema>>;

export type FilterOrText<TSchema> = Filter<TSchema> | string;

export type MatchKeysAndValues<TSchema> = Readonly<Partial<TSchema>> & Record<string, unknown>;
type KeysOfAType<TSchema, Type> = {
  [key in keyof TSchema]: NonNullable<TSchema[key]> extends Type ? key : never;
}[keyof TSchema];
/** Fields of that type, not those of another; paths to what lies deeper are not looked at. */
type OnlyFieldsOfType<TSchema, FieldType, AssignableType = FieldType> = string extends keyof TSchema
  ? Readonly<Record<string, unknown>>
  : { readonly [key in KeysOfAType<TSchema, FieldType>]?: AssignableType } & {
      readonly [key in Exclude<keyof TSchema, KeysOfAType<TSchema, FieldType>>]?: never;
    } & Readonly<Record<string, unknown>>;

export interface UpdateFilter<TSchema> {
  $currentDate?: OnlyFieldsOfType<TSchema, Date | Timestamp, true | { $type: 'date' | 'timestamp' }>;
  $inc?: OnlyFieldsOfType<TSchema, NumericType | undefined>;
  $min?: MatchKeysAndValues<TSchema>;
  $max?: MatchKeysAndValues<TSchema>;
  $mul?: OnlyFieldsOfType<TSchema, NumericType | undefined>;
  $rename?: Record<string, string>;
  $set?: MatchKeysAndValues<TSchema>;
  $setOnInsert?: MatchKeysAndValues<TSchema>;
  $unset?: OnlyFieldsOfType<TSchema, unknown, '' | true | 1>;
  $addToSet?: Readonly<Record<string, unknown>>;
  $pop?: OnlyFieldsOfType<TSchema, readonly unknown[], 1 | -1>;
  $pull?: Readonly<Record<string, unknown>>;
  $push?: Readonly<Record<string, unknown>>;
  $pullAll?: Readonly<Record<string, readonly unknown[]>>;
  $bit?: Readonly<Record<string, { and: NumericType } | { or: NumericType } | { xor: NumericType }>>;
}

export type SortDirection = 1 | -1 | 'asc' | 'desc' | 'ascending' | 'descending' | { readonly $meta: string };
export type Sort =
  | string
  | { readonly [key: string]: SortDirection }
  | ReadonlyMap<string, SortDirection>
  | readonly (readonly [string, SortDirection])[]
  | readonly [string, SortDirection]
  | readonly string[];
export type Hint = string | Document;

export interface CollationOptions {
  locale: string;
  caseLevel?: boolean;
  caseFirst?: string;
  strength?: number;
  numericOrdering?: boolean;
  alternate?: string;
  maxVariable?: string;
  backwards?: boolean;
  normalization?: boolean;
}

/** How documents become objects, and objects documents. */
export interface BSONSerializeOptions {
  /** Integers of 64 bits are numbers where those hold them exactly, else `Long`. Default true. */
  promoteLongs?: boolean;
  /** Numbers are plain numbers; false: `Int32`, `Long`, `Double`, each as it is stored. Default true. */
  promoteValues?: boolean;
  /** Binary data is a `Buffer`, not `Binary`. Default false. */
  promoteBuffers?: boolean;
  /** Integers of 64 bits are `bigint`. Default false. */
  useBigInt64?: boolean;
  /** Regular expressions are `BSONRegExp`, not `RegExp`. Default false. */
  bsonRegExp?: boolean;
  /** Documents are given as their bytes. Default false. */
  raw?: boolean;
  /** Fields that are `undefined` are left out; false: stored as null. Default false. */
  ignoreUndefined?: boolean;
  /** Functions are stored as their text; false: left out. Default false. */
  serializeFunctions?: boolean;
}

export type W = number | 'majority';
export interface WriteConcernSettings {
  w?: W;
  j?: boolean;
  journal?: boolean;
  wtimeoutMS?: number;
}
export type ReadConcernLevel = 'local' | 'majority' | 'linearizable' | 'available' | 'snapshot';

export interface OperationOptions extends BSONSerializeOptions {
  session?: ClientSession;
  /** Milliseconds the operation may take. */
  maxTimeMS?: number;
  timeoutMS?: number;
  comment?: unknown;
  /** Ends the operation when it aborts. */
  signal?: AbortSignal;
  readConcern?: { level: ReadConcernLevel } | ReadConcernLevel;
  /** One node answers all reads, so every preference means it. */
  readPreference?: unknown;
}

export interface WriteOptions extends OperationOptions {
  /** `{ j: true }`: resolve when the write survives a power cut. */
  writeConcern?: WriteConcernSettings;
}

export interface FindOptions extends OperationOptions {
  filter?: Document;
  projection?: Document;
  sort?: Sort;
  limit?: number;
  skip?: number;
  hint?: Hint;
  batchSize?: number;
  singleBatch?: boolean;
  min?: Document;
  max?: Document;
  returnKey?: boolean;
  showRecordId?: boolean;
  tailable?: boolean;
  awaitData?: boolean;
  maxAwaitTimeMS?: number;
  noCursorTimeout?: boolean;
  allowDiskUse?: boolean;
  collation?: CollationOptions;
  let?: Document;
  explain?: ExplainVerbosity;
}

export type ExplainVerbosity =
  boolean | 'queryPlanner' | 'queryPlannerExtended' | 'executionStats' | 'allPlansExecution';

export interface AggregateOptions extends WriteOptions {
  allowDiskUse?: boolean;
  batchSize?: number;
  bypassDocumentValidation?: boolean;
  collation?: CollationOptions;
  cursor?: { batchSize?: number };
  explain?: ExplainVerbosity;
  hint?: Hint;
  let?: Document;
  out?: string;
  maxAwaitTimeMS?: number;
}

export interface CountDocumentsOptions extends OperationOptions {
  collation?: CollationOptions;
  hint?: Hint;
  limit?: number;
  skip?: number;
}

export interface DistinctOptions extends OperationOptions {
  collation?: CollationOptions;
  hint?: Hint;
}

export interface InsertOneOptions extends WriteOptions {
  bypassDocumentValidation?: boolean;
}

export interface BulkWriteOptions extends InsertOneOptions {
  /** Stop at the first failure. Default true. */
  ordered?: boolean;
  let?: Document;
}

export interface UpdateOptions extends WriteOptions {
  arrayFilters?: Document[];
  bypassDocumentValidation?: boolean;
  collation?: CollationOptions;
  hint?: Hint;
  upsert?: boolean;
  let?: Document;
  sort?: Sort;
}

export type ReplaceOptions = Omit<UpdateOptions, 'arrayFilters'>;

export interface DeleteOptions extends WriteOptions {
  collation?: CollationOptions;
  hint?: Hint;
  let?: Document;
}

export interface FindOneAndDeleteOptions extends WriteOptions {
  hint?: Hint;
  projection?: Document;
  sort?: Sort;
  let?: Document;
  collation?: CollationOptions;
  includeResultMetadata?: boolean;
}

export interface FindOneAndUpdateOptions extends FindOneAndDeleteOptions {
  arrayFilters?: Document[];
  bypassDocumentValidation?: boolean;
  returnDocument?: 'before' | 'after';
  upsert?: boolean;
}

export type FindOneAndReplaceOptions = Omit<FindOneAndUpdateOptions, 'arrayFilters'>;

export interface InsertOneResult<TSchema = Document> {
  acknowledged: boolean;
  insertedId: InferIdType<TSchema>;
}

export interface InsertManyResult<TSchema = Document> {
  acknowledged: boolean;
  insertedCount: number;
  insertedIds: Record<number, InferIdType<TSchema>>;
}

export interface UpdateResult<TSchema = Document> {
  acknowledged: boolean;
  matchedCount: number;
  modifiedCount: number;
  upsertedCount: number;
  upsertedId: InferIdType<TSchema> | null;
}

export interface DeleteResult {
  acknowledged: boolean;
  deletedCount: number;
}

export interface ModifyResult<TSchema = Document> {
  value: WithId<TSchema> | null;
  lastErrorObject?: Document;
  ok: 0 | 1;
}

export type AnyBulkWriteOperation<TSchema = Document> =
  | { insertOne: { document: OptionalId<TSchema> } }
  | {
      updateOne: {
        filter: FilterOrText<TSchema>;
        update: UpdateFilter<TSchema> | Document[];
        arrayFilters?: Document[];
        collation?: CollationOptions;
        hint?: Hint;
        upsert?: boolean;
        sort?: Sort;
      };
    }
  | {
      updateMany: {
        filter: FilterOrText<TSchema>;
        update: UpdateFilter<TSchema> | Document[];
        arrayFilters?: Document[];
        collation?: CollationOptions;
        hint?: Hint;
        upsert?: boolean;
      };
    }
  | {
      replaceOne: {
        filter: FilterOrText<TSchema>;
        replacement: WithoutId<TSchema>;
        collation?: CollationOptions;
        hint?: Hint;
        upsert?: boolean;
        sort?: Sort;
      };
    }
  | { deleteOne: { filter: FilterOrText<TSchema>; collation?: CollationOptions; hint?: Hint } }
  | { deleteMany: { filter: FilterOrText<TSchema>; collation?: CollationOptions; hint?: Hint } };

export type IndexDirection = 1 | -1 | 'text' | '2d' | '2dsphere' | 'hashed' | number | string;
export type IndexSpecification =
  | string
  | readonly (string | readonly [string, IndexDirection] | Record<string, IndexDirection>)[]
  | readonly [string, IndexDirection]
  | Record<string, IndexDirection>
  | ReadonlyMap<string, IndexDirection>;

export interface CreateIndexesOptions extends WriteOptions {
  unique?: boolean;
  name?: string;
  partialFilterExpression?: Document;
  sparse?: boolean;
  expireAfterSeconds?: number;
  storageEngine?: Document;
  commitQuorum?: number | string;
  version?: number;
  weights?: Document;
  default_language?: string;
  language_override?: string;
  textIndexVersion?: number;
  '2dsphereIndexVersion'?: number;
  bits?: number;
  min?: number;
  max?: number;
  wildcardProjection?: Document;
  hidden?: boolean;
  collation?: CollationOptions;
  background?: boolean;
}

export interface IndexDescription extends Omit<CreateIndexesOptions, keyof WriteOptions> {
  key: Record<string, IndexDirection> | ReadonlyMap<string, IndexDirection>;
}

export interface CreateCollectionOptions extends WriteOptions {
  capped?: boolean;
  size?: number;
  max?: number;
  storageEngine?: Document;
  validator?: Document;
  validationLevel?: string;
  validationAction?: string;
  indexOptionDefaults?: Document;
  viewOn?: string;
  pipeline?: Document[];
  collation?: CollationOptions;
  timeseries?: Document;
  clusteredIndex?: Document;
  expireAfterSeconds?: number;
  changeStreamPreAndPostImages?: { enabled: boolean };
}

export interface CollectionInfo {
  name: string;
  type?: string;
  options?: Document;
  info?: { readOnly?: boolean; uuid?: Binary };
  idIndex?: Document;
}
