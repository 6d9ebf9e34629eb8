/**
 * Read and write concerns: what they may hold, and what they mean for the one node there is. Source: MongoDB manual, "Read
 * Concern", "Write Concern"; the reference's answers.
 */
import { readInt32 } from '../bson/read.js';
import { DECIMAL128, DOUBLE, INT32, INT64, NULL, OBJECT, STRING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import type { ClusterTime } from '../operation/operation.js';
import { isLater, type ClusterClock } from '../session/cluster-clock.js';
import { ElmoError } from '../errors.js';
import type { SessionContext } from '../session/session-context.js';
import { Arguments, fieldsOf, parseFields } from './arguments.js';
import type { Command } from './command.js';
import {
  anything,
  document,
  flag,
  looseFlag,
  oneOf,
  plainNumber,
  wholeNumber,
  strict,
  timestamp,
  type FieldRule,
  type Fields,
} from './fields.js';

const MOST_NODES = 50;
const MOST_TIMEOUT_MS = 0x7fff_ffff;

const isNumber = ({ type }: Value): boolean =>
  type === INT32 || type === INT64 || type === DOUBLE || type === DECIMAL128;

/** `w`: a number 0 to 50, a name, or a document of tags. */
const acknowledgement: FieldRule = {
  types: undefined,
  skipsNull: false,
  isRequired: false,
  check(value) {
    if (value.type === STRING || value.type === NULL) return;
    if (value.type === OBJECT) {
      const tags = fieldsOf(value);
      if (tags.length === 0) throw new ElmoError('FailedToParse', 'tagged write concern requires tags');
      if (!tags.every(([, tag]) => isNumber(tag)))
        throw new ElmoError('FailedToParse', 'tags must be a single level document with only number values');
      return;
    }
    if (!isNumber(value)) throw new ElmoError('FailedToParse', 'w has to be a number, string, or object');
    const number = Number.isNaN(plainNumber(value)) ? NaN : wholeNumber(value);
    if (!(number >= 0 && number <= MOST_NODES))
      throw new ElmoError(
        'FailedToParse',
        `w has to be a non-negative number and not greater than ${MOST_NODES}; found: ${number}`,
      );
  },
};

const timeout: FieldRule = {
  ...anything,
  check(value) {
    if (isNumber(value) && plainNumber(value) > MOST_TIMEOUT_MS)
      throw new ElmoError('FailedToParse', 'wtimeout must be a 32-bit integer');
  },
};

const provenance = oneOf(
  'clientSupplied',
  'implicitDefault',
  'customDefault',
  'getLastErrorDefaults',
  'internalWriteDefault',
);

export const WRITE_CONCERN_FIELDS: Fields = {
  w: acknowledgement,
  j: looseFlag,
  wtimeout: timeout,
  fsync: looseFlag,
  provenance,
  getLastError: anything,
  wOpTime: anything,
  wElectionId: anything,
};

const READ_CONCERN_LEVELS = ['local', 'majority', 'linearizable', 'available', 'snapshot'] as const;

export const READ_CONCERN_FIELDS: Fields = {
  level: oneOf(...READ_CONCERN_LEVELS),
  afterClusterTime: strict(timestamp),
  atClusterTime: strict(timestamp),
  afterOpTime: document,
  allowTransactionTableSnapshot: flag,
  waitLastStableRecoveryTimestamp: flag,
  provenance,
};

/** A read concern among the fields of a command. */
export const readConcern: FieldRule = {
  ...document,
  check(value) {
    parseFields(value, READ_CONCERN_FIELDS, 'readConcern', 'readConcern');
  },
};

/** A write concern among the fields of a command. */
export const writeConcern: FieldRule = {
  ...document,
  check(value) {
    writeConcernFields(value);
  },
};

function writeConcernFields(value: Value): Arguments {
  const given = new Arguments(
    parseFields(value, WRITE_CONCERN_FIELDS, 'WriteConcernOptions', 'writeConcern'),
  );
  if (given.flag('j') && given.flag('fsync'))
    throw new ElmoError('FailedToParse', 'fsync and j options cannot be used together');
  return given;
}

/** What a write concern asks of this single node. */
export interface WriteConcern {
  readonly isAcknowledged: boolean;
  readonly isDurable: boolean;
  /** More nodes than there are: after the write the reply says so. */
  readonly failure: ElmoError | undefined;
}

const ACKNOWLEDGED: WriteConcern = { isAcknowledged: true, isDurable: false, failure: undefined };

/** @throws ElmoError if it is none */
export function parseWriteConcern(value: Value | undefined, isReplicaSet: boolean): WriteConcern {
  if (value === undefined) return ACKNOWLEDGED;
  const given = writeConcernFields(value);
  const w = given.value('w');
  if (!isReplicaSet) refuseMoreNodes(w);
  return {
    isAcknowledged: !(w !== undefined && isNumber(w) && wholeNumber(w) === 0),
    isDurable: given.flag('j') || given.flag('fsync'),
    failure: w === undefined ? undefined : failureOf(w),
  };
}

/** A server that is no replica set refuses beforehand. */
function refuseMoreNodes(w: Value | undefined): void {
  if (w === undefined) return;
  if (isNumber(w) && wholeNumber(w) > 1)
    throw new ElmoError('BadValue', "cannot use 'w' > 1 when a host is not replicated");
  const mode = modeOf(w);
  if (mode !== undefined && mode !== 'majority')
    throw new ElmoError(
      'BadValue',
      `cannot use non-majority 'w' mode "${mode}" when a host is not a member of a replica set`,
    );
}

const modeOf = (w: Value): string | undefined =>
  w.type === STRING ? w.text : w.type === NULL ? '' : undefined;

function failureOf(w: Value): ElmoError | undefined {
  const mode = modeOf(w);
  if (mode !== undefined)
    return mode === 'majority'
      ? undefined
      : new ElmoError(
          'UnknownReplWriteConcern',
          `No write concern mode named '${mode}' found in replica set configuration`,
        );
  if (w.type === OBJECT)
    return new ElmoError('UnsatisfiableWriteConcern', 'Not enough nodes match write concern mode');
  return wholeNumber(w) > 1
    ? new ElmoError('UnsatisfiableWriteConcern', 'Not enough data-bearing nodes')
    : undefined;
}

export interface ReadConcern {
  readonly level: string | undefined;
  /** The moment that is to be read; undefined: the newest. */
  readonly atClusterTime?: ClusterTime;
}

const NO_READ_CONCERN: ReadConcern = { level: undefined };
/** Commands that can read one moment outside of transactions. */
const TAKES_SNAPSHOT: ReadonlySet<string> = new Set(['find', 'aggregate', 'distinct']);

/** @throws ElmoError if it is none, or not for this command */
export function parseReadConcern(
  value: Value | undefined,
  command: Command,
  session: SessionContext | undefined,
  clock: ClusterClock,
  isReplicaSet: boolean,
): ReadConcern {
  if (value === undefined) return NO_READ_CONCERN;
  const given = new Arguments(parseFields(value, READ_CONCERN_FIELDS, 'readConcern', 'readConcern'));
  const level = given.text('level');
  if (readInt32(value.bytes, value.at) === 5) return NO_READ_CONCERN;
  const isInTransaction = session?.autocommit === false;
  if (isInTransaction && !session.startTransaction)
    throw new ElmoError(
      'InvalidOptions',
      'Only the first command in a transaction may specify a readConcern',
    );
  checkTimes(given, level, clock);
  if (!isReplicaSet && (level === 'snapshot' || level === 'linearizable'))
    throw new ElmoError(
      'NotAReplicaSet',
      `node needs to be a replica set member to use readConcern: ${level}`,
    );
  if (isInTransaction) {
    if (level !== undefined && !['local', 'majority', 'snapshot'].includes(level))
      throw new ElmoError(
        'InvalidOptions',
        "The readConcern level must be either 'local' (default), 'majority' or 'snapshot' in order to run in a transaction",
      );
  } else if (level !== undefined && level !== 'local') {
    if (command.takesReadConcern !== true || (level === 'snapshot' && !TAKES_SNAPSHOT.has(command.name)))
      throw new ElmoError(
        'InvalidOptions',
        `Command ${command.name} does not support { readConcern: { level: "${level}" } }`,
      );
  }
  const at = given.value('atClusterTime');
  return at === undefined ? { level } : { level, atClusterTime: timeOf(at) };
}

/** Of a timestamp. */
function timeOf({ bytes, at }: Value): ClusterTime {
  return { increment: readInt32(bytes, at) >>> 0, seconds: readInt32(bytes, at + 4) >>> 0 };
}

function checkTimes(given: Arguments, level: string | undefined, clock: ClusterClock): void {
  const after = given.value('afterClusterTime');
  if (given.has('atClusterTime')) {
    const at = timeOf(given.value('atClusterTime')!);
    if (at.seconds === 0)
      throw new ElmoError('InvalidOptions', 'readConcern atClusterTime cannot be the null timestamp');
    if (after !== undefined)
      throw new ElmoError(
        'InvalidOptions',
        'Specifying a timestamp for readConcern snapshot in a causally consistent session is not allowed',
      );
    if (level !== 'snapshot')
      throw new ElmoError(
        'InvalidOptions',
        'atClusterTime field can be set only if level is equal to snapshot',
      );
  }
  if (after === undefined) return;
  const asked = timeOf(after);
  if (isLater(asked, clock.now))
    throw new ElmoError(
      'InvalidOptions',
      `readConcern afterClusterTime value must not be greater than the current clusterTime. Requested clusterTime: { seconds: ${asked.seconds}, increment: ${asked.increment} }`,
    );
}
