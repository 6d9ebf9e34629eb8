/** `$count`: how many rows there were, in one document; none if there were none. */
import { STRING } from '../../bson/types.js';
import { int32Value, int64OfNumber, writeElement, type Value } from '../../bson/value.js';
import { FieldName } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { RowSource } from '../../operation/row-source.js';
import { BlockingRows } from '../rows.js';
import type { PipelineRun, Stage, StageOperators } from '../stage.js';

export class CountStage implements Stage {
  readonly name = '$count';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    readonly field: string,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new CountRows(input, run, new FieldName(this.field));
  }

  addDependencies(): boolean {
    return true;
  }
}

class CountRows extends BlockingRows {
  private count = 0;
  private readonly writer = new BsonWriter();

  constructor(
    input: RowSource,
    run: PipelineRun,
    private readonly field: FieldName,
  ) {
    super(input, run.operation);
  }

  protected take(): void {
    this.count++;
  }

  protected emit(): boolean {
    if (this.count === 0) return false;
    const { writer, count } = this;
    this.count = 0;
    writer.clear();
    const start = writer.beginDocument();
    writeElement(writer, this.field.bytes, count === (count | 0) ? int32Value(count) : int64OfNumber(count));
    writer.endDocument(start);
    this.bytes = writer.bytes;
    return true;
  }
}

function parseCount(argument: Value): Stage {
  if (argument.type !== STRING) throw new ElmoError(40156, 'the count field must be a non-empty string');
  const field = argument.text;
  if (field === '') throw new ElmoError(40157, 'the count field must be a non-empty string');
  if (field.startsWith('$')) throw new ElmoError(40158, 'the count field cannot be a $-prefixed path');
  if (field.includes('\0')) throw new ElmoError(40159, 'the count field cannot contain a null byte');
  if (field.includes('.')) throw new ElmoError(40160, "the count field cannot contain '.'");
  if (field === '_id') throw new ElmoError(9039800, "the count field cannot be '_id'");
  return new CountStage(argument.keep(), field);
}

export const countStages: StageOperators = {
  $count: { parse: (argument) => [parseCount(argument)] },
};
