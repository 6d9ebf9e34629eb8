/** What the objects of the interface share: the engine, and a way to run commands. */
import type { Document } from '../bson/package.js';
import type { Engine } from '../engine/engine.js';
import type { RawDocument } from '../operation/requests.js';
import { takesCommands, type ApiEngine, type CommandSettings } from './api-engine.js';
import { MongoServerError } from './errors.js';
import { lateRunCommand } from './late-run-command.js';
import type { Codec } from './options.js';
import type { ClientSession } from './session.js';
import type { ExplainVerbosity, OperationOptions, WriteOptions } from './types.js';

/** What can be read in a snapshot session. */
const SNAPSHOT_READS = new Set(['find', 'aggregate', 'distinct']);

export interface CommandOptions {
  readonly session?: ClientSession | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class ApiContext {
  constructor(
    readonly engine: ApiEngine,
    /** Of the client's options. */
    readonly codec: Codec,
  ) {}

  /** Runs a command as a client over the wire would. @throws MongoServerError, or the reason of an abort */
  async command(command: Document, db: string, options: CommandOptions = {}): Promise<Document> {
    options.signal?.throwIfAborted();
    const [name] = Object.keys(command);
    if (options.session?.snapshotEnabled === true && !SNAPSHOT_READS.has(name ?? ''))
      throw new MongoServerError({ code: 72, message: `${name} cannot read a snapshot` });
    const body = this.codec.encode({ ...command, $db: db });
    const settings = { session: options.session?.requestContext(), signal: options.signal };
    const answer = this.codec.decode<Document>(await this.reply(body, settings));
    if (Number(answer['ok']) === 1) return answer; // a Double, where values are not made plain
    options.signal?.throwIfAborted();
    throw new MongoServerError({
      message: answer['errmsg'] as string,
      code: Number(answer['code']),
      ...pick(answer, ['keyPattern', 'keyValue', 'errInfo', 'errorLabels']),
    });
  }

  private reply(body: RawDocument, settings: CommandSettings): Promise<RawDocument> {
    const { engine } = this;
    if (takesCommands(engine)) return engine.command(body, settings);
    return lateRunCommand().runCommand(engine as Engine, body, settings);
  }

  explain(command: Document, db: string, verbosity: ExplainVerbosity): Promise<Document> {
    const text = verbosity === true ? 'allPlansExecution' : verbosity === false ? 'queryPlanner' : verbosity;
    return this.command({ explain: command, verbosity: text }, db);
  }
}

/** A command with what every operation may carry. */
export function withCommon(command: Document, options: OperationOptions & WriteOptions): Document {
  return {
    ...command,
    ...(options.comment === undefined ? {} : { comment: options.comment }),
    ...(options.maxTimeMS === undefined ? {} : { maxTimeMS: options.maxTimeMS }),
    ...(options.writeConcern?.j === true ? { writeConcern: { j: true } } : {}),
  };
}

function pick(from: Document, names: readonly string[]): Document {
  return Object.fromEntries(
    names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]),
  );
}
