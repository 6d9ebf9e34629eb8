import { expect } from 'chai';
import { invariant } from '../../../lsm/base/invariant.js';

describe('invariant', () => {
  it('says nothing while it holds', () => expect(() => invariant(true, 'low <= high')).to.not.throw());
  it('names what is broken', () =>
    expect(() => invariant(false, 'low <= high')).to.throw(Error, 'broken invariant: low <= high'));
});
