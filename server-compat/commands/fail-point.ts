/** configureFailPoint: makes commands fail, for the tests of clients. */
import { Arguments, ElmoError, fields, type Command } from '../../elmo/index.js';
import type { CommandFailure, FailPoints, FailureMode } from '../connection/fail-points.js';

const { anything, array, document, flag, integer, required, text } = fields;

const STRING = 2;
const OBJECT = 3;

const DATA_FIELDS = {
  failCommands: required(array),
  appName: text,
  errorCode: integer(),
  errorLabels: array,
  closeConnection: flag,
  blockConnection: flag,
  blockTimeMS: integer({ low: 0 }),
  writeConcernError: document,
  failInternalCommands: flag,
  namespace: text,
};

/** @returns undefined: off @throws ElmoError */
function modeOf(args: Arguments): FailureMode | undefined {
  const mode = args.value('mode')!;
  if (mode.type === STRING) {
    if (mode.text === 'off') return undefined;
    if (mode.text === 'alwaysOn') return { skip: 0, times: Infinity };
    throw new ElmoError('BadValue', `unknown mode '${mode.text}' of a fail point`);
  }
  if (mode.type !== OBJECT) throw new ElmoError('TypeMismatch', "'mode' must be a string or JSON object");
  const given = Arguments.of(mode);
  if (given.has('times')) return { skip: 0, times: given.number('times')! };
  if (given.has('skip')) return { skip: given.number('skip')!, times: Infinity };
  throw new ElmoError('BadValue', "'mode' must hold 'times' or 'skip'");
}

function failureOf(data: Arguments): CommandFailure {
  const labels = data.has('errorLabels')
    ? data.elements('errorLabels').map((label) => label.text)
    : undefined;
  return {
    commands: new Set(data.elements('failCommands').map((name) => name.text)),
    appName: data.text('appName'),
    errorCode: data.number('errorCode'),
    errorLabels: labels,
    closesConnection: data.flag('closeConnection'),
    blockMs: data.flag('blockConnection') ? (data.number('blockTimeMS') ?? 0) : 0,
    writeConcernError: data.document('writeConcernError')?.slice(),
  };
}

/** Does nothing; by it clients see how the Stable API refuses. */
const testVersion2: Command = {
  name: 'testVersion2',
  help: 'stands for a command of a version to come',
  target: 'any',
  fields: {},
  run: () => undefined,
};

export function failPointCommands(failPoints: FailPoints): readonly Command[] {
  return [
    testVersion2,
    {
      name: 'configureFailPoint',
      help: 'makes commands fail, for the tests of clients',
      target: 'any',
      fields: {
        configureFailPoint: required(text),
        mode: required(anything),
        data: { ...document, fields: DATA_FIELDS },
      },
      isAdminOnly: true,
      run(args, _context, reply) {
        const name = args.text('configureFailPoint')!;
        if (name !== 'failCommand')
          throw new ElmoError('FailPointSetFailed', `${name} is no fail point; failCommand is`);
        const mode = modeOf(args);
        const data = args.struct('data');
        reply.int32('count', failPoints.count);
        if (mode === undefined) failPoints.clear();
        else if (data === undefined)
          throw new ElmoError('BadValue', "the fail point failCommand needs 'data'");
        else failPoints.set(failureOf(data), mode);
      },
    },
  ];
}
