/** `$sample`: so many rows, chosen by chance, each set of them as likely as another. */
import { OBJECT } from '../../bson/types.js';
import { int64OfNumber, type Value } from '../../bson/value.js';
import { documentLength } from '../../bson/walk.js';
import { copyBytes } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { RowSource } from '../../operation/row-source.js';
import { argumentsOf, objectValue } from '../arguments.js';
import { isNumberType, doubleOf } from '../../expression/numbers.js';
import { HeldMetadata } from '../row-metadata.js';
import { BlockingRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

class SampleStage implements Stage {
  readonly name = '$sample';
  readonly argument: Value;
  readonly changedPaths = [];
  readonly isOneToOne = false;

  constructor(
    private readonly size: number,
    private readonly context: StageContext,
  ) {
    this.argument = objectValue([['size', int64OfNumber(size)]], OBJECT);
  }

  open(input: RowSource, run: PipelineRun): RowSource {
    return new SampleRows(input, run, this.size, () => this.context.scope.random());
  }

  addDependencies(): boolean {
    return false;
  }
}

/** Keeps `size` rows; each later one takes the place of one of them as often as is fair. Then their order is shuffled. */
class SampleRows extends BlockingRows {
  private readonly kept: Uint8Array[] = [];
  private readonly held = new HeldMetadata();
  private readonly isTold: boolean;
  private seen = 0;

  constructor(
    input: RowSource,
    run: PipelineRun,
    private readonly size: number,
    private readonly random: () => number,
  ) {
    super(input, run.operation);
    this.isTold = run.metadata.size > 0;
  }

  protected take(bytes: Uint8Array, at: number): void {
    const { kept, size } = this;
    const place = kept.length < size ? kept.length : Math.floor(this.random() * (this.seen + 1));
    this.seen++;
    if (place >= size) return;
    const replaced = kept[place];
    if (replaced !== undefined) this.held.delete(replaced);
    const row = (kept[place] = copyBytes(bytes, at, at + documentLength(bytes, at)));
    if (this.isTold) this.held.keep(row, { ...this.input.metadata, randVal: this.random() });
  }

  protected override finish(): boolean {
    super.finish();
    const { kept } = this;
    for (let i = kept.length - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [kept[i], kept[j]] = [kept[j]!, kept[i]!];
    }
    return true;
  }

  protected emit(): boolean {
    const row = this.kept.pop();
    if (row === undefined) return false;
    this.bytes = row;
    this.told = this.held.of(row);
    this.held.delete(row);
    return true;
  }
}

function parseSample(argument: Value, context: StageContext): Stage {
  if (argument.type !== OBJECT)
    throw new ElmoError(28745, 'the $sample stage specification must be an object');
  let size: number | undefined;
  for (const [name, value] of argumentsOf(argument)) {
    if (name !== 'size') throw new ElmoError(28748, `unrecognized option to $sample: ${name}`);
    if (!isNumberType(value.type)) throw new ElmoError(28746, 'size argument to $sample must be a number');
    size = Math.min(Math.trunc(doubleOf(value)), Number.MAX_SAFE_INTEGER);
  }
  if (size === undefined) throw new ElmoError(28749, '$sample stage must specify a size');
  if (!(size > 0)) throw new ElmoError(28747, 'size argument to $sample must be a positive integer');
  return new SampleStage(size, context);
}

export const sampleStages: StageOperators = {
  $sample: { parse: (argument, context) => [parseSample(argument, context)] },
};
