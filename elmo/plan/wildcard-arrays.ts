/** At which components of a path documents of a wildcard index have met arrays. */
import { arrayKnowledge } from '../catalog/array-paths.js';
import type { IndexSpec } from '../catalog/collection-spec.js';
import type { PlanRequest } from './plan-request.js';
import { isPosition } from './wildcard-names.js';

const NONE: ReadonlySet<number> = new Set();

/** @returns undefined if it is not known: there were arrays before it was noted where */
export function arrayComponents(
  index: IndexSpec,
  path: string,
  { hasArrayAt }: Pick<PlanRequest, 'hasArrayAt'>,
): ReadonlySet<number> | undefined {
  const knowledge = arrayKnowledge(index);
  if (knowledge !== 'paths') return knowledge === 'none' ? NONE : undefined;
  const found = new Set<number>();
  // what comes before a component may be named in several ways: a place in an array is in no name
  let names: readonly string[] = [''];
  path.split('.').forEach((part, i) => {
    const longer = names.map((name) => (name === '' ? part : `${name}.${part}`));
    if (longer.some((name) => hasArrayAt(index, name))) found.add(i);
    names = isPosition(part) && found.has(i - 1) ? [...names, ...longer] : longer;
  });
  return found;
}

/** Whether two places in arrays follow each other in the path: what is there has no name. */
export function entersArrayInArray(path: string, arrays: ReadonlySet<number>): boolean {
  const parts = path.split('.');
  return [...arrays].some((i) => isPosition(parts[i + 1] ?? '') && isPosition(parts[i + 2] ?? ''));
}
