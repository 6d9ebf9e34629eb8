/** `$limit` and `$skip`. */
import { int64Value, type Value } from '../../bson/value.js';
import { ElmoError } from '../../errors.js';
import { END, PAUSE, type Pulled, type RowSource } from '../../operation/row-source.js';
import { isNumberType, doubleOf } from '../../expression/numbers.js';
import { wholeOf } from '../numbers.js';
import { StageRows } from '../rows.js';
import type { Stage, StageOperators } from '../stage.js';

/** More rows than there can be count as this. */
const MOST_ROWS = Number.MAX_SAFE_INTEGER;

/** A number of rows: whole, not negative. */
function parseCount(argument: Value, name: string, code: number): number {
  const refuse = (why: string): ElmoError => new ElmoError(code, `invalid argument to ${name} stage: ${why}`);
  if (!isNumberType(argument.type)) throw refuse(`Expected a number in: ${name}`);
  const whole = wholeOf(argument);
  if (whole === undefined)
    throw refuse(`Cannot represent as a 64-bit integer: ${name}: ${doubleOf(argument)}`);
  if (whole < 0n) throw refuse(`Expected a non-negative number in: ${name}: ${whole}`);
  return whole > BigInt(MOST_ROWS) ? MOST_ROWS : Number(whole);
}

export class LimitStage implements Stage {
  readonly name = '$limit';
  readonly changedPaths = [];
  readonly isOneToOne = false;
  readonly mayFail = false;

  constructor(readonly limit: number) {}

  get argument(): Value {
    return int64Value(BigInt(this.limit));
  }

  open(input: RowSource): RowSource {
    return new LimitRows(input, this.limit);
  }

  addDependencies(): boolean {
    return false;
  }

  absorb(next: Stage): Stage | undefined {
    return next instanceof LimitStage ? new LimitStage(Math.min(this.limit, next.limit)) : undefined;
  }
}

class LimitRows extends StageRows {
  constructor(
    input: RowSource,
    private left: number,
  ) {
    super(input);
  }

  pull(): Pulled {
    if (this.left === 0) return END;
    const pulled = this.input.pull();
    if (pulled === END || pulled === PAUSE) return pulled;
    this.left--;
    return this.pass();
  }
}

export class SkipStage implements Stage {
  readonly name = '$skip';
  readonly changedPaths = [];
  readonly isOneToOne = false;
  readonly mayFail = false;

  constructor(readonly count: number) {}

  get argument(): Value {
    return int64Value(BigInt(this.count));
  }

  open(input: RowSource): RowSource {
    return new SkipRows(input, this.count);
  }

  addDependencies(): boolean {
    return false;
  }

  absorb(next: Stage): Stage | undefined {
    if (!(next instanceof SkipStage)) return undefined;
    return new SkipStage(Math.min(this.count + next.count, MOST_ROWS));
  }
}

class SkipRows extends StageRows {
  constructor(
    input: RowSource,
    private left: number,
  ) {
    super(input);
  }

  pull(): Pulled {
    for (;;) {
      const pulled = this.input.pull();
      if (pulled === END || pulled === PAUSE) return pulled;
      if (this.left === 0) return this.pass();
      this.left--;
    }
  }
}

export const limitStages: StageOperators = {
  $limit: {
    parse: (argument, _context, name) => {
      const limit = parseCount(argument, name, 5107201);
      if (limit === 0) throw new ElmoError(15958, 'the limit must be positive');
      return [new LimitStage(limit)];
    },
  },
  $skip: { parse: (argument, _context, name) => [new SkipStage(parseCount(argument, name, 5107200))] },
};
