import { serialize } from 'bson';
import { expect } from 'chai';
import fc from 'fast-check';
import { LayoutFinder, LayoutGuess } from '../../../elmo/bson/layout.js';
import { FieldFinder, FieldName } from '../../../elmo/bson/walk.js';
import { documentBytes, fieldLists } from '../../support/bson-values.js';

/** Documents one behind the other in one array, as in a block; the last one ends with the array. */
function packed(documents: readonly Uint8Array[]): { bytes: Uint8Array; starts: number[] } {
  const starts: number[] = [];
  let length = 0;
  for (const document of documents) {
    starts.push(length);
    length += document.length;
  }
  const bytes = new Uint8Array(length);
  documents.forEach((document, n) => bytes.set(document, starts[n]));
  return { bytes, starts };
}

const plain = new FieldFinder();

/** What a search finds: the type, and where; undefined: nothing. */
function searched(bytes: Uint8Array, at: number, name: FieldName): [number, number] | undefined {
  return plain.find(bytes, at, name) ? [plain.type, plain.valueStart] : undefined;
}

function findsWhatASearchFinds(documents: readonly Uint8Array[], name: string, rounds: number): void {
  const wanted = new FieldName(name);
  const finder = new LayoutFinder(wanted);
  const { bytes, starts } = packed(documents);
  for (let round = 0; round < rounds; round++)
    for (const at of starts) {
      const found = finder.find(bytes, at) ? [finder.type, finder.valueStart] : undefined;
      expect(found).to.deep.equal(searched(bytes, at, wanted));
    }
}

const order = (i: number): object => ({
  _id: i,
  number: `N-${'7'.repeat(i % 9)}`,
  tags: ['a', i],
  shipping: { city: 'x', street: null },
  total: i % 3 === 0 ? i : i + 0.5,
  paid: i % 2 === 0,
});

describe('a field looked for in document after document', () => {
  const usual = Array.from({ length: 50 }, (_, i) => serialize(order(i)));

  for (const name of ['_id', 'number', 'shipping', 'total', 'paid', 'nothing', 'numbe', 'numbers', ''])
    it(`named '${name}' is found where a search finds it`, () => findsWhatASearchFinds(usual, name, 40));

  it('is found in documents that differ from those before', () => {
    const odd = [
      {},
      { _id: 1 },
      { total: 5 },
      { _id: 1, number: 'x', total: 3 },
      { _id: 1, number: 'x', tags: [], shipping: {}, tota: 1, paid: 2 },
      { _id: 1, number: 'x', tags: [], shipping: {}, totals: 1, total: 2 },
      { _id: 'text', number: 7, tags: 'none', shipping: [], total: null, paid: { a: 1 } },
    ].map((document) => serialize(document));
    for (const name of ['total', 'paid', 'nothing'])
      findsWhatASearchFinds([...usual, ...odd, ...usual, ...odd], name, 30);
  });

  it('is found by code that many short searches for it were worth together', () => {
    const { bytes, starts } = packed(usual);
    const reads = (): boolean => {
      const guess = new LayoutGuess([new FieldName('tags')]);
      const types = new Uint8Array(1);
      return starts.some((at) => guess.read(bytes, at, types, new Int32Array(1)));
    };
    const first = Array.from({ length: 5 }, reads);
    const later = Array.from({ length: 50 }, reads);
    expect(first).to.deep.equal([false, false, false, false, false]);
    expect(later.at(-1)).to.equal(true);
  });

  it('is found by other code when what many short searches use does not know their documents', () => {
    const name = new FieldName('learnt');
    const read = (from: ReturnType<typeof packed>): boolean => {
      const guess = new LayoutGuess([name]);
      return from.starts.some((at) => guess.read(from.bytes, at, new Uint8Array(1), new Int32Array(1)));
    };
    const some = packed(Array.from({ length: 64 }, (_, i) => serialize({ _id: i, learnt: 1 })));
    const others = packed(
      Array.from({ length: 64 }, (_, i) => serialize({ before: 'x', _id: i, learnt: 1 })),
    );
    for (let i = 0; i < 40; i++) read(some);
    expect(read(some)).to.equal(true);
    expect(read(others)).to.equal(false);
    for (let i = 0; i < 40; i++) read(others);
    expect(read(others)).to.equal(true);
  });

  it('is found where no layout is the usual one', () => {
    const mixed = Array.from({ length: 64 }, (_, i) => {
      const fields = ['a', 'b', 'c', 'd', 'e', 'f'].filter((_, n) => ((i >>> n) & 1) === 1);
      return serialize(Object.fromEntries(fields.map((field) => [field, i])));
    });
    findsWhatASearchFinds(mixed, 'e', 200);
  });

  it('is the first of several with its name', () => {
    const twice = documentBytes([
      ['a', { type: 0x10, text: '1', bytes: Uint8Array.of(1, 0, 0, 0) }],
      ['b', { type: 0x08, text: 'true', bytes: Uint8Array.of(1) }],
      ['a', { type: 0x0a, text: 'null', bytes: new Uint8Array(0) }],
    ]);
    findsWhatASearchFinds(
      Array.from({ length: 20 }, () => twice),
      'a',
      100,
    );
  });

  it('is found in documents that each have memory of their own', () => {
    const finder = new LayoutFinder(new FieldName('total'));
    for (let i = 0; i < 3000; i++) {
      const bytes = serialize(order(i));
      expect(finder.find(bytes, 0)).to.equal(true);
      expect(finder.valueStart).to.equal(searched(bytes, 0, finder.name)![1]);
    }
  });

  it('whatever documents hold', () => {
    fc.assert(
      fc.property(
        fc.array(fieldLists, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.string({ maxLength: 3 }).filter((text) => !text.includes('\0')),
        (kinds, pick, other) => {
          const names = kinds.flatMap((fields) => fields.map(([name]) => name));
          const name = names.length === 0 || pick % 4 === 0 ? other : names[pick % names.length]!;
          findsWhatASearchFinds(kinds.map(documentBytes), name, 1200);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('several fields looked for at once', () => {
  it('are all found, or told to be missing', () => {
    const names = ['total', '_id', 'nothing', 'shipping'].map((name) => new FieldName(name));
    const { bytes, starts } = packed(Array.from({ length: 50 }, (_, i) => serialize(order(i))));
    const guess = new LayoutGuess(names);
    const types = new Uint8Array(names.length);
    const found = new Int32Array(names.length);
    let guessed = 0;
    for (let round = 0; round < 40; round++)
      for (const at of starts) {
        if (!guess.read(bytes, at, types, found)) continue;
        guessed++;
        names.forEach((name, n) => {
          const place = searched(bytes, at, name);
          expect(types[n]).to.equal(place?.[0] ?? 0);
          if (place !== undefined) expect(found[n]).to.equal(place[1]);
        });
      }
    expect(guessed).to.be.greaterThan(500);
  });
});
