/**
 * Keys and values as people write them: text, or hexadecimal digits after `0x`. What is shown can be given back as it
 * stands: text that holds control characters, or begins with `0x`, or is no UTF-8, is shown as digits.
 */
import { UsageError } from './errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Anything a terminal may not show as it is: controls, line separators, marks of direction, lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;

/** @throws UsageError */
export function parseBytes(text: string): Uint8Array {
  if (!text.startsWith('0x')) return encoder.encode(text);
  const digits = text.slice(2);
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new UsageError(`'${text}' begins with 0x, but is not pairs of hexadecimal digits`);
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

export function formatBytes(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    if (!text.startsWith('0x') && !UNPRINTABLE.test(text)) return text;
  } catch {
    // not text
  }
  return `0x${hexOf(bytes)}`;
}

/** At most `width` characters, the middle left out. */
export function shortBytes(bytes: Uint8Array, width: number): string {
  const text = formatBytes(bytes.length > width * 4 ? bytes.subarray(0, width * 4) : bytes);
  if (text.length <= width && bytes.length <= width * 4) return text;
  const tail = bytes.length > width * 4 ? '' : text.slice(text.length - Math.floor(width / 3));
  return `${text.slice(0, width - 1 - tail.length)}…${tail}`;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** The smallest key greater than all that begin with `prefix`; undefined: there is none. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const end = prefix.slice(0, length);
  end[length - 1]!++;
  return end;
}
