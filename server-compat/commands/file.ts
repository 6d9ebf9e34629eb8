/** What concerns the whole file, for processes of the same user that share it and do not hold it: figures, checks, compaction, backups. */
import {
  backupStore,
  checkAll,
  compactStore,
  encodeDocument,
  fields,
  storeStats,
  type Command,
} from '../../elmo/index.js';

const { anything, required, text } = fields;

export const fileCommands: readonly Command[] = [
  {
    name: 'fileStats',
    help: 'the file in figures',
    target: 'any',
    fields: { fileStats: anything },
    run(_args, { engine }, reply) {
      reply.document('stats', encodeDocument({ ...storeStats(engine) }));
    },
  },
  {
    name: 'checkFile',
    help: 'reads every byte of the file, compares documents with indexes',
    target: 'any',
    fields: { checkFile: anything },
    async run(_args, { engine }, reply) {
      reply.document('report', encodeDocument({ ...(await checkAll(engine)) }));
    },
  },
  {
    name: 'compactFile',
    help: 'makes the file as short as it can be',
    target: 'any',
    fields: { compactFile: anything },
    run: (_args, { engine }) => compactStore(engine),
  },
  {
    name: 'backupFile',
    help: 'copies the database to a new file',
    target: 'any',
    fields: { backupFile: anything, to: required(text) },
    run: (args, { engine }) => backupStore(engine, args.text('to')!),
  },
];
