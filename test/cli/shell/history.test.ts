import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { History, historyPath } from '../../../cli/shell/history.js';
import { usePlace } from '../fixture.js';

describe('the history of the shell', () => {
  const place = usePlace();

  it('is found by the next one, newest first', () => {
    const path = place.path('state/elmo/history');
    new History(path).add('use shop');
    new History(path).add('db.a.find()');
    expect(new History(path).newestFirst()).to.deep.equal(['db.a.find()', 'use shop']);
  });

  for (const secret of [
    'var c = connect("mongodb://ada:secret@host/db")',
    'db.createUser({user: "a", pwd: "b", roles: []})',
    'db.changeUserPassword("a", "b")',
    'x = {password: "b"}',
  ])
    it(`does not keep: ${secret}`, () => {
      const history = new History(place.path('history'));
      expect(history.add(secret)).to.equal(false);
      expect(history.newestFirst()).to.deep.equal([]);
    });

  it('keeps no line twice in a row, none that is empty, none that is endless', () => {
    const history = new History('');
    for (const line of ['1', '1', ' ', 'x'.repeat(10_000), '2']) history.add(line);
    expect(history.newestFirst()).to.deep.equal(['2', '1']);
  });

  it('is cut when it has grown', () => {
    const path = place.path('history');
    writeFileSync(path, Array.from({ length: 3000 }, (_, i) => `${i}\n`).join(''));
    expect(new History(path).newestFirst()[0]).to.equal('2999');
    expect(readFileSync(path, 'utf8').split('\n')).to.have.length(1001);
  });

  it('where it lies', () => {
    expect(historyPath({ ELMO_HISTORY: '/x/y' })).to.equal('/x/y');
    expect(historyPath({ ELMO_HISTORY: '' })).to.equal('');
    expect(historyPath({ XDG_STATE_HOME: '/state' })).to.equal('/state/elmo/history');
    expect(historyPath({})).to.match(/\.local.state.elmo.history$/);
  });

  it('a place that cannot be written is no error', () => {
    writeFileSync(place.path('file'), '');
    const history = new History(place.path('file/history'));
    expect(history.add('1')).to.equal(true);
    expect(history.newestFirst()).to.deep.equal(['1']);
  });
});
