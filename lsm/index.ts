/** The door of the storage engine: ordered bytes, kept safe. */
export { LsmStore, MEMORY_PATH, openLsm, type OpenOptions } from './store.js';
export { systemEnv } from './env/system-env.js';
export { isOwnSocket, localSocketPath, removeSocket } from './env/local-socket.js';
export type { Clock, Env, Random } from './env/env.js';
export { MemoryKv, type MemoryMark } from './memory-kv.js';
export { LSM_ERROR_CODES, LsmError, type FilePosition, type LsmErrorCode } from './errors.js';
export {
  MAX_KEY_BYTES,
  MAX_VALUE_BYTES,
  resolveOptions,
  type CodecName,
  type DurabilityMode,
  type LsmOptions,
} from './options.js';
export type { LsmStats } from './engine/stats.js';
export type { Problem } from './check/report.js';
export type * from './ordered-kv.js';
export { isSnapshot } from './ordered-kv.js';
export { prefixEnd } from './base/bytes.js';
export { BATCH_KEYS, LookupBatch } from './base/lookup-batch.js';
export { letGo } from './base/let-go.js';
export { EntrySpan, SPAN_ENTRIES } from './base/entry-span.js';
export type { LevelScore } from './merge/pick.js';
export { FILE_PROBLEM_CODES, type FileProblem, type FileProblemCode } from './tools/findings.js';
export { openStoreFile, type DiagnosisOptions, type SlotDump, type StoreFile } from './tools/store-file.js';
export type { ManifestDump, RecordDump } from './tools/manifest-dump.js';
export type { LogDump } from './tools/logs.js';
export { listLevels, listTables, summarize, type FileSummary, type TableDump } from './tools/summary.js';
export { describeSpace, type SpaceDump, type SpaceSegment, type SpaceUse } from './tools/space-dump.js';
export {
  listPieces,
  showPiece,
  type PieceDump,
  type PieceList,
  type ShownEntry,
  type ShownPiece,
} from './tools/pieces.js';
export { locate, type Located } from './tools/locate.js';
export { mapKeys, type KeyMap, type RunDump } from './tools/key-map.js';
export { verifyFile, type VerifyProgress } from './tools/verify.js';
