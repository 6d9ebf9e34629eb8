/** `npm run differential -- --operations N --seed S --port P`: random commands to us and to a reference engine. */
import { Arguments } from '../support/arguments.js';
import { WireClient } from '../support/wire-client.js';
import { OPERATIONS_PER_ROUND, runRound } from './campaign.js';

const args = new Arguments(process.argv.slice(2));
const operations = args.number('operations', 10_000);
const seed = args.number('seed', 1);
const port = args.number('port', 27_117);
const reference = await WireClient.open(port).catch(() => undefined);
if (reference === undefined) {
  console.log(`no reference engine listens on port ${port}: nothing to compare with`);
} else {
  const rounds = Math.ceil(operations / OPERATIONS_PER_ROUND);
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { setup, command, ours, theirs, seed: own } of await runRound(
      seed * 1_000_003 + round,
      reference,
    )) {
      found++;
      console.log(
        `difference (round seed ${own})\n  setup    ${setup}\n  command  ${command}\n  ours     ${ours}\n  theirs   ${theirs}`,
      );
    }
  }
  reference.close();
  console.log(`${rounds * OPERATIONS_PER_ROUND} operations, ${found} rounds with a difference`);
  if (found > 0) process.exitCode = 1;
}
