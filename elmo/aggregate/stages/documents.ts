/** `$documents`: rows from the pipeline itself. */
import { ARRAY, OBJECT, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { Frame, type Expression } from '../../expression/expression.js';
import type { RowSource } from '../../operation/row-source.js';
import { elementsOf } from '../arguments.js';
import { ListRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

const NO_ROW = new Frame();

class DocumentsStage implements Stage {
  readonly name = '$documents';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;
  readonly makesRows = true;

  constructor(
    readonly argument: Value,
    private readonly expression: Expression,
  ) {}

  open(input: RowSource, { frame }: PipelineRun): RowSource {
    input.close();
    frame.setDocument(NO_ROW.bytes, NO_ROW.at);
    const array = this.expression.evaluate(frame);
    if (array.type !== ARRAY) throw new ElmoError(5858203, 'an array is expected');
    return new ListRows(
      elementsOf(array).map((element) => {
        if (element.type !== OBJECT)
          throw new ElmoError(
            40228,
            `elements within the array passed to $documents must evaluate to an object, not to type '${TYPE_NAMES.get(element.type)}'`,
          );
        return element.keep().bytes;
      }),
    );
  }

  addDependencies(): boolean {
    return true;
  }
}

export const documentsStages: StageOperators = {
  $documents: {
    position: 'first',
    onDatabase: 'only',
    parse: (argument: Value, { scope }: StageContext) => [
      new DocumentsStage(argument.keep(), scope.parse(argument)),
    ],
  },
};
