/** Cursors over what a command lists. */
import { encodeDocument } from '../bson/encode.js';
import type { Document } from '../bson/package.js';
import { ListCursor as Documents, type ElmoCursor } from '../exec/cursor.js';
import { withCommon, type ApiContext } from './context.js';
import { AbstractCursor } from './cursor.js';
import type { Codec } from './options.js';
import type { OperationOptions } from './types.js';

export class ListCursor<TSchema> extends AbstractCursor<TSchema> {
  constructor(
    codec: Codec,
    private readonly list: () => Promise<readonly Document[]>,
    signal?: AbortSignal,
  ) {
    super(codec, signal);
  }

  clone(): ListCursor<TSchema> {
    return new ListCursor<TSchema>(this.codec, this.list, this.signal);
  }

  protected override async open(): Promise<ElmoCursor> {
    return new Documents((await this.list()).map((document) => encodeDocument(document)));
  }
}

/** All documents of a command that answers with a cursor. */
export async function listCommand(
  context: ApiContext,
  command: Document,
  db: string,
  options: OperationOptions,
): Promise<Document[]> {
  const reply = await context.command(withCommon(command, options), db, options);
  const {
    firstBatch,
    id: first,
    ns,
  } = reply['cursor'] as { firstBatch: Document[]; id: unknown; ns: string };
  let id = first;
  const documents = [...firstBatch];
  while (String(id) !== '0') {
    const more = await context.command(
      { getMore: id, collection: ns.slice(ns.indexOf('.') + 1) },
      db,
      options,
    );
    const batch = more['cursor'] as { nextBatch: Document[]; id: unknown };
    documents.push(...batch.nextBatch);
    id = batch.id;
  }
  return documents;
}
