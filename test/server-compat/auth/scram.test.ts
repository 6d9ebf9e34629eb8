import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect } from 'chai';
import { ElmoError } from '../../../elmo/index.js';
import { saslprep } from '../../../server-compat/auth/saslprep.js';
import {
  makeCredential,
  ScramConversation,
  type ScramCredential,
} from '../../../server-compat/auth/scram.js';

/** The credential of the example in RFC 7677, section 3. */
function exampleCredential(): ScramCredential {
  const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
  const salted = pbkdf2Sync('pencil', Buffer.from(salt, 'base64'), 4096, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    iterationCount: 4096,
    salt,
    storedKey: createHash('sha256').update(clientKey).digest('base64'),
    serverKey: createHmac('sha256', salted).update('Server Key').digest('base64'),
  };
}

const CLIENT_FIRST = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const FINAL = `c=biws,r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},p=`;

describe('SCRAM, the side of the server', () => {
  function begun(): ScramConversation {
    const conversation = new ScramConversation('SCRAM-SHA-256');
    expect(conversation.start(CLIENT_FIRST)).to.equal('user');
    expect(conversation.challenge(exampleCredential(), SERVER_NONCE)).to.equal(
      `r=rOprNGfwEbeRWgbNEkqO${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    );
    return conversation;
  }

  it('takes the proof of the example in RFC 7677, and proves itself', () => {
    expect(begun().finish(`${FINAL}dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`)).to.equal(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
  });

  for (const [why, message] of [
    ['a wrong proof', `${FINAL}eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`],
    ['a short proof', `${FINAL}dHzb`],
    ['another nonce', 'c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='],
    ['what is no message', 'hello'],
  ] as const)
    it(`refuses ${why}`, () => expect(() => begun().finish(message)).to.throw(/wrong proof|malformed/));

  it('reads names with commas and equal signs', () => {
    expect(new ScramConversation('SCRAM-SHA-1').start('n,,n=a=2Cb=3Dc,r=x')).to.equal('a,b=c');
  });

  it('keeps nothing of a password that would let somebody log in', async () => {
    const credential = await makeCredential('SCRAM-SHA-256', 'u', 'secret', new Uint8Array(28), saslprep);
    expect(JSON.stringify(credential)).not.to.contain('secret');
    expect(credential.iterationCount).to.equal(15_000);
  });
});

describe('SASLprep', () => {
  for (const [given, expected] of [
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
  ] as const)
    it(`${JSON.stringify(given)} is ${expected}`, () => expect(saslprep(given)).to.equal(expected));

  for (const [what, given] of [
    ['control characters', 'a\u0007'],
    ['the end of a text', 'p\0'],
    ['private characters', '\ue000'],
  ] as const)
    it(`refuses ${what}, and does not show them`, () =>
      expect(() => saslprep(given))
        .to.throw(ElmoError, /^a password may not have a/)
        .with.property('codeName', 'BadValue'));
});
