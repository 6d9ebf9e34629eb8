/** Notes over REST: an Express application on one file. The application does not know where its database is. */
import type { Db, Filter, UpdateFilter } from 'elmodb';
import { MongoServerError, ObjectId } from 'elmodb';
import express, { type ErrorRequestHandler, type Express } from 'express';

export interface Note {
  title: string;
  text: string;
  tags: string[];
  changed: Date;
}

const DUPLICATE_KEY = 11000;
const INVALID = 121;
const STATUS_OF = new Map<unknown, number>([
  [DUPLICATE_KEY, 409],
  [INVALID, 422],
]);

const SCHEMA = {
  bsonType: 'object',
  required: ['title', 'text'],
  properties: {
    title: { bsonType: 'string', minLength: 1 },
    text: { bsonType: 'string' },
    tags: { bsonType: 'array', items: { bsonType: 'string' } },
  },
};

/** What has to be there before the first request; safe to run at every start. */
export async function prepare(db: Db): Promise<void> {
  const there = await db.listCollections({ name: 'notes' }).toArray();
  if (there.length === 0) await db.createCollection('notes', { validator: { $jsonSchema: SCHEMA } });
  await db
    .collection('notes')
    .createIndexes([{ key: { title: 1 }, unique: true }, { key: { tags: 1, changed: -1 } }]);
}

export function makeApp(db: Db): Express {
  const notes = db.collection<Note>('notes');
  const app = express();
  app.use(express.json());

  app.get('/notes', async (request, response) => {
    const { tag, limit = '20' } = request.query;
    const filter: Filter<Note> = typeof tag === 'string' ? { tags: tag } : {};
    response.json(await notes.find(filter).sort({ changed: -1 }).limit(Number(limit)).toArray());
  });

  app.get('/tags', async (_request, response) => {
    const pipeline = [{ $unwind: '$tags' }, { $sortByCount: '$tags' }];
    response.json(await notes.aggregate(pipeline).toArray());
  });

  app.post('/notes', async (request, response) => {
    const { title, text, tags = [] } = request.body as Note;
    const note = { title, text, tags, changed: new Date() };
    const { insertedId } = await notes.insertOne(note);
    response
      .status(201)
      .location(`/notes/${String(insertedId)}`)
      .json({ _id: insertedId, ...note });
  });

  app.param('id', (_request, response, next, id: string) => {
    if (ObjectId.isValid(id)) next();
    else response.sendStatus(404);
  });

  app
    .route('/notes/:id')
    .get(async (request, response) => {
      const note = await notes.findOne({ _id: new ObjectId(request.params.id) });
      if (note === null) response.sendStatus(404);
      else response.json(note);
    })
    .patch(async (request, response) => {
      const { title, text, tags } = request.body as Partial<Note>;
      const given = Object.entries({ title, text, tags }).filter(([, value]) => value !== undefined);
      const update: UpdateFilter<Note> = { $set: { ...Object.fromEntries(given), changed: new Date() } };
      const note = await notes.findOneAndUpdate({ _id: new ObjectId(request.params.id) }, update, {
        returnDocument: 'after',
      });
      if (note === null) response.sendStatus(404);
      else response.json(note);
    })
    .delete(async (request, response) => {
      const { deletedCount } = await notes.deleteOne({ _id: new ObjectId(request.params.id) });
      response.sendStatus(deletedCount === 0 ? 404 : 204);
    });

  app.use(((error, _request, response, next) => {
    const status = error instanceof MongoServerError ? STATUS_OF.get(error.code) : undefined;
    if (status === undefined) next(error);
    else response.status(status).json({ error: (error as Error).message });
  }) as ErrorRequestHandler);
  return app;
}
