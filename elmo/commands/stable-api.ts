/** The Stable API: clients that pin a version are told what is not in it. Source: MongoDB manual, "Stable API". */
import { ElmoError } from '../errors.js';
import type { RawDocument } from '../operation/requests.js';
import { firstName, type Arguments } from './arguments.js';
import type { Command } from './command.js';

export const API_VERSION = '1';

/** Stages of a pipeline that no version promises. */
const UNSTABLE_STAGES: ReadonlySet<string> = new Set([
  '$collStats',
  '$currentOp',
  '$indexStats',
  '$listLocalSessions',
  '$listSessions',
  '$planCacheStats',
  '$search',
]);

/** Greetings are answered to everybody. */
const GREETINGS: ReadonlySet<string> = new Set(['hello', 'isMaster']);

/** @param isRequired  whether a version has to be named @throws ElmoError */
export function checkApi(command: Command, args: Arguments, isRequired: boolean): void {
  const version = args.text('apiVersion');
  const isStrict = args.flag('apiStrict');
  if (version === undefined) {
    if (args.has('apiStrict') || args.has('apiDeprecationErrors'))
      throw new ElmoError(
        4886600,
        'Provided apiStrict and/or apiDeprecationErrors without passing apiVersion',
      );
    if (isRequired && !GREETINGS.has(command.name))
      throw new ElmoError(
        498870,
        "The apiVersion parameter is required, please configure your MongoClient's API version",
      );
    return;
  }
  if (version !== API_VERSION) throw new ElmoError('APIVersionError', `Cannot accept API version ${version}`);
  if (isStrict && command.isStable !== true)
    throw new ElmoError(
      'APIStrictError',
      `Provided apiStrict:true, but the command ${command.name} is not in API Version ${API_VERSION}`,
    );
  if (isStrict && command.name === 'aggregate') checkStages(args.documents('pipeline'));
}

function checkStages(pipeline: readonly RawDocument[]): void {
  const unstable = pipeline.map(firstName).find((name) => UNSTABLE_STAGES.has(name));
  if (unstable !== undefined)
    throw new ElmoError(
      'APIStrictError',
      `stage ${unstable} is not allowed with 'apiStrict: true' in API Version ${API_VERSION}`,
    );
}
