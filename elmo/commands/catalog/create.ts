/** create, collMod, convertToCapped, cloneCollectionAsCapped. Their options are checked where they are used. */
import { rawDocument } from '../../catalog/raw-document.js';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { COMMON_FIELDS } from '../common-fields.js';
import { anything, integer, required, text, type FieldRule, type Fields } from '../fields.js';

/** Fields of any type: the catalog says which are right. */
function passed(...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, anything]));
}

/** The options of a command, without its own field and those of all commands. */
function optionsOf(args: Arguments, command: string): Uint8Array {
  return rawDocument(
    [...args.entries()].filter(([name]) => name !== command && !Object.hasOwn(COMMON_FIELDS, name)),
  );
}

const create: Command = {
  name: 'create',
  help: 'makes a collection or a view',
  target: 'collection',
  fields: {
    create: text,
    ...passed(
      'capped',
      'size',
      'max',
      'idIndex',
      'temp',
      'flags',
      'storageEngine',
      'validator',
      'validationLevel',
      'validationAction',
      'indexOptionDefaults',
      'viewOn',
      'pipeline',
      'collation',
      'changeStreamPreAndPostImages',
      'timeseries',
      'clusteredIndex',
      'expireAfterSeconds',
      'encryptedFields',
      'recordPreImages',
      'recordIdsReplicated',
    ),
  },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context) {
    await context.engine.defining.create(
      { db: context.db, collection: args.text('create') ?? '' },
      optionsOf(args, 'create'),
      context.common,
      context.session,
    );
  },
};

const collMod: Command = {
  name: 'collMod',
  help: 'changes options of a collection, a view or an index',
  target: 'collection',
  fields: {
    collMod: text,
    ...passed(
      'index',
      'validator',
      'validationLevel',
      'validationAction',
      'viewOn',
      'pipeline',
      'recordPreImages',
      'changeStreamPreAndPostImages',
      'expireAfterSeconds',
      'timeseries',
      'timeseriesBucketsMayHaveMixedSchemaData',
      'timeseriesBucketingParametersHaveChanged',
      'cappedSize',
      'cappedMax',
      'isTimeseriesNamespace',
      'prepareUnique',
      'unique',
      'dryRun',
    ),
  },
  takesWriteConcern: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const raw = await context.engine.defining.modify(
      { db: context.db, collection: args.text('collMod') ?? '' },
      optionsOf(args, 'collMod'),
      context.common,
    );
    reply.fieldsOf(raw);
  },
};

const sizeField: FieldRule = required(integer());

const convertToCapped: Command = {
  name: 'convertToCapped',
  help: 'makes a collection capped; the oldest documents go if they do not fit',
  target: 'collection',
  fields: { convertToCapped: text, size: sizeField },
  ignoresUnknown: true,
  takesWriteConcern: true,
  isWrite: true,
  async run(args, context) {
    await context.engine.defining.convertToCapped(
      { db: context.db, collection: args.text('convertToCapped') ?? '' },
      args.number('size')!,
      context.common,
    );
  },
};

const cloneCollectionAsCapped: Command = {
  name: 'cloneCollectionAsCapped',
  help: 'a capped copy of a collection',
  target: 'collection',
  fields: { cloneCollectionAsCapped: text, toCollection: required(text), size: sizeField },
  ignoresUnknown: true,
  takesWriteConcern: true,
  isWrite: true,
  async run(args, context) {
    await context.engine.defining.cloneAsCapped(
      { db: context.db, collection: args.text('cloneCollectionAsCapped') ?? '' },
      { db: context.db, collection: args.text('toCollection')! },
      args.number('size')!,
      context.common,
    );
  },
};

export const createCommands: readonly Command[] = [create, collMod, convertToCapped, cloneCollectionAsCapped];
