/** The door of the storage engine: ordered bytes, kept safe. */
export { LsmStore, MEMORY_PATH, openLsm, type OpenOptions } from './store.js';
export { MemoryKv } from './memory-kv.js';
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
