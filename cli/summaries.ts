/** What `elmo --help` says of each subcommand, so that none of them has to be loaded for it. */
import { Command } from 'commander';

interface Summary {
  /** As the subcommand's own help has it, without its name. */
  readonly usage: string;
  readonly text: string;
}

/** In the order of the help. */
export const SUMMARIES = {
  shell: {
    usage: '<file> [scripts...]',
    text: 'type queries as in the shell of MongoDB, or run scripts of them',
  },
  find: { usage: '<file> <namespace> [filter]', text: 'documents that match a filter' },
  aggregate: { usage: '<file> <namespace> <pipeline>', text: 'what a pipeline gives' },
  count: { usage: '<file> <namespace> [filter]', text: 'how many documents match' },
  distinct: { usage: '<file> <namespace> <field> [filter]', text: 'the values of a field' },
  import: {
    usage: '<file> <namespace> [input]',
    text: 'documents from JSON, CSV or TSV, also packed with gzip',
  },
  export: { usage: '<file> <namespace> [output]', text: 'documents as JSON, CSV or TSV' },
  dump: {
    usage: '<file> [folder]',
    text: 'all documents, options and indexes, in the folders or the archive that mongodump makes',
  },
  restore: { usage: '<file> [folder]', text: 'what mongodump or dump has written' },
  migrate: {
    usage: '<from> <to>',
    text: 'copy a database file to a server, or a server to a file; can be interrupted',
  },
  stats: { usage: '<file>', text: 'collections, documents, indexes, and the size of the file' },
  check: {
    usage: '<file>',
    text: 'read every byte, compare documents with indexes; exit code 1 when something is wrong',
  },
  compact: { usage: '<file>', text: 'make the file as short as it can be' },
  backup: { usage: '<file> <to>', text: 'copy a database to a new file' },
  serve: {
    usage: '<file>',
    text: "serve a file to drivers, shells and tools over MongoDB's wire protocol",
  },
  'lsm-diag': {
    usage: '[file] [command...]',
    text: 'look into a file: tables, levels, space, keys, damage; merge, compact, back up, load',
  },
} as const satisfies Readonly<Record<string, Summary>>;

export type SubcommandName = keyof typeof SUMMARIES;

/** A subcommand that can do nothing but stand in the help. */
export function listed(name: SubcommandName): Command {
  const { usage, text } = SUMMARIES[name];
  const command = new Command(name).description(text);
  for (const argument of usage.split(' ')) command.argument(argument);
  // the help names options where there are some
  return command.option('--any');
}

export function isSubcommand(name: string): name is SubcommandName {
  return Object.hasOwn(SUMMARIES, name);
}
