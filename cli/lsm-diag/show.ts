/** What a file holds, as text or JSON: figures, tables, levels, space, manifest, logs. */
import {
  describeSpace,
  listLevels,
  listTables,
  summarize,
  type LevelScore,
  type LogDump,
  type RecordDump,
  type SlotDump,
  type SpaceDump,
  type SpaceSegment,
  type SpaceUse,
  type StoreFile,
  type TableDump,
} from '../../lsm/index.js';
import { hexOf, shortBytes } from '../keys.js';
import {
  formatCount,
  formatCounted,
  formatFacts,
  formatJson,
  formatSize,
  formatTable,
  type Column,
} from '../output.js';
import { heading } from '../terminal.js';
import type { DiagContext } from './context.js';

const KEY_WIDTH = 28;

export function showStats({ isJson }: DiagContext, file: StoreFile): string {
  const summary = summarize(file);
  if (isJson) return formatJson(summary);
  const { rawBytes, tableBytes, isClean, logs, logOperations } = summary;
  const ratio = rawBytes === 0 ? '' : `, ${((100 * tableBytes) / rawBytes).toFixed(0)} % of the plain bytes`;
  const state = isClean ? 'closed in order' : 'open, or not closed in order';
  const logText =
    logs === 0
      ? 'none'
      : `${logs}, ${formatSize(summary.logBytes)}, ${formatCounted(logOperations, 'operation')} in no table yet`;
  return formatFacts([
    ['file', summary.path],
    ['size', formatSize(summary.fileBytes)],
    ['state', state],
    ['format', `${summary.format}${summary.isEncrypted ? ', encrypted' : ''}, store ${summary.storeId}`],
    ['version', `${formatCount(summary.version)}, last write ${formatCount(summary.lastSeq)}`],
    [
      'tables',
      `${formatCount(summary.tables)} in ${formatCounted(summary.runs, 'run')}, ${formatSize(tableBytes)}${ratio}`,
    ],
    ['entries', `${formatCount(summary.entries)}, of them ${formatCounted(summary.tombstones, 'tombstone')}`],
    ['range tombstones', summary.rangeTombstones],
    ['blobs', `${formatCount(summary.blobs)}, ${formatSize(summary.blobBytes)}`],
    [
      'manifest',
      `${formatCounted(summary.manifestRecords, 'record')} in ${formatSize(summary.manifestBytes)}`,
    ],
    [
      'free',
      `${formatSize(summary.freeBytes)}, ${percent(summary.freeBytes, summary.fileBytes)} of the file`,
    ],
    ['logs', logText],
    [
      'created with',
      `blockBytes ${summary.blockBytes}, tableBytes ${summary.maxTableBytes}, blobBytes ${summary.minBlobBytes}`,
    ],
  ]);
}

const TABLE_COLUMNS: readonly Column<TableDump>[] = [
  { title: 'table', of: ({ id }) => String(id), isRight: true },
  { title: 'level', of: ({ level }) => String(level), isRight: true },
  { title: 'run', of: ({ level, order }) => (level === 0 ? String(order) : ''), isRight: true },
  { title: 'offset', of: ({ offset }) => String(offset), isRight: true },
  { title: 'bytes', of: ({ dataBytes }) => formatSize(dataBytes), isRight: true },
  { title: 'entries', of: ({ entries }) => entries, isRight: true },
  {
    title: 'tombstones',
    of: ({ tombstones, rangeTombstones }) => tombstoneText(tombstones, rangeTombstones),
    isRight: true,
  },
  { title: 'blobs', of: ({ blobs }) => blobs, isRight: true },
  { title: 'low key', of: ({ lowKey }) => (lowKey.length === 0 ? '-∞' : shortBytes(lowKey, KEY_WIDTH)) },
  { title: 'high key', of: ({ highKey }) => (highKey === null ? '+∞' : shortBytes(highKey, KEY_WIDTH)) },
];

export function showTables({ terminal, isJson }: DiagContext, file: StoreFile): string {
  const tables = listTables(file);
  return isJson ? formatJson(tables) : formatTable(terminal, TABLE_COLUMNS, tables);
}

const LEVEL_COLUMNS: readonly Column<LevelScore>[] = [
  { title: 'level', of: ({ level }) => String(level), isRight: true },
  { title: 'runs', of: ({ runs }) => runs, isRight: true },
  { title: 'tables', of: ({ tables }) => tables, isRight: true },
  { title: 'bytes', of: ({ bytes }) => formatSize(bytes), isRight: true },
  {
    title: 'target',
    of: ({ level, target }) => (level === 0 ? `${target} runs` : formatSize(target)),
    isRight: true,
  },
  { title: 'score', of: ({ score }) => score.toFixed(2), isRight: true },
  { title: 'entries', of: ({ entries }) => entries, isRight: true },
  {
    title: 'tombstones',
    of: ({ tombstones, rangeTombstones }) => tombstoneText(tombstones, rangeTombstones),
    isRight: true,
  },
  {
    title: '',
    of: ({ level, score }) => (score > 1 || (level === 0 && score >= 1) ? 'due for a merge' : ''),
  },
];

/** Targets and scores are those of the options given on the command line: they are no part of the file. */
export function showLevels({ terminal, isJson, engine }: DiagContext, file: StoreFile): string {
  const levels = listLevels(file, engine);
  return isJson ? formatJson(levels) : formatTable(terminal, LEVEL_COLUMNS, levels);
}

const USE_NAMES: Readonly<Record<SpaceUse, string>> = {
  meta: 'meta slots',
  manifest: 'manifest',
  table: 'table',
  blob: 'blob',
  'log-blob': 'blob of a log',
  free: 'free',
};
const USE_MARKS: Readonly<Record<SpaceUse, string>> = {
  meta: 'm',
  manifest: 'm',
  table: '█',
  blob: '▒',
  'log-blob': '▒',
  free: '·',
};

const SPACE_COLUMNS: readonly Column<SpaceSegment>[] = [
  { title: 'offset', of: ({ offset }) => String(offset), isRight: true },
  { title: 'bytes', of: ({ bytes }) => String(bytes), isRight: true },
  { title: 'size', of: ({ bytes }) => formatSize(bytes), isRight: true },
  { title: 'use', of: ({ use, id, level }) => useText(use, id, level) },
  { title: '', of: ({ problem }) => problem },
];

export function showSpace({ terminal, isJson }: DiagContext, file: StoreFile, isSummary: boolean): string {
  const space = describeSpace(file);
  if (isJson) return formatJson(isSummary ? { ...space, segments: undefined } : space);
  const { fileBytes } = space;
  const part = (bytes: number): string =>
    `${formatSize(bytes).padStart(10)}  ${percent(bytes, fileBytes).padStart(6)}`;
  const facts = formatFacts([
    ['file', formatSize(fileBytes).padStart(10)],
    ['tables', part(space.tableBytes)],
    ['blobs', part(space.blobBytes)],
    ...(space.logBlobBytes > 0 ? ([['blobs of logs', part(space.logBlobBytes)]] as const) : []),
    ['manifest', part(space.manifestBytes)],
    ['free', `${part(space.freeBytes)}  in ${formatCount(space.fragments)} stretches`],
    ['  largest', part(space.largestFreeBytes)],
    ['  at the end', part(space.freeTailBytes)],
    [
      'fragmentation',
      `${(100 * space.fragmentation).toFixed(0)} % of the free bytes are outside the largest stretch`,
    ],
  ]);
  const map = drawSpace(space, Math.min(terminal.columns, 100));
  const list = isSummary ? '' : `\n${formatTable(terminal, SPACE_COLUMNS, space.segments)}`;
  return `${facts}\n${map}${list}`;
}

/** The file from left to right, at most four lines; a cell shows what has most of its bytes. */
function drawSpace({ segments, fileBytes }: SpaceDump, width: number): string {
  const cellBytes = Math.max(4096, Math.ceil(fileBytes / (width * 4)));
  const cells: string[] = [];
  let index = 0;
  for (let at = 0; at < fileBytes; at += cellBytes) {
    while (index < segments.length && segments[index]!.offset + segments[index]!.bytes <= at) index++;
    const shares = new Map<SpaceUse, number>();
    for (let i = index; i < segments.length && segments[i]!.offset < at + cellBytes; i++) {
      const { offset, bytes, use } = segments[i]!;
      const own = Math.min(offset + bytes, at + cellBytes) - Math.max(offset, at);
      shares.set(use, (shares.get(use) ?? 0) + own);
    }
    const most = [...shares].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'free';
    cells.push(USE_MARKS[most]);
  }
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += width) lines.push(`${cells.slice(at, at + width).join('')}\n`);
  return `${lines.join('')}m meta and manifest   █ tables   ▒ blobs   · free   one mark: ${formatSize(cellBytes)}\n`;
}

const SLOT_COLUMNS: readonly Column<SlotDump>[] = [
  { title: 'slot', of: ({ slot }) => String(slot), isRight: true },
  { title: '', of: ({ isUsed }) => (isUsed ? '→' : '') },
  { title: 'sequence', of: ({ meta }) => meta?.sequence ?? '', isRight: true },
  { title: 'version', of: ({ meta }) => meta?.version ?? '', isRight: true },
  { title: 'first log', of: ({ meta }) => meta?.firstLog ?? '', isRight: true },
  { title: 'closed', of: ({ meta }) => (meta === undefined ? '' : meta.isClean ? 'in order' : 'no') },
  {
    title: 'manifest at',
    of: ({ meta }) => (meta === undefined ? '' : String(meta.manifest.extent.offset)),
    isRight: true,
  },
  { title: 'valid bytes', of: ({ meta }) => meta?.manifest.validBytes ?? '', isRight: true },
  {
    title: 'format',
    of: ({ meta }) => (meta === undefined ? '' : `${meta.format}${meta.isEncrypted ? ' encrypted' : ''}`),
  },
  { title: '', of: ({ problem }) => problem },
];

const RECORD_COLUMNS: readonly Column<RecordDump>[] = [
  { title: 'offset', of: ({ offset }) => String(offset), isRight: true },
  { title: 'bytes', of: ({ bytes }) => bytes, isRight: true },
  { title: 'kind', of: ({ kind }) => kind },
  { title: 'version', of: ({ edit }) => edit?.version ?? '', isRight: true },
  { title: 'last write', of: ({ edit }) => edit?.dataSeq ?? '', isRight: true },
  { title: 'first log', of: ({ edit }) => edit?.firstLog ?? '', isRight: true },
  { title: 'changes', of: changesOf },
];

export function showManifest({ terminal, isJson }: DiagContext, { slots, manifest }: StoreFile): string {
  if (isJson) {
    const shown = slots.map((slot) => ({ ...slot, meta: slot.meta && plainMeta(slot.meta) }));
    const rest = manifest && { ...manifest, state: undefined, problems: undefined };
    return formatJson({ slots: shown, manifest: rest });
  }
  const title = (text: string): string => `${heading(terminal, text)}\n`;
  const slotText = title('Meta slots') + formatTable(terminal, SLOT_COLUMNS, slots);
  if (manifest === undefined) return slotText;
  const { extent, validBytes, records } = manifest;
  const place = `Manifest: ${formatCount(validBytes)} of ${formatCount(extent.bytes)} bytes at ${extent.offset}`;
  return `${slotText}\n${title(place)}${formatTable(terminal, RECORD_COLUMNS, records)}`;
}

function plainMeta(meta: NonNullable<SlotDump['meta']>): object {
  const { storeId, keySalt, keyCheck } = meta;
  return { ...meta, storeId: hexOf(storeId), keySalt: hexOf(keySalt), keyCheck: hexOf(keyCheck) };
}

function changesOf({ edit, problem }: RecordDump): string {
  if (edit === undefined) return problem;
  const { removeTables, addTables, removeBlobs, addBlobs, levelPointers } = edit;
  const parts: string[] = [];
  const ids = (list: readonly number[]): string =>
    list.length <= 8
      ? list.join(' ')
      : `${list.slice(0, 7).join(' ')} … ${list[list.length - 1]!} (${list.length})`;
  if (addTables.length > 0) {
    const levels = [...new Set(addTables.map(({ level }) => level))].sort((a, b) => a - b);
    parts.push(`+ table ${ids(addTables.map(({ meta }) => meta.id))} in level ${levels.join(', ')}`);
  }
  if (removeTables.length > 0) parts.push(`- table ${ids(removeTables)}`);
  if (addBlobs.length > 0) parts.push(`+ blob ${ids(addBlobs.map(({ id }) => id))}`);
  if (removeBlobs.length > 0) parts.push(`- blob ${ids(removeBlobs)}`);
  for (const { level, key } of levelPointers)
    parts.push(`level ${level} merged up to ${shortBytes(key, 20)}`);
  if (problem !== '') parts.push(`(${problem})`);
  return parts.join(', ');
}

const LOG_COLUMNS: readonly Column<LogDump>[] = [
  { title: 'log', of: ({ number }) => String(number), isRight: true },
  { title: 'bytes', of: ({ bytes }) => bytes, isRight: true },
  { title: 'batches', of: ({ batches }) => batches, isRight: true },
  { title: 'writes', of: ({ firstSeq, lastSeq }) => (firstSeq === 0 ? '' : `${firstSeq} … ${lastSeq}`) },
  { title: 'puts', of: ({ puts }) => puts, isRight: true },
  { title: 'deletes', of: ({ deletes }) => deletes, isRight: true },
  { title: 'range deletes', of: ({ rangeDeletes }) => rangeDeletes, isRight: true },
  { title: 'blobs', of: ({ blobs }) => blobs.length, isRight: true },
  { title: 'end', of: endOf },
  { title: '', of: ({ problem }) => problem },
];

export function showLogs({ terminal, isJson }: DiagContext, { logs }: StoreFile): string {
  if (isJson) return formatJson(logs);
  return logs.length === 0 ? 'no logs: all is in the file\n' : formatTable(terminal, LOG_COLUMNS, logs);
}

function endOf({ isObsolete, isSealed, tornBytes }: LogDump): string {
  if (isObsolete) return 'obsolete';
  if (isSealed) return 'sealed';
  return tornBytes === 0 ? 'open' : `open, ${formatCount(tornBytes)} bytes cut off`;
}

function useText(use: SpaceUse, id: number, level: number): string {
  if (use === 'table') return `table ${id}, level ${level}`;
  return id === 0 ? USE_NAMES[use] : `${USE_NAMES[use]} ${id}`;
}

function tombstoneText(tombstones: number, rangeTombstones: number): string {
  return rangeTombstones === 0
    ? formatCount(tombstones)
    : `${formatCount(tombstones)} + ${formatCount(rangeTombstones)} ranges`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${((100 * part) / whole).toFixed(1)} %`;
}
