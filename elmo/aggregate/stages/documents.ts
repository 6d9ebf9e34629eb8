/** `$documents`: rows from the pipeline itself. */
import { ARRAY, OBJECT, TYPE_NAMES } from '../../bson/types.js';
import type { Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { Frame, type Expression } from '../../expression/expression.js';
import type { RowSource } from '../../operation/row-source.js';
import { argumentsOf, elementsOf, objectValue } from '../arguments.js';
import { ListRows } from '../rows.js';
import { reshapeStages } from './reshape.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

const NO_ROW = new Frame();

class DocumentsStage implements Stage {
  readonly name = '$documents';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;
  readonly makesRows = true;

  constructor(
    readonly argument: Value,
    /** None: it is a document whatever its fields are, not an array. */
    private readonly expression: Expression | undefined,
  ) {}

  open(input: RowSource, { frame }: PipelineRun): RowSource {
    input.close();
    frame.setDocument(NO_ROW.bytes, NO_ROW.at);
    const array = this.expression?.evaluate(frame);
    if (array?.type !== ARRAY) throw new ElmoError(5858203, 'an array is expected');
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

/** What stands right of a field in a `$project` may stand here, and is refused as it is there. */
function parseDocuments(argument: Value, context: StageContext): Stage {
  const kept = argument.keep();
  const projection = objectValue([['_tempDocumentsField', kept]], OBJECT);
  reshapeStages.$project!.parse(projection, context, '$documents');
  const [first] = kept.type === OBJECT ? argumentsOf(kept).keys() : ['$'];
  return new DocumentsStage(kept, first?.startsWith('$') === true ? context.scope.parse(kept) : undefined);
}

export const documentsStages: StageOperators = {
  $documents: {
    position: 'first',
    onDatabase: 'only',
    parse: (argument, context) => [parseDocuments(argument, context)],
  },
};
