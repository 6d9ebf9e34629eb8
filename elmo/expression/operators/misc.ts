/** $rand $meta $createObjectId $function. Source: MongoDB manual, "Miscellaneous Operators". */
import { ARRAY, CODE, OBJECT, OBJECT_ID, STRING } from '../../bson/types.js';
import {
  documentValue,
  doubleValue,
  FALSE_VALUE,
  int64OfNumber,
  MISSING_VALUE,
  NULL_VALUE,
  Value,
  valueOfBytes,
} from '../../bson/value.js';
import { FieldFinder, FieldName } from '../../bson/walk.js';
import { ElmoError } from '../../errors.js';
import {
  Expression,
  type ExpressionOperator,
  type ExpressionOperators,
  type Frame,
  type ParseScope,
} from '../expression.js';
import { isMetadata, refuseUnavailable } from '../metadata-names.js';
import { typeNameOf } from '../numbers.js';

const EMPTY_BYTES = 5;

function isEmpty(value: Value): boolean {
  return value.document.length === EMPTY_BYTES;
}

class RandExpression extends Expression {
  constructor(private readonly scope: ParseScope) {
    super();
  }

  evaluate(): Value {
    return doubleValue(this.scope.random());
  }
}

const rand: ExpressionOperator = {
  parse: (argument, scope, name) => {
    if (argument.type !== OBJECT && argument.type !== ARRAY)
      throw new ElmoError(10065, `invalid parameter: expected an object (${name})`);
    if (!isEmpty(argument)) throw new ElmoError(3040501, '$rand does not currently accept arguments');
    return new RandExpression(scope);
  },
};

class MetaExpression extends Expression {
  constructor(private readonly name: string) {
    super();
  }

  evaluate(frame: Frame): Value {
    const value = frame.metadata?.[this.name];
    if (value === null) return NULL_VALUE;
    if (typeof value === 'number')
      return this.name === 'recordId' ? int64OfNumber(value) : doubleValue(value);
    if (value instanceof Value) return value;
    if (value instanceof Uint8Array)
      return this.name === 'sortKey' ? new Value(ARRAY, value, 0) : documentValue(value);
    return this.name === 'changeStreamControlEvent' ? FALSE_VALUE : MISSING_VALUE;
  }
}

const meta: ExpressionOperator = {
  parse: (argument, scope) => {
    if (argument.type !== STRING) throw new ElmoError(17307, '$meta only supports string arguments');
    const name = argument.text;
    if (name === 'stream') throw new ElmoError(9692105, `Unsupported $meta field: ${name}`);
    if (!isMetadata(name)) throw new ElmoError(17308, `Unsupported $meta field: ${name}`);
    if (!scope.allowsMeta(name)) refuseUnavailable([name]);
    return new MetaExpression(name);
  },
};

/** Seconds of the operation's time, then random bytes: a new one for each row. */
class CreateObjectIdExpression extends Expression {
  constructor(private readonly scope: ParseScope) {
    super();
  }

  evaluate(): Value {
    const bytes = new Uint8Array(12);
    new DataView(bytes.buffer).setUint32(0, Math.floor(this.scope.nowMs / 1000));
    for (let i = 4; i < bytes.length; i++) bytes[i] = Math.floor(this.scope.random() * 256);
    return valueOfBytes(OBJECT_ID, bytes, 0, bytes.length);
  }
}

const createObjectId: ExpressionOperator = {
  parse: (argument, scope) => {
    if (argument.type !== OBJECT || !isEmpty(argument))
      throw new ElmoError(
        'FailedToParse',
        '$createObjectId only accepts the empty object as argument. To convert a value to an ObjectId, use $toObjectId.',
      );
    return new CreateObjectIdExpression(scope);
  },
};

/** There is no JavaScript in the engine: a $function is checked, and refused where it would run. */
class FunctionExpression extends Expression {
  evaluate(): Value {
    throw new ElmoError(31264, 'Cannot run server-side javascript without the javascript engine enabled');
  }
}

const finder = new FieldFinder();

function fieldOf(document: Value, name: string): Value {
  return finder.find(document.bytes, document.at, new FieldName(name))
    ? new Value(finder.type, document.bytes, finder.valueStart)
    : MISSING_VALUE;
}

const javaScript: ExpressionOperator = {
  parse: (argument, scope, name) => {
    if (argument.type !== OBJECT)
      throw new ElmoError(31260, `${name} requires an object as an argument, found: ${typeNameOf(argument)}`);
    const body = fieldOf(argument, 'body');
    if (body.isMissing) throw new ElmoError(31261, 'The body function must be specified.');
    const code = scope.parse(body).constant;
    if (code === undefined || (code.type !== STRING && code.type !== CODE))
      throw new ElmoError(31262, 'The body function must evaluate to type string or code');
    const args = fieldOf(argument, 'args');
    if (args.isMissing) throw new ElmoError(31263, 'The args field must be specified.');
    scope.parse(args);
    const lang = fieldOf(argument, 'lang');
    if (lang.isMissing) throw new ElmoError(31418, 'The lang field must be specified.');
    if (lang.type !== STRING || lang.text !== 'js')
      throw new ElmoError(31419, "Currently the only supported language specifier is 'js'.");
    return new FunctionExpression();
  },
};

export const miscOperators: ExpressionOperators = {
  $rand: rand,
  $meta: meta,
  $createObjectId: createObjectId,
  $function: javaScript,
};
