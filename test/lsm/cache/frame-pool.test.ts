import { expect } from 'chai';
import { FramePool } from '../../../lsm/cache/frame-pool.js';

describe('FramePool', () => {
  it('has frames from half of the whole on, in steps of an eighth, that begin with a line of memory', () => {
    expect(new FramePool(8192, 1 << 20).sizes).to.deep.equal([4096, 5120, 6144, 7168, 8192]);
    expect(new FramePool(1000, 1 << 20).sizes).to.deep.equal([512, 640, 768, 896, 1000]);
    expect(new FramePool(256, 1 << 20).sizes).to.deep.equal([128, 192, 256]);
  });

  it('has one size where a chunk has few frames', () => {
    const pool = new FramePool(8192, 40_000);
    expect([pool.sizes, pool.chunkBytes, pool.framesOfLargest]).to.deep.equal([[8192], 32_768, 4]);
    expect(new FramePool(8192, 100).chunkBytes).to.equal(8192);
  });

  it('gives frames that do not overlap, of any size, cut anew or not', () => {
    const pool = new FramePool(8192, 1 << 20);
    const taken = new Map<number, number>();
    const takeAll = (frameClass: number): number[] => {
      const frames: number[] = [];
      for (let frame = pool.takeFree(frameClass); frame !== undefined; frame = pool.takeFree(frameClass)) {
        pool.bytesOf(frame).fill(frame, pool.baseOf(frame), pool.baseOf(frame) + pool.sizeOf(frame));
        taken.set(frame, frame & 255);
        frames.push(frame);
      }
      return frames;
    };
    const check = (): void => {
      for (const [frame, value] of taken) {
        const bytes = pool
          .bytesOf(frame)
          .subarray(pool.baseOf(frame), pool.baseOf(frame) + pool.sizeOf(frame));
        expect(bytes.length).to.equal(pool.sizeOf(frame));
        expect(bytes.every((byte) => byte === value)).to.equal(true);
      }
    };
    for (let frameClass = 0; frameClass < pool.sizes.length; frameClass++) {
      pool.addChunk(frameClass);
      const frames = takeAll(frameClass);
      expect(frames.length).to.equal(Math.floor((1 << 20) / pool.sizes[frameClass]!));
      expect(frames.every((frame) => frame < pool.frameEnd)).to.equal(true);
    }
    check();
    const second = 1 << pool.shift;
    for (const frame of taken.keys()) if (frame >>> pool.shift === 1) taken.delete(frame);
    pool.recut(second, 4);
    expect(takeAll(4).length).to.equal(128);
    expect(takeAll(1).length).to.equal(0);
    check();
  });

  it('goes through the frames of a class again and again, whatever chunks come and go', () => {
    const pool = new FramePool(8192, 1 << 20);
    const round = (frameClass: number, count: number): Set<number> =>
      new Set(Array.from({ length: count }, () => pool.nextOf(frameClass)));
    for (const frameClass of [4, 4, 3, 4, 3]) pool.addChunk(frameClass);
    expect(round(4, 3 * 128).size).to.equal(384);
    expect(round(3, 2 * 146).size).to.equal(292);
    for (let n = 0; n < 200; n++) pool.nextOf(4);
    pool.recut(0, 3);
    expect(round(4, 2 * 128).size).to.equal(256);
    expect(round(3, 3 * 146).size).to.equal(438);
    pool.removeLast();
    expect(round(3, 2 * 146).size).to.equal(292);
    expect(round(4, 2 * 128).size).to.equal(256);
  });

  it('moves a chunk to the class whose frames are taken sooner, not to one that is used as much', () => {
    const pool = new FramePool(8192, 1 << 20);
    for (const frameClass of [4, 4, 4, 3]) pool.addChunk(frameClass);
    const take = (frameClass: number, count: number): void => {
      for (let n = 0; n < count; n++) pool.noteTaken(frameClass);
    };
    expect(pool.chunkFor(3), 'too early to tell').to.equal(-1);
    take(3, 60);
    take(4, 120);
    expect(pool.chunkFor(3), 'as much of each').to.equal(-1);
    take(3, 140);
    take(4, 20);
    const chunk = pool.chunkFor(3);
    expect(chunk >>> pool.shift).to.equal(0);
    pool.recut(chunk, 3);
    expect(pool.chunkFor(3), 'counted anew').to.equal(-1);
  });

  it('puts blocks of a size that has no frames into larger ones, until there are many of them', () => {
    const pool = new FramePool(8192, 1 << 20);
    expect(pool.usableFor(1)).to.equal(4);
    pool.addChunk(4);
    pool.addChunk(2);
    expect([pool.usableFor(1), pool.usableFor(2), pool.usableFor(3)]).to.deep.equal([2, 2, 4]);
    let times = 0;
    while (pool.usableFor(0) !== 0) times++;
    expect(times).to.equal(63);
    expect(pool.chunkFor(0), 'from the class whose frames are taken least').to.be.at.least(0);
  });
});
