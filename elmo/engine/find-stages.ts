/** The stages of a find above those of its plan. Source: the reference. */
import { BOOL, DECIMAL128, DOUBLE, INT32, INT64 } from '../bson/types.js';
import { boolValue, documentValue, stringValue } from '../bson/value.js';
import { fieldsOf, type NamedValue } from '../catalog/raw-document.js';
import { count, object, type StageTree } from '../exec/explain-stages.js';
import { clusteredScan } from '../plan/clustered.js';
import { passing } from '../exec/explain-trees.js';
import type { RowsRequest } from '../exec/planned-rows.js';
import type { FindRequest } from '../operation/requests.js';
import type { QueryPlan } from '../plan/query-plan.js';
import type { PreparedFind } from './find.js';

const SIMPLE_TYPES: readonly number[] = [BOOL, DOUBLE, INT32, INT64, DECIMAL128];

/** The rows of a find, as the request wants them. */
export function shapedTree(
  planned: StageTree,
  plan: QueryPlan,
  request: RowsRequest,
  find: FindRequest,
  { projection }: PreparedFind,
): StageTree {
  let tree = planned;
  const isExpress = tree.isExpress === true;
  if (find.returnKey === true)
    tree = passing(
      'RETURN_KEY',
      [],
      tree.stage === 'FETCH' && tree.filter === undefined ? tree.inputs[0]! : tree,
    );
  else if (projection !== undefined && isExpress)
    tree = {
      ...tree,
      fields: [
        ...tree.fields,
        ['projection', documentValue(find.projection!)],
        ['projectionCovered', boolValue(false)],
      ],
    };
  else if (projection !== undefined || find.showRecordId === true) {
    const transform = transformFields(find);
    const isCovered = plan.isCovered && clusteredScan(plan, request.entry.spec) === undefined;
    tree = passing(projectionStage(isCovered, find, transform), [['transformBy', object(transform)]], tree);
  }
  const isSorting = request.sort !== undefined && request.sort.length > 0 && !plan.isSorted;
  if (request.limit > 0 && !isSorting && !isExpress)
    tree = passing('LIMIT', [['limitAmount', count(request.limit)]], tree);
  return request.filter.kind === 'or' && plan.access.kind === 'or' ? passing('SUBPLAN', [], tree) : tree;
}

function transformFields({ projection, showRecordId }: FindRequest): NamedValue[] {
  const given: NamedValue[] =
    projection === undefined ? [] : fieldsOf(projection).map(({ name, value }) => [name, value] as const);
  return showRecordId === true
    ? [...given, ['$recordId', object([['$meta', stringValue('recordId')]])]]
    : given;
}

function projectionStage(
  isCovered: boolean,
  { showRecordId }: FindRequest,
  transform: readonly NamedValue[],
): string {
  if (isCovered) return 'PROJECTION_COVERED';
  const isSimple = transform.every(
    ([name, value]) => !name.includes('.') && value !== undefined && SIMPLE_TYPES.includes(value.type),
  );
  return isSimple && showRecordId !== true ? 'PROJECTION_SIMPLE' : 'PROJECTION_DEFAULT';
}
