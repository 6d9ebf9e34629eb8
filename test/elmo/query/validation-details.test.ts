import { expect } from 'chai';
import { Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { validationDetails } from '../../../elmo/query/validation-details.js';
import { context, matches } from './filters.js';

const details = (filter: object, document: object): object => {
  expect(matches(filter, document)).to.equal(false);
  const raw = validationDetails(encodeDocument(filter), context, encodeDocument(document), 0);
  return new Decoder().decode(raw);
};

/** `{operatorName, specifiedAs, reason, …}` */
const about = (operatorName: string, specifiedAs: object, reason: string, rest: object = {}): object => ({
  operatorName,
  specifiedAs,
  reason,
  ...rest,
});
const missing = (specifiedAs: object, operatorName = '$eq'): object =>
  about(operatorName, specifiedAs, 'field was missing');

describe('validationDetails', () => {
  for (const [filter, document, expected] of [
    [{ a: 1 }, { a: 2 }, about('$eq', { a: 1 }, 'comparison failed', { consideredValue: 2 })],
    [{ a: 1 }, {}, missing({ a: 1 })],
    [{ a: 1 }, { a: [2, 3] }, about('$eq', { a: 1 }, 'comparison failed', { consideredValues: [2, 3] })],
    [{ a: 1 }, { a: [] }, about('$eq', { a: 1 }, 'comparison failed', { consideredValues: [] })],
    [
      { a: { $ne: 1 } },
      { a: 1 },
      about('$ne', { a: { $ne: 1 } }, 'comparison succeeded', { consideredValue: 1 }),
    ],
    [
      { a: { $gte: 5, $lte: 7 } },
      { a: 1 },
      {
        operatorName: '$and',
        clausesNotSatisfied: [
          {
            index: 0,
            details: about('$gte', { a: { $gte: 5 } }, 'comparison failed', { consideredValue: 1 }),
          },
        ],
      },
    ],
    [
      { $or: [{ a: 1, b: 1 }, { c: 1 }] },
      { a: 1 },
      {
        operatorName: '$or',
        clausesNotSatisfied: [
          {
            index: 0,
            details: {
              operatorName: '$and',
              clausesNotSatisfied: [{ index: 1, details: missing({ b: 1 }) }],
            },
          },
          { index: 1, details: missing({ c: 1 }) },
        ],
      },
    ],
    [
      { $nor: [{ a: 1 }, { b: 1 }] },
      { b: 1 },
      {
        operatorName: '$nor',
        clausesSatisfied: [
          { index: 1, details: about('$eq', { b: 1 }, 'comparison succeeded', { consideredValue: 1 }) },
        ],
      },
    ],
    [
      { a: { $not: { $gt: 1 } } },
      { a: 2 },
      {
        operatorName: '$not',
        details: about('$gt', { a: { $gt: 1 } }, 'comparison succeeded', { consideredValue: 2 }),
      },
    ],
    [{ a: { $exists: true } }, {}, about('$exists', { a: { $exists: true } }, 'path does not exist')],
    [
      { a: { $type: 'int' } },
      { a: ['x', true] },
      about('$type', { a: { $type: 'int' } }, 'type did not match', {
        consideredValues: ['x', true],
        consideredTypes: ['bool', 'string'],
      }),
    ],
    [
      { a: { $mod: [2, 1] } },
      { a: 'x' },
      about('$mod', { a: { $mod: [2, 1] } }, 'type did not match', {
        consideredType: 'string',
        expectedTypes: ['decimal', 'double', 'int', 'long'],
        consideredValue: 'x',
      }),
    ],
    [
      { a: { $size: 2 } },
      { a: [1] },
      about('$size', { a: { $size: 2 } }, 'array length was not equal to given size', {
        consideredValue: [1],
      }),
    ],
    [
      { a: { $regex: 'x', $options: 'i' } },
      { a: 'y' },
      about('$regex', { a: { $regex: 'x', $options: 'i' } }, 'regular expression did not match', {
        consideredValue: 'y',
      }),
    ],
    [
      { $expr: { $gt: ['$a', '$b'] } },
      { a: 1, b: 2 },
      about('$expr', { $expr: { $gt: ['$a', '$b'] } }, 'expression did not match', {
        expressionResult: false,
      }),
    ],
    [
      { $jsonSchema: { title: 'T', required: ['a'], properties: { b: { minimum: 5, description: 'D' } } } },
      { b: 1 },
      {
        operatorName: '$jsonSchema',
        title: 'T',
        schemaRulesNotSatisfied: [
          {
            operatorName: 'properties',
            propertiesNotSatisfied: [
              {
                propertyName: 'b',
                description: 'D',
                details: [about('minimum', { minimum: 5 }, 'comparison failed', { consideredValue: 1 })],
              },
            ],
          },
          { operatorName: 'required', specifiedAs: { required: ['a'] }, missingProperties: ['a'] },
        ],
      },
    ],
    [
      { $jsonSchema: { oneOf: [{ required: ['a'] }, { minProperties: 1 }], not: { required: ['a'] } } },
      { a: 1 },
      {
        operatorName: '$jsonSchema',
        schemaRulesNotSatisfied: [
          { operatorName: 'oneOf', reason: 'more than one subschema matched', matchingSchemaIndexes: [0, 1] },
          { operatorName: 'not', reason: 'child expression matched' },
        ],
      },
    ],
    [
      { $jsonSchema: { type: 'string' } },
      {},
      about('$jsonSchema', { $jsonSchema: { type: 'string' } }, 'expression always evaluates to false'),
    ],
    [
      { $nor: [{ $jsonSchema: {} }] },
      {},
      {
        operatorName: '$nor',
        clausesSatisfied: [{ index: 0, details: { operatorName: '$jsonSchema', reason: 'schema matched' } }],
      },
    ],
  ] as const)
    it(`${JSON.stringify(filter)} of ${JSON.stringify(document)}`, () =>
      expect(details(filter, document)).to.deep.equal(expected));

  it('says so when there is no reason to give', () =>
    expect(details({ $alwaysFalse: 1 }, {})).to.include({ code: 4994600, codeName: 'Location4994600' }));
});
