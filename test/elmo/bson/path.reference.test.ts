import { expect } from 'chai';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { OBJECT } from '../../../elmo/bson/types.js';
import { array, bool, int32, nullValue, object, type Field, type Sample } from '../../support/bson-values.js';
import { PATHS, smallDocuments, visitModel, type Json } from './path-model.js';
import { Reference } from './reference.js';

const text = (value: Json | undefined): string => JSON.stringify(value);

describe('what paths lead to, beside the reference engine', function () {
  this.timeout(60_000);
  const documents = smallDocuments();
  let reference: Reference | undefined;

  before(async function () {
    reference = await Reference.open();
    if (reference === undefined) this.skip(); // none is listening: see reference.ts
    const sample = (document: object): Sample => ({
      type: OBJECT,
      bytes: encodeDocument(document),
      text: '',
    });
    await reference!.fill(
      'paths',
      documents.map((document, i): Field[] => [
        ['_id', int32(i)],
        ...('a' in document ? [['a', valueOf(sample(document))] as const] : []),
      ]),
    );
  });

  after(() => reference?.close());

  /** The value of the only field, whose name is one letter. */
  const valueOf = ({ bytes }: Sample): Sample => ({
    type: bytes[4]!,
    bytes: bytes.slice(7, bytes.length - 1),
    text: '',
  });

  for (const path of PATHS)
    for (const [why, filter, matches] of [
      ['missing', nullValue(), (found) => found.includes(undefined)],
      ['absent', object([['$exists', bool(false)]]), (found) => found.every((value) => value === undefined)],
      ['equal to 1', int32(1), (found) => found.includes(1)],
      ['equal to {}', object([['$eq', object([])]]), (found) => found.some((value) => text(value) === '{}')],
      ['equal to []', object([['$eq', array([])]]), (found) => found.some((value) => text(value) === '[]')],
    ] as [string, Sample, (found: readonly (Json | undefined)[]) => boolean][])
      it(`${path} ${why}`, async () => {
        const theirs = await reference!.ids('paths', [[path, filter]], [['_id', int32(1)]]);
        const ours = documents.flatMap((document, i) => (matches(visitModel(document, path)) ? [i] : []));
        expect(ours).to.deep.equal(theirs);
      });
});
