/** An expression, as it is written, that asks fields by other names. */
import { ARRAY, OBJECT, STRING } from '../bson/types.js';
import { stringValue, type Value } from '../bson/value.js';
import { elementsOf as fieldsOf } from '../query/elements.js';
import { arrayValue, elementsOf, objectValue } from './arguments.js';

const FIELD = /^(\$|\$\$ROOT\.|\$\$CURRENT\.)([^$].*)$/s;

/**
 * Texts that name a field are replaced, wherever they stand. Whether all of them meant the field is for the caller to see,
 * by what the result reads.
 * @param nameOf  what a path is to be called; undefined: as it is
 */
export function renamedExpression(expression: Value, nameOf: (path: string) => string | undefined): Value {
  switch (expression.type) {
    case STRING: {
      const [, start, path] = FIELD.exec(expression.text) ?? [];
      const name = path === undefined ? undefined : nameOf(path);
      return name === undefined ? expression : stringValue(`${start}${name}`);
    }
    case ARRAY:
      return arrayValue([...elementsOf(expression)].map((element) => renamedExpression(element, nameOf)));
    case OBJECT:
      return objectValue(
        fieldsOf(expression).map(({ name, value }): [string, Value] => [
          name,
          name === '$literal' ? value : renamedExpression(value, nameOf),
        ]),
        OBJECT,
      );
    default:
      return expression;
  }
}
