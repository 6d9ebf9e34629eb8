/** Fields that every command takes, and what becomes of them. */
import type { CommonRequest } from '../operation/requests.js';
import type { PlanTrace } from '../operation/plan-trace.js';
import { ElmoError } from '../errors.js';
import { readConcern, writeConcern } from './concerns.js';
import { fieldsOf, type Arguments } from './arguments.js';
import {
  anything,
  document,
  exactInteger,
  flag,
  int32Only,
  int64Only,
  milliseconds,
  oneOf,
  required,
  strict,
  text,
  timestamp,
  uuid,
  array,
  type Fields,
  type FieldRule,
} from './fields.js';
import { BINARY, BOOL, OBJECT } from '../bson/types.js';
import { parseFields } from './arguments.js';
import { plainNumber } from './fields.js';
import type { Value } from '../bson/value.js';

const binaryField: FieldRule = { types: [BINARY], skipsNull: true, isRequired: false };

export const SESSION_FIELDS: Fields = {
  id: required(uuid),
  uid: binaryField,
  txnNumber: int64Only,
  txnUUID: uuid,
};

/** `{id: UUID(…)}`: how long it is, and what stands before the sixteen bytes. */
const SESSION_BYTES = 30;
const SESSION_START = [30, 0, 0, 0, BINARY, 0x69, 0x64, 0, 16, 0, 0, 0, 4];

/** Whether it is what drivers send: nothing but an id. */
function isPlainSession({ bytes, at }: Value): boolean {
  for (let i = 0; i < SESSION_START.length; i++) if (bytes[at + i] !== SESSION_START[i]) return false;
  return true;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The id of a session, in a value that was checked: 32 hexadecimal digits. */
export function sessionIdOf(lsid: Value): string {
  const at = isPlainSession(lsid)
    ? lsid.at + SESSION_BYTES - 17
    : fieldsOf(lsid).find(([name]) => name === 'id')![1].at + 5;
  let text = '';
  for (let i = at; i < at + 16; i++) text += HEX[lsid.bytes[i]!]!;
  return text;
}

const session: FieldRule = {
  types: [OBJECT],
  skipsNull: true,
  isRequired: false,
  check(value, path, command) {
    if (!isPlainSession(value)) parseFields(value, SESSION_FIELDS, path, command);
  },
};

const LEAST_STALENESS_SECONDS = 90;

const READ_PREFERENCE_FIELDS: Fields = {
  mode: required(oneOf('primary', 'primaryPreferred', 'secondary', 'secondaryPreferred', 'nearest')),
  tags: array,
  maxStalenessSeconds: {
    ...exactInteger(-1, 0x7fff_ffff),
    check(value) {
      const seconds = plainNumber(value);
      if (seconds > 0 && seconds < LEAST_STALENESS_SECONDS)
        throw new ElmoError(
          'MaxStalenessOutOfRange',
          `maxStalenessSeconds value cannot be less than ${LEAST_STALENESS_SECONDS}`,
        );
    },
  },
  hedge: document,
  isPretargeted: anything,
};

const readPreference: FieldRule = {
  types: [OBJECT],
  skipsNull: true,
  isRequired: false,
  check(value, _path, command) {
    parseFields(value, READ_PREFERENCE_FIELDS, 'readPreference', command);
  },
};

const clusterTime: FieldRule = {
  types: [OBJECT],
  skipsNull: true,
  isRequired: false,
  fields: { clusterTime: required(timestamp), signature: document },
};

const onlyFlag: FieldRule = strict({ types: [BOOL], skipsNull: false, isRequired: false });

export const COMMON_FIELDS: Fields = {
  $db: text,
  lsid: session,
  txnNumber: int64Only,
  autocommit: flag,
  startTransaction: flag,
  coordinator: flag,
  stmtId: int32Only,
  readConcern,
  writeConcern,
  maxTimeMS: milliseconds,
  maxTimeMSOpOnly: exactInteger(0, 0x7fff_ffff),
  comment: anything,
  apiVersion: text,
  apiStrict: flag,
  apiDeprecationErrors: flag,
  $readPreference: readPreference,
  $clusterTime: clusterTime,
  $audit: document,
  $client: document,
  $configServerState: document,
  $queryOptions: document,
  $replData: anything,
  $oplogQueryData: anything,
  clientOperationKey: uuid,
  help: anything,
  serialization_context: anything,
  rawData: onlyFlag,
  isTimeseriesNamespace: onlyFlag,
  readConcernLevel: anything,
  mayBypassWriteBlocking: flag,
  traceCtx: anything,
  versionContext: anything,
  shardVersion: anything,
  databaseVersion: anything,
};

interface Filling {
  maxTimeMs?: number;
  comment?: Value;
  isDurable?: boolean;
  signal?: AbortSignal;
  trace: PlanTrace;
}

/** What every command knows of its plans. */
export type TracedRequest = CommonRequest & Required<Pick<CommonRequest, 'trace'>>;

/** The part of a request that every command shares. */
export function commonRequest(
  args: Arguments,
  isDurable: boolean,
  signal: AbortSignal | undefined,
  trace: PlanTrace,
): TracedRequest {
  const request: Filling = { trace };
  const maxTimeMs = args.number('maxTimeMS');
  if (maxTimeMs !== undefined) request.maxTimeMs = maxTimeMs;
  const comment = args.value('comment');
  if (comment !== undefined) request.comment = comment;
  if (isDurable) request.isDurable = true;
  if (signal !== undefined) request.signal = signal;
  return request;
}
