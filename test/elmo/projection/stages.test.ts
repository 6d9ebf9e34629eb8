import { expect } from 'chai';
import { Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { valueOf } from '../../../elmo/bson/value.js';
import { BsonWriter } from '../../../elmo/bson/writer.js';
import { ElmoError } from '../../../elmo/errors.js';
import { openScope } from '../../../elmo/expression/scope.js';
import type { Reshape } from '../../../elmo/projection/projection.js';
import {
  parseAddFieldsStage,
  parseProjectStage,
  parseReplaceRootStage,
  parseReplaceWithStage,
  parseUnsetStage,
} from '../../../elmo/projection/stages.js';

const scope = openScope({ nowMs: 0, random: () => 0 });
const decoder = new Decoder();

const STAGES: Readonly<Record<string, (specification: unknown) => Reshape>> = {
  $project: (specification) => parseProjectStage(valueOf(specification), scope),
  $addFields: (specification) => parseAddFieldsStage(valueOf(specification), scope, '$addFields'),
  $unset: (specification) => parseUnsetStage(valueOf(specification)),
  $replaceRoot: (specification) => parseReplaceRootStage(valueOf(specification), scope),
  $replaceWith: (specification) => parseReplaceWithStage(valueOf(specification), scope),
};

function run(stage: object, document: object): object {
  const [[name, specification]] = Object.entries(stage) as [[string, unknown]];
  const writer = new BsonWriter();
  STAGES[name]!(specification).apply(encodeDocument(document), 0, writer);
  return decoder.decode(writer.toBytes());
}

const document = { _id: 1, a: 1, b: { c: 1, e: [{ x: 1 }, 2] }, z: 's' };

describe('stages that reshape documents', () => {
  for (const [stage, expected] of [
    [{ $project: { a: 1, n: '$b.c' } }, { _id: 1, a: 1, n: 1 }],
    [{ $project: { b: 0 } }, { _id: 1, a: 1, z: 's' }],
    [{ $project: { _id: 0, b: { c: { $literal: 5 } }, a: '$$REMOVE' } }, { b: { c: 5 } }],
    [{ $project: { a: { 'b.c': 1 } } }, { _id: 1 }],
    [{ $addFields: {} }, document],
    [{ $addFields: { a: '$z', n: 1 } }, { _id: 1, a: 's', b: document.b, z: 's', n: 1 }],
    [{ $addFields: { a: '$$REMOVE' } }, { _id: 1, b: document.b, z: 's' }],
    [{ $addFields: { a: { x: 1 } } }, { _id: 1, a: { x: 1 }, b: document.b, z: 's' }],
    [{ $addFields: { a: { x: '$$REMOVE' }, z: {} } }, { _id: 1, a: {}, b: document.b, z: {} }],
    [
      { $addFields: { 'b.e.x': '$a', b: { c: 2 } } },
      { _id: 1, a: 1, b: { c: 2, e: [{ x: 1 }, { x: 1 }] }, z: 's' },
    ],
    [{ $addFields: { 'd.c': {}, d: 5 } }, { ...document, d: { c: {} } }],
    [{ $unset: 'b.e.x' }, { _id: 1, a: 1, b: { c: 1, e: [{}, 2] }, z: 's' }],
    [{ $unset: ['_id', 'b', 'nope'] }, { a: 1, z: 's' }],
    [{ $replaceRoot: { newRoot: '$b' } }, document.b],
    [{ $replaceRoot: { newRoot: { n: '$a' } } }, { n: 1 }],
    [{ $replaceWith: { newRoot: '$a' } }, { newRoot: 1 }],
    [{ $replaceWith: '$$ROOT' }, document],
  ] as const)
    it(JSON.stringify(stage), () =>
      expect(JSON.stringify(run(stage, document))).to.equal(JSON.stringify(expected)),
    );

  describe('refuse, with the code', () => {
    for (const [code, stage] of [
      [16410, { $project: { a: { $elemMatch: { x: 1 }, b: 1 } } }],
      [16410, { $project: { $a: { $elemMatch: {} } } }],
      [15969, { $project: 1 }],
      [51272, { $project: {} }],
      [31254, { $project: { a: 1, b: 0 } }],
      [31310, { $project: { a: 0, b: '$x' } }],
      [31324, { $project: { 'a.$': 1 } }],
      [168, { $project: { a: { $elemMatch: { x: 1 } } } }],
      [28667, { $project: { a: { $slice: 1 } } }],
      [40272, { $addFields: 'a' }],
      [40176, { $addFields: { 'a.b': 1, a: 1 } }],
      [40181, { $addFields: { a: { b: 1, $add: [1, 2] } } }],
      [40183, { $addFields: { a: { 'b.c': 1 } } }],
      [168, { $addFields: { a: { $foo: 1 } } }],
      [40352, { $addFields: { '': 1 } }],
      [31002, { $unset: 1 }],
      [31119, { $unset: [] }],
      [31120, { $unset: ['a', 1] }],
      [31250, { $unset: ['a', 'a'] }],
      [31249, { $unset: ['a', 'a.b'] }],
      [31394, { $unset: 'a.$.b' }],
      [40229, { $replaceRoot: 1 }],
      [40414, { $replaceRoot: {} }],
      [40415, { $replaceRoot: { newRoot: '$b', foo: 1 } }],
      [40228, { $replaceRoot: { newRoot: '$nope' } }],
      [40228, { $replaceWith: 1 }],
      [168, { $replaceWith: { $foo: 1 } }],
    ] as const)
      it(`${code}: ${JSON.stringify(stage)}`, () =>
        expect(() => run(stage, document))
          .to.throw(ElmoError)
          .with.property('code', code));
  });

  it('say which paths they change', () => {
    expect(STAGES['$addFields']!({ a: 1, b: { c: 1 } }).changedPaths).to.deep.equal(['a', 'b.c']);
    expect(STAGES['$unset']!(['a', 'b.c']).changedPaths).to.deep.equal(['a', 'b.c']);
    expect(STAGES['$replaceWith']!('$b').changedPaths).to.equal(undefined);
  });
});
