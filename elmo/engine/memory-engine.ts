/** A document database in memory that can be brought back to a state it had: for tests. */
import { MemoryKv, systemEnv, type MemoryMark } from '../../lsm/index.js';
import type { EngineOptions } from './engine-options.js';
import { Engine } from './engine.js';

/** A state of one engine. */
export class Mark {
  constructor(
    readonly engine: MemoryEngine,
    readonly state: MemoryMark,
  ) {}
}

export class MemoryEngine extends Engine {
  private readonly memory: MemoryKv;

  constructor(options: EngineOptions = {}) {
    const memory = new MemoryKv();
    const { clock, random } = systemEnv();
    super(memory, clock, random, options);
    this.memory = memory;
  }

  /** The state to come back to: everything that is committed. Nothing is copied. */
  mark(): Mark {
    this.catalog.storeCounts();
    return new Mark(this, this.memory.mark());
  }

  /**
   * Comes back to a marked state, whatever has been done since. Cursors and sessions end, transactions are rolled back.
   * @param mark  of this engine; it stays valid
   */
  rewind(mark: Mark): void {
    this.cursors.closeAll();
    this.sessions.endAll();
    this.memory.rewind(mark.state);
    this.catalog.reset();
  }
}
