/** Commands as documents: encoded, sent, answered, decoded; an answer that is an error is thrown. */
import { Decoder, Encoder, type Document } from '../../elmo/values.js';
import type { Channel } from './channel.js';
import { ServerError } from './errors.js';

/** What a session adds to each command that runs in it. */
export interface CommandSession {
  decorate(command: Document): Document;
}

/** Longs stay what they are, so that they are shown and written back as such. */
const decoder = new Decoder({ promoteLongs: false });
const encoder = new Encoder({ serializeFunctions: true });

export class Connection {
  private readonly abandoned: FinalizationRegistry<{ db: string; collection: string; id: unknown }>;

  constructor(readonly channel: Channel) {
    this.abandoned = new FinalizationRegistry(({ db, collection, id }) =>
      channel.send(db, encoder.encode({ killCursors: collection, cursors: [id] })),
    );
  }

  /**
   * @param timeoutMs  how long it may take; for what nobody has asked for, such as completions
   * @throws ServerError what the database answered
   */
  command(db: string, command: Document, session?: CommandSession, timeoutMs?: number): Document {
    const sent = session === undefined ? command : session.decorate(command);
    const reply = decoder.decode(this.channel.command(db, encoder.encode(sent), timeoutMs));
    if (reply['ok'] !== 1) throw new ServerError(reply);
    return reply;
  }

  /** When `owner` is garbage, its cursor is closed in the database too. */
  closeWith(owner: object, db: string, collection: string, id: unknown): void {
    this.abandoned.register(owner, { db, collection, id }, owner);
  }

  forget(owner: object): void {
    this.abandoned.unregister(owner);
  }
}
