/** Pictures of a store: its runs over the order of keys, as text or for Graphviz. */
import type { KeyMap, RunDump } from '../../lsm/index.js';
import { shortBytes } from '../keys.js';
import { formatSize } from '../output.js';

/** A table is drawn pale when this share of its entries is tombstones. */
const PALE_SHARE = 0.2;
const LABEL_WIDTH = 30;

/**
 * One line a run, newest first; neighbouring tables differ in shade.
 * @param width  characters of a line
 */
export function drawKeyMap(map: KeyMap, width: number): string {
  if (map.runs.length === 0) return 'no tables\n';
  const columns = Math.max(20, width - LABEL_WIDTH);
  const lines = map.runs.map((run) => `${labelOf(run).padEnd(LABEL_WIDTH)}${drawRun(run, map, columns)}\n`);
  const first = shortBytes(map.bounds[0] ?? new Uint8Array(0), Math.floor(columns / 2) - 2);
  const last = shortBytes(
    map.bounds[map.bounds.length - 1] ?? new Uint8Array(0),
    Math.floor(columns / 2) - 2,
  );
  const axis = first + last.padStart(columns - first.length);
  return `${lines.join('')}${' '.repeat(LABEL_WIDTH)}${axis}\n\n█ ▓ tables   ▒ many tombstones   · nothing\n`;
}

function labelOf({ level, order, tables, bytes }: RunDump): string {
  const name = level === 0 ? `L0 run ${order}` : `L${level}`;
  return `${name}  ${tables.length} × ${formatSize(bytes / Math.max(1, tables.length))}`;
}

function drawRun({ tables }: RunDump, { bounds }: KeyMap, columns: number): string {
  const cells = new Array<string>(columns).fill('·');
  const scale = (columns - 1) / Math.max(1, bounds.length - 1);
  tables.forEach(({ from, to, tombstoneShare }, i) => {
    const shade = tombstoneShare >= PALE_SHARE ? '▒' : i % 2 === 0 ? '█' : '▓';
    cells.fill(shade, Math.floor(from * scale), Math.floor(to * scale) + 1);
  });
  return cells.join('');
}

/** Tables as boxes, a rank for each run; lines join those that share keys. */
export function drawDot({ runs, bounds, overlaps }: KeyMap): string {
  const text = (rank: number): string => escape(shortBytes(bounds[rank] ?? new Uint8Array(0), 24));
  const lines = [
    'digraph store {',
    '  rankdir=TB; node [shape=box, fontsize=10]; edge [arrowhead=none, color=gray];',
  ];
  runs.forEach(({ level, order, tables }, i) => {
    const name = level === 0 ? `level 0, run ${order}` : `level ${level}`;
    lines.push(`  { rank=same; run${i} [shape=plaintext, label="${name}"];`);
    for (const { id, bytes, entries, from, to, tombstoneShare } of tables) {
      const label = `${id}: ${formatSize(bytes)}, ${entries} entries\\n${text(from)} … ${text(to)}`;
      const style = tombstoneShare >= PALE_SHARE ? ', style=dashed' : '';
      lines.push(`    t${id} [label="${label}"${style}];`);
    }
    lines.push('  }');
    if (i > 0) lines.push(`  run${i - 1} -> run${i} [style=invis];`);
  });
  for (const [id, below] of overlaps) lines.push(`  t${id} -> t${below};`);
  return `${lines.join('\n')}\n}\n`;
}

function escape(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}
