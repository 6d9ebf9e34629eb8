/** What a collation asks for. Source: MongoDB manual, "Collation". */
import { BsonWriter } from '../bson/writer.js';
import { boolValue, int32Value, stringValue, writeElement, type Value } from '../bson/value.js';

export interface CollationSpec {
  readonly locale: string;
  readonly caseLevel: boolean;
  readonly caseFirst: 'upper' | 'lower' | 'off';
  readonly strength: 1 | 2 | 3 | 4 | 5;
  readonly numericOrdering: boolean;
  readonly alternate: 'non-ignorable' | 'shifted';
  readonly maxVariable: 'punct' | 'space';
  readonly normalization: boolean;
  readonly backwards: boolean;
  readonly version: string;
}

/** The version of the rules that the reference names. */
export const COLLATION_VERSION = '57.1';

/** The full form, as listCollections and listIndexes show it. A raw document. */
export function collationDocument(spec: CollationSpec): Uint8Array {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  const write = (name: keyof CollationSpec, value: Value): void =>
    writeElement(writer, Buffer.from(name), value);
  write('locale', stringValue(spec.locale));
  write('caseLevel', boolValue(spec.caseLevel));
  write('caseFirst', stringValue(spec.caseFirst));
  write('strength', int32Value(spec.strength));
  write('numericOrdering', boolValue(spec.numericOrdering));
  write('alternate', stringValue(spec.alternate));
  write('maxVariable', stringValue(spec.maxVariable));
  write('normalization', boolValue(spec.normalization));
  write('backwards', boolValue(spec.backwards));
  write('version', stringValue(spec.version));
  writer.endDocument(start);
  return writer.toBytes();
}

/** Whether two collations order strings alike, so that an index of the one can serve a query of the other. */
export function isSameCollation(a: CollationSpec | undefined, b: CollationSpec | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return cacheKeyOf(a) === cacheKeyOf(b);
}

/** A text that is equal for equal collations. */
export function cacheKeyOf(spec: CollationSpec): string {
  return [
    spec.locale,
    spec.caseLevel,
    spec.caseFirst,
    spec.strength,
    spec.numericOrdering,
    spec.alternate,
    spec.maxVariable,
    spec.normalization,
    spec.backwards,
  ].join('|');
}
