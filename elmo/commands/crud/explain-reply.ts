/** Writes the reply of an explanation: what is told of the query, then of the command and of who answers. */
import { createHash } from 'node:crypto';
import { ARRAY, OBJECT, STRING } from '../../bson/types.js';
import { int32Value, stringValue, type Value } from '../../bson/value.js';
import { rawDocument, type NamedValue } from '../../catalog/raw-document.js';
import { ElmoError } from '../../errors.js';
import { COMMAND_VERSION } from '../../options.js';
import { elementsOf } from '../../query/elements.js';
import type { ExplainTarget, Verbosity } from '../../engine/explain.js';
import { oneOf } from '../fields.js';
import type { CommandContext } from '../command.js';
import type { ReplyWriter } from '../reply.js';

export const VERBOSITIES = ['queryPlanner', 'executionStats', 'allPlansExecution'] as const;
export const verbosityField = oneOf(...VERBOSITIES);

export function verbosityOf(text: string | undefined): Verbosity {
  return VERBOSITIES.find((each) => each === text) ?? 'allPlansExecution';
}

/** @param command  as it was asked for, without the database */
export async function writeExplanation(
  target: ExplainTarget,
  verbosity: Verbosity,
  command: readonly NamedValue[],
  context: CommandContext,
  reply: ReplyWriter,
): Promise<void> {
  const fields = await context.engine.queries.explain(target, verbosity, context.session);
  for (const [name, value] of fields) if (value !== undefined) reply.value(name, value);
  const shown = command.filter(([name]) => name !== '$db');
  reply.document('command', rawDocument([...shown, ['$db', stringValue(context.db)]]));
  if (SHAPED.has(target.kind)) reply.text('queryShapeHash', shapeHash(shown));
  reply.object('serverInfo', (into) => {
    const { host, port } = addressOf(context.engine.host);
    into.text('host', host).int32('port', port);
    into.text('version', COMMAND_VERSION).text('gitVersion', 'elmo');
  });
  reply.object('serverParameters', (into) => {
    for (const [name, value] of PARAMETERS) into.value(name, value);
  });
}

/** 'host:port' in its parts. */
function addressOf(name: string): { readonly host: string; readonly port: number } {
  const colon = name.lastIndexOf(':');
  return { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
}

/** Requests that have a shape. */
const SHAPED: ReadonlySet<string> = new Set(['find', 'aggregate', 'distinct']);

/** The same for commands that differ in their constants only. */
function shapeHash(command: readonly NamedValue[]): string {
  const hash = createHash('sha256');
  for (const [name, value] of command)
    if (value !== undefined) hash.update(`${name}\0${value.type === STRING ? value.text : shapeOf(value)}\0`);
  return hash.digest('hex').toUpperCase();
}

function shapeOf(value: Value): string {
  if (value.type !== OBJECT && value.type !== ARRAY) return String(value.type);
  const fields = elementsOf(value).map(({ name, value: inner }) => `${name}\0${shapeOf(inner)}`);
  return `{${fields.join()}}`;
}

/** Limits that bound what queries may use. */
const PARAMETERS: readonly (readonly [string, Value])[] = [
  ['internalQueryFacetMaxOutputDocSizeBytes', int32Value(104_857_600)],
  ['internalLookupStageIntermediateDocumentMaxSizeBytes', int32Value(104_857_600)],
  ['internalQueryProhibitBlockingMergeOnMongoS', int32Value(0)],
  ['internalQueryFrameworkControl', stringValue('forceClassicEngine')],
];

export function cannotExplain(name: string): ElmoError {
  return new ElmoError('IllegalOperation', `Cannot explain cmd: ${name}`);
}
