/**
 * The parameters of the server: what each is at first, which values it takes, and what it does. One that cannot do anything
 * here is not there, or cannot be set. Source: MongoDB manual, "MongoDB Server Parameters"; the reference.
 */
import { Double, Long } from '../../bson/package.js';
import { BOOL, DOUBLE, INT64, OBJECT, STRING } from '../../bson/types.js';
import { valueOf, type Value } from '../../bson/value.js';
import type { Engine } from '../../engine/engine.js';
import { ElmoError } from '../../errors.js';
import { Arguments } from '../arguments.js';
import { isTrue, plainNumber } from '../fields.js';

export interface Parameter {
  /** What it is when nobody has set it: its type is the parameter's. */
  readonly initial: Value;
  /** Of numbers. */
  readonly low?: number;
  readonly high?: number;
  /** Gives a new value its effect; undefined: it cannot be set while the server runs. */
  readonly apply?: (engine: Engine, value: Value) => void;
  /** What it is, where the engine knows better than the last `setParameter`. */
  readonly current?: (engine: Engine) => Value;
}

type Range = Pick<Parameter, 'low' | 'high'>;

const flag = (initial: boolean, apply: (engine: Engine, isSet: boolean) => void): Parameter => ({
  initial: valueOf(initial),
  apply: (engine, value) => apply(engine, isTrue(value)),
});
const number = (
  initial: unknown,
  range: Range,
  apply: (engine: Engine, value: number) => void,
): Parameter => ({
  initial: valueOf(initial),
  ...range,
  apply: (engine, value) => apply(engine, plainNumber(value)),
});
const fixed = (initial: unknown): Parameter => ({ initial: valueOf(initial) });

const MOST_INT = 0x7fff_ffff;
const LEAST_ITERATIONS = 5000;

export const COMPATIBILITY = 'featureCompatibilityVersion';

/** The log has two levels: what is slow, and (from 1) every command. */
const MOST_VERBOSITY = 5;

const verbosityOf = ({ state }: Engine): Value =>
  valueOf({ verbosity: state.logLevels.all, command: { verbosity: state.logLevels.command } });

const iterations = (mechanism: 'SCRAM-SHA-1' | 'SCRAM-SHA-256', initial: number): Parameter =>
  number(initial, { low: LEAST_ITERATIONS, high: MOST_INT }, ({ state }, count) => {
    state.scramIterations[mechanism] = count;
  });

export const PARAMETERS: ReadonlyMap<string, Parameter> = new Map([
  ['allowDiskUseByDefault', flag(true, ({ state }, isSet) => (state.query.allowsDisk = isSet))],
  ['authenticationMechanisms', fixed(['SCRAM-SHA-1', 'SCRAM-SHA-256'])],
  // a note of who looks after this server, for who asks: no more than that anywhere
  ['automationServiceDescriptor', { initial: valueOf(''), apply: () => undefined }],
  ['authSchemaVersion', fixed(5)],
  ['clusterAuthMode', fixed('undefined')],
  [
    'cursorTimeoutMillis',
    number(
      Long.fromNumber(600_000),
      { low: 1, high: MOST_INT },
      ({ state }, ms) => (state.cursorTimeoutMs = ms),
    ),
  ],
  ['diagnosticDataCollectionEnabled', fixed(false)],
  ['enableLocalhostAuthBypass', fixed(true)],
  ['enableTestCommands', fixed(false)],
  [COMPATIBILITY, fixed({ version: '8.2' })],
  [
    'internalQueryMaxBlockingSortMemoryUsageBytes',
    number(104_857_600, { low: 0, high: MOST_INT }, ({ state }, bytes) => (state.query.sortBytes = bytes)),
  ],
  [
    'internalQueryPlannerMaxIndexedSolutions',
    number(64, { low: 0, high: MOST_INT }, ({ state }, count) => (state.query.mostPlans = count)),
  ],
  ['localLogicalSessionTimeoutMinutes', fixed(30)],
  [
    'logComponentVerbosity',
    {
      initial: valueOf({ verbosity: 0, command: { verbosity: -1 } }),
      apply: ({ state }, value) => setLevels(state.logLevels, value),
      current: verbosityOf,
    },
  ],
  [
    'logLevel',
    {
      ...number(
        0,
        {},
        ({ state }, level) => (state.logLevels.all = Math.min(Math.max(level, 0), MOST_VERBOSITY)),
      ),
      current: ({ state }) => valueOf(state.logLevels.all),
    },
  ],
  [
    'maxTransactionLockRequestTimeoutMillis',
    number(5, { low: -1, high: MOST_INT }, ({ state }, ms) => (state.transactionLockWaitMs = ms)),
  ],
  ['notablescan', flag(false, ({ state }, isSet) => (state.query.allowsScans = !isSet))],
  ['quiet', flag(false, ({ state }, isSet) => (state.isQuiet = isSet))],
  ['requireApiVersion', flag(false, ({ state }, isSet) => (state.requiresApiVersion = isSet))],
  ['scramIterationCount', iterations('SCRAM-SHA-1', 10_000)],
  ['scramSHA256IterationCount', iterations('SCRAM-SHA-256', 15_000)],
  ['sslMode', fixed('disabled')],
  // seconds between two syncs of the log: as the engine opens its store
  ['syncdelay', fixed(0.1)],
  ['tlsMode', fixed('disabled')],
  [
    'transactionLifetimeLimitSeconds',
    number(60, { low: 1, high: MOST_INT }, ({ sessions }, seconds) => {
      sessions.transactionLifetimeMs = seconds * 1000;
    }),
  ],
  ['ttlMonitorEnabled', flag(true, ({ state }, isSet) => (state.expiry.isEnabled = isSet))],
  [
    'ttlMonitorSleepSecs',
    number(60, { low: 1, high: MOST_INT }, ({ state: { expiry } }, seconds) => {
      expiry.intervalMs = seconds * 1000;
      expiry.changed();
    }),
  ],
]);

/** @throws ElmoError BadValue */
function setLevels(levels: { all: number; command: number }, given: Value): void {
  const levelOf = (name: string, value: Value): number => {
    const level = plainNumber(value);
    if (!Number.isInteger(level))
      throw new ElmoError('BadValue', `Expected ${name} to be safely cast to integer, but could not`);
    return Math.min(Math.max(level, -1), MOST_VERBOSITY);
  };
  const next = { ...levels };
  for (const [name, value] of Arguments.of(given).entries())
    if (name === 'verbosity') next.all = Math.max(levelOf(name, value), 0);
    else if (name !== 'command') throw new ElmoError('BadValue', `Invalid component name default.${name}`);
    else if (value.type !== OBJECT) next.command = levelOf(name, value);
    else
      for (const [inner, level] of Arguments.of(value).entries()) {
        if (inner !== 'verbosity') throw new ElmoError('BadValue', `Invalid component name command.${inner}`);
        next.command = levelOf('command.verbosity', level);
      }
  Object.assign(levels, next);
}

/** The value as the parameter's own type. @throws ElmoError BadValue */
export function converted(name: string, { initial, low, high }: Parameter, given: Value): Value {
  const invalid = (): ElmoError => new ElmoError('BadValue', `Invalid value for ${name}`);
  if (initial.type === BOOL) {
    const plain = plainNumber(given);
    return valueOf(given.type === BOOL || !Number.isNaN(plain) ? isTrue(given) : true);
  }
  if (initial.type === STRING || initial.type === OBJECT) {
    if (given.type !== initial.type) throw invalid();
    return given.keep();
  }
  const plain = given.type === BOOL ? Number(isTrue(given)) : plainNumber(given);
  if (Number.isNaN(plain) || plain < (low ?? -Infinity) || plain > (high ?? Infinity)) throw invalid();
  if (low !== undefined && !Number.isInteger(plain)) throw invalid();
  if (initial.type === INT64) return valueOf(Long.fromNumber(plain));
  return valueOf(initial.type === DOUBLE ? new Double(plain) : plain);
}
