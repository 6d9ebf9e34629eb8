/** `$redact`: keeps, drops, or looks into documents, level by level. */
import { ARRAY, OBJECT, STRING } from '../../bson/types.js';
import { documentValue, stringValue, type Value } from '../../bson/value.js';
import { ElementWalker } from '../../bson/walk.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { Expression } from '../../expression/expression.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../operation/row-source.js';
import { StageRows } from '../rows.js';
import type { PipelineRun, Stage, StageContext, StageOperators } from '../stage.js';

/** What the variables stand for. */
const ANSWERS: ReadonlyMap<string, string> = new Map([
  ['KEEP', 'keep'],
  ['PRUNE', 'prune'],
  ['DESCEND', 'descend'],
]);

class RedactStage implements Stage {
  readonly name = '$redact';
  readonly changedPaths = undefined;
  readonly isOneToOne = false;

  constructor(
    readonly argument: Value,
    private readonly expression: Expression,
    private readonly rootSlot: number,
  ) {}

  open(input: RowSource, run: PipelineRun): RowSource {
    return new RedactRows(input, run, this.expression, this.rootSlot);
  }

  addDependencies(into: Set<string>): boolean {
    into.add('');
    return false;
  }
}

class RedactRows extends StageRows {
  private readonly writer = new BsonWriter();

  constructor(
    input: RowSource,
    private readonly run: PipelineRun,
    private readonly expression: Expression,
    /** Where `$$ROOT` is found, while `$a` is a field of the level that is looked at. */
    private readonly rootSlot: number,
  ) {
    super(input);
  }

  override get metadata(): undefined {
    return undefined;
  }

  pull(): Pulled {
    for (;;) {
      const pulled = this.input.pull();
      if (pulled === END || pulled === PAUSE) return pulled;
      const { writer, input } = this;
      this.run.frame.slots[this.rootSlot] = documentValue(input.bytes, input.at);
      writer.clear();
      if (!this.writeDocument(input.bytes, input.at)) continue;
      this.bytes = writer.bytes;
      this.at = 0;
      return ROW;
    }
  }

  /** Appends what remains of the document at `at`. @returns false, having appended nothing, if that is nothing */
  private writeDocument(bytes: Uint8Array, at: number): boolean {
    const { writer } = this;
    const answer = this.answerFor(bytes, at);
    if (answer === 'prune') return false;
    const walker = new ElementWalker();
    walker.open(bytes, at);
    const start = writer.beginDocument();
    while (walker.next()) {
      const { type, nameStart, valueStart, valueEnd } = walker;
      if (answer === 'keep' || (type !== OBJECT && type !== ARRAY)) {
        writer.writeRange(bytes, nameStart - 1, valueEnd);
        continue;
      }
      const before = writer.length;
      writer.writeRange(bytes, nameStart - 1, valueStart);
      if (type === ARRAY) this.writeArray(bytes, valueStart);
      else if (!this.writeDocument(bytes, valueStart)) writer.length = before;
    }
    writer.endDocument(start);
    return true;
  }

  /** Documents that are pruned leave no gap. */
  private writeArray(bytes: Uint8Array, at: number): void {
    const { writer } = this;
    const walker = new ElementWalker();
    walker.open(bytes, at);
    const start = writer.beginDocument();
    let index = 0;
    while (walker.next()) {
      const { type, valueStart, valueEnd } = walker;
      const before = writer.length;
      writer.writeIndex(type, index);
      if (type === ARRAY) this.writeArray(bytes, valueStart);
      else if (type !== OBJECT) writer.writeRange(bytes, valueStart, valueEnd);
      else if (!this.writeDocument(bytes, valueStart)) {
        writer.length = before;
        continue;
      }
      index++;
    }
    writer.endDocument(start);
  }

  private answerFor(bytes: Uint8Array, at: number): string {
    const { frame } = this.run;
    frame.setDocument(bytes, at);
    const answer = this.expression.evaluate(frame);
    if (answer.type === STRING) {
      const { text } = answer;
      if (text === 'keep' || text === 'prune' || text === 'descend') return text;
    }
    throw new ElmoError(
      17053,
      "$redact's expression should not return anything aside from the variables $$KEEP, $$DESCEND, and $$PRUNE",
    );
  }
}

function parseRedact(argument: Value, { scope }: StageContext): Stage {
  const answers = [...ANSWERS.keys()];
  const { scope: inner, slots } = scope.withVariables(
    [...answers, 'ROOT'],
    answers.map((name) => stringValue(ANSWERS.get(name)!)),
  );
  return new RedactStage(argument.keep(), inner.parse(argument), slots.at(-1)!);
}

export const redactStages: StageOperators = {
  $redact: { parse: (argument, context) => [parseRedact(argument, context)] },
};
