/** validateDBMetadata: what of the catalog is not in the Stable API. Source: the reference's answers. */
import { namespaceText } from '../../catalog/namespace.js';
import { ElmoError } from '../../errors.js';
import { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { document, flag, required, strict, text } from '../fields.js';
import { API_VERSION } from '../stable-api.js';

/** Kinds of indexes that are not in version 1. */
const UNSTABLE_KINDS: ReadonlySet<string> = new Set(['text']);

const validateDBMetadata: Command = {
  name: 'validateDBMetadata',
  help: 'what in the catalog is not in the Stable API',
  target: 'any',
  fields: {
    db: text,
    collection: text,
    apiParameters: {
      ...required(document),
      fields: { version: required(text), strict: strict(flag), deprecationErrors: strict(flag) },
    },
  },
  run(args, { engine }, reply) {
    const parameters = Arguments.of(args.value('apiParameters')!);
    if (parameters.text('version') !== API_VERSION)
      throw new ElmoError('APIVersionError', `API version must be "${API_VERSION}"`);
    const isStrict = parameters.flag('strict');
    const wanted = args.text('collection');
    const db = args.text('db');
    const databases = db === undefined ? engine.catalog.databaseNames() : [db];
    const found = databases.flatMap((name) =>
      engine.catalog
        .collectionNames(name)
        .filter((collection) => wanted === undefined || collection === wanted)
        .flatMap((collection) => engine.catalog.get({ db: name, collection })?.spec ?? [])
        .flatMap(({ namespace, indexes }) =>
          indexes
            .filter((index) => isStrict && (index.isSparse || UNSTABLE_KINDS.has(index.kind)))
            .map((index) => ({ namespace, index: index.name })),
        ),
    );
    reply.objects('apiVersionErrors', found, ({ namespace, index }, into) =>
      into
        .text('ns', namespaceText(namespace))
        .int32('code', 323)
        .text('codeName', 'APIStrictError')
        .text('errmsg', `The index with name ${index} is not allowed in API version ${API_VERSION}.`),
    );
  },
};

export const metadataCommands: readonly Command[] = [validateDBMetadata];
