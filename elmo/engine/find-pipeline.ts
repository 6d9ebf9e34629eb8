/** A find as the pipeline that does the same: what a find on a view is. */
import { documentValue, int64OfNumber, type Value } from '../bson/value.js';
import { BsonWriter } from '../bson/writer.js';
import { ElmoError } from '../errors.js';
import { prepareFind, type FindContext } from './find.js';
import type { AggregateRequest, FindRequest, RawDocument } from '../operation/requests.js';

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

/** A find on a view is an aggregation. @throws ElmoError InvalidPipelineOperator, those of any find */
export function viewRequest(request: FindRequest, context: FindContext): AggregateRequest {
  const pipeline = findPipeline(request);
  prepareFind(request, context);
  return { ...request, pipeline };
}
