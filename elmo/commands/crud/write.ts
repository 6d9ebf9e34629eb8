/** insert, update, delete, findAndModify. */
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import type {
  DeleteStatement,
  RawDocument,
  UpdateStatement,
  WriteFailure,
} from '../../operation/requests.js';
import { ARRAY, INT32, OBJECT } from '../../bson/types.js';
import { documentValue } from '../../bson/value.js';
import type { Value } from '../../bson/value.js';
import { Arguments, fieldsOf, parseFields } from '../arguments.js';
import { collectionOf, type Command } from '../command.js';
import { writeErrorFields } from '../error-reply.js';
import {
  any,
  arrayOf,
  document,
  flag,
  hint,
  looseFlag,
  plainNumber,
  required,
  struct,
  text,
  type FieldRule,
  type Fields,
} from '../fields.js';
import type { ReplyWriter } from '../reply.js';

const MAX_STATEMENTS = 100_000;

function checkCount(count: number): void {
  if (count < 1 || count > MAX_STATEMENTS)
    throw new ElmoError(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${MAX_STATEMENTS}. Got ${count} operations.`,
    );
}

const WRITE_FIELDS: Fields = {
  ordered: flag,
  bypassDocumentValidation: looseFlag,
  stmtIds: arrayOf({ types: [INT32], skipsNull: false, isRequired: false }),
  bypassEmptyTsReplacement: flag,
};

/** The statements' numbers have to be as many as the statements. */
function checkStatementIds(args: Arguments, count: number): void {
  if (!args.has('stmtIds')) return;
  const ids = args.elements('stmtIds').length;
  if (ids !== count)
    throw new ElmoError(
      'InvalidLength',
      `Number of statement ids must match the number of batch entries. Got ${ids} statement ids but ${count} operations.`,
    );
}

function writeErrors(reply: ReplyWriter, failures: readonly WriteFailure[]): void {
  if (failures.length === 0) return;
  reply.objects('writeErrors', failures, ({ index, error }, into) => {
    into.int32('index', index);
    writeErrorFields(into, error);
  });
}

const insert: Command = {
  name: 'insert',
  help: 'adds documents to a collection',
  target: 'collection',
  fields: { insert: text, documents: required(arrayOf(document)), ...WRITE_FIELDS },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const documents = args.documents('documents');
    checkCount(documents.length);
    checkStatementIds(args, documents.length);
    const result = await context.engine.insert(
      {
        ...context.common,
        namespace: { db: context.db, collection: collectionOf(args, 'insert') },
        documents,
        isOrdered: args.flag('ordered', true),
        bypassDocumentValidation: args.flag('bypassDocumentValidation'),
      },
      context.session,
    );
    reply.int32('n', result.inserted);
    writeErrors(reply, result.failures);
  },
};

/** `u`: a document or an array of documents. */
const updateArgument: FieldRule = {
  types: [OBJECT, ARRAY],
  skipsNull: false,
  isRequired: true,
  typeError: {
    code: ERROR_CODES.FailedToParse,
    message: () => 'Update argument must be either an object or an array',
  },
  check: checkPipeline,
};

export function checkPipeline(value: Value): void {
  if (value.type !== ARRAY) return;
  for (const [, stage] of fieldsOf(value))
    if (stage.type !== OBJECT)
      throw new ElmoError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
}

const UPDATE_STATEMENT: Fields = {
  q: required(document),
  u: updateArgument,
  c: document,
  multi: flag,
  upsert: flag,
  upsertSupplied: looseFlag,
  arrayFilters: arrayOf(document),
  hint,
  collation: document,
  sort: document,
  sampleId: any,
  allowShardKeyUpdatesWithoutFullShardKeyInQuery: flag,
  includeQueryStatsMetricsForOpIndex: any,
};

export function updateStatement(raw: RawDocument, path: string, command: string): UpdateStatement {
  const args = new Arguments(parseFields(documentValue(raw), UPDATE_STATEMENT, path, command));
  const isMulti = args.flag('multi');
  if (isMulti && args.has('sort'))
    throw new ElmoError('FailedToParse', 'Cannot specify sort with multi=true');
  return {
    filter: args.document('q')!,
    update: args.value('u')!,
    isMulti,
    isUpsert: args.flag('upsert'),
    ...(args.has('c') ? { constants: args.document('c')! } : {}),
    ...(args.has('arrayFilters') ? { arrayFilters: args.documents('arrayFilters') } : {}),
    ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
    ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
    ...(args.has('sort') ? { sort: args.document('sort')! } : {}),
  };
}

const update: Command = {
  name: 'update',
  help: 'changes documents of a collection',
  target: 'collection',
  fields: {
    update: text,
    updates: required(arrayOf(struct(UPDATE_STATEMENT))),
    let: document,
    ...WRITE_FIELDS,
  },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const statements = args
      .documents('updates')
      .map((raw) => updateStatement(raw, 'update.updates', 'update'));
    checkCount(statements.length);
    checkStatementIds(args, statements.length);
    const result = await context.engine.update(
      {
        ...context.common,
        namespace: { db: context.db, collection: collectionOf(args, 'update') },
        statements,
        isOrdered: args.flag('ordered', true),
        bypassDocumentValidation: args.flag('bypassDocumentValidation'),
        ...(args.has('let') ? { let: args.document('let')! } : {}),
      },
      context.session,
    );
    reply.int32('n', result.matched + result.upserted.length);
    if (result.upserted.length > 0)
      reply.objects('upserted', result.upserted, ({ index, id }, into) => {
        into.int32('index', index).value('_id', id);
      });
    reply.int32('nModified', result.modified);
    writeErrors(reply, result.failures);
  },
};

const limitField: FieldRule = {
  types: undefined,
  skipsNull: false,
  isRequired: true,
  check(value) {
    const number = deleteLimit(value);
    if (number !== 0 && number !== 1)
      throw new ElmoError(
        'FailedToParse',
        `The limit field in delete objects must be 0 or 1. Got ${number}`,
      );
  },
};

const DELETE_STATEMENT: Fields = {
  q: required(document),
  limit: limitField,
  hint,
  collation: document,
  sampleId: any,
};

export function deleteStatement(raw: RawDocument, path: string, command: string): DeleteStatement {
  const args = new Arguments(parseFields(documentValue(raw), DELETE_STATEMENT, path, command));
  return {
    filter: args.document('q')!,
    isMulti: deleteLimit(args.value('limit')!) === 0,
    ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
    ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
  };
}

const deleteCommand: Command = {
  name: 'delete',
  help: 'removes documents of a collection',
  target: 'collection',
  fields: {
    delete: text,
    deletes: required(arrayOf(struct(DELETE_STATEMENT))),
    let: document,
    ...WRITE_FIELDS,
  },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const statements = args
      .documents('deletes')
      .map((raw) => deleteStatement(raw, 'delete.deletes', 'delete'));
    checkCount(statements.length);
    checkStatementIds(args, statements.length);
    const result = await context.engine.delete(
      {
        ...context.common,
        namespace: { db: context.db, collection: collectionOf(args, 'delete') },
        statements,
        isOrdered: args.flag('ordered', true),
        ...(args.has('let') ? { let: args.document('let')! } : {}),
      },
      context.session,
    );
    reply.int32('n', result.deleted);
    writeErrors(reply, result.failures);
  },
};

const findAndModify: Command = {
  name: 'findAndModify',
  aliases: ['findandmodify'],
  help: 'changes or removes one document and returns it',
  target: 'collection',
  fields: {
    findAndModify: text,
    findandmodify: text,
    query: document,
    sort: document,
    remove: looseFlag,
    update: { ...updateArgument, isRequired: false },
    new: looseFlag,
    fields: document,
    upsert: looseFlag,
    bypassDocumentValidation: looseFlag,
    collation: document,
    arrayFilters: arrayOf(document),
    hint,
    let: document,
    sampleId: any,
    includeQueryStatsMetrics: flag,
  },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const removes = args.flag('remove');
    checkFindAndModify(args, removes);
    const result = await context.engine.findAndModify(
      {
        ...context.common,
        namespace: {
          db: context.db,
          collection: args.text('findAndModify') ?? args.text('findandmodify') ?? '',
        },
        filter: args.document('query') ?? EMPTY,
        ...(args.has('sort') ? { sort: args.document('sort')! } : {}),
        ...(args.has('fields') ? { projection: args.document('fields')! } : {}),
        ...(removes ? {} : { update: args.value('update')! }),
        isUpsert: args.flag('upsert'),
        returnsNew: args.flag('new'),
        ...(args.has('arrayFilters') ? { arrayFilters: args.documents('arrayFilters') } : {}),
        ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
        ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
        ...(args.has('let') ? { let: args.document('let')! } : {}),
        bypassDocumentValidation: args.flag('bypassDocumentValidation'),
      },
      context.session,
    );
    reply.object('lastErrorObject', (into) => {
      into.int32('n', result.matched);
      if (!removes) into.bool('updatedExisting', result.updatedExisting);
      if (result.upsertedId !== undefined) into.value('upserted', result.upsertedId);
    });
    if (result.document === undefined) reply.null('value');
    else reply.document('value', result.document);
  },
};

const EMPTY: RawDocument = new Uint8Array([5, 0, 0, 0, 0]);

function checkFindAndModify(args: Arguments, removes: boolean): void {
  const hasUpdate = args.has('update');
  if (!hasUpdate && !removes)
    throw new ElmoError('FailedToParse', "Either an update or remove=true must be specified");
  if (!removes) {
    if (args.has('arrayFilters') && args.value('update')!.type === ARRAY)
      throw new ElmoError('FailedToParse', 'Cannot specify arrayFilters and a pipeline update');
    return;
  }
  if (hasUpdate) throw new ElmoError('FailedToParse', "Cannot specify both an 'update' and 'remove'=true");
  if (args.flag('upsert'))
    throw new ElmoError('FailedToParse', "Cannot specify both 'upsert'=true and 'remove'=true");
  if (args.flag('new'))
    throw new ElmoError(
      'FailedToParse',
      "Cannot specify both 'new'=true and 'remove'=true; 'remove' always returns the deleted document",
    );
  if (args.has('arrayFilters'))
    throw new ElmoError('FailedToParse', "Cannot specify 'arrayFilters' and 'remove'=true");
}

/** `limit` of a delete: what is no number is 0. */
function deleteLimit(value: Value): number {
  const number = plainNumber(value);
  return Number.isNaN(number) ? 0 : number;
}

export const writeCommands: readonly Command[] = [insert, update, deleteCommand, findAndModify];
