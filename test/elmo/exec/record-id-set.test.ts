import { expect } from 'chai';
import fc from 'fast-check';
import { RecordIdSet } from '../../../elmo/exec/record-id-set.js';

describe('a set of record ids', () => {
  it('tells which ids are new', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.nat({ max: 200 }),
            fc.nat({ max: Number.MAX_SAFE_INTEGER }),
            fc.constantFrom(31, 32, 32767, 32768),
          ),
          {
            maxLength: 200,
          },
        ),
        (ids) => {
          const set = new RecordIdSet();
          const model = new Set<number>();
          for (const id of ids) {
            expect(set.add(id)).to.equal(!model.has(id));
            model.add(id);
          }
        },
      ),
    );
  });

  it('takes a bit for each id of a dense range', () => {
    const set = new RecordIdSet();
    for (let id = 1; id <= 100_000; id++) set.add(id);
    expect(set.byteLength).to.be.below(20_000);
  });
});
