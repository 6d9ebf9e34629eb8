/** update and findAndModify. */
import { isStageName } from '../../aggregate/stage-names.js';
import { ARRAY, OBJECT } from '../../bson/types.js';
import { documentValue, type Value } from '../../bson/value.js';
import { ERROR_CODES } from '../../error-codes.js';
import { ElmoError } from '../../errors.js';
import type { RawDocument, UpdateStatement } from '../../operation/requests.js';
import { Arguments, fieldsOf, parseFields } from '../arguments.js';
import { collectionOf, type Command } from '../command.js';
import {
  anything,
  binary,
  arrayOf,
  document,
  flag,
  hint,
  looseFlag,
  required,
  struct,
  type FieldRule,
  type Fields,
} from '../fields.js';
import { counted, WRITE_FIELDS, writeErrors, writeRepeated } from './write.js';

/** `u`: a document or an array of documents. */
export const updateArgument: FieldRule = {
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

/** A pipeline's stages are looked up before anything is done. */
function checkStages(update: Value): void {
  if (update.type !== ARRAY) return;
  for (const [, stage] of fieldsOf(update)) {
    const fields = fieldsOf(stage);
    if (fields.length !== 1)
      throw new ElmoError(40323, 'A pipeline stage specification object must contain exactly one field.');
    const [name] = fields[0]!;
    if (!isStageName(name)) throw new ElmoError(40324, `Unrecognized pipeline stage name: '${name}'`);
  }
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
  sampleId: binary,
  allowShardKeyUpdatesWithoutFullShardKeyInQuery: flag,
  includeQueryStatsMetricsForOpIndex: anything,
};

export function updateStatement(raw: RawDocument, path: string, command: string): UpdateStatement {
  const args = new Arguments(parseFields(documentValue(raw), UPDATE_STATEMENT, path, command));
  const isMulti = args.flag('multi');
  checkStages(args.value('u')!);
  if (isMulti && args.has('sort'))
    throw new ElmoError('FailedToParse', 'Cannot specify sort with multi=true');
  return {
    filter: args.document('q')!,
    update: args.value('u')!,
    isMulti,
    isUpsert: args.flag('upsert'),
    ...(args.has('upsertSupplied') ? { isUpsertSupplied: args.flag('upsertSupplied') } : {}),
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
    updates: required(arrayOf(struct(UPDATE_STATEMENT))),
    let: document,
    ...WRITE_FIELDS,
  },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const statements = counted(
      args,
      args.documents('updates').map((raw) => updateStatement(raw, 'update.updates', 'update')),
    );
    const result = await context.engine.update(
      {
        ...context.common,
        namespace: { db: context.db, collection: collectionOf(args, 'update') },
        statements,
        isOrdered: args.flag('ordered', true),
        bypassDocumentValidation: args.flag('bypassDocumentValidation'),
        keepsEmptyTimestamps: args.flag('bypassEmptyTsReplacement'),
        ...(args.has('let') ? { let: args.document('let')! } : {}),
      },
      context.session,
    );
    const { documents } = context.engine.state.activity;
    documents.updated += result.modified;
    documents.inserted += result.upserted.length;
    reply.int32('n', result.matched + result.upserted.length);
    writeErrors(reply, result.failures);
    if (result.upserted.length > 0)
      reply.objects('upserted', result.upserted, ({ index, id }, into) => {
        into.int32('index', index).value('_id', id);
      });
    reply.int32('nModified', result.modified);
    writeRepeated(reply, result.repeated);
  },
};

const findAndModify: Command = {
  name: 'findAndModify',
  aliases: ['findandmodify'],
  help: 'changes or removes one document and returns it',
  target: 'collection',
  fields: {
    query: document,
    sort: document,
    remove: looseFlag,
    update: { ...updateArgument, isRequired: false },
    new: looseFlag,
    fields: document,
    upsert: looseFlag,
    bypassDocumentValidation: looseFlag,
    bypassEmptyTsReplacement: flag,
    collation: document,
    arrayFilters: arrayOf(document),
    hint,
    let: document,
    sampleId: binary,
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
        keepsEmptyTimestamps: args.flag('bypassEmptyTsReplacement'),
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
    const [repeated] = result.repeated ?? [];
    if (repeated !== undefined) reply.int32('retriedStmtId', repeated);
  },
};

const EMPTY: RawDocument = new Uint8Array([5, 0, 0, 0, 0]);

export function checkFindAndModify(args: Arguments, removes: boolean): void {
  const hasUpdate = args.has('update');
  if (!hasUpdate && !removes)
    throw new ElmoError('FailedToParse', 'Either an update or remove=true must be specified');
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

export const updateCommands: readonly Command[] = [update, findAndModify];
