/** Contract: values written from streams and read in pieces. */
import { expect } from 'chai';
import type { Bytes, ValueSource } from '../../lsm/ordered-kv.js';
import { b, entries, expectBytes, expectCode, freshStore, noise, show, type OpenKv } from './fixture.js';

const KIB = 1024;

/** A value in chunks of the given sizes, in turn; each chunk is scribbled over once the next is asked for. */
async function* chunked(value: Bytes, sizes: readonly number[]): AsyncGenerator<Bytes> {
  let last: Bytes | undefined;
  for (let at = 0, i = 0; at < value.length; i++) {
    last?.fill(0xdb);
    const size = sizes[i % sizes.length]!;
    last = value.slice(at, at + size);
    at += size;
    yield last;
    if (i % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function* broken(chunks: number): AsyncGenerator<Bytes> {
  for (let i = 0; i < chunks; i++) yield noise(10_000, i);
  await Promise.resolve();
  throw new Error('the source broke');
}

export function streamsContract(open: OpenKv): void {
  describe('streams', () => {
    const store = freshStore(open);

    for (const length of [
      0,
      1,
      1000,
      32 * KIB - 1,
      32 * KIB,
      32 * KIB + 1,
      64 * KIB - 1,
      64 * KIB,
      64 * KIB + 1,
      3 * KIB * KIB,
    ]) {
      it(`write a value of ${length} bytes`, async () => {
        const { kv } = store;
        const value = noise(length, length);
        await kv.putStream(b('odd'), chunked(value, [4097, 1, 0, 8191, 70_001]));
        await kv.putStream(b('whole'), [value]);
        const tx = kv.begin();
        await tx.putStream(b('tx'), chunked(value, [65_536]));
        expectBytes(tx.get(b('tx')), value);
        await tx.commit();
        for (const key of ['odd', 'whole', 'tx']) {
          expectBytes(kv.get(b(key)), value);
          expect(kv.describe(b(key))!.length, key).to.equal(length);
        }
      });
    }

    it('take an iterable that is not async, and views of larger arrays', async () => {
      const large = noise(100_000, 1);
      await store.kv.putStream(b('k'), [
        large.subarray(10, 50_000),
        new Uint8Array(0),
        large.subarray(50_000, 90_000),
      ]);
      expectBytes(store.kv.get(b('k')), large.slice(10, 90_000));
    });

    for (const chunks of [0, 1, 30]) {
      it(`leave the key as it was when the source fails after ${chunks} chunks`, async () => {
        const { kv } = store;
        await kv.put(b('k'), b('old'));
        const failure = await kv.putStream(b('k'), broken(chunks)).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).to.be.instanceOf(Error).with.property('message', 'the source broke');
        await kv.putStream(b('new'), broken(chunks)).catch(() => undefined);
        const tx = kv.begin();
        await tx.putStream(b('k'), broken(chunks)).catch(() => undefined);
        expect(show(tx.get(b('k')))).to.equal('old');
        await tx.commit();
        expect(entries(kv)).to.deep.equal(['k=old']);
      });
    }

    it('refuse chunks that are not bytes, leaving the key as it was', async () => {
      const { kv } = store;
      await kv.put(b('k'), b('old'));
      await expectCode('BadValue', () => kv.putStream(b('k'), ['text'] as unknown as ValueSource));
      await expectCode('BadValue', () => kv.putStream(b('k'), [b('fine'), [1, 2]] as unknown as ValueSource));
      expect(entries(kv)).to.deep.equal(['k=old']);
    });

    it('let other writes pass meanwhile', async () => {
      const { kv } = store;
      const streamed = kv.putStream(b('slow'), chunked(noise(400_000, 1), [1000]));
      for (let i = 0; i < 50; i++) await kv.put(b('fast'), b(String(i)));
      await streamed;
      expect(show(kv.get(b('fast')))).to.equal('49');
      expectBytes(kv.get(b('slow')), noise(400_000, 1));
    });

    it('copy the key at the call', async () => {
      const key = b('k');
      const streamed = store.kv.putStream(key, chunked(b('value'), [2]));
      key.fill(0);
      await streamed;
      expect(entries(store.kv)).to.deep.equal(['k=value']);
    });
  });

  describe('value readers', () => {
    const store = freshStore(open);

    for (const length of [0, 1, 5000, 200_000]) {
      const value = noise(length, 9);

      it(`read ${length} bytes at any place, in pieces of any size`, async () => {
        const { kv } = store;
        await kv.put(b('k'), value);
        const reader = kv.openValue(b('k'))!;
        expect(reader.length).to.equal(length);
        for (const [position, count] of [
          [0, 1],
          [0, length],
          [1, 7],
          [4090, 13],
          [length - 1, 1],
          [length - 3, 10],
          [length, 5],
          [length + 100, 5],
          [65_530, 4096],
        ] as const) {
          if (position < 0) continue;
          const into = new Uint8Array(count + 4).fill(0xee);
          const expected = value.slice(position, position + count);
          const got = reader.read(into, 2, count, position);
          expect(got, `${count} at ${position}`).to.equal(expected.length);
          expectBytes(into.slice(2, 2 + got), expected);
          expect([into[0], into[1], into[2 + count], into[3 + count]]).to.deep.equal([
            0xee, 0xee, 0xee, 0xee,
          ]);
        }
        let at = 0;
        const whole = new Uint8Array(length);
        for (let got = -1; got !== 0; at += got) got = reader.read(whole, at, Math.min(997, length - at), at);
        expectBytes(whole, value);
        reader.close();
        reader.close();
        await expectCode('Closed', () => reader.read(whole, 0, 0, 0));
      });

      it(`stream ${length} bytes in chunks, from any place, and close at the end`, async () => {
        const { kv } = store;
        await kv.put(b('k'), value);
        for (const [start, chunkBytes] of [
          [0, undefined],
          [0, 1000],
          [3, 4096],
          [length, 100],
          [length + 10, 100],
        ] as const) {
          const reader = kv.openValue(b('k'))!;
          const chunks: Bytes[] = [];
          for await (const chunk of reader.stream(start, chunkBytes)) {
            expect(chunk.length).to.be.within(1, chunkBytes ?? 65_536);
            chunks.push(chunk);
          }
          expectBytes(Uint8Array.from(Buffer.concat(chunks)), value.slice(start));
          await expectCode('Closed', () => reader.read(new Uint8Array(1), 0, 1, 0));
        }
      });
    }

    it('keep reading what they were opened on, after it was overwritten and deleted', async () => {
      const { kv } = store;
      const value = noise(300_000, 4);
      await kv.put(b('k'), value);
      const reader = kv.openValue(b('k'))!;
      const cursor = kv.scan();
      cursor.next();
      const second = cursor.openValue();
      cursor.close();
      await kv.put(b('k'), noise(300_000, 5));
      await kv.delete(b('k'));
      for (let i = 0; i < 20; i++) await kv.put(b('other'), noise(300_000, i));
      for (const each of [reader, second]) {
        const whole = new Uint8Array(value.length);
        expect(each.read(whole, 0, whole.length, 0)).to.equal(value.length);
        expectBytes(whole, value);
        each.close();
      }
    });

    it('of a snapshot and of a transaction read what those see', async () => {
      const { kv } = store;
      await kv.put(b('k'), noise(100_000, 1));
      const snapshot = kv.snapshot();
      const tx = kv.begin();
      tx.put(b('k'), noise(50_000, 2));
      await kv.put(b('k'), b('new'));
      expect([
        snapshot.openValue(b('k'))!.length,
        tx.openValue(b('k'))!.length,
        kv.openValue(b('k'))!.length,
      ]).to.deep.equal([100_000, 50_000, 3]);
      const chunks: Bytes[] = [];
      for await (const chunk of tx.openValue(b('k'))!.stream()) chunks.push(chunk);
      expectBytes(Uint8Array.from(Buffer.concat(chunks)), noise(50_000, 2));
      tx.rollback();
      snapshot.release();
    });
  });
}
