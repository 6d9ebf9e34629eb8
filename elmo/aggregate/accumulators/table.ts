/** All accumulators of `$group`, `$bucket`, `$bucketAuto`, by name. */
import type { AccumulatorOperators } from './accumulator.js';
import { extremeAccumulators } from './extremes.js';
import { firstNAccumulators } from './first-n.js';
import { listAccumulators } from './lists.js';
import { mergeObjectsAccumulator } from './merge-objects.js';
import { percentileAccumulators } from './percentile.js';
import { stdDevAccumulators } from './std-dev.js';
import { sumAccumulators } from './sum.js';
import { topAccumulators } from './top.js';

export const accumulators: AccumulatorOperators = {
  ...sumAccumulators,
  ...extremeAccumulators,
  ...listAccumulators,
  ...mergeObjectsAccumulator,
  ...firstNAccumulators,
  ...stdDevAccumulators,
  ...topAccumulators,
  ...percentileAccumulators,
};
