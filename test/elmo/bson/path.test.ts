import { expect } from 'chai';
import fc from 'fast-check';
import { Decoder } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { PathReader, type PathOptions } from '../../../elmo/bson/path.js';
import { MISSING } from '../../../elmo/bson/types.js';
import { small, smallDocuments, PATHS, visitModel, type Json } from './path-model.js';

const decoder = new Decoder();
const missing = 'missing';

function visits(path: string, document: object, options?: PathOptions): unknown[] {
  const seen: unknown[] = [];
  const visitor = {
    visit(bytes: Uint8Array, type: number, at: number): boolean {
      seen.push(type === MISSING ? missing : decoder.decodeValue(bytes, type, at));
      return false;
    },
  };
  expect(new PathReader(path, options).visit(encodeDocument(document), 0, visitor)).to.equal(false);
  return seen;
}

describe('paths', () => {
  describe('visit', () => {
    for (const [path, document, expected] of [
      ['a', { a: 1 }, [1]],
      ['a', {}, [missing]],
      ['', { '': 1 }, [1]],
      ['a.b', { a: { b: 1 } }, [1]],
      ['a.b', { a: { c: 1 } }, [missing]],
      ['a.b', { a: 7 }, [missing]],
      ['a.b', { a: null }, [missing]],
      ['a..b', { a: { '': { b: 1 } } }, [1]],
      ['a', { a: [1, 2] }, [1, 2, [1, 2]]],
      ['a.', { a: { '': 1 } }, [1]],
      ['a.', { a: [1, { '': 2 }] }, [1, { '': 2 }, [1, { '': 2 }]]],
      ['a..', { a: [{ '': 2 }] }, [missing]],
      ['a.0.', { a: [[1]] }, [1, [1]]],
      ['a.0.', { a: [{ '': 1 }] }, [missing, 1]],
      ['a', { a: [] }, [[]]],
      ['a.b', { a: [{ b: 1 }, { b: 2 }] }, [1, 2]],
      ['a.b', { a: [{ b: [1, 2] }] }, [1, 2, [1, 2]]],
      ['a.b', { a: [{ b: 1 }, {}, 7] }, [1, missing, missing]],
      ['a.b', { a: [[{ b: 1 }]] }, [missing]],
      ['a.b', { a: [[{ b: 1 }], { b: 2 }] }, [2]],
      ['a.b', { a: [] }, [missing]],
      ['a.b.c', { a: [{ b: [] }] }, [missing]],
      ['a.0', { a: [5, 6] }, [5]],
      ['a.1', { a: [5] }, [missing]],
      ['a.00', { a: [5] }, [missing]],
      ['a.0', { a: [[5, 6]] }, [[5, 6]]],
      ['a.0', { a: { 0: 5 } }, [5]],
      ['a.0', { a: [{ 0: 5 }] }, [5, { 0: 5 }]],
      ['a.0.b', { a: [{ b: 1 }] }, [missing, 1]],
      ['a.0.b', { a: [[{ b: 1 }]] }, [1]],
      ['a.0.b', { a: [[]] }, []],
      ['a.0.b', { a: [5] }, [missing]],
      ['a.0.0', { a: [[5, 6]] }, [5]],
    ] as const)
      it(`${path || "''"} of ${JSON.stringify(document)}`, () => {
        expect(visits(path, document)).to.deep.equal(expected);
      });

    it('walks every small document as the model does that was checked with the reference', () => {
      const documents = smallDocuments();
      for (const path of PATHS)
        for (const document of documents)
          expect(visits(path, document), `${path} of ${JSON.stringify(document)}`).to.deep.equal(
            visitModel(document, path).map((value) => (value === undefined ? missing : value)),
          );
    });

    it('and larger ones', () =>
      fc.assert(
        fc.property(small, fc.constantFrom(...PATHS), (value, path) => {
          const document: Json = { a: value };
          const expected = visitModel(document, path).map((found) => (found === undefined ? missing : found));
          expect(visits(path, document)).to.deep.equal(expected);
        }),
        { numRuns: 1000 },
      ));

    it('ends when the visitor has seen enough', () => {
      let count = 0;
      const visitor = { visit: (): boolean => ++count === 2 };
      const document = encodeDocument({ a: [{ b: [1] }, { b: [2, 3] }, { b: 4 }] });
      expect(new PathReader('a.b').visit(document, 0, visitor)).to.equal(true);
      expect(count).to.equal(2);
    });

    it('tells the element of the array that was entered first', () => {
      const reader = new PathReader('a.b.c');
      const seen: string[] = [];
      const visitor = {
        visit(bytes: Uint8Array): boolean {
          const at = reader.elementNameStart;
          seen.push(at < 0 ? '' : String.fromCharCode(bytes[at]!));
          return false;
        },
      };
      reader.visit(encodeDocument({ a: [{ b: { c: 0 } }, { b: [{ c: 1 }, { c: [2] }] }] }), 0, visitor);
      expect(seen).to.deep.equal(['0', '1', '1', '1']);
      reader.visit(encodeDocument({ a: { b: { c: 0 } } }), 0, visitor);
      expect(seen.at(-1)).to.equal('');
    });

    for (const [why, options, path, document, expected] of [
      ['leaf arrays whole', { leafArrays: 'whole' }, 'a.b', { a: [{ b: [1] }] }, [[1]]],
      ['leaf arrays by their elements', { leafArrays: 'elements' }, 'a', { a: [1, 2] }, [1, 2]],
      ['nothing in inner arrays', { innerArrays: 'nothing' }, 'a.b', { a: [{ b: 1 }] }, []],
      ['inner arrays whole', { innerArrays: 'whole' }, 'a.b', { a: [{ b: 1 }] }, [[{ b: 1 }]]],
    ] as const)
      it(`shows ${why}, if asked to`, () => {
        expect(visits(path, document, options)).to.deep.equal(expected);
      });
  });

  describe('find', () => {
    for (const [path, document, expected, component] of [
      ['a', { a: 1 }, 1, 0],
      ['a.b', { a: { b: [1] } }, [1], 1],
      ['a.b.c', { a: [1, 2] }, [1, 2], 0],
      ['a.b.c', { a: { b: [3] } }, [3], 1],
      ['a.b', { a: 1 }, missing, 0],
      ['a.b', { a: {} }, missing, 1],
    ] as const)
      it(`${path} of ${JSON.stringify(document)}`, () => {
        const reader = new PathReader(path);
        const bytes = encodeDocument(document);
        const isFound = reader.find(bytes, 0);
        expect(isFound ? decoder.decodeValue(bytes, reader.type, reader.valueStart) : missing).to.deep.equal(
          expected,
        );
        expect(reader.component).to.equal(component);
        expect(reader.type !== MISSING).to.equal(isFound);
      });
  });
});
