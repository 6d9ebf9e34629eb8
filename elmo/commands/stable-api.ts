/** The Stable API: clients that pin a version are told what is not in it. Source: MongoDB manual, "Stable API". */
import { ElmoError } from '../errors.js';
import type { Arguments } from './arguments.js';
import type { Command } from './command.js';

export const API_VERSION = '1';

/** @throws ElmoError */
export function checkApi(command: Command, args: Arguments): void {
  const version = args.text('apiVersion');
  const isStrict = args.flag('apiStrict');
  if (version === undefined) {
    if (args.has('apiStrict') || args.has('apiDeprecationErrors'))
      throw new ElmoError(
        4886600,
        'Provided apiStrict and/or apiDeprecationErrors without passing apiVersion',
      );
    return;
  }
  if (version !== API_VERSION) throw new ElmoError('APIVersionError', `Cannot accept API version ${version}`);
  if (isStrict && command.isStable !== true)
    throw new ElmoError(
      'APIStrictError',
      `Provided apiStrict:true, but the command ${command.name} is not in API Version ${API_VERSION}`,
    );
}
