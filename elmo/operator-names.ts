/** The names of all operators, from the tables that the engine itself uses: for those who help people type them. */
import { accumulators } from './aggregate/accumulators/table.js';
import { stageOperators } from './aggregate/table.js';
import { expressionOperators } from './expression/table.js';
import { fieldOperators, topOperators } from './query/operators/table.js';
import { updateOperators } from './update/operators/table.js';

export interface OperatorNames {
  /** Of filters. */
  readonly query: readonly string[];
  readonly update: readonly string[];
  readonly stages: readonly string[];
  readonly accumulators: readonly string[];
  readonly expressions: readonly string[];
}

export function operatorNames(): OperatorNames {
  return {
    query: [...Object.keys(topOperators), ...Object.keys(fieldOperators)],
    update: Object.keys(updateOperators),
    stages: Object.keys(stageOperators),
    accumulators: Object.keys(accumulators),
    expressions: Object.keys(expressionOperators),
  };
}
