/** drop, dropDatabase, renameCollection. */
import { ElmoError } from '../../errors.js';
import { parseNamespace, SYSTEM_PROFILE } from '../../catalog/namespace.js';
import type { Command, CommandContext } from '../command.js';
import { BINARY, BOOL } from '../../bson/types.js';
import { looseFlag, required, strict, text, uuid, wholeNumber } from '../fields.js';

const isProfiled = ({ engine, db }: CommandContext): boolean =>
  (engine.state.profiles.get(db)?.level ?? 0) > 0;

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
    if (namespace.collection === SYSTEM_PROFILE && isProfiled(context))
      throw new ElmoError('IllegalOperation', 'turn off profiling before dropping system.profile collection');
    const { existed, indexCount } = await context.engine.defining.drop(namespace, context.common);
    if (!existed) return;
    if (indexCount !== undefined) reply.int32('nIndexesWas', indexCount);
    reply.text('ns', `${namespace.db}.${namespace.collection}`);
  },
};

const dropDatabase: Command = {
  name: 'dropDatabase',
  help: 'deletes a database with all its collections',
  target: 'any',
  fields: {
    dropDatabase: required({
      types: [0x10, 0x01, 0x12, 0x13],
      skipsNull: true,
      isRequired: true,
      check(value) {
        if (wholeNumber(value) !== 1)
          throw new ElmoError(5255100, "Have to pass 1 as 'dropDatabase' parameter");
      },
    }),
  },
  takesWriteConcern: true,
  isWrite: true,
  isStable: true,
  async run(_args, context, reply) {
    context.engine.state.profiles.delete(context.db);
    if (await context.engine.defining.dropDatabase(context.db, context.common))
      reply.text('dropped', context.db);
  },
};

const renameCollection: Command = {
  name: 'renameCollection',
  help: 'gives a collection another name, in another database if wanted',
  target: 'any',
  fields: {
    renameCollection: required(text),
    to: required(text),
    dropTarget: strict({ types: [BOOL, BINARY], skipsNull: false, isRequired: false }),
    stayTemp: looseFlag,
    collectionUUID: uuid,
  },
  isAdminOnly: true,
  takesWriteConcern: true,
  isWrite: true,
  async run(args, context) {
    const from = args.text('renameCollection')!;
    const to = args.text('to')!;
    for (const name of [from, to])
      if (!name.includes('.') || name.startsWith('.'))
        throw new ElmoError('InvalidNamespace', `Invalid namespace specified '${name}'`);
    const dropTarget = args.value('dropTarget');
    const drops = dropTarget !== undefined && (dropTarget.type === BINARY || args.flag('dropTarget'));
    await context.engine.defining.rename(parseNamespace(from), parseNamespace(to), drops, context.common);
  },
};

export const dropCommands: readonly Command[] = [drop, dropDatabase, renameCollection];
