/**
 * Prepares a password so that different ways to type it are the same. Source: RFC 4013 (SASLprep), the tables of RFC 3454.
 */

import { ElmoError } from '../../elmo/index.js';

/** Table B.1: commonly mapped to nothing. */
const MAPPED_TO_NOTHING = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;
/** Table C.1.2: spaces that are not the ASCII one. */
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu;
/** Tables C.2 to C.9: control, private, unassigned and other characters that no password may have. */
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\ufff9-\uffff\u0340\u0341\u2ff0-\u2ffb\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u;

/** @throws ElmoError BadValue if the text has a character that is not allowed */
export function saslprep(text: string): string {
  const prepared = text.replace(OTHER_SPACES, ' ').replace(MAPPED_TO_NOTHING, '').normalize('NFKC');
  const prohibited = PROHIBITED.exec(prepared);
  if (prohibited !== null) throw new ElmoError('BadValue', refusal(prohibited[0]));
  return prepared;
}

/** Which kind of character it is, not which one and where: the text is a secret. */
function refusal(character: string): string {
  const kind = /\p{Cc}/u.test(character) ? 'a control character' : 'a character that is not text';
  return `a password may not have ${kind} (RFC 4013)`;
}
