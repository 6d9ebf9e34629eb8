/** Which names are those of stages, so that a stage in a wrong place and one that nobody knows are told apart. */
import { lateStages } from './late-stages.js';

/** Stages that are known by name, whether or not the table has them. Source: MongoDB manual, "Aggregation Stages". */
const NAMED: ReadonlySet<string> = new Set([
  '$changeStream',
  '$geoNear',
  '$querySettings',
  '$queryStats',
  '$rankFusion',
  '$scoreFusion',
  '$score',
  '$listCatalog',
]);

/** @param name  with its dollar */
export function isStageName(name: string): boolean {
  return lateStages().stageOperatorOf(name) !== undefined || NAMED.has(name);
}
