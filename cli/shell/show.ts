/** `show dbs`, `show collections` and the others. */
import type { Document } from '../../elmo/values.js';
import { formatSize } from '../output.js';
import type { Database } from './database.js';
import { invalid } from './errors.js';
import { PlainText } from './plain-text.js';

type Show = (db: Database) => unknown;

const MOST_PROFILED = 5;

const SUBJECTS: Readonly<Record<string, Show>> = {
  dbs: databases,
  databases,
  collections,
  tables: collections,
  users: (db) => db.getUsers()['users'] as unknown,
  roles: (db) => db.getRoles({ showBuiltinRoles: true })['roles'] as unknown,
  profile: (db) => {
    const entries = db.getCollection('system.profile').find({ millis: { $gt: 0 } });
    return entries.sort({ $natural: -1 }).limit(MOST_PROFILED).toArray();
  },
};

export const SHOWN: readonly string[] = Object.keys(SUBJECTS);

/** @throws ShellError when there is no such thing to show */
export function show(subject: string, db: Database): unknown {
  const find = Object.hasOwn(SUBJECTS, subject) ? SUBJECTS[subject] : undefined;
  if (find === undefined) throw invalid(`show knows ${SHOWN.join(', ')}, got '${subject}'`);
  return find(db);
}

function databases(db: Database): PlainText {
  const { databases: found } = db.getMongo().getDBs() as {
    databases: { name: string; sizeOnDisk?: unknown }[];
  };
  return columns(found.map(({ name, sizeOnDisk }) => [name, formatSize(Number(sizeOnDisk ?? 0))]));
}

const MARKS: Readonly<Record<string, string>> = { view: '[view]', timeseries: '[time-series]' };

function collections(db: Database): PlainText {
  const infos: Document[] = db.getCollectionInfos({}, { nameOnly: true, authorizedCollections: true });
  return columns(
    infos
      .map(({ name, type }): [string, string] => [String(name), MARKS[String(type)] ?? ''])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function columns(rows: readonly (readonly [name: string, note: string])[]): PlainText {
  const nameWidth = Math.max(0, ...rows.map(([name]) => name.length));
  const noteWidth = Math.max(0, ...rows.map(([, note]) => note.length));
  const lines = rows.map(([name, note]) =>
    `${name.padEnd(nameWidth)}  ${/^\d/.test(note) ? note.padStart(noteWidth) : note}`.trimEnd(),
  );
  return new PlainText(lines.join('\n'));
}
