/**
 * The argument of an accumulator or the key of a group, read from the row without an object: type, array and place are
 * left in registers. A path is read straight from the bytes; arrays on its way go the expression's own way.
 */
import { PathReader } from '../bson/path.js';
import { ARRAY, MISSING } from '../bson/types.js';
import type { Value } from '../bson/value.js';
import { MISSING_VALUE, Value as BsonValue } from '../bson/value.js';
import type { Expression, Frame } from '../expression/expression.js';

export class Operand {
  type: number = MISSING;
  bytes: Uint8Array = MISSING_VALUE.bytes;
  at = 0;
  /** Whether it is the same for all rows. */
  readonly isConstant: boolean;
  private readonly path: PathReader | undefined;
  private readonly last: number;

  constructor(readonly expression: Expression) {
    const { constant, rootPath } = expression;
    this.isConstant = constant !== undefined;
    this.path = rootPath === undefined || rootPath === '' ? undefined : new PathReader(rootPath);
    this.last = (this.path?.components.length ?? 0) - 1;
    if (constant !== undefined) this.take(constant);
  }

  /** What it is for the frame's document; see `type`, `bytes`, `at`. Valid as long as the document. */
  read(frame: Frame): void {
    if (this.isConstant) return;
    const { path } = this;
    if (path !== undefined) {
      if (!path.find(frame.bytes, frame.at)) {
        this.type = MISSING;
        return;
      }
      if (path.type !== ARRAY || path.component === this.last) {
        this.type = path.type;
        this.bytes = frame.bytes;
        this.at = path.valueStart;
        return;
      }
    }
    this.take(this.expression.evaluate(frame));
  }

  /** The value last read. */
  get value(): Value {
    return this.type === MISSING ? MISSING_VALUE : new BsonValue(this.type, this.bytes, this.at);
  }

  private take(value: Value): void {
    this.type = value.type;
    this.bytes = value.bytes;
    this.at = value.at;
  }
}
