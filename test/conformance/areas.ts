/** The areas of the public suite that scores are told for: which of its cases belong to each, and the score of each. */
import { accumulators } from '../../elmo/aggregate/accumulators/table.js';
import { stageOperators } from '../../elmo/aggregate/table.js';
import { REFUSED_NAMES } from '../docs/known-names.js';

/** What became of one case. */
export interface Outcome {
  /** Folders and file, with '/'. */
  readonly path: string;
  readonly isPassed: boolean;
  /** Whether a server that does nothing passes it. */
  readonly isFree: boolean;
}

export interface Area {
  readonly name: string;
  /** Folders of the suite. */
  readonly folders: readonly string[];
  /** Whether a case below them counts. */
  takes(path: string): boolean;
}

export interface Score {
  readonly area: string;
  readonly executed: number;
  readonly passed: number;
  /** Passed by a server that does nothing. */
  readonly free: number;
}

const all = (): boolean => true;
const isThere = (table: object, name: string): boolean =>
  Object.hasOwn(table, name) && !REFUSED_NAMES.has(name);

const GEOSPATIAL_AND_TEXT = /\/(?:geospatial|text)\//;

/** The folder below `parent` that a path lies in; '' for files beside such folders. */
function folderIn(parent: string, path: string): string {
  const rest = path.slice(parent.length + 1).split('/');
  return rest.length > 1 ? rest[0]! : '';
}

/** Families of which each folder is one name: those that are there. */
function existing(name: string, folder: string, table: object): Area {
  return {
    name,
    folders: [folder],
    takes: (path) => {
      const family = folderIn(folder, path);
      return family === '' || isThere(table, `$${family}`);
    },
  };
}

function whole(name: string, ...folders: readonly string[]): Area {
  return { name, folders, takes: all };
}

export const AREAS: readonly Area[] = [
  {
    name: 'Query operators, without geospatial and text',
    folders: ['core/operator/query'],
    takes: (path) => !GEOSPATIAL_AND_TEXT.test(path),
  },
  whole('Update operators', 'core/operator/update'),
  whole('Projections', 'core/operator/projection'),
  whole('Expression operators', 'core/operator/expressions'),
  existing('Accumulators', 'core/operator/accumulators', accumulators),
  existing('Stages that are there', 'core/operator/stages', stageOperators),
  whole('Window functions', 'core/operator/window'),
  whole('Reading and writing', 'core/query_and_write'),
  whole('count, distinct', 'core/aggregation/commands/count', 'core/aggregation/commands/distinct'),
  whole('aggregate', 'core/aggregation/commands/aggregate'),
  whole('Collections', 'core/collections'),
  {
    name: 'Indexes, without geospatial and text',
    folders: ['core/indexes'],
    takes: (path) => !GEOSPATIAL_AND_TEXT.test(path),
  },
  whole('Cursors', 'core/cursors'),
  whole('Types of values', 'core/data-types'),
  whole('Collations', 'core/collation'),
  whole('Sessions and transactions', 'core/sessions'),
];

/** The score of each area that a case was run of. */
export function scoresOf(outcomes: Iterable<Outcome>, areas: readonly Area[] = AREAS): Score[] {
  const scores = areas.map(({ name }) => ({ area: name, executed: 0, passed: 0, free: 0 }));
  for (const { path, isPassed, isFree } of outcomes)
    areas.forEach(({ folders, takes }, i) => {
      if (!folders.some((folder) => path.startsWith(`${folder}/`)) || !takes(path)) return;
      scores[i]!.executed++;
      if (isPassed) scores[i]!.passed++;
      if (isFree) scores[i]!.free++;
    });
  return scores.filter(({ executed }) => executed > 0);
}

/** Percent of the cases that a server which does nothing fails; one digit behind the point. */
export function percentOf({ executed, passed, free }: Score): string {
  return executed === free ? '–' : ((100 * (passed - free)) / (executed - free)).toFixed(1);
}
