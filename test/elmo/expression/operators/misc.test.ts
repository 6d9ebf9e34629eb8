import { expect } from 'chai';
import { valueOf } from '../../../../elmo/bson/value.js';
import { Frame } from '../../../../elmo/expression/expression.js';
import { parseExpression } from '../../../../elmo/expression/parse.js';
import { evaluateValue, outcome, shown, testScope } from '../evaluating.js';
import { double, rows } from '../rows.js';

rows('$rand', [
  [{ $rand: {} }, {}, double(0.5)],
  [{ $rand: [] }, {}, double(0.5)],
  [{ $rand: 1 }, {}, 'error 10065'],
  [{ $rand: { a: 1 } }, {}, 'error 3040501'],
]);

rows('$createObjectId', [
  [{ $type: { $createObjectId: {} } }, {}, 'objectId'],
  [{ $createObjectId: 1 }, {}, 'error 9'],
]);

rows('$function is checked, and refused where it would run', [
  [{ $function: 1 }, {}, 'error 31260'],
  [{ $function: {} }, {}, 'error 31261'],
  [{ $function: { body: 1, args: [], lang: 'js' } }, {}, 'error 31262'],
  [{ $function: { body: 'f', lang: 'js' } }, {}, 'error 31263'],
  [{ $function: { body: 'f', args: [], lang: 'js' } }, {}, 'error 31264'],
  [{ $function: { body: 'f', args: [] } }, {}, 'error 31418'],
  [{ $function: { body: 'f', args: [], lang: 'c' } }, {}, 'error 31419'],
]);

describe('$meta', () => {
  rows('names', [
    [{ $meta: 'recordId' }, {}, 'missing'],
    [{ $meta: 'textScore' }, {}, 'error 40218'],
    [{ $meta: 'nope' }, {}, 'error 17308'],
    [{ $meta: 1 }, {}, 'error 17307'],
    [{ $meta: 'stream' }, {}, 'error 9692105'],
  ]);

  it('is what the row carries', () => {
    const parsed = parseExpression(
      valueOf([{ $meta: 'textScore' }, { $meta: 'recordId' }]),
      testScope({ allowsMeta: (name) => name === 'textScore' }),
    );
    const frame = new Frame();
    frame.metadata = { textScore: 1.5, recordId: 7 };
    const scope = testScope({ constants: new Map([['v', parsed.evaluate(frame)]]) });
    expect(outcome('$$v', {}, scope)).to.equal(shown([1.5, 7n]));
  });

  it('is never folded', () => {
    expect(parseExpression(valueOf({ $rand: {} }), testScope()).constant).to.equal(undefined);
    expect(evaluateValue({ $meta: 'sortKey' }).isMissing).to.equal(true);
  });
});
