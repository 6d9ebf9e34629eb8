import { expect } from 'chai';
import {
  describeSpace,
  listPieces,
  listTables,
  locate,
  openStoreFile,
  showPiece,
} from '../../../lsm/index.js';
import type { StoreFile } from '../../../lsm/index.js';
import { PATH, keyOf, sampleStore, withDamage } from './fixture.js';

const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

async function withFile(use: (file: StoreFile) => void): Promise<void> {
  const file = openStoreFile(PATH, { env: await sampleStore() });
  try {
    use(file);
  } finally {
    file.close();
  }
}

describe('the pieces of a table', () => {
  it('lie back to back from its start to its end', () =>
    withFile((file) => {
      for (const { id, offset, dataBytes } of listTables(file)) {
        const { pieces, problem } = listPieces(file.table(id));
        expect(problem).to.equal('');
        let end = offset;
        for (const piece of pieces) {
          expect(piece.offset, piece.kind).to.equal(end);
          expect(piece.problem, piece.kind).to.equal('');
          end += piece.bytes;
        }
        expect(end).to.equal(offset + dataBytes);
        expect(pieces[pieces.length - 1]!.kind).to.equal('footer');
      }
    }));

  it('show every entry with its value', () =>
    withFile((file) => {
      const oldest = listTables(file).filter(({ order }) => order === 1);
      const shown = oldest.flatMap(({ id }) => {
        const reader = file.table(id);
        return listPieces(reader)
          .pieces.filter(({ kind }) => kind === 'block')
          .flatMap((piece) => showPiece(reader, piece).list);
      });
      expect(shown.map(({ key }) => text(key))).to.deep.equal([
        ...Array.from({ length: 300 }, (_, i) => text(keyOf(i))),
        'large',
      ]);
      expect(text(shown[5]!.value)).to.equal('value 5 '.repeat(5));
      expect(shown[300]!.kind).to.equal('blob');
      expect(shown[300]!.rawBytes).to.equal(200_000);
      expect(shown.some(({ kind }) => kind === 'lz4')).to.equal(true);
    }));

  it('show range tombstones, blob ids and separators', () =>
    withFile((file) => {
      const pieces = listTables(file).flatMap(({ id }) =>
        listPieces(file.table(id)).pieces.map((piece) => showPiece(file.table(id), piece)),
      );
      const tombstones = pieces.flatMap((piece) => piece.tombstones);
      expect(text(tombstones[0]!.low)).to.equal('key-00100');
      expect(text(tombstones[tombstones.length - 1]!.high)).to.equal('key-00150');
      expect(pieces.flatMap(({ blobIds }) => blobIds)).to.have.members([...file.state.blobs.keys()]);
      expect(pieces.some(({ kind, separators }) => kind === 'index' && separators.length > 0)).to.equal(true);
    }));

  it('show what still decodes of a damaged block', async () => {
    const env = await sampleStore();
    const whole = openStoreFile(PATH, { env });
    const { id } = listTables(whole).find(({ order }) => order === 1)!;
    const [block] = listPieces(whole.table(id)).pieces;
    const entries = showPiece(whole.table(id), block!).list;
    whole.close();
    // In the values: the keys are not touched by it.
    const file = openStoreFile(PATH, { env: withDamage(env, block!.offset + 30) });
    const [damaged] = listPieces(file.table(id)).pieces;
    expect(damaged!.problem).to.match(/^checksum/);
    const shown = showPiece(file.table(id), damaged!);
    expect(shown.problem).to.match(/^checksum/);
    expect(shown.list.map(({ key }) => key)).to.deep.equal(entries.map(({ key }) => key));
    file.close();
  });

  it('tell a table whose footer is gone', async () => {
    const env = await sampleStore();
    const whole = openStoreFile(PATH, { env });
    const { id, offset, dataBytes } = listTables(whole)[0]!;
    whole.close();
    const file = openStoreFile(PATH, { env: withDamage(env, offset + dataBytes - 40) });
    const { pieces, problem } = listPieces(file.table(id));
    expect(problem).to.match(/^footer: /);
    expect(pieces.map(({ kind }) => kind)).to.deep.equal(['footer']);
    file.close();
  });
});

describe('who has which bytes', () => {
  it('partitions the file', () =>
    withFile((file) => {
      const { segments, fileBytes, ...sums } = describeSpace(file);
      let end = 0;
      for (const segment of segments) {
        expect(segment.offset).to.equal(end);
        expect(segment.problem).to.equal('');
        end += segment.bytes;
      }
      expect(end).to.equal(Math.ceil(fileBytes / 4096) * 4096);
      const { tableBytes, blobBytes, manifestBytes, freeBytes, logBlobBytes } = sums;
      expect(8192 + tableBytes + blobBytes + manifestBytes + freeBytes + logBlobBytes).to.equal(end);
    }));

  it('names the thing at every place', () =>
    withFile((file) => {
      expect(locate(file, 0).what).to.equal('meta slot 0');
      expect(locate(file, 4096).what).to.equal('meta slot 1');
      expect(locate(file, 8192).what).to.equal('record 0 of the manifest');
      expect(locate(file, 8192 + 60_000).what).to.equal('the unused end of the manifest');
      expect(locate(file, file.fileBytes + 4096).what).to.equal('past the end of the file');
      for (const { id, offset } of listTables(file)) {
        expect(locate(file, offset).what).to.equal(`block 0 of table ${id}`);
        expect(locate(file, offset).piece!.block).to.equal(0);
      }
      for (const [id, extents] of file.state.blobs) {
        expect(locate(file, extents[0]!.offset).what).to.equal(`blob ${id}`);
      }
    }));
});
