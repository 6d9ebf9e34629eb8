/** How far a migration is: a small file, replaced as a whole, so that it can be gone on with after any end. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

export interface CollectionState {
  /** `waiting`: nothing is done yet. `documents`: some are there. `indexes`: all documents are. */
  phase: 'waiting' | 'documents' | 'indexes' | 'done';
  /** The last document that is there for certain: base64 of {_id}. */
  lastId?: string;
  documents: number;
}

interface Content {
  readonly version: 1;
  readonly from: string;
  readonly to: string;
  readonly collections: Record<string, CollectionState>;
}

export class MigrationState {
  /** Whether an earlier run left it. */
  readonly isResumed: boolean;
  private readonly content: Content;

  /**
   * @param path  of the state's file
   * @throws Error when it is that of another migration
   */
  constructor(
    readonly path: string,
    ends: { readonly from: string; readonly to: string },
  ) {
    this.isResumed = existsSync(path);
    this.content = this.isResumed ? readState(path) : { version: 1, ...ends, collections: {} };
    const { from, to } = this.content;
    if (from !== ends.from || to !== ends.to)
      throw new Error(
        `${path} is of another migration, from ${from} to ${to}: finish that first, give --state another file, or begin anew with --restart`,
      );
  }

  static forget(path: string): void {
    rmSync(path, { force: true });
  }

  of(name: string): CollectionState {
    return (this.content.collections[name] ??= { phase: 'waiting', documents: 0 });
  }

  isKnown(name: string): boolean {
    return name in this.content.collections;
  }

  save(): void {
    const part = `${this.path}.part`;
    const file = openSync(part, 'w');
    try {
      writeSync(file, `${JSON.stringify(this.content, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(part, this.path);
  }

  remove(): void {
    MigrationState.forget(this.path);
  }
}

function readState(path: string): Content {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as Content;
    if (content.version === 1 && typeof content.collections === 'object') return content;
  } catch {
    // told below
  }
  throw new Error(`${path} is not the state of a migration: delete it, or give --state another file`);
}
