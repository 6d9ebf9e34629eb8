/** Results as text: tables for people, JSON for programs, and the words for sizes and times. */
import { formatBytes, hexOf } from './keys.js';
import { heading, type Terminal } from './terminal.js';

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string | number;
  /** Numbers and sizes stand on the right. */
  readonly isRight?: boolean;
}

/** Lines of columns under a heading; on a screen lines are cut to its width. */
export function formatTable<T>(
  terminal: Terminal,
  columns: readonly Column<T>[],
  rows: readonly T[],
): string {
  const cells = rows.map((row) => columns.map(({ of }) => textOf(of(row))));
  const widths = columns.map(({ title }, i) =>
    cells.reduce((width, row) => Math.max(width, widthOf(row[i]!)), widthOf(title)),
  );
  const line = (texts: readonly string[]): string => {
    const padded = texts.map((text, i) => pad(text, widths[i]!, columns[i]!.isRight === true));
    return cut(terminal, padded.join('  ').trimEnd());
  };
  const title = heading(terminal, line(columns.map((column) => column.title)));
  return [title, ...cells.map(line)].join('\n') + '\n';
}

/** Names and what they are, one a line. */
export function formatFacts(facts: readonly (readonly [name: string, value: string | number])[]): string {
  const width = Math.max(...facts.map(([name]) => widthOf(name)));
  return facts
    .map(([name, value]) => `${`${pad(name, width, false)}  ${textOf(value)}`.trimEnd()}\n`)
    .join('');
}

/** Bytes become text or digits after `0x`, maps lists of pairs, as everywhere in the output. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, replaceBytes, 2) + '\n';
}

/** One object on one line. */
export function formatJsonLine(value: unknown): string {
  return JSON.stringify(value, replaceBytes);
}

function replaceBytes(_name: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return formatBytes(value);
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  return value;
}

/** 1536 → '1.5 KiB'. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let size = bytes;
  let unit = -1;
  while (size >= 1023.95 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size.toFixed(1)} ${UNITS[unit]!}`;
}

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 1234567 → '1,234,567'. */
export function formatCount(count: number): string {
  const [whole, fraction] = String(Math.round(count * 1000) / 1000).split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** (1, 'document') → '1 document', (1234, 'index entry', 'index entries') → '1,234 index entries'. */
export function formatCounted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 3725 → '1 h 2 min', 62.3 → '1 min 2 s', 1.25 → '1.3 s'. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [small, large, unit, largeUnit] =
    whole < 3600 ? [60, whole / 60, 's', 'min'] : [60, whole / 3600, 'min', 'h'];
  const rest = whole < 3600 ? whole % small : Math.floor((whole % 3600) / 60);
  return `${Math.floor(large)} ${largeUnit} ${rest} ${unit}`;
}

/** Sixteen bytes a line: place in the file, digits, text. */
export function formatHex(bytes: Uint8Array, offset: number): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const digits = hexOf(row).replace(/../g, '$& ').padEnd(48);
    const text = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    lines.push(`${(offset + at).toString(16).padStart(10, '0')}  ${digits} ${text.join('')}\n`);
  }
  return lines.join('');
}

function textOf(value: string | number): string {
  return typeof value === 'number' ? formatCount(value) : value;
}

function pad(text: string, width: number, isRight: boolean): string {
  const room = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isRight ? room + text : text + room;
}

function cut(terminal: Terminal, line: string): string {
  if (!terminal.isResultShown || widthOf(line) <= terminal.columns) return line;
  return `${[...line].slice(0, terminal.columns - 1).join('')}…`;
}

/** Columns on a screen, near enough: characters. */
function widthOf(text: string): number {
  return [...text].length;
}
