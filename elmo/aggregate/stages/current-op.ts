/** `$currentOp`: a row for each command that runs. Source: MongoDB manual, "$currentOp (aggregation)". */
import { UUID } from '../../bson/package.js';
import { BOOL, OBJECT, TYPE_NAMES } from '../../bson/types.js';
import {
  boolValue,
  documentValue,
  EMPTY_DOCUMENT,
  FALSE_VALUE,
  int32Value,
  int64OfNumber,
  MISSING_VALUE,
  stringValue,
  TRUE_VALUE,
  valueOf,
  type Value,
} from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { RowSource } from '../../operation/row-source.js';
import { argumentsOf, objectValue } from '../arguments.js';
import type { OperationFacts } from '../collections.js';
import { ListRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

/** Nothing idles or is left out here: they change nothing. */
const OPTIONS: ReadonlySet<string> = new Set([
  'allUsers',
  'idleConnections',
  'idleCursors',
  'idleSessions',
  'localOps',
  'targetAllNodes',
  'truncateOps',
]);

class CurrentOpStage implements Stage {
  readonly name = '$currentOp';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;
  readonly makesRows = true;
  readonly ignoresViews = true;

  constructor(readonly argument: Value) {}

  open(input: RowSource, { collections, operation }: PipelineRun): RowSource {
    input.close();
    const { facts } = collections;
    return new ListRows(
      facts.operations().map((each) => operationRow(each, facts.host, operation.startedMs).bytes),
    );
  }

  addDependencies(): boolean {
    return true;
  }
}

/** What is told of a command that runs. @param wallMs  since 1970 */
export function operationRow(operation: OperationFacts, host: string, wallMs: number): Value {
  const { appName, elapsedMs, planSummary } = operation;
  return objectValue(
    [
      ['type', stringValue('op')],
      ['host', stringValue(host)],
      ['desc', stringValue(`conn${operation.clientId}`)],
      ['connectionId', int64OfNumber(operation.clientId)],
      ['client', stringValue(operation.remote)],
      ['appName', appName === undefined ? MISSING_VALUE : stringValue(appName)],
      ['active', TRUE_VALUE],
      ['currentOpTime', stringValue(new Date(wallMs).toISOString().replace('Z', '+00:00'))],
      ['isFromUserConnection', boolValue(operation.clientId !== 0)],
      ['opid', int32Value(operation.id)],
      ['lsid', sessionValue(operation.lsid)],
      ['secs_running', int64OfNumber(Math.floor(elapsedMs / 1000))],
      ['microsecs_running', int64OfNumber(Math.round(elapsedMs * 1000))],
      ['op', stringValue(operation.kind)],
      ['ns', stringValue(operation.namespace)],
      ['redacted', FALSE_VALUE],
      ['command', documentValue(operation.body)],
      ['planSummary', planSummary === undefined ? MISSING_VALUE : stringValue(planSummary)],
      ['numYields', int64OfNumber(0)],
      ['locks', EMPTY_DOCUMENT],
      ['waitingForLock', FALSE_VALUE],
      ['lockStats', EMPTY_DOCUMENT],
      ['waitingForFlowControl', FALSE_VALUE],
      ['flowControlStats', EMPTY_DOCUMENT],
    ],
    OBJECT,
  );
}

/** {id: UUID} */
function sessionValue(lsid: string | undefined): Value {
  return lsid === undefined ? MISSING_VALUE : valueOf({ id: new UUID(lsid) });
}

function parseCurrentOp(argument: Value, { namespace }: StageContext): Stage {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'TypeMismatch',
      `$currentOp options must be specified in an object, but found: ${TYPE_NAMES.get(argument.type)}`,
    );
  if (namespace.db !== 'admin' || namespace.collection !== '')
    throw new ElmoError(
      'InvalidNamespace',
      "$currentOp must be run against the 'admin' database with {aggregate: 1}",
    );
  const asked = new Set<string>();
  for (const [name, value] of argumentsOf(argument)) {
    if (!OPTIONS.has(name))
      throw new ElmoError('IDLUnknownField', `BSON field '$currentOp.${name}' is an unknown field.`);
    if (value.type !== BOOL)
      throw new ElmoError(
        'TypeMismatch',
        `The '${name}' parameter of the $currentOp stage must be a boolean value, but found: ${TYPE_NAMES.get(value.type)}`,
      );
    if (value.bytes[value.at] === 1) asked.add(name);
  }
  if (asked.has('localOps') && asked.has('targetAllNodes'))
    throw new ElmoError(
      'FailedToParse',
      "The 'localOps' parameter of the $currentOp stage cannot be true when 'targetAllNodes' is also true",
    );
  return new CurrentOpStage(argument.keep());
}

export const currentOpStages: StageOperators = {
  $currentOp: {
    position: 'first',
    onDatabase: 'allowed',
    parse: (argument, context) => [parseCurrentOp(argument, context)],
  },
};
