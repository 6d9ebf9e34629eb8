/** What every subcommand of `lsm-diag` is given, and how its common options are read. */
import { readFileSync, statSync } from 'node:fs';
import { openLsm, resolveOptions, type LsmOptions, type LsmStore } from '../../lsm/index.js';
import { UsageError } from '../errors.js';
import { parseBytes } from '../keys.js';
import type { Terminal } from '../terminal.js';

/** The common options as commander reads them. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly key?: string;
  readonly keyFile?: string;
  readonly option?: readonly string[];
}

export interface DiagContext {
  readonly path: string;
  readonly terminal: Terminal;
  readonly isJson: boolean;
  readonly encryptionKey: Uint8Array | string | undefined;
  /** Options of the engine given on the command line. */
  readonly engine: LsmOptions;
}

const KEY_BYTES = 32;
const MAX_KEY_FILE_BYTES = 64 * 1024;

/** Options that the commands set themselves. */
const OWN_OPTIONS = ['encryptionKey', 'readOnly', 'createIfMissing', 'errorIfExists'];

/** @throws UsageError */
export function contextOf(path: string, terminal: Terminal, flags: CommonFlags): DiagContext {
  const engine = parseEngineOptions(flags.option ?? []);
  try {
    resolveOptions(engine);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return { path, terminal, isJson: flags.json === true, encryptionKey: encryptionKeyOf(flags), engine };
}

/** Opens the store to read it as its users do. */
export function openToRead({ path, encryptionKey, engine }: DiagContext): Promise<LsmStore> {
  return openLsm(path, { ...engine, encryptionKey, readOnly: true });
}

/** Opens the store to change it: repairs what a crash left, and takes the lock. */
export function openToWrite(
  { path, encryptionKey, engine }: DiagContext,
  createIfMissing: boolean,
): Promise<LsmStore> {
  return openLsm(path, { createIfMissing, ...engine, encryptionKey });
}

function encryptionKeyOf({ key, keyFile }: CommonFlags): Uint8Array | string | undefined {
  if (key !== undefined && keyFile !== undefined) throw new UsageError('give --key or --key-file, not both');
  if (keyFile !== undefined) return keyFromFile(keyFile);
  return key === undefined ? undefined : keyFromText(key, '--key');
}

/** 32 raw bytes, or text as `--key` takes it. */
function keyFromFile(path: string): Uint8Array | string {
  if (statSync(path).size > MAX_KEY_FILE_BYTES) throw new UsageError(`${path} is too large to be a key file`);
  const bytes = readFileSync(path);
  if (bytes.length === KEY_BYTES) return new Uint8Array(bytes);
  return keyFromText(bytes.toString('utf8').replace(/\r?\n$/, ''), path);
}

function keyFromText(text: string, source: string): Uint8Array | string {
  if (text === '') throw new UsageError(`${source} holds no key`);
  if (!text.startsWith('0x')) return text;
  const bytes = parseBytes(text);
  if (bytes.length === KEY_BYTES) return bytes;
  throw new UsageError(`${source}: a key in digits has ${KEY_BYTES * 2} of them after 0x`);
}

function parseEngineOptions(pairs: readonly string[]): LsmOptions {
  const options: Record<string, string | number | boolean> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new UsageError(`an option of the engine is NAME=VALUE, got '${pair}'`);
    const name = pair.slice(0, at);
    if (OWN_OPTIONS.includes(name)) throw new UsageError(`option ${name} is for the command to set`);
    const value = pair.slice(at + 1);
    options[name] =
      value === 'true' ? true : value === 'false' ? false : /^-?\d+$/.test(value) ? Number(value) : value;
  }
  return options;
}

/** A whole number from `low` up. @throws UsageError */
export function parseCount(text: string, what: string, low = 0): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(count) && count >= low) return count;
  throw new UsageError(`${what} must be a whole number from ${low} up, got '${text}'`);
}
