/** bulkWrite: operations on many collections, with a cursor of what became of each. */
import { ListRows } from '../../aggregate/rows.js';
import { checkNewNamespace } from '../../catalog/namespace.js';
import { BINARY } from '../../bson/types.js';
import { valueText } from '../../bson/text.js';
import { documentValue, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { RowCursor } from '../../exec/cursor.js';
import type { BulkOperation, BulkOutcome, Namespace, RawDocument } from '../../operation/requests.js';
import { Arguments, fieldsOf, parseFields } from '../arguments.js';
import type { Command } from '../command.js';
import { firstBatch } from '../cursor-reply.js';
import { writeErrorFields } from '../error-reply.js';
import {
  array,
  arrayOf,
  binary,
  document,
  flag,
  hint,
  int32Only,
  integer,
  looseFlag,
  required,
  struct,
  text,
  uuid,
  type Fields,
} from '../fields.js';
import { ReplyWriter } from '../reply.js';
import { updateArgument } from './update.js';
import { checkCount, checkStatementIds } from './write.js';

const NAMESPACE_INFO: Fields = {
  ns: required(text),
  collectionUUID: uuid,
  encryptionInformation: document,
  isTimeseriesNamespace: flag,
};

const place = required(integer({ low: 0, high: 0x7fff_ffff }));

const INSERT: Fields = { insert: place, document: required(document) };

const UPDATE: Fields = {
  update: place,
  filter: required(document),
  updateMods: updateArgument,
  sort: document,
  multi: flag,
  upsert: flag,
  arrayFilters: arrayOf(document),
  hint,
  constants: document,
  collation: document,
  upsertSupplied: looseFlag,
  sampleId: binary,
  allowShardKeyUpdatesWithoutFullShardKeyInQuery: flag,
};

const DELETE: Fields = {
  delete: place,
  filter: required(document),
  multi: flag,
  hint,
  collation: document,
  sampleId: binary,
};

const OPERATIONS: Readonly<Record<string, Fields>> = { insert: INSERT, update: UPDATE, delete: DELETE };
const PATH = 'bulkWrite.ops';
const COMMAND = 'bulkWrite';

/** A place of `nsInfo`. */
interface Target {
  readonly namespace: Namespace;
  readonly collectionUuid?: Uint8Array;
}

function parseTarget(raw: RawDocument): Target {
  const args = new Arguments(parseFields(documentValue(raw), NAMESPACE_INFO, 'bulkWrite.nsInfo', COMMAND));
  const ns = args.text('ns')!;
  const dot = ns.indexOf('.');
  const db = ns.slice(0, dot);
  const collection = ns.slice(dot + 1);
  if (dot <= 0 || collection === '' || /[ /\\"$*<>:|?\0]/.test(db))
    throw new ElmoError(
      'InvalidNamespace',
      `Invalid namespace specified for bulkWrite: '${collection === '' ? db : ns}'`,
    );
  const identity = args.value('collectionUUID');
  return {
    namespace: { db, collection },
    ...(identity?.type === BINARY ? { collectionUuid: uuidBytes(identity) } : {}),
  };
}

function uuidBytes({ bytes, at }: Value): Uint8Array {
  return bytes.subarray(at + 5, at + 21);
}

/** An operation whose fields are what they must be. */
interface Parsed {
  readonly raw: RawDocument;
  readonly kind: string;
  readonly args: Arguments;
}

function parseOperation(raw: RawDocument): Parsed {
  const [first] = fieldsOf(documentValue(raw));
  const kind = first?.[0] ?? '';
  const fields = Object.hasOwn(OPERATIONS, kind) ? OPERATIONS[kind] : undefined;
  if (fields === undefined)
    throw new ElmoError(
      'IDLUnknownField',
      `BSON field '${kind === '' ? COMMAND : `${COMMAND}.${kind}`}' is an unknown field.`,
    );
  return { raw, kind, args: new Arguments(parseFields(documentValue(raw), fields, PATH, COMMAND)) };
}

function operationOf({ raw, kind, args }: Parsed, targets: readonly Target[]): BulkOperation {
  const target = targets[args.number(kind)!];
  if (target === undefined)
    throw new ElmoError(
      'BadValue',
      `BulkWrite ops entry ${valueText(documentValue(raw))} has an invalid nsInfo index.`,
    );
  if (kind === 'insert') return { ...target, kind, document: args.document('document')! };
  const shared = {
    filter: args.document('filter')!,
    isMulti: args.flag('multi'),
    ...(args.has('hint') ? { hint: args.value('hint')! } : {}),
    ...(args.has('collation') ? { collation: args.document('collation')! } : {}),
  };
  if (kind === 'delete') return { ...target, kind, statement: shared };
  return {
    ...target,
    kind: 'update',
    statement: {
      ...shared,
      update: args.value('updateMods')!,
      isUpsert: args.flag('upsert'),
      ...(args.has('upsertSupplied') ? { isUpsertSupplied: args.flag('upsertSupplied') } : {}),
      ...(args.has('constants') ? { constants: args.document('constants')! } : {}),
      ...(args.has('arrayFilters') ? { arrayFilters: args.documents('arrayFilters') } : {}),
      ...(args.has('sort') ? { sort: args.document('sort')! } : {}),
    },
  };
}

/** `{ok, idx, n …}` */
function outcomeDocument(outcome: BulkOutcome): Uint8Array {
  const writer = new ReplyWriter();
  const start = writer.beginDocument();
  writer.double('ok', outcome.error === undefined ? 1 : 0).int32('idx', outcome.index);
  if (outcome.error !== undefined) writeErrorFields(writer, outcome.error);
  writer.int32('n', outcome.count);
  if (outcome.kind === 'update') writer.int32('nModified', outcome.modified);
  const { upsertedId } = outcome;
  if (upsertedId !== undefined) writer.object('upserted', (into) => into.value('_id', upsertedId));
  writer.endDocument(start);
  return writer.toBytes();
}

function sum(outcomes: readonly BulkOutcome[], of: (outcome: BulkOutcome) => number): number {
  return outcomes.reduce((total, outcome) => total + of(outcome), 0);
}

const bulkWrite: Command = {
  name: COMMAND,
  help: 'inserts, changes and removes documents of several collections',
  target: 'any',
  isAdminOnly: true,
  fields: {
    ops: required(arrayOf(document)),
    nsInfo: required(arrayOf(struct(NAMESPACE_INFO))),
    ordered: flag,
    errorsOnly: flag,
    bypassDocumentValidation: looseFlag,
    bypassEmptyTsReplacement: flag,
    let: document,
    cursor: struct({ batchSize: integer({ low: 0 }) }),
    stmtId: int32Only,
    stmtIds: array,
  },
  takesReadConcern: true,
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const parsed = args.documents('ops').map(parseOperation);
    checkCount(parsed.length);
    const targets = args.documents('nsInfo').map(parseTarget);
    const operations = parsed.map((each) => operationOf(each, targets));
    for (const { namespace } of targets) checkNewNamespace(namespace);
    checkStatementIds(args, operations.length);
    const outcomes = await context.engine.writes.bulkWrite(
      {
        ...context.common,
        operations,
        isOrdered: args.flag('ordered', true),
        bypassDocumentValidation: args.flag('bypassDocumentValidation'),
        keepsEmptyTimestamps: args.flag('bypassEmptyTsReplacement'),
        ...(args.has('let') ? { let: args.document('let')! } : {}),
      },
      context.session,
    );
    const errors = outcomes.filter(({ error }) => error !== undefined);
    const shown = args.flag('errorsOnly') ? errors : outcomes;
    const batchSize = args.struct('cursor')?.number('batchSize');
    const cursor = new RowCursor(
      new ListRows(shown.map(outcomeDocument)),
      context.engine.newOperation(context.common),
      () => undefined,
    );
    await firstBatch(
      context,
      reply,
      cursor,
      { db: 'admin', collection: '$cmd.bulkWrite' },
      {
        batchSize,
        isSingle: batchSize !== undefined && batchSize >= shown.length,
        hasTimeout: true,
      },
    );
    const upserts = outcomes.filter(({ upsertedId }) => upsertedId !== undefined).length;
    const countOf = (kind: BulkOutcome['kind']): number =>
      sum(outcomes, (outcome) => (outcome.kind === kind ? outcome.count : 0));
    reply.int32('nErrors', errors.length).int32('nInserted', countOf('insert'));
    reply.int32('nMatched', countOf('update') - upserts);
    reply.int32(
      'nModified',
      sum(outcomes, ({ modified }) => modified),
    );
    reply.int32('nUpserted', upserts).int32('nDeleted', countOf('delete'));
  },
};

export const bulkWriteCommands: readonly Command[] = [bulkWrite];
