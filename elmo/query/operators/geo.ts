/** $geoWithin, $geoIntersects, $near and their like: only recognised here; what they say is checked where it is answered. */
import { ARRAY, OBJECT } from '../../bson/types.js';
import { documentValue, writeElement } from '../../bson/value.js';
import { BsonWriter } from '../../bson/writer.js';
import { ElmoError } from '../../errors.js';
import type { Element } from '../elements.js';
import type { FilterNode } from '../filter.js';
import { refuseForbidden } from './logical.js';
import type { FieldOperator, FieldOperators } from './operator.js';

const NEARNESS: ReadonlySet<string> = new Set(['$near', '$nearSphere', '$geoNear']);
const OF_NEARNESS: ReadonlySet<string> = new Set([
  ...NEARNESS,
  '$minDistance',
  '$maxDistance',
  '$uniqueDocs',
]);

const region: FieldOperator = {
  parse(argument, path, _position, name): FilterNode {
    if (argument.type !== OBJECT) throw new ElmoError('BadValue', 'geometry must be an object');
    return { kind: 'special', name, path, argument: argument.keep() };
  },
};

/** The node's argument is a document of the operator and its modifiers: {$near: [1, 2], $maxDistance: 3}. */
const nearness: FieldOperator = {
  parse(argument, path, { context }, name, siblings): FilterNode {
    const isPlace = argument.type === OBJECT || argument.type === ARRAY;
    if (siblings[0]?.name !== name || !isPlace)
      throw new ElmoError('BadValue', `near must be first in: ${siblings.map((s) => s.name).join(', ')}`);
    refuseForbidden(name, context);
    return { kind: 'special', name, path, argument: documentOf(siblings) };
  },
};

const modifier: FieldOperator = {
  parse(_argument, _path, _position, name, siblings) {
    if (!NEARNESS.has(siblings[0]!.name)) throw new ElmoError('BadValue', `unknown operator: ${name}`);
    return undefined;
  },
};

function documentOf(siblings: readonly Element[]) {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  for (const { name, value } of siblings)
    if (OF_NEARNESS.has(name)) writeElement(writer, Buffer.from(name), value);
  writer.endDocument(start);
  return documentValue(writer.toBytes());
}

export const geoOperators: FieldOperators = {
  $geoWithin: region,
  $within: region,
  $geoIntersects: region,
  $near: nearness,
  $nearSphere: nearness,
  $geoNear: nearness,
  $minDistance: modifier,
  $maxDistance: modifier,
  $uniqueDocs: modifier,
};
