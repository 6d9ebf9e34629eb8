/** find, getMore, killCursors. */
import { ElmoError } from '../../errors.js';
import { checkNamespace } from '../../catalog/namespace.js';
import type { FindRequest } from '../../operation/requests.js';
import { naturalHint } from '../../plan/hint.js';
import { minMaxOf } from '../../plan/min-max.js';
import type { Arguments } from '../arguments.js';
import { elementsOf } from '../arguments.js';
import { collectionOf, type Command, type CommandContext } from '../command.js';
import { firstBatch, nextBatch, wholeBatch, type FirstBatchOptions } from '../cursor-reply.js';
import type { ReplyWriter } from '../reply.js';
import {
  array,
  document,
  hint,
  int64Only,
  integer,
  milliseconds,
  required,
  strict,
  text,
  flag,
  type FieldRule,
  type Fields,
} from '../fields.js';
import { INT64, NULL, OBJECT } from '../../bson/types.js';
import { ERROR_CODES } from '../../error-codes.js';
import { documentValue } from '../../bson/value.js';
import { readInt64 } from '../../bson/read.js';
import { copyDocument } from '../../bson/writer.js';

const TYPE_MISMATCH = ERROR_CODES.TypeMismatch;

/** A document, and null is none. */
function strictDocument(name: string): FieldRule {
  return {
    ...strict(document),
    typeError: { code: TYPE_MISMATCH, message: () => `Expected field ${name} to be of type object` },
  };
}

/** True or false, and null is neither. */
export function strictFlag(name: string): FieldRule {
  return {
    ...strict(flag),
    typeError: {
      code: TYPE_MISMATCH,
      message: (_path, got) => `Field '${name}' should be a boolean value, but found: ${got}`,
    },
  };
}

export const FIND_FIELDS: Fields = {
  filter: strictDocument('filter'),
  projection: strictDocument('projection'),
  sort: strictDocument('sort'),
  hint,
  skip: integer({ low: 0 }),
  limit: integer({ low: 0 }),
  batchSize: integer({ low: 0 }),
  singleBatch: strictFlag('singleBatch'),
  allowDiskUse: strictFlag('allowDiskUse'),
  min: strictDocument('min'),
  max: strictDocument('max'),
  returnKey: strictFlag('returnKey'),
  showRecordId: strictFlag('showRecordId'),
  tailable: strictFlag('tailable'),
  oplogReplay: strictFlag('oplogReplay'),
  noCursorTimeout: strictFlag('noCursorTimeout'),
  awaitData: strictFlag('awaitData'),
  allowPartialResults: strictFlag('allowPartialResults'),
  collation: strictDocument('collation'),
  let: document,
  term: int64Only,
  includeQueryStatsMetrics: strictFlag('includeQueryStatsMetrics'),
};

type Filling = { -readonly [K in keyof FindRequest]: FindRequest[K] };

const DOCUMENT_FIELDS = ['filter', 'sort', 'projection', 'min', 'max', 'let', 'collation'] as const;
const NUMBER_FIELDS = ['skip', 'limit'] as const;
const FLAG_FIELDS = ['returnKey', 'showRecordId', 'awaitData', 'allowDiskUse'] as const;

export function findRequest(args: Arguments, context: Pick<CommandContext, 'db' | 'common'>): FindRequest {
  const request: Filling = {
    ...context.common,
    namespace: { db: context.db, collection: collectionOf(args, 'find') },
  };
  for (const name of DOCUMENT_FIELDS) {
    const given = args.document(name);
    if (given !== undefined) request[name] = given;
  }
  for (const name of NUMBER_FIELDS) {
    const given = args.number(name);
    if (given !== undefined) request[name] = given;
  }
  for (const name of FLAG_FIELDS) if (args.has(name)) request[name] = args.flag(name);
  const hintValue = args.value('hint');
  if (hintValue !== undefined) request.hint = hintValue;
  if (args.has('tailable')) request.isTailable = args.flag('tailable');
  return request;
}

const find: Command = {
  name: 'find',
  help: 'documents of a collection that match a filter',
  target: 'collection',
  fields: FIND_FIELDS,
  takesReadConcern: true,
  isTransactional: true,
  isStable: true,
  run(args, context, reply) {
    const isTailable = args.flag('tailable');
    const namespace = { db: context.db, collection: collectionOf(args, 'find') };
    checkNamespace(namespace);
    naturalHint(args.value('hint')); // for its errors
    minMaxOf(args.document('min'), args.document('max')); // for its errors
    if (args.flag('awaitData') && !isTailable)
      throw new ElmoError('FailedToParse', "Cannot set 'awaitData' without also setting 'tailable'");
    const batchSize = args.number('batchSize');
    const limit = args.number('limit') ?? 0;
    const isSingle = args.flag('singleBatch');
    if (isSingle && isTailable)
      throw new ElmoError('BadValue', "Cannot use tailable option with the 'singleBatch' option");
    if (isTailable) checkTailableSort(args.document('sort'));
    const filter = filterAlone(args);
    if (filter !== undefined && batchSize !== 0) {
      const found = context.engine.queries.findNow(
        namespace,
        filter,
        context.session,
        copyDocument,
        context.common.trace,
      );
      if (found !== undefined) {
        if (found !== null) context.engine.state.activity.documents.returned++;
        return wholeBatch(reply, found === null ? [] : [found], namespace);
      }
    }
    return openBatch(findRequest(args, context), context, reply, {
      batchSize,
      isSingle: isSingle || (limit > 0 && batchSize !== undefined && limit <= batchSize),
      hasTimeout: !args.flag('noCursorTimeout'),
    });
  },
};

/** A cursor that waits for more goes forward. @throws ElmoError BadValue */
function checkTailableSort(sort: Uint8Array | undefined): void {
  if (sort === undefined || sort.length <= 5 || naturalHint(documentValue(sort)) === 'forward') return;
  throw new ElmoError('BadValue', 'cannot use tailable option with a sort other than {$natural: 1}');
}

/** Fields that say nothing about which documents, or what of them. */
const BESIDE_THE_FILTER: ReadonlySet<string> = new Set([
  'find',
  'filter',
  'limit',
  'singleBatch',
  'batchSize',
  'noCursorTimeout',
  'lsid',
  '$db',
  '$clusterTime',
  '$readPreference',
]);

/** The filter, if nothing else is asked for. */
function filterAlone(args: Arguments): Uint8Array | undefined {
  for (const name of args.names()) if (!BESIDE_THE_FILTER.has(name)) return undefined;
  return args.document('filter');
}

async function openBatch(
  request: FindRequest,
  context: CommandContext,
  reply: ReplyWriter,
  options: FirstBatchOptions,
): Promise<void> {
  const cursor = await context.engine.find(request, context.session);
  await firstBatch(context, reply, cursor, request.namespace, options);
}

const getMore: Command = {
  name: 'getMore',
  help: 'the next documents of a cursor',
  target: 'any',
  fields: {
    getMore: required(int64Only),
    collection: {
      ...required(text),
      check(value) {
        if (value.text === '') throw new ElmoError('InvalidNamespace', 'Collection names cannot be empty');
      },
    },
    batchSize: integer({ low: 0 }),
    maxTimeMS: milliseconds,
    term: int64Only,
    lastKnownCommittedOpTime: {
      types: [OBJECT],
      skipsNull: false,
      isRequired: false,
      typeError: {
        code: 10065,
        message: () => 'invalid parameter: expected an object (lastKnownCommittedOpTime)',
      },
    },
    includeQueryStatsMetrics: flag,
  },
  isTransactional: true,
  isStable: true,
  async run(args, context, reply) {
    const id = args.value('getMore')!;
    const collection = args.text('collection')!;
    await nextBatch(context, reply, readInt64(id.bytes, id.at), {
      namespace: { db: context.db, collection },
      batchSize: args.number('batchSize'),
      maxTimeMs: args.number('maxTimeMS'),
    });
  },
};

const killCursors: Command = {
  name: 'killCursors',
  help: 'ends cursors before they are read to their end',
  target: 'collection',
  fields: { killCursors: text, cursors: required(array) },
  isTransactional: true,
  isStable: true,
  run(args, context, reply) {
    checkNamespace({ db: context.db, collection: args.text('killCursors') ?? '' });
    const ids = elementsOf(args.value('cursors')).flatMap((value, i) => {
      if (value.type === NULL) return [];
      if (value.type !== INT64)
        throw new ElmoError(
          'TypeMismatch',
          `BSON field 'killCursors.cursors.${i}' is the wrong type, expected type 'long'`,
        );
      return readInt64(value.bytes, value.at);
    });
    const killed: bigint[] = [];
    const notFound: bigint[] = [];
    for (const id of ids) (context.engine.cursors.kill(id) ? killed : notFound).push(id);
    reply.longs('cursorsKilled', killed).longs('cursorsNotFound', notFound);
    reply.longs('cursorsAlive', []).longs('cursorsUnknown', []);
  },
};

export const findCommands: readonly Command[] = [find, getMore, killCursors];
