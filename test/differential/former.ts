/** How a difference that was found once is told and tried again. */
import { expect } from 'chai';
import { decodeDocument } from '../../elmo/bson/decode.js';
import type { Document } from '../../elmo/bson/package.js';
import { ask, messageOf, ourSide, show, showRow } from './sides.js';

/** The command on `c` as it was, cut down, with the reference's answer. */
export interface Former {
  readonly why: string;
  readonly documents: readonly Document[];
  /** Commands before the one in question. */
  readonly before?: readonly Document[];
  readonly command: Document;
  /** Documents of the reply's cursor; `exact`: with the types of numbers. */
  readonly rows?: readonly Document[];
  readonly exact?: readonly Document[];
  /** Of an error. */
  readonly code?: number;
  /** Of an error after the rows that are `exact`. */
  readonly late?: number;
  /** Some fields of the reply. */
  readonly reply?: Document;
}

export const aggregate = (...pipeline: Document[]): Document => ({ aggregate: 'c', pipeline, cursor: {} });

export function testFormer(former: readonly Former[]): void {
  for (const { why, documents, before = [], command, rows, exact, code, late, reply: expected } of former)
    it(why, async () => {
      const side = await ourSide();
      try {
        const run = async (each: Document): Promise<Document> =>
          decodeDocument(await side.send(messageOf({ command: each })));
        for (const each of [
          ...(documents.length > 0 ? [{ insert: 'c', documents }] : [{ create: 'c' }]),
          ...before,
        ])
          expect((await run(each))['ok']).to.equal(1);
        const reply = await run(command);
        expect(reply['code']).to.equal(code);
        if (rows !== undefined) expect((reply['cursor'] as Document)['firstBatch']).to.deep.equal(rows);
        if (exact !== undefined) {
          const answer = await ask(side, { command, isOrdered: true });
          expect(answer.rows.map(showRow)).to.deep.equal(exact.map(show));
          if (late !== undefined) expect(answer.facts).to.equal(`getMore: error ${late}`);
        }
        for (const [name, value] of Object.entries(expected ?? {}))
          expect(reply[name], name).to.deep.equal(value);
      } finally {
        await side.close();
      }
    });
}
