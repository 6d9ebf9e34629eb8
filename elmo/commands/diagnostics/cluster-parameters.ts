/** Parameters that a cluster would share: getClusterParameter, setClusterParameter. */
import { ARRAY, BOOL, OBJECT, STRING } from '../../bson/types.js';
import { documentValue, valueOf, type Value } from '../../bson/value.js';
import type { ServerState } from '../../engine/server-state.js';
import { ElmoError } from '../../errors.js';
import { elementsOf, fieldsOf } from '../arguments.js';
import type { Command } from '../command.js';
import { plainNumber, required, type FieldRule } from '../fields.js';
import type { ReplyWriter } from '../reply.js';

interface ClusterParameter {
  readonly initial: Value;
  /** @throws ElmoError */
  readonly check: (field: string, value: Value) => void;
}

function refuse(code: 'BadValue' | 'TypeMismatch', field: string): never {
  throw new ElmoError(code, `Invalid value of '${field}'`);
}

function unknown(field: string): never {
  throw new ElmoError(40415, `BSON field '${field}' is an unknown field.`);
}

function checkSeconds(field: string, value: Value): void {
  if (field !== 'expireAfterSeconds') unknown(field);
  const seconds = plainNumber(value);
  if (Number.isNaN(seconds)) refuse('TypeMismatch', field);
  if (seconds < 1) refuse('BadValue', field);
}

const PARAMETERS: ReadonlyMap<string, ClusterParameter> = new Map([
  [
    'changeStreamOptions',
    {
      initial: valueOf({ preAndPostImages: { expireAfterSeconds: 'off' } }),
      check(field, value) {
        if (field !== 'preAndPostImages') unknown(field);
        if (value.type !== OBJECT) refuse('BadValue', field);
        for (const [name, seconds] of fieldsOf(value)) {
          if (name !== 'expireAfterSeconds') unknown(name);
          if (seconds.type === STRING ? seconds.text !== 'off' : !(plainNumber(seconds) > 0))
            refuse('BadValue', name);
        }
      },
    },
  ],
  ['changeStreams', { initial: valueOf({ expireAfterSeconds: 3600n }), check: checkSeconds }],
  [
    'pauseMigrationsDuringMultiUpdates',
    {
      initial: valueOf({ enabled: false }),
      check(field, value) {
        if (field !== 'enabled') unknown(field);
        if (value.type !== BOOL) refuse('TypeMismatch', field);
      },
    },
  ],
] satisfies [string, ClusterParameter][]);

const names: FieldRule = { types: [STRING, ARRAY], skipsNull: false, isRequired: true };

function wantedNames(given: Value): readonly string[] {
  if (given.type === STRING) return given.text === '*' ? [...PARAMETERS.keys()] : [given.text];
  const wanted = elementsOf(given);
  if (wanted.length === 0)
    throw new ElmoError('BadValue', 'Must supply at least one cluster server parameter name');
  return wanted.map((value) => {
    if (value.type !== STRING)
      throw new ElmoError('TypeMismatch', 'Names of cluster parameters have to be strings');
    return value.text;
  });
}

function writeParameter(into: ReplyWriter, name: string, state: ServerState): void {
  into.text('_id', name);
  const set = state.clusterParameters.get(name);
  if (set !== undefined) into.timestamp('clusterParameterTime', Math.floor(set.setAtMs / 1000), 1);
  const value = set === undefined ? PARAMETERS.get(name)!.initial : documentValue(set.raw);
  for (const [field, inner] of fieldsOf(value)) into.value(field, inner);
}

const getClusterParameter: Command = {
  name: 'getClusterParameter',
  help: 'what parameters of the cluster are set to',
  target: 'any',
  fields: { getClusterParameter: names, omitInFTDC: { types: [BOOL], skipsNull: true, isRequired: false } },
  isAdminOnly: true,
  run(args, { engine }, reply) {
    const wanted = wantedNames(args.value('getClusterParameter')!);
    for (const name of wanted)
      if (!PARAMETERS.has(name)) throw new ElmoError('NoSuchKey', `Unknown server parameter: ${name}`);
    reply.objects('clusterParameters', wanted, (name, into) => writeParameter(into, name, engine.state));
  },
};

const setClusterParameter: Command = {
  name: 'setClusterParameter',
  help: 'sets a parameter of the cluster',
  target: 'any',
  fields: { setClusterParameter: required({ types: [OBJECT], skipsNull: true, isRequired: true }) },
  isAdminOnly: true,
  takesWriteConcern: true,
  run(args, { engine }) {
    const given = fieldsOf(args.value('setClusterParameter')!);
    if (given.length !== 1)
      throw new ElmoError(
        'InvalidOptions',
        'setClusterParameter only supports setting exactly one parameter',
      );
    const [name, value] = given[0]!;
    const parameter = PARAMETERS.get(name);
    if (parameter === undefined) throw new ElmoError('NoSuchKey', `Unknown server parameter: ${name}`);
    if (value.type !== OBJECT) throw new ElmoError('BadValue', 'Cluster parameter value must be an object');
    for (const [field, inner] of fieldsOf(value)) parameter.check(field, inner);
    engine.state.clusterParameters.set(name, { raw: value.document.slice(), setAtMs: engine.clock.wallMs() });
  },
};

export const clusterParameterCommands: readonly Command[] = [getClusterParameter, setClusterParameter];
