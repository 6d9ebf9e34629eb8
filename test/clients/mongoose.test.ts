/** mongoose works on a served file: schemas, validation, populate, sub-documents, middleware, indexes, transactions. */
import { expect } from 'chai';
import mongoose, { Schema, type Connection, type InferSchemaType, type Types } from 'mongoose';
import { serveInMemory, type Served } from './fixture.js';

const addressSchema = new Schema({ street: String, town: { type: String, required: true } });
const personSchema = new Schema(
  {
    name: { type: String, required: true, trim: true, minlength: 2 },
    email: { type: String, unique: true, sparse: true, lowercase: true },
    age: { type: Number, min: 0, max: 150 },
    role: { type: String, enum: ['reader', 'writer'], default: 'reader' },
    tags: [String],
    scores: { type: Map, of: Number },
    addresses: [addressSchema],
    balance: Schema.Types.Decimal128,
    friend: { type: Schema.Types.ObjectId, ref: 'Person' },
  },
  { timestamps: true, optimisticConcurrency: true },
);
personSchema.index({ role: 1, age: -1 });
personSchema.virtual('posts', { ref: 'Post', localField: '_id', foreignField: 'author' });
type Person = InferSchemaType<typeof personSchema>;

const postSchema = new Schema({
  title: String,
  author: { type: Schema.Types.ObjectId, ref: 'Person' },
  comments: [{ text: String, by: { type: Schema.Types.ObjectId, ref: 'Person' } }],
});

describe('mongoose', () => {
  let served: Served;
  let connection: Connection;
  const heard: string[] = [];

  before(async () => {
    served = await serveInMemory();
    connection = await mongoose.createConnection(served.uri, { dbName: 'app' }).asPromise();
    personSchema.pre('save', function () {
      heard.push(`save ${this.name}`);
    });
    personSchema.post('findOneAndUpdate', () => {
      heard.push('findOneAndUpdate');
    });
    personSchema.pre('deleteOne', { document: true, query: false }, () => {
      heard.push('deleteOne');
    });
    connection.model('Person', personSchema);
    connection.model('Post', postSchema);
    await connection.syncIndexes();
  });
  after(async () => {
    await connection.close();
    await served.close();
  });
  beforeEach(async () => {
    await Promise.all([people().deleteMany(), posts().deleteMany()]);
    heard.length = 0;
  });

  const people = () => connection.model<Person>('Person');
  const posts = () => connection.model('Post');

  it('makes the indexes that schemas ask for, and drops others', async () => {
    await people().collection.createIndex({ stray: 1 });
    expect(await people().syncIndexes()).to.deep.equal(['stray_1']);
    const indexes = await people().listIndexes();
    expect(indexes.map(({ name }: { name: string }) => name).sort()).to.deep.equal([
      '_id_',
      'email_1',
      'role_1_age_-1',
    ]);
    expect(await people().diffIndexes()).to.deep.equal({ toDrop: [], toCreate: [] });
  });

  it('validates before anything is sent', async () => {
    const refused = await people()
      .create({ name: 'A', age: 200, role: 'king' as never, addresses: [{}] })
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(mongoose.Error.ValidationError);
    expect(Object.keys((refused as mongoose.Error.ValidationError).errors).sort()).to.deep.equal([
      'addresses.0.town',
      'age',
      'name',
      'role',
    ]);
    expect(await people().countDocuments()).to.equal(0);
  });

  it('keeps types, defaults, maps and times', async () => {
    const made = await people().create({
      name: '  Ada ',
      email: 'ADA@example.org',
      scores: { chess: 3 },
      balance: '10.50',
      tags: ['a', 'b'],
      addresses: [{ town: 'London' }],
    });
    const found = (await people().findById(made._id))!;
    expect(found.name).to.equal('Ada');
    expect(found.email).to.equal('ada@example.org');
    expect(found.role).to.equal('reader');
    expect(found.scores!.get('chess')).to.equal(3);
    expect(String(found.balance)).to.equal('10.50');
    expect(found.createdAt).to.deep.equal(made.createdAt);
    expect(found.createdAt).to.be.instanceOf(Date);
    expect(heard).to.deep.equal(['save Ada']);
  });

  it('a value that must be unique', async () => {
    await people().create({ name: 'Ada', email: 'a@x' });
    const twice = await people()
      .create({ name: 'Bob', email: 'a@x' })
      .catch((error: unknown) => error as { code: number; keyValue: object });
    expect(twice).to.include({ code: 11000 });
    expect((twice as { keyValue: object }).keyValue).to.deep.equal({ email: 'a@x' });
  });

  it('saves what has changed, and notices what another has changed', async () => {
    const one = await people().create({
      name: 'Ada',
      tags: ['a'],
      addresses: [{ town: 'London' }, { town: 'Paris' }],
    });
    const other = (await people().findById(one._id))!;
    one.tags.push('b');
    one.addresses[0]!.street = 'Strand';
    one.addresses.pull(one.addresses[1]!._id);
    await one.save();
    other.name = 'Eve';
    expect(await other.save().catch((error: unknown) => error)).to.be.instanceOf(mongoose.Error.VersionError);
    const found = (await people().findById(one._id).lean())!;
    expect(found.tags).to.deep.equal(['a', 'b']);
    expect(found.addresses).to.have.length(1);
    expect(found.addresses[0]).to.include({ street: 'Strand', town: 'London' });
    expect(found).to.not.be.instanceOf(mongoose.Document);
  });

  it('populates references, forwards and back', async () => {
    const ada = await people().create({ name: 'Ada' });
    const bob = await people().create({ name: 'Bob', friend: ada._id });
    await posts().create({ title: 'one', author: ada._id, comments: [{ text: 'hm', by: bob._id }] });
    await posts().create({ title: 'two', author: ada._id });
    const friend = await people().findOne({ name: 'Bob' }).populate<{ friend: Person }>('friend');
    expect(friend!.friend.name).to.equal('Ada');
    const post = await posts()
      .findOne({ title: 'one' })
      .populate([
        { path: 'author', select: 'name' },
        { path: 'comments.by', populate: 'friend' },
      ]);
    expect(post!.get('author.name')).to.equal('Ada');
    expect(post!.get('comments.0.by.friend.name')).to.equal('Ada');
    const withPosts = await people().findOne({ name: 'Ada' }).populate('posts');
    expect((withPosts!.get('posts') as { title: string }[]).map(({ title }) => title)).to.deep.equal([
      'one',
      'two',
    ]);
  });

  it('finds and updates at once', async () => {
    await people().create({ name: 'Ada', age: 30 });
    const after = await people().findOneAndUpdate(
      { name: 'Ada' },
      { $inc: { age: 1 } },
      { returnDocument: 'after' },
    );
    expect(after!.age).to.equal(31);
    expect(after!.updatedAt.getTime()).to.be.at.least(after!.createdAt.getTime());
    expect(heard).to.contain('findOneAndUpdate');
    const upserted = await people().findOneAndUpdate(
      { name: 'New' },
      { age: 1 },
      { upsert: true, returnDocument: 'after', setDefaultsOnInsert: true },
    );
    expect(upserted).to.include({ name: 'New', age: 1, role: 'reader' });
    const doc = (await people().findOne({ name: 'New' }))!;
    await doc.deleteOne();
    expect(heard).to.contain('deleteOne');
    expect(await people().exists({ name: 'New' })).to.equal(null);
  });

  it('queries: filters, sorting, casting, chaining', async () => {
    await people().insertMany(
      Array.from({ length: 20 }, (_, i) => ({ name: `P${i}`, age: i, tags: [`t${i % 3}`] })),
    );
    const names = await people()
      .find({ age: { $gt: '15' as never } })
      .sort('-age')
      .limit(2)
      .select('name -_id')
      .lean();
    expect(names).to.deep.equal([{ name: 'P19' }, { name: 'P18' }]);
    expect(await people().where('age').gte(5).lt(7).countDocuments()).to.equal(2);
    expect((await people().distinct('tags')).sort()).to.deep.equal(['t0', 't1', 't2']);
    expect(await people().find({ name: /^p1/i }).countDocuments()).to.equal(11);
    expect(
      (await people().updateMany({ age: { $lt: 3 } }, { $addToSet: { tags: 'young' } })).modifiedCount,
    ).to.equal(3);
    const plan = (await people().find({ role: 'reader' }).sort('-age').explain()) as unknown as {
      queryPlanner: { winningPlan: { inputStage: { stage: string } } };
    };
    expect(plan.queryPlanner.winningPlan.inputStage.stage).to.equal('IXSCAN');
  });

  it('cursors and aggregation', async () => {
    await people().insertMany(Array.from({ length: 30 }, (_, i) => ({ name: `P${i}`, age: i % 3 })));
    let count = 0;
    for await (const person of people().find().batchSize(7).cursor())
      if (person.name.startsWith('P')) count++;
    expect(count).to.equal(30);
    await people()
      .find({ age: 0 })
      .cursor()
      .eachAsync(() => void count++, { parallel: 3 });
    expect(count).to.equal(40);
    const groups = await people().aggregate([
      { $group: { _id: '$age', n: { $sum: 1 } } },
      { $sort: { _id: 1 } },
    ]);
    expect(groups).to.deep.equal([0, 1, 2].map((_id) => ({ _id, n: 10 })));
  });

  it('transactions', async () => {
    await connection.transaction(async (session) => {
      await people().create([{ name: 'Ada' }], { session });
      await posts().create([{ title: 'x' }], { session });
    });
    expect([await people().countDocuments(), await posts().countDocuments()]).to.deep.equal([1, 1]);
    const failed = connection.transaction(async (session) => {
      await people().deleteMany({}, { session });
      throw new Error('no');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('no');
    expect(await people().countDocuments()).to.equal(1);
  });

  it('discriminators share a collection', async () => {
    const shape = connection.model('Shape', new Schema({ colour: String }, { discriminatorKey: 'kind' }));
    const circle = shape.discriminator<{ colour: string; radius: number }>(
      'Circle',
      new Schema({ radius: Number }),
    );
    const square = shape.discriminator<{ colour: string; side: number }>(
      'Square',
      new Schema({ side: Number }),
    );
    await circle.create({ colour: 'red', radius: 1 });
    await square.create({ colour: 'red', side: 2 });
    expect(await shape.countDocuments({ colour: 'red' })).to.equal(2);
    expect((await circle.find()).map(({ radius }) => radius)).to.deep.equal([1]);
    expect((await shape.findOne({ kind: 'Square' }))!.get('side')).to.equal(2);
  });

  it('bulk writes and bulk saves', async () => {
    const result = await people().bulkWrite([
      { insertOne: { document: { name: 'Ada', age: 1 } as never } },
      { updateOne: { filter: { name: 'Ada' }, update: { $set: { age: 2 } } } },
      { updateOne: { filter: { name: 'Bob' }, update: { $set: { age: 3 } }, upsert: true } },
    ] as never[]);
    expect([result.insertedCount, result.modifiedCount, result.upsertedCount]).to.deep.equal([1, 1, 1]);
    const all = await people().find().sort('name');
    for (const person of all) person.age = 9;
    await people().bulkSave(all);
    expect(await people().countDocuments({ age: 9 })).to.equal(2);
  });

  it('a capped collection, a collation, an expiring index', async () => {
    const log = connection.model(
      'Log',
      new Schema({ text: String, at: { type: Date, expires: 60 } }, { capped: { size: 4096, max: 2 } }),
    );
    await log.createCollection();
    await log.create([{ text: 'a' }, { text: 'b' }, { text: 'c' }], { ordered: true });
    expect((await log.find()).map(({ text }) => text)).to.deep.equal(['b', 'c']);
    await people().create([{ name: 'ada' }, { name: 'ADA' }]);
    const same = await people().find({ name: 'Ada' }).collation({ locale: 'en', strength: 2 });
    expect(same).to.have.length(2);
    const session = connection.model(
      'Visit',
      new Schema({ at: { type: Date, expires: '1h' }, who: { type: Schema.Types.ObjectId } }),
    );
    await session.init();
    const expiring = (await session.listIndexes()) as { expireAfterSeconds?: number }[];
    expect(expiring.map(({ expireAfterSeconds }) => expireAfterSeconds)).to.contain(3600);
    const visit: { who?: Types.ObjectId | null } = await session.create({
      who: new mongoose.Types.ObjectId(),
    });
    expect(visit.who).to.be.instanceOf(mongoose.Types.ObjectId);
  });
});
