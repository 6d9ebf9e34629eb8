/** The types users see: what must compile does, and what must not is marked so; the compiler checks both. It runs, too. */
import { expect } from 'chai';
import {
  Long,
  ObjectId,
  type ClientSession,
  type Collection,
  type Filter,
  type FindCursor,
  type InferIdType,
  type InsertManyResult,
  type OptionalId,
  type OptionalUnlessRequiredId,
  type UpdateFilter,
  type WithId,
  type WithoutId,
} from '../../../index.js';
import { openTestDatabase, type TestClient } from '../../../server-compat/testing.js';

interface Pet {
  name: string;
  age: number;
  tags: string[];
  owner?: { name: string; phones: string[] };
  born: Date;
}
interface Numbered {
  _id: number;
  value: string;
}

/** Fails to compile unless both are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(holds: Same<A, B>): void => void holds;

describe('types', () => {
  let client: TestClient;
  let pets: Collection<Pet>;
  let numbered: Collection<Numbered>;
  const makeCat = (): Pet => ({ name: 'Tom', age: 3, tags: ['grey'], born: new Date(0) });

  before(async () => {
    client = await openTestDatabase();
    pets = client.db('t').collection<Pet>('pets');
    numbered = client.db('t').collection<Numbered>('numbered');
    await pets.insertOne(makeCat());
    await numbered.insertOne({ _id: 1, value: 'one' });
  });
  after(() => client.close());

  it('of identifiers', () => {
    same<InferIdType<Pet>, ObjectId>(true);
    same<InferIdType<Numbered>, number>(true);
    same<WithId<Numbered>['_id'], number>(true);
    same<WithId<Pet>['_id'], ObjectId>(true);
    same<WithId<Pet>['name'], string>(true);
    same<keyof WithoutId<Numbered>, 'value'>(true);
    const optional: OptionalId<Pet> = makeCat();
    const required: OptionalUnlessRequiredId<Numbered> = { _id: 2, value: '' };
    // @ts-expect-error an _id of the schema has to be given
    const missing: OptionalUnlessRequiredId<Numbered> = { value: '' };
    expect([optional, required, missing]).to.have.length(3);
  });

  it('of filters', async () => {
    const filters: Filter<Pet>[] = [
      {},
      { name: 'Tom' },
      { name: /^t/i },
      { age: { $gt: 2, $lte: 3 } },
      { tags: 'grey' },
      { tags: ['grey'] },
      { tags: { $size: 1, $all: ['grey'] } },
      { $or: [{ name: 'x' }, { age: 3 }] },
      { _id: { $exists: true } },
      { 'owner.name': { $exists: false } },
      { born: { $lt: new Date() } },
      { $expr: { $gt: ['$age', 2] } },
    ];
    for (const filter of filters)
      expect(await pets.countDocuments(filter), JSON.stringify(filter)).to.equal(1);
    // @ts-expect-error a number is asked for by a text
    const wrongValue: Filter<Pet> = { age: 'three' };
    // @ts-expect-error an operand of another type
    const wrongOperand: Filter<Pet> = { age: { $gt: 'three' } };
    // @ts-expect-error the _id of this schema is a number
    const wrongId: Filter<Numbered> = { _id: 'one' };
    expect([wrongValue, wrongOperand, wrongId]).to.have.length(3);
    expect(await pets.countDocuments('{age: {$gt: 2}}')).to.equal(1);
  });

  it('of updates', async () => {
    const update: UpdateFilter<Pet> = {
      $set: { name: 'Tim', 'owner.name': 'Ada' },
      $inc: { age: 1 },
      $push: { tags: 'fast' },
      $currentDate: { born: true },
      $unset: { 'owner.phones': '' },
    };
    expect((await pets.updateOne({}, update)).modifiedCount).to.equal(1);
    expect((await pets.updateOne({}, [{ $set: { age: { $add: ['$age', 1] } } }])).modifiedCount).to.equal(1);
    // @ts-expect-error a text is not counted up
    const wrongInc: UpdateFilter<Pet> = { $inc: { name: 1 } };
    // @ts-expect-error a field set to another type
    const wrongSet: UpdateFilter<Pet> = { $set: { age: 'four' } };
    // @ts-expect-error no such operator
    const unknown: UpdateFilter<Pet> = { $sett: { age: 1 } };
    expect([wrongInc, wrongSet, unknown]).to.have.length(3);
  });

  it('of results', async () => {
    const found = await pets.findOne({});
    same<typeof found, WithId<Pet> | null>(true);
    const cursor = pets.find({});
    same<typeof cursor, FindCursor<WithId<Pet>>>(true);
    const projected = await pets.find({}).project<{ name: string }>({ _id: 0, name: 1 }).toArray();
    same<typeof projected, { name: string }[]>(true);
    const groups = await pets.aggregate<{ _id: string; n: number }>([{ $sortByCount: '$name' }]).toArray();
    same<typeof groups, { _id: string; n: number }[]>(true);
    const changed = await numbered.findOneAndUpdate({ _id: 1 }, { $set: { value: 'two' } });
    same<typeof changed, WithId<Numbered> | null>(true);
    const many: InsertManyResult<Numbered> = await numbered.insertMany([{ _id: 2, value: '' }]);
    const id: number = many.insertedIds[0]!;
    // @ts-expect-error the _id is a number
    const wrong: string = many.insertedIds[0]!;
    // @ts-expect-error found may be null
    const name = (): string => found.name;
    expect(await cursor.toArray()).to.have.length(1);
    expect([projected.length, groups.length, changed?.value, id, wrong, name()]).to.deep.equal([
      1,
      1,
      'one',
      2,
      2,
      'Tim',
    ]);
  });

  it('of inserts and sessions', async () => {
    const withSession = (session: ClientSession) => pets.insertOne(makeCat(), { session });
    await client.withSession((session) => session.withTransaction(() => withSession(session)));
    const bad = async (): Promise<void> => {
      // @ts-expect-error fields are missing
      await pets.insertOne({ name: 'x' });
      // @ts-expect-error no such option
      await pets.find({}, { sorted: 1 }).toArray();
    };
    expect(bad).to.be.a('function');
  });

  it('documents with values of another major version of bson', async () => {
    const other = (value: object): object =>
      Object.defineProperty(value, Symbol.for('@@mdb.bson.version'), { value: 5, configurable: true });
    class ForeignId {
      readonly _bsontype = 'ObjectId';
      constructor(readonly id: Uint8Array) {}
    }
    const id = new ObjectId();
    const loose = client.db('t').collection('loose');
    await loose.insertOne({
      _id: other(new ForeignId(id.id)) as ObjectId,
      long: other(Long.fromString('9007199254740993')),
    });
    const found = await loose.findOne({ _id: id }, { promoteLongs: false });
    expect(found!['long']).to.deep.equal(Long.fromString('9007199254740993'));
  });
});
