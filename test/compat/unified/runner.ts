/**
 * Runs the files of the drivers' unified test format: results, errors and outcomes. On the embedded interface, and on the
 * official driver with a server, which have classes of the same names.
 */
import { expect } from 'chai';
import {
  connect,
  EJSON,
  GridFSBucket,
  type Document,
  type MongoError,
  type ElmoClient,
} from '../../../elmo/index.js';
import { mismatch, type MatchContext } from './match.js';
import { runOperation, Unsupported } from './operations.js';

export interface UnifiedFile {
  readonly description: string;
  readonly runOnRequirements?: readonly Requirement[];
  readonly createEntities?: readonly Document[];
  readonly initialData?: readonly CollectionData[];
  readonly tests: readonly UnifiedTest[];
}

interface Requirement {
  readonly minServerVersion?: string;
  readonly maxServerVersion?: string;
  readonly topologies?: readonly string[];
  readonly serverless?: string;
  readonly auth?: boolean;
  readonly csfle?: unknown;
  readonly serverParameters?: Readonly<Record<string, unknown>>;
}

interface CollectionData {
  readonly collectionName: string;
  readonly databaseName: string;
  readonly documents: readonly Document[];
  readonly createOptions?: Document;
}

export interface UnifiedTest {
  readonly description: string;
  readonly skipReason?: string;
  readonly runOnRequirements?: readonly Requirement[];
  readonly operations: readonly Document[];
  readonly outcome?: readonly CollectionData[];
}

const VERSION = [8, 2, 4];

function compareVersions(text: string): number {
  const parts = text.split('.').map(Number);
  for (let i = 0; i < VERSION.length; i++) {
    const difference = VERSION[i]! - (parts[i] ?? (i === 2 ? 0 : 0));
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a test is for a replica set of our version. */
export function isWanted(requirements: readonly Requirement[] | undefined): boolean {
  if (requirements === undefined) return true;
  return requirements.some(
    ({ minServerVersion, maxServerVersion, topologies, auth, csfle, serverless, serverParameters = {} }) =>
      (minServerVersion === undefined || compareVersions(minServerVersion) >= 0) &&
      (maxServerVersion === undefined || compareVersions(maxServerVersion) <= 0) &&
      (topologies === undefined || topologies.includes('replicaset')) &&
      auth !== true &&
      csfle === undefined &&
      Object.keys(serverParameters).every((name) => name === 'enableTestCommands') &&
      serverless !== 'require',
  );
}

/** Where tests run. Objects of the official driver stand for ours of the same name. */
export interface Subject {
  /** For what the runner does itself. */
  readonly client: ElmoClient;
  /** A client of a test. */
  open(definition: Document): ElmoClient;
  bucket(db: never, options: Document): unknown;
  /** Makes commands of a client fail; undefined: that cannot be. */
  failPoint?(command: Document): Promise<void>;
  close(): Promise<void>;
}

/** In this process, in memory. */
export async function embeddedSubject(): Promise<Subject> {
  const client = await connect(':memory:', { worker: false });
  return {
    client,
    open: () => client,
    bucket: (db, options) => new GridFSBucket(db, options),
    close: () => client.close(),
  };
}

class Entities implements MatchContext {
  private readonly byName = new Map<string, unknown>();

  constructor(private readonly subject: Subject) {}

  create(definitions: readonly Document[]): void {
    for (const definition of definitions) {
      const [[kind, given]] = Object.entries(definition) as [[string, Document]];
      this.byName.set(given['id'] as string, this.make(kind, given));
    }
  }

  private make(kind: string, given: Document): unknown {
    switch (kind) {
      case 'client':
        return this.subject.open(given);
      case 'database':
        return this.clientOf(given).db(
          given['databaseName'] as string,
          (given['databaseOptions'] as Document | undefined) ?? {},
        );
      case 'collection':
        return (this.entity(given['database'] as string) as ReturnType<ElmoClient['db']>).collection(
          given['collectionName'] as string,
          (given['collectionOptions'] as Document | undefined) ?? {},
        );
      case 'session':
        return this.clientOf(given).startSession(given['sessionOptions'] as Document);
      case 'bucket':
        return this.subject.bucket(
          this.entity(given['database'] as string) as never,
          (given['bucketOptions'] as Document | undefined) ?? {},
        );
      default:
        throw new Unsupported(`entity ${kind}`);
    }
  }

  private clientOf(given: Document): ElmoClient {
    return this.entity(given['client'] as string) as ElmoClient;
  }

  entity(name: string): unknown {
    if (!this.byName.has(name)) throw new Error(`no entity ${name}`);
    return this.byName.get(name);
  }

  save(name: string, value: unknown): void {
    this.byName.set(name, value);
  }
}

async function fill(client: ElmoClient, data: readonly CollectionData[]): Promise<void> {
  for (const { databaseName, collectionName, documents, createOptions } of data) {
    const db = client.db(databaseName);
    await db.dropCollection(collectionName);
    await db.createCollection(collectionName, createOptions ?? {});
    if (documents.length > 0)
      await db
        .collection(collectionName)
        .insertMany(documents.map((document) => EJSON.parse(EJSON.stringify(document)) as Document));
  }
}

/** Runs one test. @throws Unsupported if the runner cannot */
export async function runUnified(
  file: UnifiedFile,
  test: UnifiedTest,
  openSubject: () => Promise<Subject> = embeddedSubject,
): Promise<void> {
  const subject = await openSubject();
  const { client } = subject;
  try {
    const entities = new Entities(subject);
    entities.create(file.createEntities ?? []);
    await fill(client, file.initialData ?? []);
    for (const operation of test.operations) await runStep(operation, entities, subject);
    for (const { databaseName, collectionName, documents } of test.outcome ?? []) {
      const found = await client
        .db(databaseName)
        .collection(collectionName)
        .find({})
        .sort({ _id: 1 })
        .toArray();
      expect(mismatch(documents, found, entities), 'outcome').to.equal(undefined);
    }
  } finally {
    await subject.close();
  }
}

async function runStep(operation: Document, entities: Entities, subject: Subject): Promise<void> {
  const name = operation['name'] as string;
  const args = withSession((operation['arguments'] as Document | undefined) ?? {}, entities);
  if (operation['object'] === 'testRunner') {
    await runAssertion(name, args, entities, subject);
    return;
  }
  const entity = entities.entity(operation['object'] as string);
  let result: unknown;
  try {
    result = await runOperation(entity, name, args);
  } catch (error) {
    if (error instanceof Unsupported) throw error;
    if (operation['ignoreResultAndError'] === true) return;
    checkError(operation['expectError'] as Document | undefined, error, entities);
    return;
  }
  if (operation['expectError'] !== undefined)
    throw new Error(
      `${name}: expected an error ${JSON.stringify(operation['expectError'])}, got ${JSON.stringify(result)}`,
    );
  if ('expectResult' in operation)
    expect(mismatch(operation['expectResult'], result, entities, true), name).to.equal(undefined);
  if (operation['saveResultAsEntity'] !== undefined)
    entities.save(operation['saveResultAsEntity'] as string, result);
}

function withSession(args: Document, entities: Entities): Document {
  return typeof args['session'] === 'string' ? { ...args, session: entities.entity(args['session']) } : args;
}

async function runAssertion(
  name: string,
  args: Document,
  entities: Entities,
  { client, failPoint }: Subject,
): Promise<void> {
  const exists = async (): Promise<boolean> =>
    (
      await client
        .db(args['databaseName'] as string)
        .listCollections({ name: args['collectionName'] })
        .toArray()
    ).length > 0;
  switch (name) {
    case 'assertCollectionExists':
      expect(await exists()).to.equal(true);
      return;
    case 'assertCollectionNotExists':
      expect(await exists()).to.equal(false);
      return;
    case 'createEntities':
      entities.create(args['entities'] as Document[]);
      return;
    case 'failPoint':
      if (failPoint === undefined) throw new Unsupported('testRunner.failPoint');
      await failPoint(args['failPoint'] as Document);
      return;
    default:
      throw new Unsupported(`testRunner.${name}`);
  }
}

function checkError(expected: Document | undefined, error: unknown, context: MatchContext): void {
  if (expected === undefined) throw error;
  const isOfDatabase = error instanceof Error && error.name.startsWith('Mongo');
  if (!isOfDatabase && expected['isClientError'] !== true) throw error;
  const found = error as MongoError & Document;
  if (expected['errorCode'] !== undefined) expect(found.code, found.message).to.equal(expected['errorCode']);
  if (expected['errorCodeName'] !== undefined) expect(found['codeName']).to.equal(expected['errorCodeName']);
  if (expected['errorContains'] !== undefined)
    expect(found.message.toLowerCase()).to.contain((expected['errorContains'] as string).toLowerCase());
  for (const label of (expected['errorLabelsContain'] as string[] | undefined) ?? [])
    expect(found.errorLabels).to.include(label);
  if (expected['expectResult'] !== undefined) {
    const partial = (found['result'] ?? found['partialResult']) as unknown;
    expect(mismatch(expected['expectResult'], partial, context, true), 'partial result').to.equal(undefined);
  }
}
