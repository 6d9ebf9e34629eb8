import { expect } from 'chai';
import {
  formatCounted,
  formatDuration,
  formatFacts,
  formatHex,
  formatJson,
  formatSize,
  formatTable,
} from '../../cli/output.js';
import { KeptTerminal } from './fixture.js';

describe('sizes and times', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [5 * 2 ** 40, '5.0 TiB'],
  ] as const)
    it(`${bytes} bytes: ${text}`, () => expect(formatSize(bytes)).to.equal(text));

  for (const [seconds, text] of [
    [0.04, '0.0 s'],
    [1.25, '1.3 s'],
    [59.4, '59 s'],
    [62.3, '1 min 2 s'],
    [3725, '1 h 2 min'],
    [Infinity, '?'],
  ] as const)
    it(`${seconds} seconds: ${text}`, () => expect(formatDuration(seconds)).to.equal(text));
});

describe('counts of things', () => {
  for (const [count, text] of [
    [0, '0 faults'],
    [1, '1 fault'],
    [1234, '1,234 faults'],
  ] as const)
    it(`${count}: ${text}`, () => expect(formatCounted(count, 'fault')).to.equal(text));

  it('have a plural of their own where it is not made with an s', () => {
    expect(formatCounted(1, 'index entry', 'index entries')).to.equal('1 index entry');
    expect(formatCounted(2, 'index entry', 'index entries')).to.equal('2 index entries');
  });
});

describe('tables', () => {
  const columns = [
    { title: 'id', of: (row: { id: number }) => row.id, isRight: true },
    { title: 'name', of: (row: { id: number }) => `row ${row.id}` },
  ];

  it('line up', () => {
    const text = formatTable(new KeptTerminal(), columns, [{ id: 1 }, { id: 12345 }]);
    expect(text).to.equal('    id  name\n     1  row 1\n12,345  row 12345\n');
  });

  it('fit the screen', () => {
    const text = formatTable(new KeptTerminal(true, true, 10), columns, [{ id: 12345 }]);
    for (const line of text.split('\n')) expect(line.replace(/\x1b\[\d+m/g, '').length).to.be.at.most(10);
    expect(text).to.contain('…');
  });

  it('facts line up too', () => {
    expect(
      formatFacts([
        ['a', 1],
        ['long', 'x'],
        ['b', ''],
      ]),
    ).to.equal('a     1\nlong  x\nb\n');
  });
});

describe('bytes', () => {
  it('are text or digits in JSON', () => {
    const text = formatJson({ text: Uint8Array.of(97), digits: Uint8Array.of(1), map: new Map([[1, 2]]) });
    expect(JSON.parse(text)).to.deep.equal({ text: 'a', digits: '0x01', map: [[1, 2]] });
  });

  it('are shown with their place', () => {
    expect(formatHex(new TextEncoder().encode('elmo\n'), 16)).to.equal(
      `0000000010  65 6c 6d 6f 0a ${'   '.repeat(11)} elmo.\n`,
    );
  });
});
