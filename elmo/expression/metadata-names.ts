/** Names of `{$meta: …}`. Source: MongoDB manual, "$meta"; codes are the reference engine's own. */
import { ElmoError } from '../errors.js';

/** Metadata that only some plans make, none of which is here: asking for it elsewhere is an error. */
const MADE_BY_SOME: ReadonlyMap<string, string> = new Map([
  ['textScore', 'text score'],
  ['searchScore', '$search score'],
  ['geoNearDistance', '$geoNear distance'],
  ['geoNearPoint', '$geoNear point'],
  ['vectorSearchScore', '$vectorSearch score'],
  ['score', 'score'],
  ['scoreDetails', 'scoreDetails'],
  ['searchRootDocumentId', '$search root document id'],
]);
/** Metadata that may be named anywhere, and is missing where there is none. */
const MADE_ANYWHERE: ReadonlySet<string> = new Set([
  'indexKey',
  'recordId',
  'randVal',
  'sortKey',
  'searchHighlights',
  'searchScoreDetails',
  'searchSequenceToken',
  'timeseriesBucketMinTime',
  'timeseriesBucketMaxTime',
  'changeStreamControlEvent',
]);

export function isMetadata(name: string): boolean {
  return MADE_ANYWHERE.has(name) || MADE_BY_SOME.has(name);
}

/** @throws ElmoError 40218 if there is a name among them of what no plan makes */
export function refuseUnavailable(names: Iterable<string>): void {
  for (const name of names) {
    const made = MADE_BY_SOME.get(name);
    if (made !== undefined)
      throw new ElmoError(40218, `query requires ${made} metadata, but it is not available`);
  }
}
