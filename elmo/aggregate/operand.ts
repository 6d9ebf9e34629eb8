/**
 * The argument of an accumulator or the key of a group, read from the row without an object: type, array and place are
 * left in registers. A path is read straight from the bytes; arrays on its way go the expression's own way.
 */
import { LayoutFinder } from '../bson/layout.js';
import { FieldName } from '../bson/walk.js';
import { ARRAY, MISSING, OBJECT } from '../bson/types.js';
import { MISSING_VALUE, Value } from '../bson/value.js';
import type { Expression, Frame } from '../expression/expression.js';
import { WIDE_BYTES, type CodedRows, type CodedValues } from '../operation/row-source.js';
import type { RowFields } from './row-fields.js';

const NO_SLOT = -1;

export class Operand {
  type: number = MISSING;
  bytes: Uint8Array = MISSING_VALUE.bytes;
  at = 0;
  /** Whether it is the same for all rows. */
  readonly isConstant: boolean;
  /** What stands at its path in all rows, as codes. */
  private coded: CodedValues | undefined = undefined;
  private readonly slot: number;
  /** The components after the first. */
  private readonly rest: readonly LayoutFinder[];

  /** @param fields  is to be read before this on each row */
  constructor(
    readonly expression: Expression,
    private readonly fields: RowFields,
  ) {
    const { constant, rootPath } = expression;
    this.isConstant = constant !== undefined;
    fields.operands.push(this);
    const [first, ...rest] = rootPath?.split('.') ?? [];
    this.slot = first === undefined ? NO_SLOT : fields.want(first);
    this.rest = rest.map((component) => new LayoutFinder(new FieldName(component)));
    if (constant !== undefined) this.take(constant);
  }

  /** From now on it reads the row of that number instead of a document: see `RowFields.row`. */
  readCoded({ values }: CodedRows): void {
    const { rootPath } = this.expression;
    this.coded = rootPath === undefined ? undefined : values.get(rootPath);
  }

  /** What it is for the frame's document; see `type`, `bytes`, `at`. Valid as long as the document. */
  read(frame: Frame): void {
    const { slot, fields, coded } = this;
    if (coded !== undefined) {
      const { source, codes, wide } = coded;
      const code = codes[fields.row]!;
      this.type = source.typeOf(code);
      this.bytes = wide ?? source.valueBytes;
      this.at = wide === undefined ? source.valueAt(code) : fields.row * WIDE_BYTES;
    } else if (slot >= 0) {
      this.type = fields.types[slot]!;
      this.bytes = frame.bytes;
      this.at = fields.starts[slot]!;
      if (this.rest.length > 0) this.descend(frame);
    } else if (!this.isConstant) this.take(this.expression.evaluate(frame));
  }

  private descend(frame: Frame): void {
    for (const finder of this.rest) {
      if (this.type === ARRAY) {
        this.take(this.expression.evaluate(frame));
        return;
      }
      if (this.type !== OBJECT || !finder.find(this.bytes, this.at)) {
        this.type = MISSING;
        return;
      }
      this.type = finder.type;
      this.at = finder.valueStart;
    }
  }

  /** The value last read. */
  get value(): Value {
    return this.type === MISSING ? MISSING_VALUE : new Value(this.type, this.bytes, this.at);
  }

  private take(value: Value): void {
    this.type = value.type;
    this.bytes = value.bytes;
    this.at = value.at;
  }
}
