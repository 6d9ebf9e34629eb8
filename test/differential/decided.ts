/**
 * Where our answer differs from the reference's by decision. The laboratory lets these pass and counts them; the pages
 * show them.
 */
import type { Document } from '../../elmo/bson/package.js';
import type { Answer } from './sides.js';

export interface DecidedDifference {
  readonly name: string;
  readonly reason: string;
  applies(command: Document, ours: Answer, theirs: Answer): boolean;
}

const isError =
  (code: number) =>
  ({ facts }: Answer): boolean =>
    facts === `error ${code}` || facts === `getMore: error ${code}`;

const has291 = ({ facts }: Answer): boolean => /\b291\b/.test(facts);

const isDuplicate = ({ facts }: Answer): boolean => facts.startsWith('error 11000');

/** Codes that a build of the reference gives, and what releases give instead. */
const RENUMBERED: readonly (readonly [ours: number, theirs: number])[] = [
  [10503900, 40086],
  [10503901, 10503903],
];

/** Whether the answers are errors that differ only in such a code. */
export function isRenumbered(ours: Answer, theirs: Answer): boolean {
  return RENUMBERED.some(
    ([here, there]) =>
      ours.facts.includes(String(here)) &&
      ours.facts.replaceAll(String(here), String(there)) === theirs.facts,
  );
}

/** Found by asking the reference again with its optimizer held back. */
export const OPTIMIZED_AWAY = 'what an optimizer moves or leaves out';

/** Found by comparing documents with their fields by name. */
export const PLACE_OF_A_FIELD = 'the place of a field that is left out and set again';

/** Whether some field of a pattern is named by its position in an array. */
const hasPosition = (pattern: Document | undefined): boolean =>
  Object.keys(pattern ?? {}).some((path) => /\.\d+(\.|$)/.test(path));

export const DECIDED_DIFFERENCES: readonly DecidedDifference[] = [
  {
    name: OPTIMIZED_AWAY,
    reason: 'a value that no later stage needs is computed by us, and may fail',
    applies: () => false,
  },
  {
    name: PLACE_OF_A_FIELD,
    reason:
      'the reference remembers where a stage did not find a field, and puts it there when a later one sets it',
    applies: () => false,
  },
  {
    name: 'whether a hinted index can answer at all',
    reason:
      'with a filter that contradicts itself one side sees it before it asks the index, the other after (291)',
    applies: (command, ours, theirs) =>
      JSON.stringify(command).includes('"hint"') && (has291(ours) || has291(theirs)),
  },

  {
    name: 'which duplicate ends an index build',
    reason: 'a build goes through the documents in the order they were inserted, not in that of the keys',
    applies: (command, ours, theirs) =>
      'createIndexes' in command && isDuplicate(ours) && isDuplicate(theirs),
  },
  {
    name: 'dropping an index that is not there',
    reason: 'releases of the reference refuse it (27); its newest build does not',
    applies: (command, ours) => 'dropIndexes' in command && isError(27)(ours),
  },
  {
    name: 'the codes of $split and $replaceAll for separators that are none',
    reason: 'a build of the reference numbers them otherwise than its releases',
    applies: (_, ours, theirs) => isRenumbered(ours, theirs),
  },
  {
    name: 'symbols under a collation',
    reason: 'the reference refuses to index and to sort them (201); ours compares them like strings',
    applies: (_, __, theirs) => isError(201)(theirs),
  },
  {
    name: 'an assertion of the reference',
    reason: 'a build of it fails on nested schemas (10360111), and on views with $elemMatch (2)',
    applies: (_, __, theirs) =>
      /\b10360111\b/.test(theirs.facts) ||
      /Failed to optimize pipeline.*unknown .*operator/.test(theirs.message ?? ''),
  },
  {
    name: 'null among distinct values',
    reason:
      'by an index the reference tells null for documents without the path; ours answers as without the index',
    applies: (command, ours, theirs) =>
      'distinct' in command &&
      ours.facts ===
        theirs.facts.replace('"values":[null,', '"values":[').replace('"values":[null]', '"values":[]'),
  },
  {
    name: 'parallel arrays at positions',
    reason:
      'with a position in the sort a find of the reference refuses what its aggregation sorts; both sort here',
    applies: (command, ours, theirs) =>
      'find' in command &&
      hasPosition(command['sort'] as Document | undefined) &&
      !ours.isError &&
      theirs.message?.includes('parallel arrays') === true,
  },
  {
    name: 'the keys of an index with a collation',
    reason: 'returnKey shows bytes of a library there, here the text they were made of',
    applies: (command, ours, theirs) =>
      command['returnKey'] === true && !ours.isError && ours.facts === theirs.facts,
  },
  {
    name: 'the order of distinct values of a view',
    reason: 'no order is promised; ours is that of the documents',
    applies: (command, ours, theirs) =>
      command['distinct'] === 'v' && [...ours.facts].sort().join('') === [...theirs.facts].sort().join(''),
  },
];

/** @returns the name of the decision that explains a difference */
export function decidedDifference(command: Document, ours: Answer, theirs: Answer): string | undefined {
  return DECIDED_DIFFERENCES.find((decided) => decided.applies(command, ours, theirs))?.name;
}
