/** `db.admin()`. */
import type { Document } from '../bson/package.js';
import { withCommon, type ApiContext } from './context.js';
import type { Db } from './db.js';
import type { OperationOptions } from './types.js';

export interface ListDatabasesResult {
  databases: { name: string; sizeOnDisk?: number; empty?: boolean }[];
  totalSize?: number;
  totalSizeMb?: number;
  ok: 1 | 0;
}

export class Admin {
  constructor(
    private readonly context: ApiContext,
    readonly dbNamed: (name: string) => Db,
  ) {}

  command(command: Document, options: OperationOptions = {}): Promise<Document> {
    return this.context.command(withCommon(command, options), 'admin', options);
  }

  listDatabases(
    options: OperationOptions & { filter?: Document; nameOnly?: boolean } = {},
  ): Promise<ListDatabasesResult> {
    return this.command(
      {
        listDatabases: 1,
        ...(options.filter === undefined ? {} : { filter: options.filter }),
        ...(options.nameOnly === true ? { nameOnly: true } : {}),
      },
      options,
    ) as Promise<unknown> as Promise<ListDatabasesResult>;
  }

  buildInfo(options?: OperationOptions): Promise<Document> {
    return this.command({ buildInfo: 1 }, options);
  }

  serverInfo(options?: OperationOptions): Promise<Document> {
    return this.command({ buildInfo: 1 }, options);
  }

  serverStatus(options?: OperationOptions): Promise<Document> {
    return this.command({ serverStatus: 1 }, options);
  }

  ping(options?: OperationOptions): Promise<Document> {
    return this.command({ ping: 1 }, options);
  }

  validateCollection(name: string, options: OperationOptions & { full?: boolean } = {}): Promise<Document> {
    return this.command({ validate: name, ...(options.full === true ? { full: true } : {}) }, options);
  }

  replSetGetStatus(options?: OperationOptions): Promise<Document> {
    return this.command({ replSetGetStatus: 1 }, options);
  }
}
