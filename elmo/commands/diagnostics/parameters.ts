/** Parameters of the server: getParameter, setParameter, setFeatureCompatibilityVersion. Source: MongoDB manual. */
import { Double, Long } from '../../bson/package.js';
import { BOOL, DOUBLE, INT64, OBJECT, STRING } from '../../bson/types.js';
import { valueOf, type Value } from '../../bson/value.js';
import type { Engine } from '../../engine/engine.js';
import type { ServerState } from '../../engine/server-state.js';
import { ElmoError } from '../../errors.js';
import { Arguments, parseFields } from '../arguments.js';
import { COMMON_FIELDS } from '../common-fields.js';
import type { Command, CommandContext } from '../command.js';
import { anything, isTrue, looseFlag, oneOf, plainNumber, required, text } from '../fields.js';
import type { Fields } from '../fields.js';
import type { ReplyWriter } from '../reply.js';

interface Parameter {
  /** What it is when nobody has set it: its type is the parameter's. */
  readonly initial: Value;
  readonly isSettable: boolean;
  /** At the start of a server, by its options. */
  readonly isSettableAtStart: boolean;
  /** Of numbers. */
  readonly low?: number;
  readonly high?: number;
}

const settable = (initial: unknown, low?: number, high?: number): Parameter => ({
  initial: valueOf(initial),
  isSettable: true,
  isSettableAtStart: true,
  ...(low === undefined ? {} : { low }),
  ...(high === undefined ? {} : { high }),
});
const fixed = (initial: unknown): Parameter => ({
  initial: valueOf(initial),
  isSettable: false,
  isSettableAtStart: true,
});

const MOST_INT = 0x7fff_ffff;

/** Versions of answers that can be asked for; all are given alike. */
const COMPATIBILITY_VERSIONS = ['8.0', '8.2'];
const COMPATIBILITY = 'featureCompatibilityVersion';

const PARAMETERS: ReadonlyMap<string, Parameter> = new Map([
  ['allowDiskUseByDefault', settable(true)],
  ['authenticationMechanisms', fixed(['SCRAM-SHA-1', 'SCRAM-SHA-256'])],
  ['automationServiceDescriptor', settable('')],
  ['authSchemaVersion', { ...fixed(5), isSettableAtStart: false }],
  ['clusterAuthMode', fixed('undefined')],
  ['connPoolMaxConnsPerHost', fixed(200)],
  ['cursorTimeoutMillis', settable(Long.fromNumber(600_000), 1, MOST_INT)],
  ['diagnosticDataCollectionEnabled', settable(false)],
  ['enableLocalhostAuthBypass', fixed(true)],
  ['enableTestCommands', fixed(false)],
  [COMPATIBILITY, { ...fixed({ version: '8.2' }), isSettableAtStart: false }],
  ['internalQueryMaxBlockingSortMemoryUsageBytes', settable(104_857_600, 0, MOST_INT)],
  ['internalQueryPlannerMaxIndexedSolutions', settable(64, 0, MOST_INT)],
  ['localLogicalSessionTimeoutMinutes', fixed(30)],
  ['logComponentVerbosity', settable({ verbosity: 0 })],
  ['logLevel', settable(0, 0, 5)],
  ['maxTransactionLockRequestTimeoutMillis', settable(5, -1, MOST_INT)],
  ['notablescan', settable(false)],
  ['opensslCipherConfig', fixed('')],
  ['quiet', settable(false)],
  ['requireApiVersion', settable(false)],
  ['saslHostName', fixed('')],
  ['scramIterationCount', fixed(10_000)],
  ['scramSHA256IterationCount', fixed(15_000)],
  ['sslMode', fixed('disabled')],
  ['syncdelay', settable(0.1)],
  ['tlsMode', fixed('disabled')],
  ['traceExceptions', settable(false)],
  ['transactionLifetimeLimitSeconds', settable(60, 1, MOST_INT)],
  ['ttlMonitorEnabled', settable(true)],
  ['ttlMonitorSleepSecs', settable(60, 1, MOST_INT)],
  ['wiredTigerConcurrentReadTransactions', settable(128, 0, MOST_INT)],
  ['wiredTigerConcurrentWriteTransactions', settable(128, 0, MOST_INT)],
]);

const valueIn = (state: ServerState, name: string): Value =>
  state.parameters.get(name) ?? PARAMETERS.get(name)!.initial;

const SELECTOR_FIELDS: Fields = {
  showDetails: looseFlag,
  allParameters: looseFlag,
  setAt: oneOf('startup', 'runtime'),
};

function writeParameter(reply: ReplyWriter, state: ServerState, name: string, withDetails: boolean): void {
  const value = valueIn(state, name);
  if (!withDetails) {
    reply.value(name, value);
    return;
  }
  const { isSettable, isSettableAtStart } = PARAMETERS.get(name)!;
  reply.object(name, (into) =>
    into
      .value('value', value)
      .bool('settableAtRuntime', isSettable)
      .bool('settableAtStartup', isSettableAtStart),
  );
}

const getParameter: Command = {
  name: 'getParameter',
  help: 'what parameters of the server are set to',
  target: 'any',
  fields: { getParameter: anything },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const { state } = context.engine;
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
    const wanted = ({ isSettable, isSettableAtStart }: Parameter): boolean =>
      setAt === undefined || (setAt === 'runtime' ? isSettable : isSettableAtStart);
    let found = 0;
    for (const [name, parameter] of PARAMETERS) {
      if (!(isAll || args.has(name)) || !wanted(parameter)) continue;
      writeParameter(reply, state, name, withDetails);
      found++;
    }
    if (found === 0) throw new ElmoError('InvalidOptions', 'no option found to get');
  },
};

/** The value as the parameter's own type. @throws ElmoError BadValue */
function converted(name: string, { initial, low, high }: Parameter, given: Value): Value {
  const invalid = (): ElmoError => new ElmoError('BadValue', `Invalid value for ${name}`);
  if (initial.type === BOOL) {
    const number = plainNumber(given);
    return valueOf(given.type === BOOL || !Number.isNaN(number) ? isTrue(given) : true);
  }
  if (initial.type === STRING || initial.type === OBJECT) {
    if (given.type !== initial.type) throw invalid();
    return given.keep();
  }
  const number = given.type === BOOL ? Number(isTrue(given)) : plainNumber(given);
  if (Number.isNaN(number) || number < (low ?? -Infinity) || number > (high ?? Infinity)) throw invalid();
  if (low !== undefined && !Number.isInteger(number)) throw invalid();
  if (initial.type === INT64) return valueOf(Long.fromNumber(number));
  return valueOf(initial.type === DOUBLE ? new Double(number) : number);
}

/** What the engine itself goes by. */
function applied({ state, sessions }: Engine, name: string, value: Value): void {
  const { expiry } = state;
  if (name === 'cursorTimeoutMillis') state.cursorTimeoutMs = plainNumber(value);
  else if (name === 'transactionLifetimeLimitSeconds')
    sessions.transactionLifetimeMs = plainNumber(value) * 1000;
  else if (name === 'ttlMonitorEnabled') expiry.isEnabled = isTrue(value);
  else if (name === 'ttlMonitorSleepSecs') {
    expiry.intervalMs = plainNumber(value) * 1000;
    expiry.changed();
  }
}

const setParameter: Command = {
  name: 'setParameter',
  help: 'sets a parameter of the server',
  target: 'any',
  fields: { setParameter: anything },
  isAdminOnly: true,
  ignoresUnknown: true,
  run(args, context, reply) {
    const { state } = context.engine;
    const changes: [string, Value][] = [];
    for (const [name, given] of args.entries()) {
      if (name === 'setParameter' || Object.hasOwn(COMMON_FIELDS, name)) continue;
      const parameter = PARAMETERS.get(name);
      if (parameter === undefined)
        throw new ElmoError(
          'InvalidOptions',
          `attempted to set unrecognized parameter [${name}], use help:true to see options `,
        );
      if (!parameter.isSettable)
        throw new ElmoError('IllegalOperation', `not allowed to change [${name}] at runtime`);
      changes.push([name, converted(name, parameter, given)]);
    }
    const [first] = changes;
    if (first === undefined)
      throw new ElmoError('InvalidOptions', 'no option found to set, use help:true to see options ');
    reply.value('was', valueIn(state, first[0]));
    for (const [name, value] of changes) {
      state.parameters.set(name, value);
      applied(context.engine, name, value);
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
