/** `keys` and `seek`: what a reader of the store sees, logs included. */
import type { Cursor, KeyRange, SeekMode } from '../../lsm/index.js';
import { UsageError } from '../errors.js';
import { endOfPrefix, formatBytes, parseBytes } from '../keys.js';
import { formatFacts, formatJson, formatJsonLine, formatSize } from '../output.js';
import { openToRead, parseCount, type DiagContext } from './context.js';

export interface KeysFlags {
  readonly low?: string;
  readonly high?: string;
  readonly prefix?: string;
  readonly limit?: string;
  readonly reverse?: boolean;
  readonly values?: boolean;
  readonly valueLimit: string;
}

export interface SeekFlags {
  readonly mode: SeekMode;
  readonly valueLimit: string;
}

/** Printed together. */
const CHUNK_CHARACTERS = 64 * 1024;

export async function keysCommand(context: DiagContext, flags: KeysFlags): Promise<number> {
  const { terminal, isJson } = context;
  const limit = flags.limit === undefined ? Infinity : parseCount(flags.limit, '--limit');
  const valueLimit = parseCount(flags.valueLimit, '--value-limit');
  const range = rangeOf(flags);
  const store = await openToRead(context);
  try {
    const cursor = store.scan(range, flags.reverse === true ? 'backward' : 'forward');
    let count = 0;
    let text = isJson ? '[' : '';
    for (; count < limit && cursor.next(); count++) {
      const key = formatBytes(cursor.key());
      if (isJson) {
        const entry = {
          key,
          ...describeValue(cursor),
          ...(flags.values === true ? showValue(cursor, valueLimit) : {}),
        };
        text += `${count === 0 ? '' : ','}\n  ${formatJsonLine(entry)}`;
      } else text += `${key}${flags.values === true ? `\t${valueText(cursor, valueLimit)}` : ''}\n`;
      if (text.length < CHUNK_CHARACTERS) continue;
      await terminal.write(text);
      text = '';
    }
    cursor.close();
    await terminal.write(isJson ? `${text}${count === 0 ? '' : '\n'}]\n` : text);
    return 0;
  } finally {
    await store.close();
  }
}

function rangeOf({ low, high, prefix }: KeysFlags): KeyRange {
  if (prefix === undefined) {
    return {
      low: low === undefined ? undefined : parseBytes(low),
      high: high === undefined ? undefined : parseBytes(high),
    };
  }
  if (low !== undefined || high !== undefined)
    throw new UsageError('give --prefix, or --low and --high, not both');
  const bytes = parseBytes(prefix);
  return { low: bytes, high: endOfPrefix(bytes) };
}

export async function seekCommand(context: DiagContext, text: string, flags: SeekFlags): Promise<number> {
  const { terminal, isJson } = context;
  const valueLimit = parseCount(flags.valueLimit, '--value-limit');
  const key = parseBytes(text);
  const store = await openToRead(context);
  try {
    const cursor = store.scan();
    const isFound = cursor.seek(key, flags.mode);
    if (isFound) {
      const entry = {
        key: formatBytes(cursor.key()),
        ...describeValue(cursor),
        ...showValue(cursor, valueLimit),
      };
      if (isJson) await terminal.write(formatJson(entry));
      else {
        await terminal.write(
          formatFacts([
            ['key', entry.key],
            ['kind', entry.valueKind],
            ['length', `${entry.valueBytes} bytes`],
            ['value', `${entry.value}${entry.isCut ? ' …' : ''}`],
          ]),
        );
      }
    } else if (isJson) await terminal.write('null\n');
    else terminal.warn(`no key ${describeMode(flags.mode)} ${formatBytes(key)}\n`);
    cursor.close();
    return isFound ? 0 : 1;
  } finally {
    await store.close();
  }
}

function describeMode(mode: SeekMode): string {
  if (mode === 'EQ') return 'equal to';
  return mode === 'LE' ? 'at or below' : 'at or above';
}

function describeValue({ valueLength, valueKind }: Cursor): { valueBytes: number; valueKind: string } {
  return { valueBytes: valueLength, valueKind };
}

/** The first bytes of a value; of a blob no more than those are read. */
function showValue(cursor: Cursor, limit: number): { value: string; isCut: boolean } {
  const reader = cursor.openValue();
  try {
    const bytes = new Uint8Array(Math.min(limit, reader.length));
    reader.read(bytes, 0, bytes.length, 0);
    return { value: formatBytes(bytes), isCut: reader.length > limit };
  } finally {
    reader.close();
  }
}

function valueText(cursor: Cursor, limit: number): string {
  const { value, isCut } = showValue(cursor, limit);
  return isCut ? `${value}… (${formatSize(cursor.valueLength)})` : value;
}
