import { expect } from 'chai';
import { QuietTrim } from '../../../lsm/engine/quiet-trim.js';
import { FakeClock } from '../../support/fake-clock.js';

const MIB = 1024 * 1024;

class Stage {
  readonly clock = new FakeClock();
  bytesWritten = 0;
  tail = 0;
  trims = 0;
  readonly trimmer: QuietTrim;

  constructor() {
    const stage = this as Stage;
    this.trimmer = new QuietTrim({
      clock: this.clock,
      memtableBytes: 16 * MIB,
      space: {
        get longTailBytes() {
          return stage.tail;
        },
      },
      bytesWritten: () => this.bytesWritten,
      trim: () => {
        this.trims++;
        this.tail = 0;
      },
    });
  }
}

describe('QuietTrim', () => {
  it('waits for a quiet moment', () => {
    const stage = new Stage();
    stage.tail = 20 * MIB;
    stage.trimmer.ask();
    for (let i = 0; i < 3; i++) {
      stage.bytesWritten += MIB;
      stage.clock.advance(250);
      expect(stage.trims).to.equal(0);
    }
    stage.bytesWritten += 1000;
    stage.clock.advance(250);
    expect(stage.trims).to.equal(1);
    expect(stage.clock.timerCount).to.equal(0);
  });

  it('waits two seconds at most', () => {
    const stage = new Stage();
    stage.tail = 20 * MIB;
    stage.trimmer.ask();
    for (let ms = 0; ms < 2000; ms += 50) {
      expect(stage.trims).to.equal(0);
      stage.bytesWritten += MIB;
      stage.clock.advance(50);
    }
    expect(stage.trims).to.equal(1);
  });

  it('does not wait where there is more than soon will be written', () => {
    const stage = new Stage();
    stage.tail = 65 * MIB;
    stage.trimmer.ask();
    expect(stage.trims).to.equal(1);
  });

  it('does nothing where it is not worth it', () => {
    const stage = new Stage();
    stage.trimmer.ask();
    stage.trimmer.flush();
    expect([stage.clock.timerCount, stage.trims]).to.deep.equal([0, 0]);
  });

  it('is done at once when asked for, and never after the end', () => {
    const stage = new Stage();
    stage.tail = MIB;
    stage.trimmer.ask();
    stage.trimmer.flush();
    expect(stage.trims).to.equal(1);
    stage.tail = MIB;
    stage.trimmer.ask();
    stage.trimmer.close();
    stage.trimmer.ask();
    stage.clock.advance(10_000);
    expect([stage.clock.timerCount, stage.trims]).to.deep.equal([0, 1]);
  });
});
