/**
 * What the interface asks of what lies below it: the engine in this process, or the one of another process that holds
 * the file.
 */
import type { Clock } from '../../lsm/index.js';
import type { ElmoCursor } from '../exec/cursor.js';
import type {
  AggregateRequest,
  CountRequest,
  DeleteRequest,
  DeleteResult,
  DistinctRequest,
  FindAndModifyRequest,
  FindAndModifyResult,
  FindRequest,
  InsertRequest,
  InsertResult,
  Namespace,
  RawDocument,
  UpdateRequest,
  UpdateResult,
} from '../operation/requests.js';
import type { SessionContext } from '../session/session-context.js';
import type { Value } from '../bson/value.js';
import type { ReadDocument } from '../operation/row-source.js';

/** Sessions, as far as clients begin and end them. */
export interface ApiSessions {
  newId(): string;
  commit(context: SessionContext, isDurable: boolean): Promise<void>;
  abort(context: SessionContext): Promise<void>;
  end(lsid: string): unknown;
}

export interface ApiEngine {
  readonly clock: Clock;
  readonly sessions: ApiSessions;
  /** In [0, 1). */
  readonly random: () => number;
  find(request: FindRequest, session?: SessionContext): Promise<ElmoCursor>;
  /** What `read` makes of the first that matches; at once where it can. */
  findOne<T extends object>(
    namespace: Namespace,
    filter: RawDocument,
    read: ReadDocument<T>,
  ): T | undefined | Promise<T | undefined>;
  aggregate(request: AggregateRequest, session?: SessionContext): Promise<ElmoCursor>;
  count(request: CountRequest, session?: SessionContext): Promise<number>;
  distinct(request: DistinctRequest, session?: SessionContext): Promise<readonly Value[]>;
  insert(request: InsertRequest, session?: SessionContext): Promise<InsertResult>;
  update(request: UpdateRequest, session?: SessionContext): Promise<UpdateResult>;
  delete(request: DeleteRequest, session?: SessionContext): Promise<DeleteResult>;
  findAndModify(request: FindAndModifyRequest, session?: SessionContext): Promise<FindAndModifyResult>;
  close(): Promise<void>;
}

export interface CommandSettings {
  readonly session?: SessionContext | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One that takes whole commands itself. */
export interface CommandEngine extends ApiEngine {
  /** The engine in this process, if it is the one that holds the file. */
  readonly local: ApiEngine | undefined;
  /** @param body  with its `$db` @returns the reply, whether it is an error or not */
  command(body: RawDocument, settings: CommandSettings): Promise<RawDocument>;
}

export function takesCommands(engine: ApiEngine): engine is CommandEngine {
  return 'command' in engine;
}
