/**
 * Where our answer differs from the reference's by decision. The laboratory lets these pass and counts them; the pages
 * show them.
 */
import type { Document } from '../../elmo/bson/package.js';
import { showRow, type Answer } from './sides.js';

export interface DecidedDifference {
  readonly name: string;
  readonly reason: string;
  applies(command: Document, ours: Answer, theirs: Answer): boolean;
}

const isError =
  (code: number) =>
  ({ facts }: Answer): boolean =>
    facts === `error ${code}` || facts === `getMore: error ${code}`;

const isDuplicate = ({ facts }: Answer): boolean => facts.startsWith('error 11000');

/** Codes that a build of the reference gives, and what releases give instead. */
const RENUMBERED: readonly (readonly [ours: number, theirs: number])[] = [
  [10503900, 40086],
  [10503901, 10503903],
  [4848401, 2],
  [4848403, 16610],
];

/** Whether the answers are errors that differ only in such a code. */
export function isRenumbered(ours: Answer, theirs: Answer): boolean {
  return RENUMBERED.some(
    ([here, there]) =>
      ours.facts.includes(String(here)) &&
      ours.facts.replaceAll(String(here), String(there)) === theirs.facts,
  );
}

/** Whether the reference's process ends over a command: over alternatives beside a schema that may not have few properties. */
export function endsReference(command: Document): boolean {
  return JSON.stringify(command).includes('"$or"') && refusesFew(command, false);
}

function refusesFew(part: unknown, isRefused: boolean): boolean {
  if (typeof part !== 'object' || part === null) return false;
  return Object.entries(part).some(
    ([name, inner]) =>
      (isRefused && name === 'maxProperties') || refusesFew(inner, isRefused || name === 'not'),
  );
}

/** Found by asking the reference again with its optimizer held back. */
export const OPTIMIZED_AWAY = 'what an optimizer moves or leaves out';

/** Of what is there twice, found by asking the reference which keys such texts have. */
export const KEYS_OF_A_COLLATION = 'the keys of an index with a collation';

/** Texts in which two answers differ, if they differ in no more; with the name that each stands behind. */
export function otherTexts(
  ours: Answer,
  theirs: Answer,
): readonly { readonly name: string; readonly ours: string; readonly theirs: string }[] {
  const [here, there] = [ours, theirs].map(({ facts }) => facts.split(/\\*"/)) as [string[], string[]];
  if (here.length !== there.length || ours.rows.join() !== theirs.rows.join()) return [];
  return here.flatMap((text, i) =>
    text === there[i] ? [] : [{ name: here[i - 2] ?? '', ours: text, theirs: there[i]! }],
  );
}

/** Found by asking the reference again without its indexes. */
export const DISTINCT_BY_INDEX = 'distinct values by an index';

/** Found by asking the reference again without its indexes. */
export const POSITION_BY_INDEX = 'nothing at a position, by an index';

/** Found by asking the reference again without its indexes. */
export const MISSING_BY_WILDCARD = 'what is missing, by a wildcard index';

/** Found by asking the reference again without its indexes, or with conditions that may fail settled both ways. */
export const PLANS_TRIED = 'a plan that fails beside others';

/** Whether the reference has met an error while it tried several plans. */
export function failsInPlan({ message = '' }: Answer): boolean {
  return message.startsWith('error while multiplanner was selecting best plan');
}

/** Found by asking the reference again with fields behind variables. */
export const LIST_UNDER_A_COLLATION = 'a field in a list, under a collation';

/** Where such rows are ordered and cut off, found by asking the reference for documents itself. */
export const BOUNDS_BEHIND_A_GROUP = 'MinKey and MaxKey behind a $group';

/** Found by comparing documents with their fields by name; with hashes of documents, by asking both to show these beside them. */
export const PLACE_OF_A_FIELD = 'the place of a field that is left out and set again';

/** Found by comparing all but the rows. */
export const ROWS_BEFORE_AN_ERROR = 'rows before an error, where rows have no order';

/** Found by asking both for all rows at once. */
export const ERROR_BEFORE_ROWS = 'an error before rows, where one side has sorted them and the other has not';

/** Found by asking both for whole documents. */
export const ORDER_OF_PARTS = 'an order by what is read of documents';

/** With a part of the rows, found by asking both for all of them. */
export const ORDER_BY_POSITIONS = 'an order by positions beside a projection';

/** Whether some field of a pattern is named by its position in an array. */
const hasPosition = (pattern: Document | undefined): boolean =>
  Object.keys(pattern ?? {}).some((path) => /\.\d+(\.|$)/.test(path));

const firstName = (path: string): string => path.split('.')[0]!;

/**
 * Whether a projection is about what a position in the sort leads through. Of a view the reference reads, for a projection
 * that names what stays, that and what the sort names, where a position is none in an array.
 */
export function shapesOrdered({ find, projection = {}, sort = {} }: Document): boolean {
  const ordered = Object.keys(sort as Document)
    .filter((path) => hasPosition({ [path]: 1 }))
    .map(firstName);
  const shown = Object.entries(projection as Document);
  const namesWhatStays = shown.some(([, what]) => Number(what) === 1);
  return (
    (find === 'v' && ordered.length > 0 && namesWhatStays) ||
    shown.some(([path]) => ordered.includes(firstName(path)))
  );
}

/** Whether the reference may apply a projection that fails before it sorts. */
export function mayShowBeforeSorting(command: Document): boolean {
  const { sort, projection = {} } = command;
  const isPositional = Object.keys(projection as Document).some((path) => path.endsWith('.$'));
  return shapesOrdered(command) || (sort !== undefined && isPositional);
}

/** Rows, with the texts and hashes in them left out: what follows a name or stands in an array. */
const withoutTexts = ({ rows }: Answer): string =>
  rows
    .map((row) =>
      showRow(row)
        .replace(/"\$numberLong":"-?\d{16,}"/g, '"$numberLong":""')
        .replace(/("(?!\$)[^"]*":)"(?:[^"\\]|\\.)*"/g, '$1""')
        .replace(/(?<=[[,])"(?:[^"\\]|\\.)*"(?=[,\]])/g, '""'),
    )
    .join();

const TRANSCENDENTAL =
  /"\$(a?sinh?|a?cosh?|a?tanh?|atan2|exp|ln|log|log10|pow|sqrt|sigmoid|degreesToRadians|radiansToDegrees|stdDev\w+)"/;

const DECIMAL = /"\$numberDecimal":"(-?)(\d+)(?:\.(\d+))?(?:E([+-]\d+))?"/g;
const SHARE = 5n * 10n ** 32n;

/** Whether answers differ at most in decimals, and there by 2 of 10^33. */
function areClose(a: Answer, b: Answer): boolean {
  const [left, right] = [a, b].map(({ facts, rows }) => [facts, ...rows.map(showRow).sort()].join('\n')) as [
    string,
    string,
  ];
  const decimals = [...right.matchAll(DECIMAL)];
  if (left.replace(DECIMAL, '') !== right.replace(DECIMAL, '')) return false;
  return [...left.matchAll(DECIMAL)].every((decimal, i) => {
    const [x, y] = [scaled(decimal), scaled(decimals[i]!)];
    const least = x.exponent < y.exponent ? x.exponent : y.exponent;
    const [p, q] = [x, y].map(({ whole, exponent }) => whole * 10n ** BigInt(exponent - least)) as [
      bigint,
      bigint,
    ];
    return magnitude(p - q) * SHARE <= magnitude(p);
  });
}

const magnitude = (whole: bigint): bigint => (whole < 0n ? -whole : whole);

function scaled([, sign, whole, fraction = '', exponent = '0']: RegExpMatchArray): {
  readonly whole: bigint;
  readonly exponent: number;
} {
  return { whole: BigInt(`${sign}${whole}${fraction}`), exponent: Number(exponent) - fraction.length };
}

/** {'': MinKey} or {'': MaxKey}, in hexadecimal. */
const WRAPPED_BOUND = /07000000(?:ff|7f)0000/;

/** Rows, with numbers as they are whatever their type. */
const withPlainNumbers = ({ rows }: Answer): string =>
  rows
    .map((row) =>
      showRow(row).replace(/\{"\$number\w+":"([^"]+)"\}/g, (_, text: string) => String(Number(text))),
    )
    .join();

/** Keywords that ask nothing of a document; those of arrays, texts and numbers. */
const OF_NO_DOCUMENT =
  /^(title|description|(min|max)(Length|Items)|pattern|(exclusiveM|m)(in|ax)imum|multipleOf|uniqueItems|items|additionalItems)$/;

function saysNothing(schema: Document): boolean {
  return Object.entries(schema).every(([name, value]) =>
    name === 'allOf' || name === 'oneOf'
      ? (value as Document[]).every(saysNothing)
      : OF_NO_DOCUMENT.test(name),
  );
}

/** Whether a schema in a command is about one of several that all say nothing. */
function asksOneOfNothing(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return false;
  const { oneOf } = part as { readonly oneOf?: unknown };
  if (Array.isArray(oneOf) && oneOf.length > 1 && (oneOf as Document[]).every(saysNothing)) return true;
  return Object.values(part).some(asksOneOfNothing);
}

export const DECIDED_DIFFERENCES: readonly DecidedDifference[] = [
  {
    name: OPTIMIZED_AWAY,
    reason: 'a value that no later stage needs is computed by us, and may fail',
    applies: () => false,
  },
  {
    name: DISTINCT_BY_INDEX,
    reason:
      'by an index the reference tells what its keys hold: null for what is not there, elements of arrays in arrays; ours answers as without the index, and so does the reference with {$natural: 1} as hint',
    applies: () => false,
  },
  {
    name: POSITION_BY_INDEX,
    reason:
      'an index of a path with a position has no entry for elements without it, so the reference misses documents that match null; ours answers as without the index, and so does the reference with {$natural: 1} as hint',
    applies: () => false,
  },
  {
    name: MISSING_BY_WILDCARD,
    reason:
      'a wildcard index has no entries of what is not there, so by it the reference misses documents whose missing fields are compared with MinKey, MaxKey or by an expression; ours answers as without the index, and so does the reference with {$natural: 1} as hint',
    applies: () => false,
  },
  {
    name: PLANS_TRIED,
    reason:
      'of several plans the reference tries all, and fails if one meets an error in a document that another never looks at; ours answers as without indexes, and so does the reference with {$natural: 1} as hint, or where other conditions decide for each document, whatever the one that fails may say',
    applies: () => false,
  },
  {
    name: PLACE_OF_A_FIELD,
    reason:
      'the reference remembers where a stage did not find a field, and puts it there when a later one sets it',
    applies: () => false,
  },
  {
    name: LIST_UNDER_A_COLLATION,
    reason:
      'of {$expr: {$in: [field, list]}} the reference asks the field beforehand, without the collation, unless an index has it; ours compares as the expression does, and so does the reference where the field is behind a variable',
    applies: () => false,
  },
  {
    name: ROWS_BEFORE_AN_ERROR,
    reason: 'which rows come before it is up to the order of the others, that of partitions by hash, say',
    applies: () => false,
  },
  {
    name: ORDER_OF_PARTS,
    reason:
      'before a sort behind the stages of a view the reference reads the paths that are named, arrays without their elements that are no documents, and sorts by what is left; ours sorts by the documents, and so does the reference where they are shown whole',
    applies: () => false,
  },
  {
    name: ERROR_BEFORE_ROWS,
    reason:
      'records in the order of a collation have the texts of their _ids in it there, and are sorted here; with a position in the sort, or a positional operator in the projection, this comes before the sort there, behind it here. In one batch both tell the error alike',
    applies: () => false,
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
    name: 'the codes of $split and $replaceAll for separators that are none, and of a division by zero in a $group',
    reason: 'a build of the reference numbers them otherwise than its releases',
    applies: (_, ours, theirs) => isRenumbered(ours, theirs),
  },
  {
    name: BOUNDS_BEHIND_A_GROUP,
    reason: "8.2 hands them to the next stage inside a document, {'': MinKey}; a build of it does not",
    applies: (command, ours) =>
      /"\$(group|sortByCount)"/.test(JSON.stringify(command)) &&
      ours.rows.some((row) => WRAPPED_BOUND.test(row)),
  },
  {
    name: 'the order of equal numbers of different types',
    reason:
      'the heaps of $minN and $maxN, and the sort of $bucketAuto for more than 16 rows, do not keep it there; ours do',
    applies: (command, ours, theirs) =>
      /"\$(minN|maxN|bucketAuto)"/.test(JSON.stringify(command)) &&
      ours.facts === theirs.facts &&
      withPlainNumbers(ours) === withPlainNumbers(theirs),
  },
  {
    name: 'an assertion of the reference',
    reason: 'a build of it fails on nested schemas (10360111), and on views with $elemMatch (2)',
    applies: (_, __, theirs) =>
      /\b10360111\b/.test(theirs.facts) ||
      /Failed to optimize pipeline.*unknown .*operator/.test(theirs.message ?? ''),
  },
  {
    name: 'the last digit of a decimal',
    reason: 'functions of decimals are rounded by a library there; ours differ in the 34th digit at times',
    applies: (command, ours, theirs) =>
      TRANSCENDENTAL.test(JSON.stringify(command)) && areClose(ours, theirs),
  },
  {
    name: '$replaceAll of nothing',
    reason: 'the reference goes between the bytes of a character, and gives text that is none',
    applies: (command, ours, theirs) =>
      JSON.stringify(command).includes('"$replaceAll"') &&
      theirs.rows.some((row) => showRow(row).includes('\uFFFD')) &&
      !ours.rows.some((row) => showRow(row).includes('\uFFFD')),
  },
  {
    name: ORDER_BY_POSITIONS,
    reason:
      'the reference sorts by what the projection leaves of the documents, if a position is in the path',
    applies: (command, ours, theirs) =>
      'find' in command &&
      shapesOrdered(command) &&
      ours.facts === theirs.facts &&
      [...ours.rows].sort().join() === [...theirs.rows].sort().join(),
  },
  {
    name: 'parallel arrays at positions',
    reason:
      'with a position in the sort a find of the reference refuses what its aggregation sorts; both sort here',
    applies: (command, ours, theirs) =>
      'find' in command &&
      hasPosition(command['sort'] as Document | undefined) &&
      Object.keys(command['sort'] as Document).length > 2 && // two paths, and the _id
      !ours.isError &&
      theirs.message?.includes('parallel arrays') === true,
  },
  {
    name: KEYS_OF_A_COLLATION,
    reason:
      'returnKey and what is told of a duplicate show bytes of a library there, here the text they were made of; a hash is of these bytes there',
    applies: (command, ours, theirs) =>
      command['returnKey'] === true &&
      !ours.isError &&
      ours.facts === theirs.facts &&
      withoutTexts(ours) === withoutTexts(theirs),
  },
  {
    name: 'one of several schemas that say nothing',
    reason:
      'none matches if all do; by an index the reference leaves the condition out and finds every document, ours answers as without the index, and so does the reference with {$natural: 1} as hint',
    applies: (command, ours, theirs) => !ours.isError && !theirs.isError && asksOneOfNothing(command),
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
