/** `elmo restore FILE [FOLDER]`: what mongodump or `elmo dump` has written: options, documents, then indexes. */
import { Command } from 'commander';
import { outputTo } from './command-output.js';
import { archiveSource, folderSource, type DumpSource } from './data/dump-source.js';
import { NamespaceChoice, type NamespaceFlags } from './data/namespaces.js';
import { Restoring, StoppedRestoring, type RestoringOptions } from './data/restoring.js';
import { withDatabase } from './database.js';
import { formatCount, formatCounted, formatDuration, formatSize } from './output.js';
import type { ElmoClient } from '../server-compat/index.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface RestoreFlags extends NamespaceFlags {
  /** True: standard input. */
  readonly archive?: string | true;
  readonly drop?: boolean;
  readonly noIndexRestore?: boolean;
  readonly noOptionsRestore?: boolean;
  readonly stopOnError?: boolean;
}

const EXAMPLES = `
Examples:
  elmo restore app.elmo dump                 dump/DATABASE/COLLECTION.bson
  elmo restore app.elmo dump/shop --db copy  one database, under another name
  elmo restore app.elmo dump --drop          replace the collections that are there
  elmo restore app.elmo --archive=backup.archive
  mongodump --archive | elmo restore app.elmo --archive
  elmo restore app.elmo --archive=a.gz --nsInclude "shop.*" --nsFrom "shop.*" --nsTo "copy.*"

What is packed with gzip is known by its first bytes. Exit code 1 when anything was left out.`;

/** @param setExitCode  told 1 when something did not go in */
export function restoreCommand(terminal: Terminal, setExitCode: (code: number) => void): Command {
  const more = (name: string, names: readonly string[] = []): readonly string[] => [...names, name];
  return new Command('restore')
    .argument('<file>', 'the database; made if it is not there')
    .argument('[folder]', 'a dump, the folder of one database of it, or one .bson file', 'dump')
    .option('--archive [path]', 'read an archive: a file, or standard input')
    .option('--gzip', 'the input is packed (known by its first bytes, told or not)')
    .option('-d, --db <name>', 'only this database of an archive; the database that a folder goes into')
    .option('-c, --collection <name>', 'only this collection')
    .option('--nsInclude <pattern>', 'only these, as shop.*; may be given several times', more)
    .option('--nsExclude <pattern>', 'not these', more)
    .option('--nsFrom <pattern>', 'rename these …', more)
    .option('--nsTo <pattern>', '… to this', more)
    .option('--drop', 'drop each collection first')
    .option('--noIndexRestore', 'without indexes')
    .option('--noOptionsRestore', 'without options of collections')
    .option('--stopOnError', 'stop at the first fault')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, folder: string, flags: RestoreFlags) => {
      const choice = choiceOf(flags);
      const source = await sourceOf(folder, flags);
      const fill = async (client: ElmoClient): Promise<void> => {
        const progress = new Progress(terminal, {
          label: 'restoring',
          total: source.total,
          formatSteps: formatSize,
        });
        const work = new Restoring(client, progress.terminal, choice, optionsOf(flags));
        try {
          for await (const step of source.steps()) {
            await work.take(step);
            const rate = Math.round(work.documents / Math.max(progress.elapsedSeconds, 0.001));
            progress.update(
              source.done(),
              () => `${formatCounted(work.documents, 'document')}, ${formatCount(rate)}/s`,
            );
          }
          await work.finish();
        } catch (error) {
          if (!(error instanceof StoppedRestoring)) throw error;
        } finally {
          progress.stop();
        }
        if (work.faults > 0) setExitCode(1);
        const faults = work.faults === 0 ? '' : `, ${formatCounted(work.faults, 'fault')}`;
        const time = formatDuration(progress.elapsedSeconds);
        const counts = `${formatCounted(work.documents, 'document')} of ${formatCounted(work.collections, 'collection')}`;
        await terminal.write(`${counts} restored${faults} (${time})\n`);
        for (const hint of work.hints) terminal.warn(`${hint}\n`);
      };
      await withDatabase(file, true, fill, { passingBytes: source.total });
    });
}

function optionsOf({ drop, noIndexRestore, noOptionsRestore, stopOnError }: RestoreFlags): RestoringOptions {
  return {
    drops: drop === true,
    keepsIndexes: noIndexRestore !== true,
    keepsOptions: noOptionsRestore !== true,
    stopsOnFault: stopOnError === true,
  };
}

function sourceOf(
  folder: string,
  { archive, db, collection }: RestoreFlags,
): Promise<DumpSource> | DumpSource {
  if (archive === undefined) return folderSource(folder, db, collection);
  return archiveSource(archive === true ? undefined : archive);
}

function choiceOf(flags: RestoreFlags): NamespaceChoice {
  const { archive, db, collection, nsInclude = [] } = flags;
  const named =
    collection === undefined && (archive === undefined || db === undefined)
      ? []
      : [[db ?? '*', collection ?? '*'].join('.')];
  return new NamespaceChoice({ ...flags, nsInclude: [...nsInclude, ...named] });
}
