/** Differences that are let pass only because of what the reference answers when it is asked again. */
import { expect } from 'chai';
import { decodeDocument } from '../../elmo/bson/decode.js';
import { hashOfValue } from '../../elmo/bson/hash.js';
import type { Document } from '../../elmo/bson/package.js';
import { readInt64 } from '../../elmo/bson/read.js';
import { OBJECT } from '../../elmo/bson/types.js';
import { Value } from '../../elmo/bson/value.js';
import { Round } from './campaign.js';
import {
  BOUNDS_BEHIND_A_GROUP,
  DISTINCT_BY_INDEX,
  endsReference,
  KEYS_OF_A_COLLATION,
  ERROR_BEFORE_ROWS,
  MISSING_BY_WILDCARD,
  OPTIMIZED_AWAY,
  ORDER_OF_PARTS,
  LIST_UNDER_A_COLLATION,
  PLACE_OF_A_FIELD,
  PLANS_TRIED,
  POSITION_BY_INDEX,
} from './decided.js';
import { encodeMessage } from './message.js';
import { ourSide, type Side } from './sides.js';

/** A reference that answers as we do, but for some commands. */
type Otherwise = (command: Document) => Document | undefined;

const found = (...firstBatch: Document[]): Document => ({
  cursor: { id: 0n, ns: 'd.c', firstBatch },
  ok: 1,
});
const failed = (code: number, errmsg = ''): Document => ({ ok: 0, code, errmsg });
const isNatural = ({ hint }: Document): boolean => JSON.stringify(hint) === '{"$natural":1}';
const isHeldBack = ({ pipeline }: Document): boolean =>
  JSON.stringify(pipeline).includes('$_internalInhibitOptimization');
/** By its indexes. */
const byIndex =
  (answer: Document): Otherwise =>
  (command) =>
    isNatural(command) || !('find' in command || 'distinct' in command) ? undefined : answer;
/** However it is asked. */
const always =
  (answer: Document): Otherwise =>
  (command) =>
    'find' in command || 'distinct' in command || 'aggregate' in command ? answer : undefined;

const FAILED_IN_PLAN = failed(1, 'error while multiplanner was selecting best plan');
/** @param settled  what it answers once expressions are settled */
const unlessSettled =
  (settled: Otherwise): Otherwise =>
  (command) => {
    if (!('find' in command)) return undefined;
    return /"\$expr":(true|false)/.test(JSON.stringify(command)) ? settled(command) : FAILED_IN_PLAN;
  };

interface Case {
  readonly why: string;
  readonly before?: readonly Document[];
  readonly command: Document;
  readonly isOrdered?: boolean;
  readonly otherwise: Otherwise;
  /** Undefined: a difference. */
  readonly name: string | undefined;
}

const index = (key: Document): Document => ({ createIndexes: 'c', indexes: [{ key, name: 'i' }] });
const ofPosition: Pick<Case, 'before' | 'command'> = {
  before: [index({ 'a.0.b': 1 })],
  command: { find: 'c', filter: { 'a.0.b': null } },
};
const ofMissing: Pick<Case, 'before' | 'command'> = {
  before: [index({ '$**': 1 })],
  command: { find: 'c', filter: { $expr: { $lt: ['$z', 1] } } },
};
const failing: Pick<Case, 'command'> = {
  command: {
    aggregate: 'c',
    pipeline: [{ $set: { z: { $strLenBytes: '$b' } } }, { $count: 'n' }],
    cursor: {},
  },
};
/** Its second row fails. */
const batched: Pick<Case, 'before' | 'command' | 'isOrdered'> = {
  before: [
    { drop: 'c' },
    { create: 'c', clusteredIndex: { key: { _id: 1 }, unique: true }, collation: { locale: 'en' } },
    {
      insert: 'c',
      documents: [
        { _id: 1, a: 1 },
        { _id: 2, a: 0 },
      ],
    },
  ],
  command: { find: 'c', projection: { x: { $divide: [1, '$a'] } }, sort: { _id: 1 }, batchSize: 1 },
  isOrdered: true,
};
/** Its second row has no element to show. */
const positional: Pick<Case, 'command' | 'isOrdered'> = {
  command: { find: 'c', sort: { b: 1 }, projection: { b: 1, 'a.$': 1 }, batchSize: 1 },
  isOrdered: true,
};
const NO_ELEMENT = failed(51_246);
const DIVIDED = failed(2);
const listed: Pick<Case, 'before' | 'command'> = {
  before: [{ insert: 'c', documents: [{ _id: 3, s: 'B' }] }],
  command: { find: 'c', filter: { $expr: { $in: ['$s', ['b']] } }, collation: { locale: 'en', strength: 2 } },
};
const bounded: Pick<Case, 'command' | 'isOrdered'> = {
  command: {
    aggregate: 'c',
    pipeline: [{ $group: { _id: '$b' } }, { $sort: { _id: -1 } }, { $limit: 1 }],
    cursor: {},
  },
  isOrdered: true,
};
const viewed: Pick<Case, 'before' | 'command' | 'isOrdered'> = {
  before: [{ create: 'v', viewOn: 'c', pipeline: [] }],
  command: { find: 'v', sort: { _id: 1 }, projection: { b: 1 } },
  isOrdered: true,
};
const isHidden = (command: Document): boolean => JSON.stringify(command).includes('$$field');
/** A document whose fields the reference has in other places, and its hash. */
const hashed: Pick<Case, 'command'> = {
  command: {
    aggregate: 'c',
    pipeline: [{ $match: { _id: 1 } }, { $set: { z: { $toHashedIndexKey: '$$ROOT' } } }],
    cursor: {},
  },
};
const PLACED = { _id: 1, b: 1, a: [{ c: 1 }] };
const hashOf = (document: Document): bigint => {
  const { bytes, at } = hashOfValue(new Value(OBJECT, encodeMessage(document), 0));
  return readInt64(bytes, at);
};
/** @param again  once it is asked to show the document beside the hash */
const hashing =
  (answer: Document, again: Document): Otherwise =>
  (command) =>
    JSON.stringify(command).includes('"hashed"')
      ? found({ ...answer, z: again })
      : 'aggregate' in command
        ? found(answer)
        : undefined;

const twice: Pick<Case, 'before' | 'command'> = {
  before: [
    {
      createIndexes: 'c',
      indexes: [
        { key: { s: 1 }, name: 'i', unique: true, sparse: true, collation: { locale: 'en', strength: 2 } },
      ],
    },
    { insert: 'c', documents: [{ _id: 3, s: 'b' }] },
  ],
  command: { insert: 'c', documents: [{ _id: 4, s: 'B' }] },
};
/** @param key  of the text, shown by the index */
const told =
  (keyValue: Document, key: string): Otherwise =>
  ({ documents, returnKey }) => {
    if (returnKey === true) return found({ s: key });
    if ((documents as Document[] | undefined)?.[0]?.['_id'] !== 4) return undefined;
    return { n: 0, writeErrors: [{ index: 0, code: 11000, keyPattern: { s: 1 }, keyValue }], ok: 1 };
  };

const CASES: readonly Case[] = [
  {
    why: 'bytes in which a text is told that is there twice',
    ...twice,
    otherwise: told({ s: '2b0105' }, '+\u0001\u0005'),
    name: KEYS_OF_A_COLLATION,
  },
  {
    why: 'not if the index has others',
    ...twice,
    otherwise: told({ s: '2b0105' }, '+\u0001'),
    name: undefined,
  },
  { why: 'not another text', ...twice, otherwise: told({ s: 'c' }, 'c'), name: undefined },
  {
    why: 'not if more differs',
    ...twice,
    otherwise: told({ s: '2b0105', t: 1 }, '+\u0001\u0005'),
    name: undefined,
  },
  {
    why: 'documents that an index misses',
    ...ofPosition,
    otherwise: byIndex(found()),
    name: POSITION_BY_INDEX,
  },
  { why: 'not if they are missed without it', ...ofPosition, otherwise: always(found()), name: undefined },
  {
    why: 'not without an index of a position',
    ...ofPosition,
    before: [],
    otherwise: byIndex(found()),
    name: undefined,
  },
  {
    why: 'not of a text that looks like one',
    ...ofPosition,
    command: { find: 'c', filter: { b: { $ne: '-1.5' } } },
    otherwise: byIndex(found()),
    name: undefined,
  },
  {
    why: 'what a wildcard index misses',
    ...ofMissing,
    otherwise: byIndex(found()),
    name: MISSING_BY_WILDCARD,
  },
  { why: 'not without it', ...ofMissing, before: [], otherwise: byIndex(found()), name: undefined },
  {
    why: 'distinct values by an index',
    before: [index({ a: 1 })],
    command: { distinct: 'c', key: 'z' },
    otherwise: byIndex({ values: [null], ok: 1 }),
    name: DISTINCT_BY_INDEX,
  },
  {
    why: 'not where there is none',
    command: { distinct: 'c', key: 'z' },
    otherwise: byIndex({ values: [null], ok: 1 }),
    name: undefined,
  },
  {
    why: 'a plan that fails beside others',
    command: { find: 'c', filter: { b: 1 } },
    otherwise: byIndex(failed(1, 'error while multiplanner was selecting best plan')),
    name: PLANS_TRIED,
  },
  {
    why: 'a condition that fails in one of them, and decides nothing',
    command: { find: 'c', filter: { z: 1, $expr: { $first: '$a' } } },
    otherwise: unlessSettled(() => undefined),
    name: PLANS_TRIED,
  },
  {
    why: 'not if it decides something',
    command: { find: 'c', filter: { $or: [{ _id: 2 }, { $expr: { $ne: ['$a', 1] } }] } },
    otherwise: unlessSettled(() => undefined),
    name: undefined,
  },
  {
    why: 'not if others fail as well',
    command: { find: 'c', filter: { z: 1, $expr: { $first: '$a' } } },
    otherwise: unlessSettled(() => FAILED_IN_PLAN),
    name: undefined,
  },
  {
    why: 'not if all plans fail',
    command: { find: 'c', filter: { b: 1 } },
    otherwise: always(failed(1, 'error while multiplanner was selecting best plan')),
    name: undefined,
  },
  {
    why: 'a value that is left out',
    ...failing,
    otherwise: (command) =>
      'aggregate' in command ? (isHeldBack(command) ? failed(34473) : found({ n: 2 })) : undefined,
    name: OPTIMIZED_AWAY,
  },
  { why: 'not if it always is', ...failing, otherwise: always(found({ n: 2 })), name: undefined },
  {
    why: 'a list that is asked without the collation',
    ...listed,
    otherwise: (command) => ('find' in command && !isHidden(command) ? found() : undefined),
    name: LIST_UNDER_A_COLLATION,
  },
  { why: 'not if the expression is', ...listed, otherwise: always(found()), name: undefined },
  {
    why: 'rows that are cut off where a bound stands elsewhere',
    ...bounded,
    otherwise: (command) =>
      'aggregate' in command && !JSON.stringify(command).includes('$switch') ? found({ _id: 7 }) : undefined,
    name: BOUNDS_BEHIND_A_GROUP,
  },
  {
    why: 'not if it stands in the same place',
    ...bounded,
    otherwise: always(found({ _id: 7 })),
    name: undefined,
  },
  {
    why: 'rows of a view in another order',
    ...viewed,
    otherwise: (command) => ('projection' in command ? found({ _id: 2 }, { _id: 1, b: 1 }) : undefined),
    name: ORDER_OF_PARTS,
  },
  {
    why: 'not if whole documents are, too',
    ...viewed,
    otherwise: (command) => ('find' in command ? found({ _id: 2 }, { _id: 1, b: 1 }) : undefined),
    name: undefined,
  },
  {
    why: 'nor other rows',
    ...viewed,
    otherwise: (command) => ('projection' in command ? found({ _id: 2 }, { _id: 1, b: 2 }) : undefined),
    name: undefined,
  },
  {
    why: 'hashes of documents whose fields are in other places',
    ...hashed,
    otherwise: hashing({ ...PLACED, z: hashOf(PLACED) }, { hashed: PLACED, hash: hashOf(PLACED) }),
    name: PLACE_OF_A_FIELD,
  },
  {
    why: 'not if they are hashes of something else',
    ...hashed,
    otherwise: hashing(
      { ...PLACED, z: 1_234_567_890_123_456_789n },
      { hashed: PLACED, hash: 1_234_567_890_123_456_789n },
    ),
    name: undefined,
  },
  {
    why: 'not if the fields differ',
    ...hashed,
    otherwise: hashing(
      { ...PLACED, z: hashOf(PLACED) },
      { hashed: { ...PLACED, b: 2 }, hash: hashOf({ ...PLACED, b: 2 }) },
    ),
    name: undefined,
  },
  {
    why: 'not if the document is not shown',
    ...hashed,
    otherwise: hashing({ ...PLACED, z: hashOf(PLACED) }, {}),
    name: undefined,
  },
  {
    why: 'not if they are in the same',
    ...hashed,
    otherwise: hashing(
      { _id: 1, a: [{ c: 1 }], b: 1, z: hashOf(PLACED) },
      { hashed: PLACED, hash: hashOf(PLACED) },
    ),
    name: undefined,
  },
  {
    why: 'an error told before the rows before it',
    ...batched,
    otherwise: (command) => (command['batchSize'] === 1 ? DIVIDED : undefined),
    name: ERROR_BEFORE_ROWS,
  },
  {
    why: 'also of a positional operator',
    ...positional,
    otherwise: (command) => (command['batchSize'] === 1 ? NO_ELEMENT : undefined),
    name: ERROR_BEFORE_ROWS,
  },
  {
    why: 'not if in one batch there is none',
    ...positional,
    otherwise: (command) =>
      command['batchSize'] === 1 ? NO_ELEMENT : 'find' in command ? found({ _id: 2 }) : undefined,
    name: undefined,
  },
  {
    why: 'not of a plain projection',
    ...positional,
    command: { ...positional.command, projection: { x: { $divide: [1, { $subtract: ['$b', 1] }] } } },
    otherwise: (command) => (command['batchSize'] === 1 ? DIVIDED : undefined),
    name: undefined,
  },
  {
    why: 'not another one',
    ...batched,
    otherwise: (command) => (command['batchSize'] === 1 ? failed(3) : undefined),
    name: undefined,
  },
  {
    why: 'not if both have the records in order',
    ...batched,
    before: [
      { drop: 'c' },
      {
        insert: 'c',
        documents: [
          { _id: 1, a: 1 },
          { _id: 2, a: 0 },
        ],
      },
    ],
    otherwise: (command) => (command['batchSize'] === 1 ? DIVIDED : undefined),
    name: undefined,
  },
];

const referenceOf = (side: Side, otherwise: Otherwise): Side => ({
  close: () => side.close(),
  send(message) {
    const answer = otherwise(decodeDocument(message));
    return answer === undefined ? side.send(message) : Promise.resolve(encodeMessage(answer));
  },
});

describe('commands that the reference does not survive', () => {
  const few = { not: { allOf: [{ maxProperties: 2 }] } };
  for (const [why, filter, isEnd] of [
    [
      'a schema that may not have few properties, among alternatives',
      { $or: [{ $jsonSchema: few }, {}] },
      true,
    ],
    ['not alone', { $jsonSchema: few }, false],
    ['nor one that may', { $or: [{ $jsonSchema: { maxProperties: 2 } }, {}] }, false],
    ['nor another that may not', { $or: [{ $jsonSchema: { not: { minProperties: 2 } } }, {}] }, false],
  ] as const)
    it(why, () => expect(endsReference({ find: 'c', filter })).to.equal(isEnd));
});

describe('differences that are let pass', () => {
  for (const { why, before = [], command, isOrdered = false, otherwise, name } of CASES)
    it(`${name ?? 'no decision'}: ${why}`, async () => {
      const [ours, theirs] = [await ourSide(), await ourSide()];
      try {
        const round = new Round(0, ours, referenceOf(theirs, otherwise));
        const documents = [{ _id: 1, a: [{ c: 1 }], b: 1 }, { _id: 2 }];
        for (const each of [{ insert: 'c', documents }, ...before])
          expect(await round.compare({ command: each, isOrdered: true })).to.equal(undefined);
        const difference = await round.compare({ command, isOrdered });
        expect(round.decided).to.deep.equal(name === undefined ? [] : [name]);
        if (name === undefined) expect(difference).to.have.property('command');
        else expect(difference).to.equal(undefined);
      } finally {
        await Promise.all([ours.close(), theirs.close()]);
      }
    });
});
