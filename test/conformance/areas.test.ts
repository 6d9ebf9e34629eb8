import { expect } from 'chai';
import { percentOf, scoresOf, type Area } from './areas.js';
import { outcomesOf, parseResults } from './results.js';

const AREA: Area = { name: 'a', folders: ['x/a'], takes: (path) => !path.includes('/no/') };

const RESULTS = `passed\t0.1\t\tx/a/t.py::one
failed\t0.1\tEXC\tx/a/t.py::two
skipped\t0.1\t\tx/a/t.py::three
error\t0.1\t\tx/a/t.py::four
passed\t0.1\t\tx/a/t.py::five
passed\t0.1\t\tx/a/t.py::twice
failed\t0.1\t\tx/a/t.py::twice
passed\t0.1\t\tx/a/no/t.py::six
passed\t0.1\t\tx/ab/t.py::seven
`;
const FREE = 'passed\t0.1\t\tx/a/t.py::five\npassed\t0.1\t\tx/a/t.py::three\n';

describe('scores of conformance', () => {
  const [score] = scoresOf(outcomesOf(parseResults(RESULTS), parseResults(FREE)), [AREA]);

  it('count the cases of an area that were executed, once each', () =>
    expect(score).to.deep.equal({ area: 'a', executed: 5, passed: 2, free: 1 }));

  it('leave out what a server that does nothing passes', () => expect(percentOf(score!)).to.equal('25.0'));

  it('tell nothing of areas without a case', () => expect(scoresOf([], [AREA])).to.deep.equal([]));

  it('say so when there is nothing to be right about', () =>
    expect(percentOf({ area: 'a', executed: 2, passed: 2, free: 2 })).to.equal('–'));
});
