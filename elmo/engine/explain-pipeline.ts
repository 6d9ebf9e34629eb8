/** What `explain` shows of a pipeline: the query before it like a find, then its stages with the rows each gave. */
import {
  openStages,
  splitPipeline,
  type RunOptions,
  type SplitPipeline,
} from '../aggregate/open-pipeline.js';
import type { Pipeline, Stage } from '../aggregate/stage.js';
import { boolValue, EMPTY_DOCUMENT, int64OfNumber, stringValue, type Value } from '../bson/value.js';
import type { NamedValue } from '../catalog/raw-document.js';
import { drive } from '../exec/cursor.js';
import { array, object } from '../exec/explain-stages.js';
import { Nothing, Passing } from '../exec/row-stages.js';
import type { FindRequest, Namespace } from '../operation/requests.js';
import { ROW, type Pulled } from '../operation/row-source.js';
import type { Collections } from '../aggregate/collections.js';
import { explainQuery, type Verbosity } from './explain.js';
import type { FindContext } from './find.js';

export { explainQuery };

/** Stages that write are shown, and not run. */
const WRITING: ReadonlySet<string> = new Set(['$out', '$merge']);

/** @param contextOf  what a collection is read with: that of a view is below it */
export async function explainPipeline(
  pipeline: Pipeline,
  options: RunOptions,
  collections: Collections,
  hint: Value | undefined,
  contextOf: (namespace: Namespace) => FindContext,
  verbosity: Verbosity,
): Promise<NamedValue[]> {
  const split = splitPipeline(pipeline, hint);
  const context = contextOf(split.namespace);
  const { rest, query } = split;
  const target = query === undefined ? undefined : findOf(split);
  if (target !== undefined && rest.length <= (target.projection === undefined ? 0 : 1))
    return explainQuery({ kind: 'find', request: target }, context, verbosity, [
      ['optimizedPipeline', boolValue(true)],
    ]);
  const counts = verbosity === 'queryPlanner' ? undefined : await run(split, options, collections);
  const shown: Value[] = [];
  if (target !== undefined) {
    const request = findOf({ ...split, rest: [] });
    const fields = await explainQuery({ kind: 'find', request }, context, verbosity, [
      ['cursorType', stringValue('regular')],
    ]);
    shown.push(object([['$cursor', object(fields.slice(1))], ...counted(counts?.[0])]));
  }
  rest.forEach(({ name, argument }, i) => {
    shown.push(object([[name, argument], ...counted(counts?.[i + 1])]));
  });
  return [
    ['explainVersion', stringValue('1')],
    ['stages', array(shown)],
  ];
}

function counted(rows: number | undefined): NamedValue[] {
  if (rows === undefined) return [];
  return [
    ['nReturned', int64OfNumber(rows)],
    ['executionTimeMillisEstimate', int64OfNumber(0)],
  ];
}

/** The query before the stages; a projection that follows it directly is its own. */
function findOf({ namespace, query, rest }: SplitPipeline): FindRequest {
  const { filter, sort, skip, limit, hint } = query!;
  const [first] = rest;
  return {
    namespace,
    skip,
    limit,
    ...(filter === undefined ? {} : { filter }),
    ...(sort === undefined ? {} : { sort }),
    ...(hint === undefined ? {} : { hint }),
    ...(first?.name === '$project' ? { projection: first.argument.document } : {}),
  };
}

class Counted extends Passing {
  count = 0;

  pull(): Pulled {
    const pulled = this.source.pull();
    if (pulled === ROW) this.count++;
    return pulled;
  }
}

/** @returns how many rows the query gave, and each stage */
async function run(
  { namespace, context, query, rest }: SplitPipeline,
  options: RunOptions,
  collections: Collections,
): Promise<number[]> {
  const counters: Counted[] = [];
  const counting = (stage: Stage | undefined): Stage[] => [
    ...(stage === undefined ? [] : [stage]),
    {
      name: '$count',
      argument: EMPTY_DOCUMENT,
      open: (input) => {
        const counter = new Counted(input);
        counters.push(counter);
        return counter;
      },
      addDependencies: () => false,
      changedPaths: [],
      isOneToOne: true,
    },
  ];
  const stages = rest.filter(({ name }) => !WRITING.has(name));
  const whole = [...counting(undefined), ...stages.flatMap((stage) => counting(stage))];
  const input =
    query === undefined ? new Nothing() : collections.open(namespace, query, context.scope, options);
  const rows = openStages(whole, input, options);
  try {
    await drive(rows, options.operation, () => undefined);
  } finally {
    rows.close();
  }
  return counters.map(({ count }) => count);
}
