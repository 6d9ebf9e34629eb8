/** Which collections the pipeline of a view reads beside the one it is on. */
import { ownPipelines, parseStages } from '../aggregate/parse-pipeline.js';
import type { Collections } from '../aggregate/collections.js';
import { ARRAY, OBJECT, STRING } from '../bson/types.js';
import { Value } from '../bson/value.js';
import type { Namespace } from '../operation/requests.js';
import { elementsOf } from '../query/elements.js';
import type { ParseScope } from '../expression/expression.js';

/**
 * @param pipeline  a raw array
 * @throws ElmoError if it cannot be that of a view
 */
export function collectionsOfPipeline(
  view: Namespace,
  pipeline: Uint8Array,
  scope: ParseScope,
  collections: Collections,
): readonly string[] {
  const stages = elementsOf(new Value(ARRAY, pipeline, 0)).map(({ value }) => value);
  parseStages(stages, { scope, namespace: view, kind: 'view', depth: 0, collections, ...ownPipelines });
  const found = new Set<string>();
  for (const stage of stages) collect(stage, found);
  return [...found];
}

/** The fields of stages that name a collection. */
const NAMING: Readonly<Record<string, string>> = {
  $lookup: 'from',
  $graphLookup: 'from',
  $unionWith: 'coll',
};

function collect(stage: Value, into: Set<string>): void {
  for (const { name, value } of elementsOf(stage)) {
    if (name === '$unionWith' && value.type === STRING) into.add(value.text);
    if (value.type !== OBJECT) continue;
    const naming = NAMING[name];
    for (const inner of elementsOf(value)) {
      if (inner.name === naming && inner.value.type === STRING) into.add(inner.value.text);
      if (inner.value.type === ARRAY && (naming !== undefined || name === '$facet'))
        for (const { value: each } of elementsOf(inner.value)) if (each.type === OBJECT) collect(each, into);
    }
  }
}
