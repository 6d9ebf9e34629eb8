/** Stages that need what a single server of its own does not have; refused as the reference refuses them there. */
import { ElmoError } from '../../errors.js';
import type { StageOperator, StageOperators } from '../stage.js';

const SEARCH_NOT_ENABLED = 31082;

function refused(code: number, message: string): StageOperator {
  return {
    parse: () => {
      throw new ElmoError(code, message);
    },
  };
}

const noSearch = refused(
  SEARCH_NOT_ENABLED,
  'Using $search and $vectorSearch aggregation stages requires additional configuration.',
);

export const refusedStages: StageOperators = {
  $search: noSearch,
  $searchMeta: noSearch,
  $vectorSearch: noSearch,
  $listSearchIndexes: noSearch,
  $listSampledQueries: refused(20, '$listSampledQueries is not supported on a standalone server'),
  $changeStreamSplitLargeEvent: refused(
    20,
    '$changeStreamSplitLargeEvent can only be used in a $changeStream pipeline',
  ),
  $shardedDataDistribution: refused(6789101, 'The $shardedDataDistribution stage can only be run on router'),
};
