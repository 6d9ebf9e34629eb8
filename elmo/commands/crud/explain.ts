/** explain: how another command would be run, or is. */
import { STRING } from '../../bson/types.js';
import { documentValue } from '../../bson/value.js';
import { fieldsOf } from '../../catalog/raw-document.js';
import { ElmoError } from '../../errors.js';
import type { ExplainTarget } from '../../engine/explain.js';
import type { FindRequest, RawDocument } from '../../operation/requests.js';
import { Arguments, parseFields } from '../arguments.js';
import { collectionOf, type Command, type CommandContext } from '../command.js';
import { COMMON_FIELDS } from '../common-fields.js';
import { anything, document, required } from '../fields.js';
import { aggregateRequest, countRequest, distinctRequest } from './aggregate.js';
import { cannotExplain, verbosityField, verbosityOf, writeExplanation } from './explain-reply.js';
import { findRequest } from './find.js';
import { checkFindAndModify, updateStatement } from './update.js';
import { deleteStatement } from './write.js';

type Context = Pick<CommandContext, 'db' | 'common'>;

const EMPTY: RawDocument = new Uint8Array([5, 0, 0, 0, 0]);

/** The commands that can be explained: what each does, as a query. */
const targets: Readonly<Record<string, (args: Arguments, context: Context) => ExplainTarget>> = {
  find: (args, context) => ({ kind: 'find', request: findRequest(args, context) }),
  aggregate: (args, context) => ({ kind: 'aggregate', request: aggregateRequest(args, context) }),
  count: (args, context) => ({ kind: 'count', request: countRequest(args, context) }),
  distinct: (args, context) => ({
    kind: 'distinct',
    request: distinctRequest(args, context),
    key: args.text('key')!,
  }),
  update(args, context) {
    const [raw, ...others] = args.documents('updates');
    checkSingle(raw, others.length);
    const statement = updateStatement(raw!, 'update.updates', 'update');
    const { filter, hint, collation, sort, isMulti } = statement;
    return {
      kind: 'update',
      isMulti,
      request: statementRequest(args, context, 'update', { filter, hint, collation, sort }),
    };
  },
  delete(args, context) {
    const [raw, ...others] = args.documents('deletes');
    checkSingle(raw, others.length);
    const { filter, hint, collation, isMulti } = deleteStatement(raw!, 'delete.deletes', 'delete');
    return {
      kind: 'delete',
      isMulti,
      request: statementRequest(args, context, 'delete', { filter, hint, collation, sort: undefined }),
    };
  },
  findAndModify(args, context) {
    const removes = args.flag('remove');
    checkFindAndModify(args, removes);
    const name = args.has('findAndModify') ? 'findAndModify' : 'findandmodify';
    const query = {
      filter: args.document('query') ?? EMPTY,
      hint: args.value('hint'),
      collation: args.document('collation'),
      sort: args.document('sort'),
    };
    const request: FindRequest = {
      ...statementRequest(args, context, name, query),
      limit: 1,
      ...(args.has('fields') ? { projection: args.document('fields')! } : {}),
    };
    return { kind: removes ? 'delete' : 'update', isMulti: false, returnsDocument: true, request };
  },
};

function checkSingle(first: RawDocument | undefined, others: number): void {
  if (first === undefined || others > 0)
    throw new ElmoError('InvalidLength', 'explained write batches must be of size 1');
}

/** What a statement looks for. */
function statementRequest(
  args: Arguments,
  { db, common }: Context,
  name: string,
  { filter, hint, collation, sort }: { [name in 'filter' | 'hint' | 'collation' | 'sort']: unknown },
): FindRequest {
  const given = { hint, collation, sort, let: args.document('let') };
  return {
    ...common,
    namespace: { db, collection: collectionOf(args, name) },
    filter: filter as RawDocument,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

const explain: Command = {
  name: 'explain',
  help: 'how a command would be run, or is run',
  target: 'any',
  fields: { explain: required(document), verbosity: verbosityField },
  takesReadConcern: true,
  isStable: true,
  async run(args, context, reply) {
    const inner = args.document('explain')!;
    const fields = fieldsOf(inner);
    const [first] = fields;
    const name = first?.name ?? '';
    const command = context.commands.commands.find(
      (each) => each.name === name || each.aliases?.includes(name) === true,
    );
    if (command === undefined)
      throw new ElmoError('CommandNotFound', `Explain failed due to unknown command: ${name}`);
    const target = Object.hasOwn(targets, command.name) ? targets[command.name] : undefined;
    if (target === undefined) throw cannotExplain(name);
    if (command.target === 'collection' && first?.value.type !== STRING)
      throw new ElmoError('InvalidNamespace', 'Collection name has invalid type');
    if (command.target === 'collection' && first?.value.text === '')
      throw new ElmoError('InvalidNamespace', `Invalid namespace specified: ${context.db}`);
    const given = parseFields(
      documentValue(inner),
      { [name]: anything, ...command.fields, ...COMMON_FIELDS },
      command.name,
      command.name,
    );
    const innerArgs = new Arguments(given);
    const db = innerArgs.text('$db');
    if (db !== undefined && db !== context.db)
      throw new ElmoError(
        'InvalidNamespace',
        `Mismatched $db in explain command. Expected ${context.db} but got ${db}`,
      );
    await writeExplanation(
      target(innerArgs, context),
      verbosityOf(args.text('verbosity')),
      fields.map((field) => [field.name, field.value] as const),
      context,
      reply,
    );
  },
};

export const explainCommands: readonly Command[] = [explain];
