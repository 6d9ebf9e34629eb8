/** What two answers have in common though they are not the same. */
import type { RandomCommand } from './commands.js';
import { withoutHashes } from './hashes.js';
import { areAlike, showRow, withFieldsByName, type Answer } from './sides.js';

/** Whether two answers are the same but for hashes and the places of fields, and these do differ. */
export function areAlikeBut(a: Answer, b: Answer, isOrdered: boolean): boolean {
  const [here, there] = [a, b].map((answer) => withoutHashes(withFieldsByName(answer))) as [Answer, Answer];
  return areAlike(here, there, isOrdered) && !areAlike(withoutHashes(a), withoutHashes(b), isOrdered);
}

/** An error, wherever it was met. */
export function errorOf({ facts }: Answer): string {
  return facts.replace('getMore: ', '');
}

/** Whether both end in the same error, after rows whose order is not defined. */
export function isSameLateError({ isOrdered }: RandomCommand, ours: Answer, theirs: Answer): boolean {
  return !isOrdered && ours.facts === theirs.facts && ours.facts.startsWith('getMore: error');
}

const NEW_ID = /"\$oid":"(?!0{23}|f{24})/;

export function hasNewId({ facts }: Answer): boolean {
  return NEW_ID.test(facts);
}

/** Whether documents differ in nothing but ids that each side has made up. */
export function isAlikeButNewIds(a: Answer, b: Answer): boolean {
  const without = (answer: Answer): Answer => ({
    ...answer,
    rows: answer.rows.map((row) => showRow(row).replace(new RegExp(`${NEW_ID.source}\\w+"`, 'g'), '')),
  });
  return areAlike(without(a), without(b), false);
}

export function rowsOf({ rows }: Answer, { isOrdered }: RandomCommand): readonly string[] {
  return isOrdered ? rows : [...rows].sort();
}
