/** Opens a file (or ':memory:') as a document database. */
import type { LsmOptions } from '../../lsm/index.js';
import { dropUnfinishedIndexes } from '../index/build.js';
import type { BackgroundOptions } from './background.js';
import type { EngineOptions } from './engine-options.js';
import { Engine } from './engine.js';
import { openStore, type OpenStore } from './open-store.js';

export interface OpenEngineOptions
  extends Pick<EngineOptions, 'openCollections' | 'maxCursors'>, BackgroundOptions, LsmOptions {}

const ENGINE_OPTIONS = ['openCollections', 'maxCursors', 'ttlIntervalMs'] as const;

/** @throws LsmError */
export async function openEngine(path: string, options: OpenEngineOptions = {}): Promise<Engine> {
  const store: Record<string, unknown> = { ...options };
  const own: Record<string, unknown> = {};
  for (const name of ENGINE_OPTIONS) {
    if (options[name] !== undefined) own[name] = options[name];
    delete store[name];
  }
  return engineOn(await openStore(path, store as LsmOptions), own);
}

/** The engine of a store that is open, its background at work. @throws LsmError */
export async function engineOn(
  { kv, clock, random, state }: OpenStore,
  options: Omit<EngineOptions, 'state'> & BackgroundOptions = {},
): Promise<Engine> {
  const engine = new Engine(kv, clock, random, { ...options, state });
  await dropUnfinishedIndexes(kv, engine.committer, engine.catalog);
  engine.startBackground(options);
  return engine;
}
