import { expect } from 'chai';
import { OpenNames } from '../../../elmo/catalog/open-names.js';

describe('what is known by name', () => {
  const value = (n: number): object => ({ n });

  it('is told again, the last of it', () => {
    const names = new OpenNames<object>(10);
    expect(names.get('a')).to.equal(undefined);
    names.set('a', value(1));
    names.set('a', value(2));
    expect(names.get('a')).to.deep.equal({ n: 2 });
  });

  it('is kept of so many names, those used last', () => {
    for (const most of [1, 2, 64, 65, 200]) {
      const names = new OpenNames<object>(most);
      for (let n = 0; n < most; n++) names.set(`name ${n}`, value(n));
      for (let n = 0; n < most; n++) expect(names.get(`name ${n}`), `${n} of ${most}`).to.deep.equal({ n });
      names.get('name 0');
      names.set('one more', value(-1));
      expect(names.get('one more')).to.deep.equal({ n: -1 });
      const kept = Array.from({ length: most }, (_, n) => n).filter(
        (n) => names.get(`name ${n}`) !== undefined,
      );
      expect(kept.length).to.equal(most - 1);
      if (most > 2) expect(kept).to.include(0).and.not.include(1);
    }
  });

  it('is forgotten when all is', () => {
    for (const count of [3, 100]) {
      const names = new OpenNames<object>(100);
      for (let n = 0; n < count; n++) names.set(`name ${n}`, value(n));
      names.clear();
      for (let n = 0; n < count; n++) expect(names.get(`name ${n}`)).to.equal(undefined);
      names.set('name 1', value(7));
      expect(names.get('name 1')).to.deep.equal({ n: 7 });
    }
  });
});
