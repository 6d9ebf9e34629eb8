/** A find as the pipeline that does the same: what a find on a view is. */
import { decodeDocument } from '../bson/decode.js';
import {
  documentValue,
  int32Value,
  int64OfNumber,
  stringValue,
  writeElement,
  type Value,
} from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { prepareFind, type FindContext } from './find.js';
import { firstName } from '../aggregate/field-path.js';
import { drive } from '../exec/cursor.js';
import type { Operation } from '../operation/operation.js';
import type { AggregateRequest, FindRequest, RawDocument } from '../operation/requests.js';
import type { RowSource } from '../operation/row-source.js';

function stage(name: string, argument: Value): RawDocument {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  writer.writeName(argument.type, new TextEncoder().encode(name));
  writer.writeRange(argument.bytes, argument.at, argument.end);
  writer.endDocument(start);
  return writer.toBytes();
}

const isGiven = (raw: RawDocument | undefined): raw is RawDocument => raw !== undefined && raw.length > 5;

/** @throws ElmoError InvalidPipelineOperator for what a view cannot do */
export function findPipeline(request: FindRequest): RawDocument[] {
  for (const [isAsked, name] of [
    [request.returnKey === true, 'returnKey'],
    [request.showRecordId === true, 'showRecordId'],
    [request.isTailable === true, 'tailable'],
    [request.min !== undefined, 'min'],
    [request.max !== undefined, 'max'],
  ] as const)
    if (isAsked)
      throw new ElmoError('InvalidPipelineOperator', `Option ${name} not supported in aggregation.`);
  const stages: RawDocument[] = [];
  if (isGiven(request.filter)) stages.push(stage('$match', documentValue(request.filter)));
  if (isGiven(request.sort)) stages.push(stage('$sort', documentValue(request.sort)));
  if (request.skip !== undefined && request.skip > 0)
    stages.push(stage('$skip', int64OfNumber(request.skip)));
  if (request.limit !== undefined && request.limit > 0)
    stages.push(stage('$limit', int64OfNumber(request.limit)));
  if (isGiven(request.projection)) stages.push(stage('$project', documentValue(request.projection)));
  return stages;
}

/** What is wanted of the rows of a find. */
export type Wanted =
  { readonly kind: 'documents' | 'count' } | { readonly kind: 'distinct'; readonly key: string };

/**
 * A find, a count or a distinct on a view is an aggregation. Where documents are not wanted themselves, its last stage says
 * what of them is.
 * @throws ElmoError InvalidPipelineOperator, those of any find
 */
export function viewRequest(request: FindRequest, context: FindContext, wanted: Wanted): AggregateRequest {
  const pipeline = findPipeline(request);
  prepareFind(request, context);
  if (wanted.kind === 'count') pipeline.push(stage('$count', stringValue(COUNT)));
  else if (wanted.kind === 'distinct') pipeline.push(stage('$project', shown(firstName(wanted.key))));
  return { ...request, pipeline };
}

const COUNT = 'count';

/** {name: 1} */
function shown(name: string): Value {
  const writer = new BsonWriter();
  const start = writer.beginDocument();
  writeElement(writer, new TextEncoder().encode(name), int32Value(1));
  writer.endDocument(start);
  return documentValue(writer.toBytes());
}

/** What a count on a view comes to: no row is 0. Closes the rows. */
export async function readCount(rows: RowSource, operation: Operation): Promise<number> {
  let count = 0;
  try {
    await drive(rows, operation, ({ bytes, at }) => {
      count = Number(decodeDocument(bytes.subarray(at))[COUNT]);
    });
  } finally {
    rows.close();
  }
  return count;
}
