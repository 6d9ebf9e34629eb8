import { expect } from 'chai';
import { Command } from 'commander';
import { plainServeFlags, SERVE_OPTIONS } from '../../cli/serve-flags.js';

/** What the parser that knows everything makes of it. */
function parsed(words: readonly string[]): unknown {
  const command = new Command('serve').argument('<file>').exitOverride();
  for (const { flags, text, default: value } of SERVE_OPTIONS) command.option(flags, text, value);
  command.parse([...words], { from: 'user' });
  return { file: command.args[0], flags: command.opts() };
}

describe('the plain form of serve', () => {
  for (const words of [
    ['app.elmo'],
    [':memory:', '--port', '0', '--standalone'],
    ['-p', '27018', 'app.elmo', '--auth', '--replica-set', 'rs7'],
    ['--tls-cert', 'a.pem', '--tls-key', 'b.pem', '--tls-ca', 'c.pem', 'app.elmo', '--shared'],
    ['app.elmo', '--bind', '::1', '--advertise', 'db:1', '--unix-socket', '/tmp/s', '--enable-test-commands'],
    ['app.elmo', '--bind', '0.0.0.0', '--allow-unauthenticated'],
  ])
    it(`is read as the parser reads it: ${words.join(' ')}`, () =>
      expect(plainServeFlags(words)).to.deep.equal(parsed(words)));

  for (const [why, words] of [
    ['no file', []],
    ['two files', ['a', 'b']],
    ['an unknown option', ['a', '--any']],
    ['a question', ['a', '--help']],
    ['a value in the same word', ['a', '--port=1']],
    ['an option without its value', ['a', '--port']],
    ['what may be an option or a value', ['a', '--port', '--auth']],
  ] as const)
    it(`leaves ${why} to the parser`, () => expect(plainServeFlags(words)).to.equal(undefined));
});
