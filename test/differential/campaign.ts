/**
 * The same random commands to us and to a reference engine, replies compared byte by byte (types and order of fields
 * included), errors by their codes.
 */
import {
  CommandTable,
  dispatch,
  elmoCommands,
  openEngine,
  ReplyWriter,
  type Engine,
} from '../../elmo/index.js';
import { decodeDocument, Decoder } from '../../elmo/bson/decode.js';
import { encodeDocument } from '../../elmo/bson/encode.js';
import { EJSON, type Document } from '../../elmo/bson/package.js';
import type { WireClient } from '../support/wire-client.js';
import { Generator, type Chance } from './generate.js';

const DB = 'differential';
const DOCUMENTS = 12;
export const OPERATIONS_PER_ROUND = 40;

/** A deterministic source of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Difference {
  readonly seed: number;
  readonly setup: string;
  readonly command: string;
  readonly ours: string;
  readonly theirs: string;
}

interface Side {
  send(command: Document): Promise<Uint8Array>;
}

const commands = new CommandTable(elmoCommands);
const exact = new Decoder({ promoteValues: false, promoteLongs: false });

function ourSide(engine: Engine): Side {
  return {
    async send(command) {
      const reply = new ReplyWriter();
      await dispatch(
        { body: encodeDocument({ ...command, $db: DB }), sequences: undefined },
        {
          engine,
          client: { connectionId: 0, remote: 'test', appName: undefined },
          commands,
          signal: undefined,
        },
        reply,
      );
      return reply.toBytes();
    },
  };
}

/** What of a reply is compared: the code of an error, or the documents and counts as text with types. */
function essence(raw: Uint8Array): string {
  const plain = decodeDocument(raw);
  if (plain['ok'] !== 1) return `error ${String(plain['code'])}`;
  const whole = exact.decode(raw) as Document;
  const cursor = whole['cursor'] as Document | undefined;
  const errors = (plain['writeErrors'] as Document[] | undefined)?.map(({ index, code }) => [
    index as number,
    code as number,
  ]);
  return EJSON.stringify(
    cursor === undefined
      ? { n: plain['n'], nModified: plain['nModified'], values: whole['values'], errors }
      : cursor['firstBatch'],
    { relaxed: false },
  );
}

function commandOf(generator: Generator): Document {
  return generator.pick<() => Document>([
    () => ({
      find: 'c',
      filter: generator.filter(),
      sort: { _id: 1 },
      ...(generator.below(2) === 0 ? { projection: generator.projection() } : {}),
    }),
    () => ({
      find: 'c',
      filter: generator.filter(),
      sort: { [generator.path()]: generator.below(2) === 0 ? 1 : -1, _id: 1 },
      limit: 5,
    }),
    () => ({ count: 'c', query: generator.filter() }),
    () => ({ distinct: 'c', key: generator.path(), query: generator.filter() }),
    () => ({ aggregate: 'c', pipeline: generator.pipeline(), cursor: {} }),
    () => ({ aggregate: 'c', pipeline: generator.pipeline(), cursor: {} }),
    () => ({ update: 'c', updates: [{ q: generator.filter(), u: generator.update(), multi: true }] }),
    () => ({
      delete: 'c',
      deletes: [{ q: { ...generator.filter(), _id: generator.below(DOCUMENTS) }, limit: 0 }],
    }),
  ])();
}

const ALL: Document = { find: 'c', filter: {}, sort: { _id: 1 } };

/**
 * One collection with random documents and indexes, and a number of commands on it.
 * @returns the differences
 */
export async function runRound(seed: number, reference: WireClient): Promise<Difference[]> {
  const generator = new Generator(seeded(seed));
  const engine = await openEngine(':memory:', { worker: false });
  const differences: Difference[] = [];
  try {
    const sides: Side[] = [ourSide(engine), { send: (command) => reference.send(command, DB) }];
    const both = async (command: Document): Promise<[string, string]> => {
      const [ours, theirs] = [await sides[0]!.send(command), await sides[1]!.send(command)];
      return [essence(ours), essence(theirs)];
    };
    await both({ drop: 'c' });
    const documents = Array.from({ length: DOCUMENTS }, (_, i) => generator.document(i));
    await both({ insert: 'c', documents });
    const indexes = Array.from({ length: generator.below(3) }, () => generator.index());
    for (const key of indexes)
      await both({ createIndexes: 'c', indexes: [{ key, name: JSON.stringify(key) }] });
    const setup = EJSON.stringify({ documents, indexes }, { relaxed: false });
    for (let i = 0; i < OPERATIONS_PER_ROUND; i++) {
      const command = commandOf(generator);
      let [ours, theirs] = await both(command);
      if (ours === theirs && 'update' in command) [ours, theirs] = await both(ALL);
      if (ours === theirs) continue;
      differences.push({ seed, setup, command: EJSON.stringify(command, { relaxed: false }), ours, theirs });
      break; // what follows would only follow from it
    }
  } finally {
    await engine.close();
  }
  return differences;
}
