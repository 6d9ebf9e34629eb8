import { expect } from 'chai';
import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { LineSplitter } from '../../../cli/lsm-diag/load-lines.js';
import { bytes, diag, diagJson, usePlace } from '../fixture.js';

function split(chunks: readonly Uint8Array[]): { lines: string[]; splitter: LineSplitter } {
  const lines: string[] = [];
  const splitter = new LineSplitter((from, start, end) => {
    lines.push(Buffer.from(from.subarray(start, end)).toString('latin1'));
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.finish();
  return { lines, splitter };
}

describe('cutting text into lines', () => {
  for (const [text, expected] of [
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\nb', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\r\na\n\n', ['a']],
    ['a\rb', ['a\rb']],
  ] as const) {
    it(JSON.stringify(text), () => expect(split([bytes(text)]).lines).to.deep.equal(expected));
  }

  it('comes out the same however the text is cut into chunks', () => {
    const text = fc
      .array(fc.constantFrom('a', 'bc', '\n', '\r\n', '\r'), { maxLength: 40 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 40 }), { maxLength: 5 }), (whole, cuts) => {
        const all = bytes(whole);
        const places = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
        const chunks = places.slice(1).map((end, i) => all.subarray(places[i], end));
        expect(split(chunks).lines).to.deep.equal(split([all]).lines);
      }),
    );
  });

  for (const [length, isKept] of [
    [65_536, true],
    [65_537, false],
    [300_000, false],
  ] as const) {
    it(`${isKept ? 'keeps' : 'leaves out'} a line of ${length} bytes`, () => {
      const text = Buffer.from(`first\n${'x'.repeat(length)}\nlast\n`);
      for (const chunkBytes of [text.length, 1000, 65_536]) {
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < text.length; at += chunkBytes) chunks.push(text.subarray(at, at + chunkBytes));
        const { lines, splitter } = split(chunks);
        expect(lines.map((line) => line.length)).to.deep.equal(isKept ? [5, length, 4] : [5, 4]);
        expect([splitter.lines, splitter.tooLong, splitter.firstTooLong]).to.deep.equal(
          isKept ? [3, 0, 0] : [3, 1, 2],
        );
      }
    });
  }
});

describe('load-lines', () => {
  const place = usePlace();

  interface Loaded {
    readonly lines: number;
    readonly keysAfter: number;
    readonly duplicates: number;
    readonly emptyLines: number;
  }

  it('stores lines as keys, and tells how many came twice', async () => {
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${(i * 7919) % 4_000}`);
    writeFileSync(place.path('lines.txt'), `${lines.join('\n')}\n\n`);
    writeFileSync(place.path('lines.txt.gz'), gzipSync(lines.join('\r\n')));
    for (const name of ['lines.txt', 'lines.txt.gz']) {
      const path = place.path(`${name}.elmo`);
      const loaded = await diagJson<Loaded>(path, 'load-lines', place.path(name), '--batch', '100');
      expect([loaded.keysAfter, loaded.duplicates]).to.deep.equal([4_000, 1_000]);
      const keys = (await diag(path, 'keys')).out.split('\n').slice(0, -1);
      expect(keys).to.deep.equal([...new Set(lines)].sort());
      const again = await diagJson<Loaded>(path, 'load-lines', place.path(name));
      expect([again.keysAfter, again.duplicates]).to.deep.equal([4_000, 5_000]);
    }
  });

  it('stops at a damaged archive, and keeps what came before', async () => {
    const packed = gzipSync(Array.from({ length: 20_000 }, (_, i) => `line ${i * 7919}\n`).join(''));
    writeFileSync(place.path('cut.gz'), packed.subarray(0, packed.length - 20));
    const { code, err } = await diag(place.path('cut.elmo'), 'load-lines', place.path('cut.gz'));
    expect([code, err.startsWith('error: ')]).to.deep.equal([1, true]);
    expect((await diag(place.path('cut.elmo'), 'verify')).code).to.equal(0);
  });

  it('exits with 1 when a line is too long, and names it', async () => {
    writeFileSync(place.path('long.txt'), `a\n${'x'.repeat(70_000)}\nb\n`);
    const { code, out } = await diag(place.path('long.elmo'), 'load-lines', place.path('long.txt'));
    expect(code).to.equal(1);
    expect(out).to.contain('first line 2');
    expect((await diag(place.path('long.elmo'), 'keys')).out).to.equal('a\nb\n');
  });

  it('makes no store when there is no text', async () => {
    expect((await diag(place.path('none.elmo'), 'load-lines', place.path('none.txt'))).code).to.equal(1);
    expect((await diag(place.path('none.elmo'), 'stats')).err).to.contain('NotFound');
  });
});
