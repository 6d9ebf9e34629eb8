#!/usr/bin/env node
/**
 * A time tracker for the terminal, on one file.
 *
 *   hours start PROJECT [NOTE…]   hours stop   hours list [PROJECT]   hours report
 *
 * The file is ~/hours.elmo, or what HOURS_FILE says.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { connect, type Collection } from 'elmodb';

interface Entry {
  project: string;
  note: string;
  from: Date;
  /** Null: it runs. */
  to: Date | null;
}

const HOUR_MS = 3_600_000;
const USAGE = 'usage: hours start PROJECT [NOTE…] | stop | list [PROJECT] | report';

type Command = (entries: Collection<Entry>, args: readonly string[]) => Promise<string>;

const start: Command = async (entries, [project, ...note]) => {
  if (project === undefined) throw new Error(USAGE);
  const stopped = await stopRunning(entries);
  await entries.insertOne({ project, note: note.join(' '), from: new Date(), to: null });
  return `${stopped === undefined ? '' : `${stopped}\n`}started ${project}`;
};

async function stopRunning(entries: Collection<Entry>): Promise<string | undefined> {
  const stopped = await entries.findOneAndUpdate(
    { to: null },
    { $set: { to: new Date() } },
    { returnDocument: 'after' },
  );
  return stopped === null ? undefined : `stopped ${stopped.project} after ${hours(stopped)} h`;
}

const hours = ({ from, to }: Entry): string =>
  (((to?.getTime() ?? Date.now()) - from.getTime()) / HOUR_MS).toFixed(2);

const stop: Command = async (entries) => (await stopRunning(entries)) ?? 'nothing runs';

const list: Command = async (entries, [project]) => {
  const found = await entries
    .find(project === undefined ? {} : { project })
    .sort({ from: 1 })
    .toArray();
  return found
    .map(
      (entry) =>
        `${entry.from.toISOString().slice(0, 16)}  ${hours(entry)} h  ${entry.project}  ${entry.note}`,
    )
    .join('\n');
};

const report: Command = async (entries) => {
  const perProject = await entries
    .aggregate<{ _id: string; hours: number; times: number }>([
      { $set: { ms: { $subtract: [{ $ifNull: ['$to', '$$NOW'] }, '$from'] } } },
      { $group: { _id: '$project', hours: { $sum: { $divide: ['$ms', HOUR_MS] } }, times: { $count: {} } } },
      { $sort: { hours: -1, _id: 1 } },
    ])
    .toArray();
  return perProject.map(({ _id, hours: sum, times }) => `${_id}: ${sum.toFixed(2)} h in ${times}`).join('\n');
};

const COMMANDS = new Map<string | undefined, Command>(Object.entries({ start, stop, list, report }));

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS.get(name);
if (command === undefined) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const client = await connect(process.env['HOURS_FILE'] ?? join(homedir(), 'hours.elmo'));
  try {
    const entries = client.db('hours').collection<Entry>('entries');
    await entries.createIndex({ project: 1, from: 1 });
    console.log(await command(entries, args));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    await client.close();
  }
}
