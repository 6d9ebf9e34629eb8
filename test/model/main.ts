/**
 * Does the engine answer like the simple model? Plays random programs until one tells them apart.
 *   node dist/test/model/main.js --programs 10000 --seed 1 [--row NAME] [--steps N]
 */
import { Arguments, endProgress, showProgress } from '../support/arguments.js';
import { engine } from '../support/subject.js';
import { runCampaign } from './campaign.js';
import { showDifference } from './laboratory.js';

const args = new Arguments(process.argv.slice(2));
const seed = args.number('seed', 1);
const programs = args.number('programs', 1000);
const row = args.text('row');
const started = performance.now();
const perSecond = (done: number): string =>
  `${Math.round((done * 1000) / (performance.now() - started))} programs/s`;

const { played, found } = await runCampaign(await engine(), {
  seed,
  programs,
  row,
  ...(args.has('steps') ? { steps: args.number('steps', 100) } : {}),
  onProgram: (done) => showProgress(`${done} of ${programs} programs, ${perSecond(done)}`),
});
endProgress();
if (found === undefined) console.log(`${played} programs alike (seed ${seed}, ${perSecond(played)})`);
else {
  console.log(showDifference(found.difference));
  const only = [
    row === undefined ? '' : ` --row "${row}"`,
    args.has('steps') ? ` --steps ${args.text('steps')}` : '',
  ];
  console.log(`again: node dist/test/model/main.js --programs 1 --seed ${found.seed}${only.join('')}`);
  process.exitCode = 1;
}
