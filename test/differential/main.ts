/**
 * Random commands to us and to a reference engine.
 *   npm run differential -- --operations N --seed S --port P
 *   npm run differential -- --round SEED      one round again
 */
import { Arguments, endProgress, showProgress } from '../support/arguments.js';
import { WireClient } from '../support/wire-client.js';
import { runRound } from './campaign.js';
import { messageOf } from './sides.js';

const args = new Arguments(process.argv.slice(2));
const most = args.has('round') ? 1 : args.number('operations', 10_000);
const seed = args.number('seed', 1);
const port = args.number('port', 27_117);
const stopAfter = args.number('differences', 20);
const reference = await WireClient.open(port).catch(() => undefined);
if (reference === undefined) {
  console.log(`no reference engine listens on port ${port}: nothing to compare with`);
} else {
  let operations = 0;
  let found = 0;
  const decided = new Map<string, number>();
  for (let round = 0; operations < most && found < stopAfter; round++) {
    if (args.has('round') && round > 0) break;
    const own = args.has('round') ? args.number('round', 1) : seed * 1_000_003 + round;
    const result = await runRound(own, reference);
    operations += result.operations;
    for (const name of result.decided) decided.set(name, (decided.get(name) ?? 0) + 1);
    showProgress(`${operations} of ${most} operations, ${found} differences`);
    const { difference } = result;
    if (difference === undefined) continue;
    found++;
    endProgress();
    if (args.has('round'))
      console.log([...difference.documents, 'indexes', ...difference.indexes].join('\n'));
    console.log(
      `difference (round ${own})\n  command  ${difference.command}\n  ours     ${difference.ours}\n  theirs   ${difference.theirs}`,
    );
  }
  endProgress();
  await reference.sendMessage(messageOf({ command: { dropDatabase: 1 } }));
  reference.close();
  for (const [name, times] of decided) console.log(`decided: ${name} (${times} times)`);
  console.log(`${operations} operations (seed ${seed}), ${found} differences`);
  if (found > 0) process.exitCode = 1;
}
