/** Fields that every command takes, and what becomes of them. */
import type { CommonRequest } from '../operation/requests.js';
import { ElmoError } from '../errors.js';
import type { Arguments } from './arguments.js';
import {
  anything,
  document,
  exactInteger,
  flag,
  int32Only,
  int64Only,
  looseFlag,
  milliseconds,
  oneOf,
  required,
  strict,
  struct,
  text,
  timestamp,
  uuid,
  type Fields,
} from './fields.js';
import { ARRAY, BINARY, DECIMAL128, DOUBLE, INT32, INT64, OBJECT, STRING } from '../bson/types.js';
import { plainNumber, type FieldRule } from './fields.js';
import type { Value } from '../bson/value.js';

const binaryField: FieldRule = { types: [BINARY], skipsNull: true, isRequired: false };

export const SESSION_FIELDS: Fields = {
  id: required(uuid),
  uid: binaryField,
  txnNumber: int64Only,
  txnUUID: uuid,
};

/** `w`: a number 0 to 50, a name, or (refused by a single node) a document of tags. */
const acknowledgement: FieldRule = {
  types: undefined,
  skipsNull: true,
  isRequired: false,
  check(value) {
    if (value.type === STRING || value.type === OBJECT) return;
    if (![INT32, INT64, DOUBLE, DECIMAL128].includes(value.type))
      throw new ElmoError('FailedToParse', 'w has to be a number, string, or object');
    const number = plainNumber(value);
    if (!(number >= 0 && number <= 50))
      throw new ElmoError(
        'FailedToParse',
        'w has to be a non-negative number and not greater than 50; found: ' + number,
      );
  },
};

export const WRITE_CONCERN_FIELDS: Fields = {
  w: acknowledgement,
  j: looseFlag,
  wtimeout: anything,
  fsync: looseFlag,
  provenance: oneOf(
    'clientSupplied',
    'implicitDefault',
    'customDefault',
    'getLastErrorDefaults',
    'internalWriteDefault',
  ),
};

export const READ_CONCERN_LEVELS = ['local', 'majority', 'linearizable', 'available', 'snapshot'] as const;

export const READ_CONCERN_FIELDS: Fields = {
  level: {
    types: [STRING],
    skipsNull: true,
    isRequired: false,
    check(value) {
      if (!(READ_CONCERN_LEVELS as readonly string[]).includes(value.text))
        throw new ElmoError(
          'BadValue',
          `Enumeration value '${value.text}' for field 'readConcern.level' is not a valid value.`,
        );
    },
  },
  afterClusterTime: timestamp,
  atClusterTime: timestamp,
  afterOpTime: document,
  allowTransactionTableSnapshot: flag,
  waitLastStableRecoveryTimestamp: flag,
  provenance: oneOf(
    'clientSupplied',
    'implicitDefault',
    'customDefault',
    'getLastErrorDefaults',
    'internalWriteDefault',
  ),
};

export const COMMON_FIELDS: Fields = {
  $db: text,
  lsid: struct(SESSION_FIELDS),
  txnNumber: int64Only,
  autocommit: flag,
  startTransaction: flag,
  coordinator: flag,
  stmtId: int32Only,
  readConcern: document,
  writeConcern: document,
  maxTimeMS: milliseconds,
  maxTimeMSOpOnly: exactInteger(0, 0x7fff_ffff),
  comment: anything,
  apiVersion: text,
  apiStrict: flag,
  apiDeprecationErrors: flag,
  $readPreference: document,
  $clusterTime: document,
  $audit: document,
  $client: document,
  $configServerState: document,
  $queryOptions: document,
  $replData: anything,
  $oplogQueryData: anything,
  clientOperationKey: uuid,
  help: anything,
  serialization_context: anything,
  rawData: strict({ types: [0x08], skipsNull: false, isRequired: false }),
  isTimeseriesNamespace: strict({ types: [0x08], skipsNull: false, isRequired: false }),
  readConcernLevel: anything,
  mayBypassWriteBlocking: flag,
  traceCtx: anything,
  versionContext: anything,
  shardVersion: anything,
  databaseVersion: anything,
};

/** What a write concern asks of this single node. */
export interface WriteConcern {
  readonly isAcknowledged: boolean;
  readonly isDurable: boolean;
  /** More nodes than there are: after the write the reply says so. */
  readonly failure: ElmoError | undefined;
}

const ACKNOWLEDGED: WriteConcern = { isAcknowledged: true, isDurable: false, failure: undefined };

export function writeConcernOf(given: Arguments | undefined): WriteConcern {
  if (given === undefined) return ACKNOWLEDGED;
  const w = given.value('w');
  const isUnacknowledged = w !== undefined && isNumber(w) && plainNumber(w) === 0;
  return {
    isAcknowledged: !isUnacknowledged,
    isDurable: given.flag('j') || given.flag('fsync'),
    failure: failureOf(w),
  };
}

const isNumber = (value: Value): boolean => [INT32, INT64, DOUBLE, DECIMAL128].includes(value.type);

function failureOf(w: Value | undefined): ElmoError | undefined {
  if (w === undefined) return undefined;
  if (w.type === STRING && w.text !== 'majority' && w.text !== '')
    return new ElmoError(
      'UnknownReplWriteConcern',
      `No write concern mode named '${w.text}' found in replica set configuration`,
    );
  if (w.type === OBJECT || w.type === ARRAY)
    return new ElmoError('UnsatisfiableWriteConcern', 'Not enough nodes match write concern mode');
  if (isNumber(w) && plainNumber(w) > 1)
    return new ElmoError('UnsatisfiableWriteConcern', 'Not enough data-bearing nodes');
  return undefined;
}

/** The part of a request that every command shares. */
export function commonRequest(
  args: Arguments,
  isDurable: boolean,
  signal: AbortSignal | undefined,
): CommonRequest {
  return {
    ...(args.has('maxTimeMS') ? { maxTimeMs: args.number('maxTimeMS')! } : {}),
    ...(args.has('comment') ? { comment: args.value('comment')! } : {}),
    ...(isDurable ? { isDurable } : {}),
    ...(signal === undefined ? {} : { signal }),
  };
}
