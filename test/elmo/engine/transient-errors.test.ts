import { expect } from 'chai';
import { labelled } from '../../../elmo/engine/transient-errors.js';
import { ElmoError } from '../../../elmo/errors.js';

describe('errors of transactions', () => {
  const conflict = new ElmoError('WriteConflict', 'somebody was faster');

  it('of a conflict in a transaction say that it may be tried again', () => {
    const told = labelled(conflict, true) as ElmoError;
    expect([told.code, told.message, told.details.errorLabels]).to.deep.equal([
      112,
      conflict.message,
      ['TransientTransactionError'],
    ]);
    expect(labelled(told, true)).to.equal(told);
  });

  it('stay as they are outside, and when they are others', () => {
    expect(labelled(conflict, false)).to.equal(conflict);
    const other = new ElmoError('BadValue', 'no');
    expect(labelled(other, true)).to.equal(other);
    const foreign = new Error('no');
    expect(labelled(foreign, true)).to.equal(foreign);
  });
});
