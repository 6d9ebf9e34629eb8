/** createIndexes, dropIndexes, reIndex. */
import { ElmoError } from '../../errors.js';
import type { Command } from '../command.js';
import {
  anything,
  arrayOf,
  document,
  flag,
  looseFlag,
  required,
  strict,
  text,
  type FieldRule,
} from '../fields.js';

const commitQuorum: FieldRule = {
  types: [0x01, 0x10, 0x12, 0x13, 0x02],
  skipsNull: true,
  isRequired: false,
};

const createIndexes: Command = {
  name: 'createIndexes',
  help: 'builds indexes',
  target: 'collection',
  fields: {
    createIndexes: text,
    indexes: required(arrayOf(document)),
    ignoreUnknownIndexOptions: looseFlag,
    commitQuorum,
    returnOnStart: flag,
    isTimeseriesNamespace: flag,
  },
  takesWriteConcern: true,
  isTransactional: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const result = await context.engine.defining.createIndexes(
      { db: context.db, collection: args.text('createIndexes') ?? '' },
      args.documents('indexes'),
      context.common,
      context.session,
    );
    reply.int32('numIndexesBefore', result.indexesBefore).int32('numIndexesAfter', result.indexesAfter);
    if (result.note === undefined) reply.bool('createdCollectionAutomatically', result.madeCollection);
    else reply.text('note', result.note);
  },
};

const dropIndexes: Command = {
  name: 'dropIndexes',
  aliases: ['deleteIndexes'],
  help: 'removes indexes',
  target: 'collection',
  fields: {
    dropIndexes: text,
    deleteIndexes: text,
    index: required(strict({ ...anything, types: [0x02, 0x03, 0x04] })),
  },
  takesWriteConcern: true,
  isWrite: true,
  isStable: true,
  async run(args, context, reply) {
    const result = await context.engine.defining.dropIndexes(
      { db: context.db, collection: args.text('dropIndexes') ?? args.text('deleteIndexes') ?? '' },
      args.value('index')!,
      context.common,
    );
    reply.int32('nIndexesWas', result.indexesBefore);
    if (result.message !== undefined) reply.text('msg', result.message);
  },
};

const reIndex: Command = {
  name: 'reIndex',
  help: 'builds all indexes anew; a member of a replica set refuses',
  target: 'collection',
  fields: { reIndex: text },
  isWrite: true,
  run() {
    throw new ElmoError('IllegalOperation', 'reIndex is only allowed on a standalone mongod instance.');
  },
};

export const indexCommands: readonly Command[] = [createIndexes, dropIndexes, reIndex];
