/** aggregate, count, distinct. */
import { ARRAY, OBJECT, STRING } from '../../bson/types.js';
import { lookAtStages } from '../../aggregate/parse-pipeline.js';
import { documentValue } from '../../bson/value.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import type { AggregateRequest, CountRequest, DistinctRequest } from '../../operation/requests.js';
import { Arguments, fieldsOf, firstName, parseFields } from '../arguments.js';
import type { Command, CommandContext } from '../command.js';
import { DEFAULT_FIRST_BATCH, firstBatch, writeMoment } from '../cursor-reply.js';
import {
  anything,
  document,
  exactInteger,
  flag,
  hint,
  integer,
  looseFlag,
  plainNumber,
  required,
  strict,
  text,
  type FieldRule,
  type Fields,
} from '../fields.js';
import { writeExplanation } from './explain-reply.js';
import { strictFlag } from './find.js';

const CURSOR_FIELDS: Fields = { batchSize: integer({ low: 0 }) };

const pipelineField: FieldRule = {
  types: [ARRAY],
  skipsNull: false,
  isRequired: true,
  typeError: {
    code: ERROR_CODES.TypeMismatch,
    message: () => 'A pipeline must be an array of objects',
  },
  check(value) {
    for (const [, stage] of fieldsOf(value))
      if (stage.type !== OBJECT)
        throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
  },
};

export const AGGREGATE_FIELDS: Fields = {
  pipeline: pipelineField,
  explain: {
    ...strict(flag),
    typeError: { code: ERROR_CODES.TypeMismatch, message: () => 'explain must be a boolean' },
  },
  allowDiskUse: strictFlag('allowDiskUse'),
  cursor: {
    ...strict(document),
    typeError: {
      code: ERROR_CODES.TypeMismatch,
      message: () => 'cursor field must be missing or an object',
    },
    check: (value, _path, command) => {
      parseFields(value, CURSOR_FIELDS, 'cursor', command);
    },
  },
  bypassDocumentValidation: looseFlag,
  collation: document,
  hint,
  let: document,
  needsMerge: flag,
  fromMongos: flag,
  fromRouter: flag,
  exchange: document,
  runtimeConstants: document,
  collectionUUID: anything,
  passthroughToShard: document,
  includeQueryStatsMetrics: flag,
  isHybridSearch: flag,
};

/** 'aggregate': a collection, or 1 for the whole database. */
export function aggregateRequest(
  args: Arguments,
  context: Pick<CommandContext, 'db' | 'common'>,
): AggregateRequest {
  const target = args.value('aggregate');
  return {
    ...context.common,
    namespace: {
      db: context.db,
      collection: target !== undefined && target.type === STRING ? target.text : '',
    },
    pipeline: args.documents('pipeline'),
    ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
    ...(args.has('let') ? { let: args.document('let')! } : {}),
    ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
    ...(args.has('allowDiskUse') ? { allowDiskUse: args.flag('allowDiskUse') } : {}),
    ...(args.flag('bypassDocumentValidation') ? { bypassDocumentValidation: true } : {}),
  };
}

export function countRequest(args: Arguments, context: Pick<CommandContext, 'db' | 'common'>): CountRequest {
  const limit = args.number('limit');
  return {
    ...context.common,
    namespace: { db: context.db, collection: args.text('count') ?? '' },
    ...(args.has('query') ? { filter: args.document('query')! } : {}),
    ...(limit === undefined ? {} : { limit: Math.abs(limit) }),
    ...(args.has('skip') ? { skip: args.number('skip')! } : {}),
    ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
    ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
  };
}

export function distinctRequest(
  args: Arguments,
  context: Pick<CommandContext, 'db' | 'common'>,
): DistinctRequest {
  return {
    ...context.common,
    namespace: { db: context.db, collection: args.text('distinct') ?? '' },
    key: args.text('key')!,
    ...(args.has('query') ? { filter: args.document('query')! } : {}),
    ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
    ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
  };
}

const aggregate: Command = {
  name: 'aggregate',
  help: 'documents through a pipeline of stages',
  target: 'any',
  fields: {
    aggregate: {
      types: undefined,
      skipsNull: false,
      isRequired: true,
      check(value) {
        if (value.type === STRING) return;
        const number = plainNumber(value);
        if (Number.isNaN(number) && value.type !== 0x01)
          throw new ElmoError('InvalidNamespace', 'Collection name has invalid type');
        if (number !== 1)
          throw new ElmoError(
            'BadValue',
            "Invalid command format: the 'aggregate' field must specify a collection name or 1",
          );
      },
    },
    ...AGGREGATE_FIELDS,
  },
  takesReadConcern: true,
  takesWriteConcern: true,
  isTransactional: true,
  isStable: true,
  async run(args, context, reply) {
    const request = aggregateRequest(args, context);
    const target = args.value('aggregate')!;
    if (target.type === STRING && target.text === '')
      throw new ElmoError('InvalidNamespace', `Invalid namespace specified: ${context.db}`);
    if (args.flag('explain')) {
      if (args.has('writeConcern'))
        throw new ElmoError(
          'FailedToParse',
          "Aggregation explain does not support the 'writeConcern' option",
        );
      const command = ['aggregate', ...Object.keys(AGGREGATE_FIELDS)].map(
        (name) => [name, args.value(name)] as const,
      );
      return writeExplanation({ kind: 'aggregate', request }, 'queryPlanner', command, context, reply);
    }
    if (!args.has('cursor')) throw noCursor(request);
    if (context.readConcernLevel === 'linearizable') refuseWriting(request.pipeline);
    const cursorFields = new Arguments(
      new Map(fieldsOf(args.value('cursor')!).filter(([, value]) => !value.isNullish)),
    );
    const cursor = await context.engine.aggregate(request, context.session);
    const { db, collection } = request.namespace;
    await firstBatch(
      context,
      reply,
      cursor,
      { db, collection: collection === '' ? '$cmd.aggregate' : collection },
      {
        batchSize: cursorFields.number('batchSize') ?? DEFAULT_FIRST_BATCH,
        isSingle: false,
        hasTimeout: true,
      },
    );
  },
};

/** What the stages are is told before. @throws ElmoError of the stages' codes */
function noCursor({ pipeline, namespace }: AggregateRequest): ElmoError {
  lookAtStages(
    pipeline.map((stage) => documentValue(stage)),
    namespace,
  );
  return new ElmoError(
    'FailedToParse',
    "The 'cursor' option is required, except for aggregate with the explain argument",
  );
}

/** What is written is not read at the moment of the newest write. */
function refuseWriting(pipeline: readonly Uint8Array[]): void {
  const writing = pipeline.map(firstName).find((name) => name === '$out' || name === '$merge');
  if (writing !== undefined)
    throw new ElmoError(
      'InvalidOptions',
      `${writing} cannot be used with a 'linearizable' read concern level`,
    );
}

const MOST_LONG = 2 ** 63;

const count: Command = {
  name: 'count',
  help: 'how many documents match',
  target: 'collection',
  fields: {
    count: text,
    query: document,
    limit: {
      ...exactInteger(-MOST_LONG, MOST_LONG, {
        code: ERROR_CODES.BadValue,
        message: () => 'limit value is not a valid number',
      }),
      skipsNull: false,
    },
    skip: integer({ low: 0 }),
    hint,
    collation: document,
    fields: anything,
    queryOptions: document,
    encryptionInformation: anything,
    includeQueryStatsMetrics: flag,
  },
  takesReadConcern: true,
  isStable: true,
  async run(args, context, reply) {
    const n = await context.engine.count(countRequest(args, context), context.session);
    reply.count('n', n);
  },
};

const distinct: Command = {
  name: 'distinct',
  help: 'the different values of a field',
  target: 'collection',
  fields: {
    key: required(text),
    query: document,
    collation: document,
    hint,
    includeQueryStatsMetrics: flag,
  },
  takesReadConcern: true,
  isTransactional: true,
  async run(args, context, reply) {
    const values = await context.engine.distinct(distinctRequest(args, context), context.session);
    reply.values('values', values);
    writeMoment(reply, context.session);
  },
};

export const aggregateCommands: readonly Command[] = [aggregate, count, distinct];
