/** Pipelines on an engine in memory, for what needs collections that can be written. */
import { MemoryKv } from '../../../lsm/index.js';
import { documentValue, plainJs, valueOf } from '../../../elmo/bson/value.js';
import { Engine } from '../../../elmo/engine/engine.js';
import type { Namespace } from '../../../elmo/operation/requests.js';

let ticks = 0;
const clock = {
  wallMs: () => 1_700_000_000_000,
  nowMs: () => ++ticks / 1000,
  turn: () => new Promise<void>((resolve) => setImmediate(resolve)),
};
const random = { fill: (bytes: Uint8Array) => bytes.forEach((_, i) => (bytes[i] = (++ticks * 151) & 0xff)) };

export const raw = (document: object): Uint8Array => valueOf(document).keep().bytes;
export const namespaceOf = (collection: string): Namespace => ({ db: 'test', collection });

export class EngineRunner {
  readonly engine = new Engine(new MemoryKv(), clock as never, random as never);

  async insert(collection: string, documents: readonly object[]): Promise<void> {
    const { failures } = await this.engine.insert({
      namespace: namespaceOf(collection),
      documents: documents.map(raw),
      isOrdered: true,
    });
    if (failures.length > 0) throw failures[0]!.error;
  }

  async aggregate(pipeline: readonly object[], collection = 't'): Promise<unknown[]> {
    const namespace = namespaceOf(collection);
    const cursor = await this.engine.aggregate({ namespace, pipeline: pipeline.map(raw) });
    const rows: unknown[] = [];
    for (;;) {
      const { documents, isLast } = await cursor.nextBatch(100, 1 << 24);
      rows.push(...documents.map((document) => plainJs(documentValue(document))));
      if (isLast) return rows;
    }
  }

  /** The code a pipeline is refused with; 0: it is not. */
  async codeOf(pipeline: readonly object[], collection?: string): Promise<number> {
    return this.aggregate(pipeline, collection).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  }
}
