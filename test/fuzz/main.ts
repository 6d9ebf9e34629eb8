/**
 * Do damaged bytes ever get anything but data or a typed refusal?
 *   node dist/test/fuzz/main.js --count 1000000 --seed 1 [blocks] [manifests] [logs] [files] [messages]
 *   node dist/test/fuzz/main.js connections --count 10000 --waves 3
 */
import { Arguments, endProgress, showProgress } from '../support/arguments.js';
import { storm } from './connections.js';
import { runFuzz } from './runner.js';

const TARGETS = ['blocks', 'manifests', 'logs', 'files', 'messages'];
/** A whole store is opened and read in each case: fewer of them. */
const FILES_SHARE = 0.02;

const args = new Arguments(process.argv.slice(2));
const seed = args.number('seed', 1);
const count = args.number('count', 100_000);
if (args.words.includes('connections')) {
  const report = await storm(args.number('count', 10_000), args.number('waves', 3));
  console.log(JSON.stringify(report));
  process.exit(report.wrong.length === 0 ? 0 : 1);
}
for (const unknown of args.words.filter((word) => !TARGETS.includes(word))) {
  throw new Error(`no such target: ${unknown}; there are ${TARGETS.join(', ')}`);
}
for (const target of args.words.length > 0 ? args.words : TARGETS) {
  const cases = target === 'files' && count > 1000 ? Math.ceil(count * FILES_SHARE) : count;
  const started = performance.now();
  const rate = (done: number): string => `${Math.round((done * 1000) / (performance.now() - started))}/s`;
  const { done, wrong } = await runFuzz({
    target,
    seed,
    count: cases,
    onProgress: (sofar) => showProgress(`${target}: ${sofar} of ${cases} cases, ${rate(sofar)}`),
  });
  endProgress();
  if (wrong === undefined) console.log(`${target}: ${done} cases (seed ${seed}, ${rate(done)})`);
  else {
    const failing = /^case (\d+)/.exec(wrong)?.[1] ?? String(seed + done);
    console.log(
      `${target}: ${wrong}\nagain: node dist/test/fuzz/main.js --count 1 --seed ${failing} ${target}`,
    );
    process.exitCode = 1;
  }
}
