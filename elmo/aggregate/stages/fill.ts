/**
 * `$fill`: values for fields that are null or missing; short for `$setWindowFields` where they come from rows around, and
 * for `$addFields` where they come from the row itself. Source: MongoDB manual, "$fill"; the codes are the reference's own.
 */
import { ARRAY, OBJECT, STRING, TYPE_NAMES } from '../../bson/types.js';
import { stringValue, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { parseSortFields } from '../../exec/sort-pattern.js';
import { argumentsOf, arrayValue, elementsOf, objectValue } from '../arguments.js';
import { checkedFieldPath } from '../field-path.js';
import type { Stage, StageContext, StageOperators } from '../stage.js';
import { reshapeStages } from './reshape.js';
import { windowStages } from './set-window-fields.js';

const TYPES: Readonly<Record<string, readonly number[]>> = {
  partitionBy: [OBJECT, STRING],
  partitionByFields: [ARRAY],
  sortBy: [OBJECT],
  output: [OBJECT],
};
const METHODS: Readonly<Record<string, string>> = { locf: '$locf', linear: '$linearFill' };

function wrongType(path: string, value: Value, expected: readonly number[]): ElmoError {
  const names = expected.map((type) => TYPE_NAMES.get(type));
  const text = names.length === 1 ? `type '${names[0]}'` : `types '[${names.join(', ')}]'`;
  return new ElmoError(
    'TypeMismatch',
    `BSON field '$fill.${path}' is the wrong type '${TYPE_NAMES.get(value.type)}', expected ${text}`,
  );
}

function unknown(name: string): ElmoError {
  return new ElmoError('IDLUnknownField', `BSON field '$fill.${name}' is an unknown field.`);
}

const object = (fields: Iterable<readonly [string, Value]>): Value => objectValue(fields, OBJECT);

/** What stands in the argument, by name, of the right types; null counts as absent. */
function fieldsOf(argument: Value): ReadonlyMap<string, Value> {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      'FailedToParse',
      `The $fill stage specification must be an object, found ${TYPE_NAMES.get(argument.type)}`,
    );
  const fields = new Map<string, Value>();
  for (const [name, value] of argumentsOf(argument)) {
    const types = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
    if (types === undefined) throw unknown(name);
    if (value.isNullish && name !== 'partitionBy') continue;
    if (!types.includes(value.type)) throw wrongType(name, value, types);
    if (name === 'partitionByFields') namesOf(value);
    fields.set(name, value);
  }
  return fields;
}

function namesOf(value: Value): string[] {
  return elementsOf(value).map((element, i) => {
    if (element.type !== STRING) throw wrongType(`partitionByFields.${i}`, element, [STRING]);
    return element.text;
  });
}

/** The expression rows are parted by; undefined: they are not. */
function parsePartition(fields: ReadonlyMap<string, Value>, { scope }: StageContext): Value | undefined {
  const [by, names] = [fields.get('partitionBy'), fields.get('partitionByFields')];
  if (by !== undefined && names !== undefined)
    throw new ElmoError(
      6050204,
      "Maximum one of 'partitionBy' and 'partitionByFields can be specified in '$fill'",
    );
  if (by !== undefined) {
    scope.parse(by);
    return by;
  }
  const paths = names === undefined ? [] : namesOf(names).map(checkedFieldPath);
  if (paths.length === 0) return undefined;
  return object(paths.map((path, i) => [String(i), stringValue(`$${path}`)]));
}

/** How one field is filled: a value of the row, or one of the rows around. */
interface Output {
  readonly value: Value | undefined;
  readonly method: string | undefined;
}

function parseOutput(spec: Value): Output {
  const given = spec.type === OBJECT ? argumentsOf(spec) : undefined;
  if (given === undefined)
    throw new ElmoError(6050200, 'Each fill output specification must be an object with exactly one field');
  for (const [name, value] of given) {
    if (name !== 'value' && name !== 'method') throw unknown(name);
    if (name === 'method' && value.type !== STRING) throw wrongType(name, value, [STRING]);
  }
  const [value, method] = [given.get('value'), given.get('method')?.text];
  if (value !== undefined && method !== undefined)
    throw new ElmoError(
      6050201,
      "Each fill output specification must have exactly one of 'method' or 'value' fields, not both",
    );
  if (method !== undefined && !Object.hasOwn(METHODS, method))
    throw new ElmoError(6050202, 'Method must be either locf or linear');
  return { value, method };
}

function parse(argument: Value, context: StageContext): readonly Stage[] {
  const fields = fieldsOf(argument.keep());
  const output = fields.get('output');
  if (output === undefined)
    throw new ElmoError('IDLFailedToParse', "BSON field '$fill.output' is missing but a required field");
  const outputs = [...argumentsOf(output)];
  if (outputs.length === 0)
    throw new ElmoError(
      6050203,
      "The output field in '$fill' must contain an object with at least one element",
    );
  const shapes = outputs.map(([path, spec]) => ({ path, ...parseOutput(spec) }));
  const sortBy = fields.get('sortBy');
  if (sortBy !== undefined) parseSortFields(sortBy); // for its errors
  const partition = parsePartition(fields, context);
  const around: [string, Value][] = [];
  const own: [string, Value][] = [];
  for (const { path, value, method } of shapes) {
    const field = stringValue(`$${path}`);
    if (method !== undefined) around.push([path, object([[METHODS[method]!, field]])]);
    else if (value !== undefined) own.push([path, value]);
  }
  const stages: Stage[] = [];
  const add = (name: '$setWindowFields' | '$addFields', spec: Value): void => {
    const operator = name === '$addFields' ? reshapeStages[name] : windowStages[name];
    stages.push(...operator!.parse(spec, context, name));
  };
  if (around.length > 0)
    add(
      '$setWindowFields',
      object([
        ...(partition === undefined ? [] : [['partitionBy', partition] as const]),
        ...(sortBy === undefined ? [] : [['sortBy', sortBy] as const]),
        ['output', object(around)],
      ]),
    );
  else if (partition?.type === STRING && !partition.text.startsWith('$'))
    throw new ElmoError(16873, `FieldPath '${partition.text}' doesn't start with $`);
  if (own.length > 0) {
    for (const [path] of own) checkedFieldPath(path);
    const filled = own.map(([path, value]) => {
      const operands = arrayValue([stringValue(`$${path}`), value]);
      return [path, object([['$ifNull', operands]])] as const;
    });
    add('$addFields', object(filled));
  }
  return stages;
}

export const fillStages: StageOperators = {
  $fill: { parse },
};
