/** drop, dropDatabase. */
import type { Command } from '../command.js';
import { anything, text, uuid } from '../fields.js';

const drop: Command = {
  name: 'drop',
  help: 'deletes a collection or view',
  target: 'collection',
  fields: { drop: text, collectionUUID: uuid },
  takesWriteConcern: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const namespace = { db: context.db, collection: args.text('drop') ?? '' };
    const { indexCount } = await context.engine.dropCollection(namespace, context.common);
    if (indexCount !== undefined)
      reply.int32('nIndexesWas', indexCount).text('ns', `${namespace.db}.${namespace.collection}`);
  },
};

const dropDatabase: Command = {
  name: 'dropDatabase',
  help: 'deletes a database with all its collections',
  target: 'any',
  fields: { dropDatabase: anything },
  takesWriteConcern: true,
  isWrite: true,
  isStable: true,
  async run(_args, context, reply) {
    const existed = await context.engine.dropDatabase(context.db, context.common);
    if (existed) reply.text('dropped', context.db);
  },
};

export const dropCommands: readonly Command[] = [drop, dropDatabase];
