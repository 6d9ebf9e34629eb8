"""What pymongo does on a served file. The first argument is the address."""

import datetime
import sys

import bson
import gridfs
import pymongo
from bson import Decimal128, Int64, ObjectId
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

client = pymongo.MongoClient(sys.argv[1])
db = client["pymongo"]
things = db["things"]

document = {
    "_id": ObjectId(),
    "long": Int64(2**53 + 1),
    "decimal": Decimal128("1.10"),
    "date": datetime.datetime(2026, 1, 1),
    "bytes": b"bytes",
    "list": [1, "two", {"three": 3.5}],
}
things.insert_one(document)
assert things.find_one({"_id": document["_id"]}) == document
assert things.update_one({}, {"$set": {"n": 1}}).modified_count == 1
things.insert_many([{"n": n} for n in range(2, 500)])
assert [each["n"] for each in things.find({"n": {"$gt": 400}}).sort("n", -1).batch_size(20)][:2] == [499, 498]
assert things.count_documents({}) == 499
assert things.distinct("n", {"n": {"$lt": 4}}) == [1, 2, 3]
assert things.find_one_and_delete({"n": 499})["n"] == 499
assert list(things.aggregate([{"$match": {"n": {"$lte": 3}}}, {"$group": {"_id": None, "sum": {"$sum": "$n"}}}])) == [
    {"_id": None, "sum": 6}
]

assert things.create_index([("n", 1)], unique=True) == "n_1"
assert set(things.index_information()) == {"_id_", "n_1"}
try:
    things.insert_one({"n": 1})
    raise AssertionError("a duplicate went in")
except DuplicateKeyError as error:
    assert error.details["keyValue"] == {"n": 1}
try:
    things.bulk_write([pymongo.InsertOne({"n": 1}), pymongo.UpdateOne({"n": 2}, {"$set": {"a": 1}})], ordered=False)
    raise AssertionError("a duplicate went in")
except BulkWriteError as error:
    assert error.details["nModified"] == 1
try:
    list(things.find({"$nope": 1}))
    raise AssertionError("an operator that is none was taken")
except OperationFailure as error:
    assert error.code == 2

with client.start_session() as session:
    session.with_transaction(lambda s: things.insert_one({"n": 1000}, session=s))
    session.start_transaction()
    things.delete_many({}, session=session)
    assert things.count_documents({}, session=session) == 0
    session.abort_transaction()
assert things.count_documents({"n": 1000}) == 1
with client.start_session(snapshot=True) as session:
    before = things.count_documents({}, session=session)
    things.insert_one({"n": 1001})
    assert things.count_documents({}, session=session) == before

bucket = gridfs.GridFSBucket(db, chunk_size_bytes=1000)
file = bucket.upload_from_stream("a.bin", b"0123456789" * 500)
assert bucket.open_download_stream(file).read() == b"0123456789" * 500
bucket.delete(file)
assert db["fs.chunks"].count_documents({}) == 0

assert bson.encode(db.command("ping"))
assert client.server_info()["versionArray"][0] == 8
client.drop_database("pymongo")
assert "pymongo" not in client.list_database_names()
client.close()
print("all as expected")
