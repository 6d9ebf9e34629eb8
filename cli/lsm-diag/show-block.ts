/** `show-block`: the pieces of a table, one piece with all that decodes of it, or whatever lies at a byte of the file. */
import {
  listPieces,
  locate,
  showPiece,
  type PieceDump,
  type PieceList,
  type ShownEntry,
  type ShownPiece,
  type StoreFile,
} from '../../lsm/index.js';
import { UsageError } from '../errors.js';
import { formatBytes, hexOf, shortBytes } from '../keys.js';
import { formatCount, formatFacts, formatHex, formatJson, formatTable, type Column } from '../output.js';
import { parseCount, type DiagContext } from './context.js';
import { view } from './view.js';

export interface BlockFlags {
  readonly raw?: boolean;
  readonly values?: boolean;
}

/** Bytes shown of what is no piece of a table. */
const MAX_RAW_BYTES = 4096;
const SECTION_NAMES = ['tombstones', 'blobs', 'filter', 'index', 'footer'];

/** @returns the exit code: 1 when what is shown is damaged */
export async function showBlockCommand(
  context: DiagContext,
  table: string,
  piece: string | undefined,
  flags: BlockFlags,
): Promise<number> {
  let isDamaged = false;
  const show = (shown: ShownPiece): string => {
    isDamaged ||= shown.problem !== '';
    return showOne(context, shown, flags);
  };
  const exitCode = await view(context, (_context, file) => {
    if (table.startsWith('@'))
      return showPlace(context, file, parseCount(table.slice(1), 'a byte'), flags, show);
    const reader = file.table(parseCount(table, 'the id of a table', 1));
    const list = listPieces(reader);
    if (piece === undefined) {
      isDamaged = list.problem !== '' || list.pieces.some(({ problem }) => problem !== '');
      return showList(context, list);
    }
    return show(showPiece(reader, choosePiece(list, piece)));
  });
  return isDamaged ? 1 : exitCode;
}

function choosePiece({ pieces, problem }: PieceList, name: string): PieceDump {
  if (!SECTION_NAMES.includes(name) && !/^\d+$/.test(name)) {
    throw new UsageError(
      `a piece is the number of a block, or one of ${SECTION_NAMES.join(', ')}; got '${name}'`,
    );
  }
  const found = pieces.find(({ kind, block }) => (kind === 'block' ? String(block) === name : kind === name));
  if (found !== undefined) return found;
  const blocks = pieces.filter(({ kind }) => kind === 'block').length;
  const what = SECTION_NAMES.includes(name) ? `${name}` : `block ${name}`;
  throw new UsageError(
    `the table has no ${what}; it has ${blocks} blocks${problem === '' ? '' : `: ${problem}`}`,
  );
}

const PIECE_COLUMNS: readonly Column<PieceDump>[] = [
  { title: 'piece', of: ({ kind, block }) => (kind === 'block' ? `block ${block}` : kind) },
  { title: 'offset', of: ({ offset }) => String(offset), isRight: true },
  { title: 'bytes', of: ({ bytes }) => bytes, isRight: true },
  { title: 'entries', of: ({ kind, entries }) => (kind === 'block' ? entries : ''), isRight: true },
  { title: 'checksum', of: ({ problem }) => (problem === '' ? 'good' : problem) },
];

function showList({ terminal, isJson }: DiagContext, list: PieceList): string {
  if (isJson) return formatJson(list);
  const problem = list.problem === '' ? '' : `${list.problem}\n`;
  return formatTable(terminal, PIECE_COLUMNS, list.pieces) + problem;
}

function showPlace(
  { isJson }: DiagContext,
  file: StoreFile,
  offset: number,
  flags: BlockFlags,
  show: (piece: ShownPiece) => string,
): string {
  const place = locate(file, offset);
  const { start, bytes, what, piece } = place;
  const shown = piece === undefined ? undefined : showPiece(file.table(piece.table), piece);
  if (isJson) {
    if (shown !== undefined) return show(shown);
    const raw = flags.raw === true ? hexOf(readRaw(file, start, bytes)) : undefined;
    return formatJson({ ...place, raw });
  }
  const text = `byte ${offset}: ${what}, bytes ${start} to ${start + bytes}\n`;
  if (shown !== undefined) return `${text}\n${show(shown)}`;
  if (flags.raw !== true) return text;
  const note = bytes > MAX_RAW_BYTES ? `the first ${MAX_RAW_BYTES} of ${formatCount(bytes)} bytes\n` : '';
  return `${text}\n${formatHex(readRaw(file, start, bytes), start)}${note}`;
}

function readRaw({ file }: StoreFile, offset: number, bytes: number): Uint8Array {
  const raw = new Uint8Array(Math.min(bytes, MAX_RAW_BYTES));
  return raw.subarray(0, file.read(raw, 0, raw.length, offset));
}

const ENTRY_COLUMNS: readonly Column<ShownEntry>[] = [
  { title: 'kind', of: ({ kind }) => kind },
  { title: 'seq', of: ({ seq }) => (seq === 0 ? '' : String(seq)), isRight: true },
  {
    title: 'value at',
    of: ({ kind, valueOffset }) => (kind === 'delete' ? '' : String(valueOffset)),
    isRight: true,
  },
  { title: 'stored', of: ({ storedBytes }) => storedBytes, isRight: true },
  { title: 'length', of: ({ rawBytes }) => rawBytes, isRight: true },
  { title: 'key', of: ({ key }) => shortBytes(key, 64) },
];
const VALUE_COLUMN: Column<ShownEntry> = {
  title: 'value',
  of: ({ kind, value }) => (value === undefined ? (kind === 'delete' ? '' : '?') : shortBytes(value, 64)),
};

function showOne({ terminal, isJson }: DiagContext, shown: ShownPiece, flags: BlockFlags): string {
  const withRaw = flags.raw === true;
  if (isJson) {
    const list = shown.list.map((entry) => (flags.values === true ? entry : { ...entry, value: undefined }));
    return formatJson({ ...shown, list, raw: withRaw ? hexOf(shown.raw) : undefined });
  }
  const { kind, block, table, header, problem } = shown;
  const isSealed = (header.flags & 128) !== 0;
  const isBlock = kind === 'block';
  const facts: [string, string | number][] = [
    ['piece', `${isBlock ? `block ${block}` : kind} of table ${table}`],
    ['at byte', `${shown.offset}, ${formatCount(shown.bytes)} bytes`],
    ['checksum', `${header.crc.toString(16).padStart(8, '0')}${problem === '' ? ', good' : ''}`],
    [
      'header',
      `table ${header.table}, kind ${header.kind}, flags ${header.flags}${isSealed ? ' (encrypted)' : ''}`,
    ],
  ];
  if (isBlock) facts.push(['codec', `${shown.codec}, ${formatCount(shown.plainBytes)} bytes unpacked`]);
  if (problem !== '') facts.push(['PROBLEM', problem]);
  const columns = flags.values === true ? [...ENTRY_COLUMNS, VALUE_COLUMN] : ENTRY_COLUMNS;
  const content = isBlock ? formatTable(terminal, columns, shown.list) : sectionText(shown);
  const raw = withRaw ? `\n${formatHex(shown.raw, shown.offset)}` : '';
  return `${formatFacts(facts)}${content === '' ? '' : `\n${content}`}${raw}`;
}

function sectionText({ tombstones, blobIds, separators }: ShownPiece): string {
  const bound = (key: Uint8Array | undefined, open: string): string =>
    key === undefined || key.length === 0 ? open : formatBytes(key);
  const lines = [
    ...tombstones.map(
      ({ low, high, seq }) => `write ${seq} deleted [${bound(low, '-∞')}, ${bound(high, '+∞')})`,
    ),
    ...(blobIds.length === 0 ? [] : [`blobs ${blobIds.join(' ')}`]),
    ...separators.map((key, block) => `block ${block} up to ${shortBytes(key, 80)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
