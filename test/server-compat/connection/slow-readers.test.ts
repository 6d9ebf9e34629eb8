import { expect } from 'chai';
import { SlowReaders } from '../../../server-compat/connection/slow-readers.js';

function readers(maxBytes: number): {
  all: SlowReaders;
  make: (name: string) => { destroy(): void };
  gone: string[];
} {
  const gone: string[] = [];
  return { all: new SlowReaders(maxBytes), make: (name) => ({ destroy: () => gone.push(name) }), gone };
}

describe('clients that do not read', () => {
  it('are let go when together they leave too much unread: those first that have waited longest', () => {
    const { all, make, gone } = readers(100);
    const [a, b, c] = ['a', 'b', 'c'].map(make);
    all.add(a!, 40);
    all.add(b!, 40);
    expect(gone).to.deep.equal([]);
    all.add(c!, 70);
    expect(gone).to.deep.equal(['a', 'b']);
    expect(all.unreadBytes).to.equal(70);
  });

  it('keep their place in the row by reading', () => {
    const { all, make, gone } = readers(100);
    const [a, b, c] = ['a', 'b', 'c'].map(make);
    all.add(a!, 40);
    all.add(b!, 40);
    all.remove(a!);
    all.add(a!, 40);
    all.add(c!, 40);
    expect(gone).to.deep.equal(['b']);
  });

  it('may leave as much as they like if there is only one', () => {
    const { all, make, gone } = readers(100);
    all.add(make('a'), 1000);
    expect(gone).to.deep.equal([]);
  });
});
