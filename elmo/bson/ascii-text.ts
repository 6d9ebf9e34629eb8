/**
 * Short ASCII text out of bytes. A call of the runtime's decoder takes 80 ns; a call of `String.fromCharCode` with as many
 * arguments as there are bytes, written out, a third of that. So there is a function for each length, made once it is
 * worth it (decision 0016); before, and where the runtime forbids making code from text, a text is put together of pieces.
 */
import { resultOf } from './made-code.js';

/** Longer texts are for the runtime. */
export const LONGEST_ASCII = 40;
/** So many texts are read before the functions are made. */
const WORTH = 4096;
/** Above this many bytes pieces take longer than the runtime. */
const LONGEST_OF_PIECES = 24;

type AsciiReader = (from: Uint8Array, at: number) => string | undefined;

const fromCharCode = String.fromCharCode;
/** By length. */
let readers: readonly AsciiReader[] | undefined;
let reads = 0;

/** @param length  at most LONGEST_ASCII @returns undefined: not all of it is ASCII, or the runtime is to be asked */
export function readAscii(from: Uint8Array, at: number, length: number): string | undefined {
  return readers === undefined ? readPieces(from, at, length) : readers[length]?.(from, at);
}

function readPieces(from: Uint8Array, at: number, length: number): string | undefined {
  if (++reads === WORTH) readers = makeReaders();
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
function makeReaders(): readonly AsciiReader[] | undefined {
  const code = Array.from({ length: LONGEST_ASCII + 1 }, (_, length) => readerCode(length));
  return resultOf<readonly AsciiReader[]>(`return [${code.join(',')}];`, { fromCharCode });
}

function readerCode(length: number): string {
  if (length === 0) return `() => ''`;
  const names = Array.from({ length }, (_, i) => `c${i}`);
  const reading = names.map((name, i) => `const ${name} = from[at + ${i}];`).join(' ');
  return `(from, at) => {
    ${reading}
    return (${names.join(' | ')}) < 0x80 ? fromCharCode(${names.join(', ')}) : undefined;
  }`;
}
