import { expect } from 'chai';
import { ElmoError } from '../../../elmo/errors.js';
import { ReplyWriter } from '../../../elmo/commands/reply.js';

describe('a reply', () => {
  it('has no name with a NUL, which would end there', () => {
    const reply = new ReplyWriter();
    reply.beginDocument();
    expect(() => reply.int32('x\0y', 1))
      .to.throw(ElmoError, 'illegal embedded NUL byte')
      .with.property('code', 9527900);
  });
});
