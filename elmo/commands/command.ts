/** What a command is, and what it is given to run. Each command is one declaration in a file of its family. */
import type { Engine } from '../engine/engine.js';
import type { EngineFacts } from '../engine/open-store.js';
import type { SessionContext } from '../session/session-context.js';
import type { Arguments } from './arguments.js';
import type { TracedRequest } from './common-fields.js';
import type { Fields } from './fields.js';
import type { ReplyWriter } from './reply.js';

/** Who asks: a connection of the wire protocol, or the embedded interface. */
export interface CommandClient {
  readonly connectionId: number;
  /** 'host:port' of the other side; 'embedded' inside the process. */
  readonly remote: string;
  readonly appName: string | undefined;
  /** The server it came to; undefined inside the process. */
  readonly server?: ServerFacts;
  /** Who has logged in. */
  readonly users?: readonly AuthenticatedUser[];
}

/** What a server tells of itself and its connections. */
export interface ServerFacts {
  /** Values of parameters that its options say. */
  readonly parameters: Readonly<Record<string, unknown>>;
  statistics(): {
    readonly current: number;
    readonly available: number;
    readonly totalCreated: number;
    readonly active: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly requests: number;
  };
}

export interface RoleName {
  readonly role: string;
  readonly db: string;
}

export interface AuthenticatedUser {
  readonly user: string;
  readonly db: string;
  readonly roles: readonly RoleName[];
}

export interface CommandContext {
  readonly engine: Engine;
  /** What is known of the engine, be it loaded or not. */
  readonly facts: EngineFacts;
  readonly client: CommandClient;
  /** All commands there are. */
  readonly commands: { readonly commands: readonly Command[] };
  /** Database the command was sent to. */
  readonly db: string;
  readonly session: SessionContext | undefined;
  /** `maxTimeMS`, `comment`, write concern: what goes into every request. */
  readonly common: TracedRequest;
  readonly readConcernLevel: string | undefined;
  /** Ends with the connection. */
  readonly signal: AbortSignal | undefined;
}

export interface Command {
  readonly name: string;
  /** Other spellings. */
  readonly aliases?: readonly string[];
  /** One sentence for people. */
  readonly help: string;
  /**
   * What the command's own field has to hold: the name of a collection, that or the number 1 (of the whole database), or
   * anything.
   */
  readonly target: 'collection' | 'collectionOrOne' | 'any';
  readonly fields: Fields;
  readonly isAdminOnly?: boolean;
  readonly takesReadConcern?: boolean;
  readonly takesWriteConcern?: boolean;
  /** Whether it may run in a transaction. */
  readonly isTransactional?: boolean;
  /** Whether fields it does not know are passed over: newer clients say more in their handshakes. */
  readonly ignoresUnknown?: boolean;
  /** Whether it changes data. */
  readonly isWrite?: boolean;
  /** Whether it may be run without a login. */
  readonly isOpen?: boolean;
  /** Fields that hold passwords and the like: nobody is shown their values. */
  readonly secrets?: readonly string[];
  /** In Stable API version 1. */
  readonly isStable?: boolean;
  /** Writes the reply's fields, without `ok`. */
  run(args: Arguments, context: CommandContext, reply: ReplyWriter): void | Promise<void>;
}

/** The name of the collection a command is for. */
export function collectionOf(args: Arguments, command: string): string {
  return args.text(command) ?? '';
}
