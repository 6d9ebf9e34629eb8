/** `$replaceRoot` and `$replaceWith`: each row becomes a document computed from it. */
import { OBJECT, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import type { Expression } from '../../expression/expression.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { StageRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

class ReplaceRootStage implements Stage {
  readonly name = '$replaceRoot';
  readonly argument: Value;
  readonly changedPaths = undefined;
  readonly isOneToOne = true;

  constructor(
    newRoot: Value,
    private readonly expression: Expression,
    private readonly what: string,
  ) {
    this.argument = objectValue([['newRoot', newRoot]], OBJECT);
  }

  open(input: RowSource, run: PipelineRun): RowSource {
    return new ReplaceRootRows(input, run, this.expression, this.what);
  }

  addDependencies(into: Set<string>): boolean {
    this.expression.addDependencies(into);
    return true;
  }
}

class ReplaceRootRows extends StageRows {
  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly expression: Expression,
    private readonly what: string,
  ) {
    super(input);
  }

  pull(): Pulled {
    const pulled = this.input.pull();
    if (pulled === END || pulled === PAUSE) return pulled;
    const { frame } = this.run;
    frame.setDocument(this.input.bytes, this.input.at);
    frame.metadata = this.input.metadata as typeof frame.metadata;
    const value = this.expression.evaluate(frame);
    if (value.type !== OBJECT)
      throw new ElmoError(
        40228,
        `${this.what} must evaluate to an object, but the type of the resulting value was: '${TYPE_NAMES.get(value.type)}'`,
      );
    this.bytes = value.bytes;
    this.at = value.at;
    return ROW;
  }
}

function parseReplaceRoot(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT)
    throw new ElmoError(
      40229,
      `expected an object as specification for $replaceRoot stage, got ${TYPE_NAMES.get(argument.type)}`,
    );
  const given = argumentsOf(argument);
  for (const name of given.keys())
    if (name !== 'newRoot')
      throw new ElmoError('IDLUnknownField', `BSON field '$replaceRoot.${name}' is an unknown field.`);
  const newRoot = given.get('newRoot');
  if (newRoot === undefined)
    throw new ElmoError(
      'IDLFailedToParse',
      "BSON field '$replaceRoot.newRoot' is missing but a required field",
    );
  return new ReplaceRootStage(newRoot, context.scope.parse(newRoot), "'newRoot' expression");
}

export const replaceRootStages: StageOperators = {
  $replaceRoot: { parse: (argument, context) => [parseReplaceRoot(argument, context)] },
  $replaceWith: {
    parse: (argument, context) => [
      new ReplaceRootStage(argument, context.scope.parse(argument), "'replacement document'"),
    ],
  },
};
