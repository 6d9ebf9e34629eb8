/** One process of the driver, told by its parent which part of which workload to run: `node driver.js URI`. */
import type { DriverAnswer, DriverTask } from './drivers.js';
import { clientOf } from './servers.js';
import { SERVER_WORKLOADS } from './workloads.js';

const client = clientOf(process.argv[2]!);
await client.connect();

async function perform({ workload, database, round, part, parts }: DriverTask): Promise<number> {
  const found = SERVER_WORKLOADS.find(({ name }) => name === workload);
  if (found === undefined) throw new Error(`there is no workload ${workload}`);
  return found.run(client.db(database), round, { part, parts });
}

const answer = (value: DriverAnswer): void => {
  process.send!(value);
};

process.on('message', (task: DriverTask) => {
  perform(task).then(
    (units) => answer({ units }),
    (error: unknown) => answer({ units: 0, error: String(error) }),
  );
});
process.on('disconnect', () => void client.close());
process.send!('connected');
