/** What a fuzz target is, and what a decoder may answer to damaged bytes: data, or a typed refusal that says where. */
import * as zlib from 'node:zlib';
import { LsmError, type LsmErrorCode } from '../../lsm/errors.js';
import type { SeededRandom } from '../support/seeded-random.js';

export interface FuzzTarget {
  /** Makes the undamaged bytes that cases start from. */
  prepare(random: SeededRandom): Promise<void>;
  /**
   * Damages some bytes and feeds them to a decoder.
   * @returns what is wrong with its answer, or undefined
   */
  run(random: SeededRandom): string | undefined | Promise<string | undefined>;
}

const HAS_ZSTD = 'zstdCompressSync' in zlib;

/** Refusals that need no offset: they are about the whole file. */
const WHOLE_FILE: ReadonlySet<LsmErrorCode> = new Set<LsmErrorCode>(['NotAStore', 'NewerFormat', 'WrongKey']);

/** @returns what is wrong with an error as an answer to damage, or undefined */
export function wrongRefusal(error: unknown): string | undefined {
  if (error instanceof LsmError) {
    if (WHOLE_FILE.has(error.code)) return undefined;
    // A block may come to name a codec that this runtime lacks.
    if (error.code === 'BadOptions' && !HAS_ZSTD && error.message.includes('zstd')) return undefined;
    if (error.code === 'Corrupt') {
      const { at } = error;
      if (at === undefined || at.file === '') return `Corrupt names no file: ${error.stack}`;
      if (at.offset === undefined || !(at.offset >= 0)) return `Corrupt tells no offset: ${error.stack}`;
      return undefined;
    }
  }
  return `another throw: ${error instanceof Error ? error.stack : String(error)}`;
}

/** Runs one decoder. @returns its answer when it gave one */
export function attempt<T>(wrong: string[], decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    const what = wrongRefusal(error);
    if (what !== undefined) wrong.push(what);
    return undefined;
  }
}
