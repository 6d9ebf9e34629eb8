/**
 * Short ASCII text out of bytes. A call of the runtime's decoder takes 80 ns; a call of `String.fromCharCode` with as many
 * arguments as there are bytes, written out, a third of that. So there is a function for each length that comes again
 * and again (decision 0016); before, and where the runtime forbids making code from text, a text is put together of pieces.
 */
import { resultOf } from './made-code.js';

/** Longer texts are for the runtime. */
export const LONGEST_ASCII = 40;
/** So many texts of a length are read before a function is made for it, which takes as long as reading them. */
const WORTH = 2048;
/** Above this many bytes pieces take longer than the runtime. */
const LONGEST_OF_PIECES = 24;

type AsciiReader = (from: Uint8Array, at: number) => string | undefined;

const fromCharCode = String.fromCharCode;
/** By length; undefined: not yet, or the runtime makes no code from text. */
const readers = new Array<AsciiReader | undefined>(LONGEST_ASCII + 1).fill(undefined);
/** By length: how many were read without one. */
const reads = new Uint32Array(LONGEST_ASCII + 1);

/** @param length  at most LONGEST_ASCII @returns undefined: not all of it is ASCII, or the runtime is to be asked */
export function readAscii(from: Uint8Array, at: number, length: number): string | undefined {
  const reader = readers[length];
  return reader === undefined ? readPieces(from, at, length) : reader(from, at);
}

function readPieces(from: Uint8Array, at: number, length: number): string | undefined {
  if (++reads[length]! === WORTH) readers[length] = makeReader(length);
  if (length > LONGEST_OF_PIECES) return undefined;
  let text = '';
  while (length >= 8) {
    const a = from[at]!;
    const b = from[at + 1]!;
    const c = from[at + 2]!;
    const d = from[at + 3]!;
    const e = from[at + 4]!;
    const f = from[at + 5]!;
    const g = from[at + 6]!;
    const h = from[at + 7]!;
    if ((a | b | c | d | e | f | g | h) >= 0x80) return undefined;
    text += fromCharCode(a, b, c, d, e, f, g, h);
    at += 8;
    length -= 8;
  }
  for (; length > 0; length--) {
    const character = from[at++]!;
    if (character >= 0x80) return undefined;
    text += fromCharCode(character);
  }
  return text;
}

/** @returns undefined: the runtime makes no code from text */
function makeReader(length: number): AsciiReader | undefined {
  if (length === 0) return () => '';
  const names = Array.from({ length }, (_, i) => `c${i}`);
  const reading = names.map((name, i) => `const ${name} = from[at + ${i}];`).join(' ');
  const code = `return (from, at) => {
    ${reading}
    return (${names.join(' | ')}) < 0x80 ? fromCharCode(${names.join(', ')}) : undefined;
  };`;
  return resultOf<AsciiReader>(code, { fromCharCode });
}
