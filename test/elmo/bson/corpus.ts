/**
 * The BSON corpus of the MongoDB specifications, where it lies beside the project: ../shared/data/bson-corpus. Its
 * licence keeps it out of the repository; tests skip without it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../support/source-tree.js';

export interface ValidCase {
  readonly description: string;
  readonly canonical_bson: string;
  readonly canonical_extjson: string;
  readonly degenerate_bson?: string;
  readonly converted_bson?: string;
  readonly lossy?: boolean;
}

export interface CorpusFile {
  readonly description: string;
  readonly deprecated?: boolean;
  readonly valid?: readonly ValidCase[];
  readonly decodeErrors?: readonly { readonly description: string; readonly bson: string }[];
}

const folder = join(projectFolder(), '..', 'shared', 'data', 'bson-corpus');

/** @returns undefined if the corpus is not there */
export function readCorpus(): CorpusFile[] | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CorpusFile);
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
