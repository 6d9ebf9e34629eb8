import { expect } from 'chai';
import { checkSpace } from '../../../lsm/check/check-space.js';
import { ManifestState } from '../../../lsm/manifest/manifest-state.js';
import { ExtentMap, type Extent, type Segment } from '../../../lsm/space/extents.js';
import { add, edit, table } from '../manifest/sample-edits.js';

const UNIT = 4096;
const at = (unit: number, count: number): Extent => ({ offset: 8192 + unit * UNIT, bytes: count * UNIT });
const whereIs = ({ offset, bytes }: Extent): Partial<ReturnType<typeof table>> => ({
  offset,
  extentBytes: bytes,
});

/** The manifest in units 0 and 1, table 1 in 3 and 4, blob 7 in 5 and 8. */
function stateOf(): ManifestState {
  const state = new ManifestState();
  const change = edit(1, {
    addTables: [add(1, 0, table(1, 'a', 'b', whereIs(at(3, 2))))],
    addBlobs: [{ id: 7, extents: [at(8, 1), at(5, 1)] }],
  });
  state.apply(change, state.check(change));
  state.manifest = at(0, 2);
  return state;
}

function codes(extents: ExtentMap, state = stateOf()): string[] {
  return checkSpace(extents, state).map((problem) => problem.code);
}

describe('checkSpace', () => {
  const END = 8192 + 12 * UNIT;

  it('finds nothing when the live extents are those of the manifest', () => {
    const extents = ExtentMap.fromLive(stateOf().liveExtents(), END);
    extents.allocate(UNIT);
    expect(checkSpace(extents, stateOf())).to.deep.equal([]);
  });

  for (const [why, live, expected] of [
    ['the manifest is not live', [at(3, 3), at(8, 1)], ['SpaceNotLive']],
    ['half a table is not live', [at(0, 2), at(3, 1), at(5, 1), at(8, 1)], ['SpaceNotLive']],
    ['the start of a table is not live', [at(0, 2), at(4, 2), at(8, 1)], ['SpaceNotLive', 'SpaceLost']],
    ['the last extent is not live', [at(0, 2), at(3, 3)], ['SpaceNotLive']],
    ['live bytes are lost at the end', [at(0, 2), at(3, 3), at(8, 2)], ['SpaceLost']],
    ['live bytes are lost between', [at(0, 6), at(8, 1)], ['SpaceLost']],
    [
      'live bytes are lost by themselves',
      [at(0, 2), at(3, 3), at(7, 2), at(10, 1)],
      ['SpaceLost', 'SpaceLost'],
    ],
  ] as const) {
    it(`finds that ${why}`, () => expect(codes(ExtentMap.fromLive(live, END))).to.deep.equal(expected));
  }

  it('finds two owners of the same bytes', () => {
    const extents = ExtentMap.fromLive(stateOf().liveExtents(), END);
    const state = stateOf();
    const change = edit(2, { addBlobs: [{ id: 8, extents: [at(4, 2)] }] });
    state.apply(change, state.check(change));
    expect(codes(extents, state)).to.deep.equal(['SpaceOverlap', 'SpaceOverlap']);
  });

  it('finds gaps, overlaps and wrong counts in a map', () => {
    const damaged = (segments: (partition: Segment[]) => Segment[]): ExtentMap => {
      const extents = ExtentMap.fromLive(stateOf().liveExtents(), END);
      const partition = segments(extents.partition());
      extents.partition = () => partition;
      return extents;
    };
    expect(codes(damaged((all) => all.filter((_, i) => i !== 1)))).to.deep.equal(['SpaceGap', 'SpaceCount']);
    expect(codes(damaged((all) => all.slice(0, -1)))).to.deep.equal(['SpaceGap', 'SpaceCount']);
    expect(codes(damaged((all) => [all[0]!, ...all]))).to.include('SpaceOverlap');
  });
});
