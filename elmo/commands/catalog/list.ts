/** listCollections, listIndexes, listDatabases. */
import type { Arguments } from '../arguments.js';
import type { Command, CommandContext } from '../command.js';
import { firstBatch } from '../cursor-reply.js';
import { checkNamespace } from '../../catalog/namespace.js';
import { ListCursor } from '../../exec/cursor.js';
import { rawDocument } from '../../catalog/raw-document.js';
import { boolValue, int64OfNumber, stringValue } from '../../bson/value.js';
import { anything, document, flag, integer, looseFlag, struct, text } from '../fields.js';
import type { ReplyWriter } from '../reply.js';

const cursorField = struct({ batchSize: integer({ low: 0 }) });

async function listed(
  args: Arguments,
  context: CommandContext,
  reply: ReplyWriter,
  collection: string,
  documents: readonly Uint8Array[],
): Promise<void> {
  await firstBatch(
    context,
    reply,
    new ListCursor(documents),
    { db: context.db, collection },
    {
      batchSize: args.struct('cursor')?.number('batchSize') ?? documents.length + 1,
      isSingle: false,
      hasTimeout: true,
    },
  );
}

const listCollections: Command = {
  name: 'listCollections',
  help: 'the collections and views of a database',
  target: 'any',
  fields: {
    listCollections: anything,
    cursor: cursorField,
    filter: document,
    nameOnly: flag,
    authorizedCollections: flag,
    includePendingDrops: anything,
  },
  isStable: true,
  isTransactional: false,
  async run(args, context, reply) {
    const documents = context.engine.defining.listCollections(
      context.db,
      args.document('filter'),
      args.flag('nameOnly'),
      context.session,
    );
    await listed(args, context, reply, '$cmd.listCollections', documents);
  },
};

const listIndexes: Command = {
  name: 'listIndexes',
  help: 'the indexes of a collection',
  target: 'collection',
  fields: {
    listIndexes: text,
    cursor: cursorField,
    includeBuildUUIDs: looseFlag,
    includeIndexBuildInfo: looseFlag,
    isTimeseriesNamespace: flag,
  },
  isStable: true,
  async run(args, context, reply) {
    const collection = args.text('listIndexes') ?? '';
    const namespace = { db: context.db, collection };
    checkNamespace(namespace);
    const documents = context.engine.defining.listIndexes(namespace, context.session);
    await listed(args, context, reply, collection, documents);
  },
};

const listDatabases: Command = {
  name: 'listDatabases',
  help: 'the databases of the file',
  target: 'any',
  fields: { listDatabases: anything, nameOnly: looseFlag, filter: document, authorizedDatabases: looseFlag },
  isAdminOnly: true,
  isStable: true,
  run(args, context, reply) {
    const filter = args.document('filter');
    const matcher = filter === undefined ? undefined : context.engine.defining.infoMatcher(filter);
    const isNameOnly = args.flag('nameOnly');
    let total = 0;
    const shown = context.engine.defining.listDatabases().flatMap(({ name, bytes }) => {
      const whole = rawDocument([
        ['name', stringValue(name)],
        ['sizeOnDisk', int64OfNumber(bytes)],
        ['empty', boolValue(false)],
      ]);
      if (matcher?.matches(whole, 0) === false) return [];
      total += bytes;
      return [isNameOnly ? rawDocument([['name', stringValue(name)]]) : whole];
    });
    reply.documents('databases', shown);
    if (!isNameOnly) reply.int64('totalSize', total).int64('totalSizeMb', Math.floor(total / 2 ** 20));
  },
};

export const listCommands: readonly Command[] = [listCollections, listIndexes, listDatabases];
