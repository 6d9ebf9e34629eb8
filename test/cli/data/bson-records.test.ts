import { encodeDocument } from '../../../elmo/index.js';
import { expect } from 'chai';
import { bsonRecords, END_OF_LIST } from '../../../cli/data/bson-records.js';

/** The bytes in pieces, each in the same buffer as the one before. */
async function* piecesOf(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(pieceBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
    await Promise.resolve();
    buffer.fill(0xff);
  }
}

async function read(bytes: Uint8Array, pieceBytes: number, hasTerminators = false): Promise<string[]> {
  const found: string[] = [];
  for await (const documents of bsonRecords(piecesOf(bytes, pieceBytes), { hasTerminators }))
    for (const document of documents)
      found.push(document === END_OF_LIST ? 'end' : Buffer.from(document).toString('hex'));
  return found;
}

describe('raw documents one behind the other', () => {
  const documents = [{}, { a: 1 }, { text: 'x'.repeat(40) }, { b: [1, 2, 3] }, {}].map((d) =>
    encodeDocument(d),
  );
  const hex = documents.map((d) => Buffer.from(d).toString('hex'));
  const bytes = Buffer.concat(documents);
  const terminator = Buffer.from([0xff, 0xff, 0xff, 0xff]);

  it('are found wherever pieces end, though each piece comes in the buffer of the last', async () => {
    for (let pieceBytes = 1; pieceBytes <= bytes.length + 1; pieceBytes++)
      expect(await read(bytes, pieceBytes), `pieces of ${pieceBytes}`).to.deep.equal(hex);
  });

  it('may be lists with an end', async () => {
    const listed = Buffer.concat([bytes, terminator, documents[1]!, terminator]);
    for (let pieceBytes = 1; pieceBytes <= listed.length; pieceBytes++)
      expect(await read(listed, pieceBytes, true)).to.deep.equal([...hex, 'end', hex[1], 'end']);
  });

  for (const [what, damaged, message] of [
    ['half a document', bytes.subarray(0, bytes.length - 1), 'the input ends in the middle of a document'],
    ['part of a length', bytes.subarray(0, bytes.length - 3), 'the input ends in the middle of a document'],
    ['a length that cannot be', Buffer.concat([bytes, Buffer.alloc(9, 0x7f)]), 'cannot be'],
  ] as const)
    it(`${what} is told with its place, wherever pieces end`, async () => {
      const at = what.startsWith('a length') ? bytes.length : bytes.length - 5;
      for (const pieceBytes of [1, 3, 7, 64, 1000]) {
        const error: unknown = await read(damaged, pieceBytes).catch((thrown: unknown) => thrown);
        expect((error as Error).message).to.match(new RegExp(`^byte ${at}: .*${message}$`));
      }
    });
});
