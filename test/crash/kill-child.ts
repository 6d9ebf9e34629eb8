/**
 * The process that is killed: opens a store and commits without end, saying on its output what it begins (`b n`) and
 * what was acknowledged (`a n`).
 *   node kill-child.js PATH SEED FIRST
 */
import { writeSync } from 'node:fs';
import { apply, chunksOf } from '../model/player.js';
import { engine, type LabStore } from '../support/subject.js';
import { keyOf } from '../support/values.js';
import { KILL_OPTIONS, killCommit, type KillCommit } from './kill-program.js';

const [path, seedText, firstText] = process.argv.slice(2);
const seed = Number(seedText);

async function make(store: LabStore, commit: KillCommit): Promise<void> {
  const { kind, ops, sync } = commit;
  if (kind === 'stream') {
    const op = ops[0] as readonly ['put', string, string];
    return store.putStream(keyOf(op[1]), chunksOf(op[2], 997), { sync });
  }
  if (kind === 'transaction') {
    const transaction = store.begin();
    for (const op of ops) apply(transaction, op);
    await transaction.commit({ sync });
    return;
  }
  const batch = store.batch();
  for (const op of ops) apply(batch, op);
  await store.write(batch, { sync });
  if (kind === 'flush') await store.flush();
}

const store = await (await engine())(path!, KILL_OPTIONS);
let inFlight: Promise<void>[] = [];
for (let n = Number(firstText); ; n++) {
  const commit = killCommit(seed, n);
  // What is placed among the commits later than it is called waits for those before it.
  if (commit.kind !== 'batch' || inFlight.length >= 16) {
    await Promise.all(inFlight);
    inFlight = [];
  }
  writeSync(1, `b ${n}\n`);
  const made = make(store, commit).then(() => {
    writeSync(1, `a ${n}\n`);
  });
  inFlight.push(made);
  if (commit.kind !== 'batch') await made;
}
