/** `elmo migrate FROM TO`: from a database file to a server, or from a server to a file. */
import { Command } from 'commander';
import { isServerUri } from '../elmo/index.js';
import { outputTo } from './command-output.js';
import { NamespaceChoice, type NamespaceFlags } from './data/namespaces.js';
import { UsageError } from './errors.js';
import type { MigrationEnd } from './migrate/end.js';
import { FileEnd } from './migrate/file-end.js';
import { Migration, type Move } from './migrate/migration.js';
import { ServerEnd } from './migrate/server-end.js';
import { MigrationState } from './migrate/state.js';
import { verify, type Verified } from './migrate/verify.js';
import { formatCount, formatCounted, formatDuration, formatJson } from './output.js';
import { Progress } from './progress.js';
import type { Terminal } from './terminal.js';

interface MigrateFlags extends NamespaceFlags {
  readonly drop?: boolean;
  readonly state?: string;
  readonly restart?: boolean;
  readonly verify: boolean;
  readonly json?: boolean;
}

/** Faults that are told one by one. */
const MOST_TOLD = 20;

const EXAMPLES = `
Examples:
  elmo migrate app.elmo mongodb://127.0.0.1:27017/
  elmo migrate mongodb://127.0.0.1:27017/ app.elmo --nsInclude "shop.*"
  elmo migrate app.elmo mongodb://host/ --nsFrom "shop.*" --nsTo "shop_copy.*"

Collections with their options, documents, indexes and views are copied, users are not. The package mongodb is needed
beside this one. Whatever ends it, the same command goes on where it stopped: how far it is stands in FILE.migrate.json.
At the end both sides are read and compared. Exit code 1 when anything was left out or is not the same.`;

/** @param setExitCode  told 1 when something did not go in, or is not the same */
export function migrateCommand(terminal: Terminal, setExitCode: (code: number) => void): Command {
  const more = (name: string, names: readonly string[] = []): readonly string[] => [...names, name];
  return new Command('migrate')
    .argument('<from>', 'a file, or mongodb://…')
    .argument('<to>', 'mongodb://…, or a file, made if it is not there')
    .option('-d, --db <name>', 'only this database')
    .option('-c, --collection <name>', 'only this collection')
    .option('--nsInclude <pattern>', 'only these, as shop.*; may be given several times', more)
    .option('--nsExclude <pattern>', 'not these', more)
    .option('--nsFrom <pattern>', 'rename these …', more)
    .option('--nsTo <pattern>', '… to this', more)
    .option('--drop', 'replace collections that are there')
    .option('--state <file>', 'where it is written down how far it is')
    .option('--restart', 'forget how far an earlier run was')
    .option('--no-verify', 'do not compare both sides at the end')
    .option('--json', 'print JSON')
    .exitOverride()
    .configureOutput(outputTo(terminal))
    .addHelpText('after', EXAMPLES)
    .action((from: string, to: string, flags: MigrateFlags) =>
      migrate(terminal, setExitCode, from, to, flags),
    );
}

async function migrate(
  terminal: Terminal,
  setExitCode: (code: number) => void,
  fromName: string,
  toName: string,
  flags: MigrateFlags,
): Promise<void> {
  if (isServerUri(fromName) === isServerUri(toName))
    throw new UsageError('one of the two has to be a file, the other one an address: mongodb://…');
  const choice = choiceOf(flags);
  const file = isServerUri(fromName) ? toName : fromName;
  let faults = 0;
  const onFault = (text: string): void => {
    faults++;
    if (faults <= MOST_TOLD) terminal.warn(`${text}\n`);
    if (faults === MOST_TOLD + 1) terminal.warn('… more faults are counted, but not told\n');
  };
  const from = await openEnd(fromName, false);
  let to: MigrationEnd | undefined;
  try {
    to = await openEnd(toName, true);
    const state = stateOf(flags, `${file}.migrate.json`, from, to);
    if (state.isResumed) terminal.warn(`going on with what ${state.path} tells\n`);
    const work = { terminal, from, to, state, onFault, drops: flags.drop === true };
    const { moves, documents, seconds } = await copyAll(work, choice);
    const verified = flags.verify ? await verifyAll(work, moves) : [];
    for (const { name, difference } of verified)
      if (difference !== undefined) onFault(`${name}: not the same: ${difference}`);
    if (faults > 0) setExitCode(1);
    else state.remove();
    const summary = { documents, collections: moves.length, faults, seconds, verified };
    await terminal.write(flags.json === true ? formatJson(summary) : summaryText(summary));
  } finally {
    await from.close();
    await to?.close();
  }
}

interface Work {
  readonly terminal: Terminal;
  readonly from: MigrationEnd;
  readonly to: MigrationEnd;
  readonly state: MigrationState;
  readonly onFault: (text: string) => void;
  readonly drops: boolean;
}

async function copyAll(
  { terminal, from, to, state, onFault, drops }: Work,
  choice: NamespaceChoice,
): Promise<{ moves: readonly Move[]; documents: number; seconds: number }> {
  const migration = new Migration(from, to, state, { drops, onFault });
  const moves = await migration.plan(choice);
  const progress = new Progress(terminal, { label: 'copying', total: await countOf(from, moves) });
  let documents = 0;
  const onBatch = (count: number, name: string): void => {
    documents += count;
    const rate = Math.round(documents / Math.max(progress.elapsedSeconds, 0.001));
    progress.update(documents, () => `${name}, ${formatCount(rate)}/s`);
  };
  try {
    await migration.run(moves, onBatch);
  } catch (error) {
    const how = `run the same command again to go on: ${formatCount(documents)} documents are there`;
    throw new Error(`${(error as Error).message}; ${how}`, { cause: error });
  } finally {
    progress.stop();
  }
  return { moves, documents, seconds: progress.elapsedSeconds };
}

async function verifyAll({ terminal, from, to }: Work, moves: readonly Move[]): Promise<Verified[]> {
  const progress = new Progress(terminal, { label: 'comparing', total: await countOf(from, moves) });
  let documents = 0;
  const onDocument = (): void => {
    if (++documents % 1000 !== 0) return;
    progress.update(documents, () => `${formatCount(Math.round(documents / progress.elapsedSeconds))}/s`);
  };
  const verified: Verified[] = [];
  try {
    for (const move of moves)
      if (move.from.type !== 'view') verified.push(await verify(move, from, to, onDocument));
  } finally {
    progress.stop();
  }
  return verified;
}

async function countOf(from: MigrationEnd, moves: readonly Move[]): Promise<number> {
  let sum = 0;
  for (const move of moves) if (move.from.type !== 'view') sum += await from.count(move.from);
  return sum;
}

function summaryText(summary: {
  readonly documents: number;
  readonly collections: number;
  readonly faults: number;
  readonly seconds: number;
  readonly verified: readonly Verified[];
}): string {
  const lines = summary.verified
    .filter(({ difference }) => difference === undefined)
    .map(
      ({ name, documents, hash }) =>
        `${name}: ${formatCounted(documents, 'document')}, sha256 ${hash.slice(0, 16)}…, the same\n`,
    );
  const counts = `${formatCounted(summary.documents, 'document')} of ${formatCounted(summary.collections, 'collection')}`;
  const faults = summary.faults === 0 ? '' : `, ${formatCounted(summary.faults, 'fault')}`;
  return `${lines.join('')}${counts} migrated${faults} (${formatDuration(summary.seconds)})\n`;
}

function openEnd(name: string, mayCreate: boolean): Promise<MigrationEnd> {
  return isServerUri(name) ? ServerEnd.open(name) : FileEnd.open(name, mayCreate);
}

function stateOf(flags: MigrateFlags, path: string, from: MigrationEnd, to: MigrationEnd): MigrationState {
  const ends = { from: from.name, to: to.name };
  const file = flags.state ?? path;
  if (flags.restart === true) MigrationState.forget(file);
  return new MigrationState(file, ends);
}

function choiceOf(flags: NamespaceFlags): NamespaceChoice {
  const { db, collection, nsInclude = [] } = flags;
  const named = (db ?? collection) === undefined ? [] : [`${db ?? '*'}.${collection ?? '*'}`];
  return new NamespaceChoice({ ...flags, nsInclude: [...nsInclude, ...named] });
}
