/** insert and delete. */
import { ElmoError } from '../../errors.js';
import type { DeleteStatement, RawDocument, WriteFailure } from '../../operation/requests.js';
import { INT32 } from '../../bson/types.js';
import { documentValue } from '../../bson/value.js';
import type { Value } from '../../bson/value.js';
import { Arguments, parseFields } from '../arguments.js';
import { collectionOf, type Command } from '../command.js';
import { writeErrorFields } from '../error-reply.js';
import {
  binary,
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

export function checkCount(count: number): void {
  if (count < 1 || count > MAX_STATEMENTS)
    throw new ElmoError(
      'InvalidLength',
      `Write batch sizes must be between 1 and ${MAX_STATEMENTS}. Got ${count} operations.`,
    );
}

export const WRITE_FIELDS: Fields = {
  ordered: flag,
  bypassDocumentValidation: looseFlag,
  stmtIds: arrayOf({ types: [INT32], skipsNull: false, isRequired: false }),
  bypassEmptyTsReplacement: flag,
};

/** The statements' numbers have to be as many as the statements. */
export function checkStatementIds(args: Arguments, count: number): void {
  if (!args.has('stmtIds')) return;
  const ids = args.elements('stmtIds').length;
  if (ids !== count)
    throw new ElmoError(
      'InvalidLength',
      `Number of statement ids must match the number of batch entries. Got ${ids} statement ids but ${count} operations.`,
    );
}

export function writeErrors(reply: ReplyWriter, failures: readonly WriteFailure[]): void {
  if (failures.length === 0) return;
  reply.objects('writeErrors', failures, ({ index, error }, into) => {
    into.int32('index', index);
    writeErrorFields(into, error);
  });
}

/** Which statements of a retryable write had been done before. */
export function writeRepeated(reply: ReplyWriter, numbers: readonly number[] = []): void {
  if (numbers.length > 0) reply.int32s('retriedStmtIds', numbers);
}

/** What a write does, one by one. @throws ElmoError if they are too many, or not as many as their numbers */
export function counted<T>(args: Arguments, statements: readonly T[]): readonly T[] {
  checkCount(statements.length);
  checkStatementIds(args, statements.length);
  return statements;
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
    const documents = counted(args, args.documents('documents'));
    const result = await context.engine.insert(
      {
        ...context.common,
        namespace: { db: context.db, collection: collectionOf(args, 'insert') },
        documents,
        isOrdered: args.flag('ordered', true),
        bypassDocumentValidation: args.flag('bypassDocumentValidation'),
        keepsEmptyTimestamps: args.flag('bypassEmptyTsReplacement'),
      },
      context.session,
    );
    context.engine.state.activity.documents.inserted += result.inserted;
    reply.int32('n', result.inserted);
    writeErrors(reply, result.failures);
    writeRepeated(reply, result.repeated);
  },
};

const limitField: FieldRule = {
  types: undefined,
  skipsNull: false,
  isRequired: true,
  check(value) {
    const number = deleteLimit(value);
    if (number !== 0 && number !== 1)
      throw new ElmoError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${number}`);
  },
};

const DELETE_STATEMENT: Fields = {
  q: required(document),
  limit: limitField,
  hint,
  collation: document,
  sampleId: binary,
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
    const statements = counted(
      args,
      args.documents('deletes').map((raw) => deleteStatement(raw, 'delete.deletes', 'delete')),
    );
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
    context.engine.state.activity.documents.deleted += result.deleted;
    reply.int32('n', result.deleted);
    writeErrors(reply, result.failures);
    writeRepeated(reply, result.repeated);
  },
};

/** `limit` of a delete: what is no number is 0. */
function deleteLimit(value: Value): number {
  const number = plainNumber(value);
  return Number.isNaN(number) ? 0 : number;
}

export const writeCommands: readonly Command[] = [insert, deleteCommand];
