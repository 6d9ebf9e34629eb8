/** The model laboratory, on the model itself: with a fault planted it must find it, without one nothing. */
import { expect } from 'chai';
import type { KeyRange, WriteOptions } from '../../lsm/ordered-kv.js';
import { MemoryKv } from '../../lsm/memory-kv.js';
import type { Finding, LabStore, OpenStore } from '../support/subject.js';
import { runCampaign } from './campaign.js';
import { showDifference } from './laboratory.js';

const MARK = '/lab/mark';

/** The model with the doors of a store; it neither flushes nor forgets. */
class StandIn extends MemoryKv implements LabStore {
  flush(): Promise<void> {
    return Promise.resolve();
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  mergeAll(): Promise<void> {
    return Promise.resolve();
  }

  compact(): Promise<void> {
    return Promise.resolve();
  }

  check(): Promise<Finding[]> {
    return Promise.resolve([]);
  }

  /** Closing and reopening find the same store. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Takes an open upper bound of a range deletion for an empty range. */
class Forgetful extends StandIn {
  override deleteRange(range: KeyRange, options?: WriteOptions): Promise<void> {
    return range.high === undefined ? Promise.resolve() : super.deleteRange(range, options);
  }
}

/** A door behind which there is one store for each disk; a mark on the disk tells that it was opened before. */
function doorTo(Kind: new () => StandIn): OpenStore {
  let store = new Kind();
  return (_path, { env }) => {
    const { files } = env!;
    if (!files.exists(MARK)) {
      files.open(MARK, 'create').close();
      store = new Kind();
    }
    return Promise.resolve(store);
  };
}

describe('model laboratory', function () {
  this.timeout(30_000);

  it('finds the model to be like itself', async () => {
    const { found } = await runCampaign(doorTo(StandIn), { seed: 1, programs: 150, row: 'tiny' });
    if (found !== undefined) expect.fail(showDifference(found.difference));
  });

  it('finds a planted fault, and the few steps that show it', async () => {
    const { found } = await runCampaign(doorTo(Forgetful), { seed: 1, programs: 300, row: 'tiny' });
    expect(found, 'nothing was found').not.to.equal(undefined);
    expect(found!.difference.program.steps.length).to.be.lessThan(6);
    expect(showDifference(found!.difference)).to.contain('deleteRange');
  });
});
