/** Parameters of the server: getParameter, setParameter, setFeatureCompatibilityVersion. Source: MongoDB manual. */
import { OBJECT, STRING } from '../../bson/types.js';
import { valueOf, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { Arguments, parseFields } from '../arguments.js';
import { COMMON_FIELDS } from '../common-fields.js';
import type { Command, CommandContext } from '../command.js';
import { anything, looseFlag, oneOf, required, text } from '../fields.js';
import type { Fields } from '../fields.js';
import type { ReplyWriter } from '../reply.js';
import { COMPATIBILITY, converted, PARAMETERS, type Parameter } from './parameter-table.js';

/** Versions of answers that can be asked for; all are given alike. */
const COMPATIBILITY_VERSIONS = ['8.0', '8.2'];

function valueIn({ engine, client }: CommandContext, name: string): Value {
  const { current, initial } = PARAMETERS.get(name)!;
  const served = client.server?.parameters[name];
  if (served !== undefined) return valueOf(served);
  return current?.(engine) ?? engine.state.parameters.get(name) ?? initial;
}

const SELECTOR_FIELDS: Fields = {
  showDetails: looseFlag,
  allParameters: looseFlag,
  setAt: oneOf('startup', 'runtime'),
};

function writeParameter(
  reply: ReplyWriter,
  context: CommandContext,
  name: string,
  withDetails: boolean,
): void {
  const value = valueIn(context, name);
  if (!withDetails) {
    reply.value(name, value);
    return;
  }
  reply.object(name, (into) =>
    into
      .value('value', value)
      .bool('settableAtRuntime', PARAMETERS.get(name)!.apply !== undefined)
      .bool('settableAtStartup', isSettableAtStart(context, name)),
  );
}

/** By an option of the server. */
function isSettableAtStart({ client }: CommandContext, name: string): boolean {
  return client.server !== undefined && Object.hasOwn(client.server.parameters, name);
}

const getParameter: Command = {
  name: 'getParameter',
  help: 'what parameters of the server are set to',
  target: 'any',
  fields: { getParameter: anything },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const selector = args.value('getParameter')!;
    let isAll = selector.type === STRING && selector.text === '*';
    let withDetails = false;
    let setAt: string | undefined;
    if (selector.type === OBJECT) {
      const options = new Arguments(parseFields(selector, SELECTOR_FIELDS, 'getParameter', 'getParameter'));
      withDetails = options.flag('showDetails');
      isAll = options.flag('allParameters');
      setAt = options.text('setAt');
    }
    const wanted = (name: string, { apply }: Parameter): boolean =>
      setAt === undefined || (setAt === 'runtime' ? apply !== undefined : isSettableAtStart(context, name));
    let found = 0;
    for (const [name, parameter] of PARAMETERS) {
      if (!(isAll || args.has(name)) || !wanted(name, parameter)) continue;
      writeParameter(reply, context, name, withDetails);
      found++;
    }
    if (found === 0) throw new ElmoError('InvalidOptions', 'no option found to get');
  },
};

const setParameter: Command = {
  name: 'setParameter',
  help: 'sets a parameter of the server',
  target: 'any',
  fields: { setParameter: anything },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const { engine } = context;
    const changes: [string, Value, Required<Parameter>['apply']][] = [];
    for (const [name, given] of args.entries()) {
      if (name === 'setParameter' || Object.hasOwn(COMMON_FIELDS, name)) continue;
      const parameter = PARAMETERS.get(name);
      if (parameter === undefined)
        throw new ElmoError(
          'InvalidOptions',
          `attempted to set unrecognized parameter [${name}], use help:true to see options `,
        );
      if (parameter.apply === undefined)
        throw new ElmoError('IllegalOperation', `not allowed to change [${name}] at runtime`);
      changes.push([name, converted(name, parameter, given), parameter.apply]);
    }
    const [first] = changes;
    if (first === undefined)
      throw new ElmoError('InvalidOptions', 'no option found to set, use help:true to see options ');
    reply.value('was', valueIn(context, first[0]));
    for (const [name, value, apply] of changes) {
      apply(engine, value);
      engine.state.parameters.set(name, value);
    }
  },
};

const setFeatureCompatibilityVersion: Command = {
  name: 'setFeatureCompatibilityVersion',
  help: 'whose answers are given',
  target: 'any',
  fields: {
    setFeatureCompatibilityVersion: required(text),
    confirm: looseFlag,
    dryRun: looseFlag,
    fromConfigServer: looseFlag,
    downgradeOnDiskChanges: looseFlag,
  },
  isAdminOnly: true,
  takesWriteConcern: true,
  run(args, { engine }: CommandContext) {
    const version = args.text('setFeatureCompatibilityVersion')!;
    if (!COMPATIBILITY_VERSIONS.includes(version))
      throw new ElmoError(
        4926900,
        `Invalid feature compatibility version value '${version}'; expected one of ${COMPATIBILITY_VERSIONS.join(', ')}`,
      );
    if (!args.flag('confirm'))
      throw new ElmoError(
        7369100,
        'Once you have changed the feature compatibility version, going back is not possible without help; pass confirm: true if that is meant',
      );
    engine.state.parameters.set(COMPATIBILITY, valueOf({ version }));
  },
};

export const parameterCommands: readonly Command[] = [
  getParameter,
  setParameter,
  setFeatureCompatibilityVersion,
];
