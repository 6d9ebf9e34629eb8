import { expect } from 'chai';
import { decodeDocument } from '../../../elmo/bson/decode.js';
import { encodeDocument } from '../../../elmo/bson/encode.js';
import { RowCursor } from '../../../elmo/exec/cursor.js';
import { Operation } from '../../../elmo/operation/operation.js';
import { END, PAUSE, ROW, type Pulled, type RowSource } from '../../../elmo/operation/row-source.js';
import { codeOf } from '../../support/documents.js';

/** {n: 0}, {n: 1} …, all in one array of bytes that is written over by the next row; a pause before every third. */
class NumberRows implements RowSource {
  readonly bytes = encodeDocument({ n: 0 });
  readonly at = 0;
  readonly recordId = -1;
  readonly metadata = undefined;
  isClosed = false;
  private next = 0;
  private hasPaused = false;

  constructor(private readonly count: number) {}

  pull(): Pulled {
    if (this.next % 3 === 2 && !this.hasPaused) {
      this.hasPaused = true;
      return PAUSE;
    }
    this.hasPaused = false;
    if (this.next >= this.count) return END;
    this.bytes.set(encodeDocument({ n: this.next++ }));
    return ROW;
  }

  close(): void {
    this.isClosed = true;
  }
}

const clock = { wallMs: () => 0, nowMs: () => 0, turn: () => Promise.resolve() };

function open(count: number, isGone = () => false) {
  const rows = new NumberRows(count);
  let released = 0;
  const cursor = new RowCursor(rows, new Operation(clock), () => released++, isGone);
  const drained = async (): Promise<unknown[]> => {
    const found: unknown[] = [];
    await cursor.drain((bytes, at) => void found.push(decodeDocument(bytes, at)['n']));
    return found;
  };
  return { rows, cursor, drained, released: () => released };
}

describe('a cursor over rows', () => {
  it('counts what a reply says around documents to its bytes', async () => {
    const { cursor } = open(200);
    const row = encodeDocument({ n: 0 }).length;
    const { documents } = await cursor.nextBatch(1000, 55 + 10 * (row + 3) + 90 * (row + 4) + 2 * (row + 5));
    expect(documents.length).to.equal(102);
  });

  it('gives batches of copies', async () => {
    const { cursor, released } = open(5);
    const first = await cursor.nextBatch(3, 1000);
    const second = await cursor.nextBatch(3, 1000);
    expect([...first.documents, ...second.documents].map((raw) => decodeDocument(raw)['n'])).to.deep.equal([
      0, 1, 2, 3, 4,
    ]);
    expect([first.isLast, second.isLast, released()]).to.deep.equal([false, true, 1]);
  });

  it('is drained of all its rows, over pauses, and is closed then', async () => {
    const { rows, drained, released } = open(8);
    expect(await drained()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([rows.isClosed, released()]).to.deep.equal([true, 1]);
    expect(await codeOf(drained)).to.equal(43);
  });

  it('begins in the slice in which the query was planned; each later batch has a slice of its own', async () => {
    let nowMs = 0;
    let turns = 0;
    const own = { wallMs: () => 0, nowMs: () => nowMs, turn: () => Promise.resolve(void turns++) };
    const operation = new Operation(own, { sliceMs: 8 });
    /** Rows that ask whether to pause, as scans do. */
    class AskingRows extends NumberRows {
      override pull(): Pulled {
        return operation.look() ? PAUSE : super.pull();
      }
    }
    nowMs = 9; // planning took so long
    const cursor = new RowCursor(new AskingRows(4), operation, () => undefined);
    await cursor.nextBatch(1, 1000);
    expect(turns).to.equal(1);
    nowMs = 1000;
    await cursor.nextBatch(1, 1000);
    expect(turns, 'a new slice').to.equal(1);
    cursor.close();
  });

  it('is drained of what batches have left, a row that did not fit into one among them', async () => {
    const { cursor, drained } = open(5);
    const size = encodeDocument({ n: 0 }).length;
    const { documents } = await cursor.nextBatch(10, 55 + 2 * (size + 3));
    expect(documents.length).to.equal(2);
    expect(await drained()).to.deep.equal([2, 3, 4]);
  });

  it('is closed by an error of who takes its rows', async () => {
    const { cursor, rows } = open(5);
    const failing = cursor.drain(() => {
      throw new Error('enough');
    });
    expect(await failing.catch((error: Error) => error.message)).to.equal('enough');
    expect(rows.isClosed).to.equal(true);
  });

  it('gives nothing of a collection that is gone', async () => {
    const { drained, rows } = open(5, () => true);
    expect(await codeOf(drained)).to.equal(175);
    expect(rows.isClosed).to.equal(true);
  });
});
