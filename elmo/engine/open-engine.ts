/** Opens a file (or ':memory:') as a document database. */
import { openLsm, systemEnv, type LsmOptions } from '../../lsm/index.js';
import { dropUnfinishedIndexes } from '../index/build.js';
import type { BackgroundOptions } from './background.js';
import type { EngineOptions } from './engine-options.js';
import { Engine } from './engine.js';

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
  const env = systemEnv();
  const kv = await openLsm(path, store as LsmOptions);
  const engine = new Engine(kv, env.clock, env.random, own as EngineOptions);
  await dropUnfinishedIndexes(kv, engine.committer, engine.catalog);
  engine.startBackground(own as BackgroundOptions);
  return engine;
}
