import { expect } from 'chai';
import { BsonError } from '../../../elmo/bson/errors.js';
import { ReplyWriter } from '../../../elmo/commands/reply.js';

describe('a reply', () => {
  it('has no name with a NUL, which would end there', () => {
    const reply = new ReplyWriter();
    reply.beginDocument();
    expect(() => reply.int32('x\0y', 1)).to.throw(BsonError, 'must not contain null bytes');
  });
});
