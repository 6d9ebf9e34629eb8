/**
 * Does the store keep what it acknowledged, whatever happens? Cuts the power, fails calls, kills processes.
 *   node dist/test/crash/main.js --cuts 10000 --seed 1     power cuts and crashes at every call
 *   node dist/test/crash/main.js --faults 2000 --seed 1    failing calls: no space, I/O errors
 *   node dist/test/crash/main.js --documents 5000 --seed 1 power cuts and crashes under documents, indexes, transactions
 *   node dist/test/crash/main.js --kill 50 --seed 1        real processes, kill -9
 *   node dist/test/crash/main.js --serve 50 --seed 1       servers under load of 32 clients, kill -9
 *   node dist/test/crash/main.js --planted 40 --seed 1     how soon planted faults are found, for so many seeds
 * A failure prints how to repeat it: `--seed S --cut N --image I` is one image.
 */
import { Arguments, endProgress, showProgress } from '../support/arguments.js';
import { engine } from '../support/subject.js';
import { runCrashCampaign } from './campaign.js';
import { runDocumentCampaign } from './documents/laboratory.js';
import { exploreFaults, showFaultFailure } from './faults.js';
import { killRounds } from './kill.js';
import { showFailure, type CrashFailure } from './laboratory.js';
import { plantedFaults } from './planted-faults.js';
import { repairEngineLog, searchPlanted } from './planted-search.js';
import { crashProgram } from './programs.js';
import { serverKillRounds } from './server-kill.js';

const args = new Arguments(process.argv.slice(2));
const seed = args.number('seed', 1) + args.number('from', 0);
const started = performance.now();

function rate(done: number): string {
  return `${Math.round((done * 1000) / (performance.now() - started))}/s`;
}

function fail(text: string, again: string): void {
  endProgress();
  console.log(`${text}\nagain: node dist/test/crash/main.js ${again}`);
  process.exitCode = 1;
}

async function cutPower(): Promise<void> {
  const cuts = args.has('cut') ? Infinity : args.number('cuts', 10_000);
  const result = await runCrashCampaign({
    openStore: await engine(),
    cuts,
    seed,
    images: args.number('images', 2),
    ...(args.has('cut') ? { onlyCut: args.number('cut', 1) } : { cutPoints: args.number('points', 80) }),
    ...(args.has('image') ? { onlyImage: args.number('image', 1) } : {}),
    onProgress: (done) => {
      if (done % 50 === 0) showProgress(`${done} of ${cuts} cuts, ${rate(done)}`);
    },
  });
  const { found, shortest } = result;
  if (found === undefined) {
    endProgress();
    console.log(
      `${result.cuts} cuts of ${result.programs} programs survived (seed ${seed}, ${rate(result.cuts)})`,
    );
    return;
  }
  fail(
    `after ${result.cuts} cuts, shortest form found:\n${showFailure(shortest ?? found)}\n\nfirst seen as: ${found.message}`,
    repeat(found),
  );
}

function repeat({ program, cut, image }: CrashFailure): string {
  const images = args.has('images') ? ` --images ${args.number('images', 2)}` : '';
  return `--seed ${program.seed}${cut === 0 ? ' --cuts 1' : ` --cut ${cut} --image ${image}`}${images}`;
}

async function failCalls(): Promise<void> {
  const cases = args.number('faults', 1000);
  let done = 0;
  for (let program = 0; done < cases; program++) {
    const found = await exploreFaults(
      crashProgram(seed + program),
      await engine(),
      args.number('points', 12),
      () => {
        showProgress(`${++done} of ${cases} faults, ${rate(done)}`);
        return done < cases;
      },
    );
    if (found !== undefined) {
      fail(
        showFaultFailure(found),
        `--faults ${cases} --points ${args.number('points', 12)} --seed ${seed + program}`,
      );
      return;
    }
  }
  endProgress();
  console.log(`${done} faults survived (seed ${seed}, ${rate(done)})`);
}

async function killProcesses(): Promise<void> {
  const rounds = args.number('kill', 20);
  const { commits, wrong } = await killRounds(await engine(), seed, rounds, (done) =>
    showProgress(`${done} of ${rounds} processes killed`),
  );
  if (wrong !== undefined) return fail(wrong, `--kill ${rounds} --seed ${seed}`);
  endProgress();
  console.log(`${rounds} processes killed, ${commits} commits, none acknowledged was lost (seed ${seed})`);
}

process.on('unhandledRejection', (error) => {
  endProgress();
  console.log('a promise floats: its rejection was handled by no one', error);
  process.exit(1);
});

async function killServers(): Promise<void> {
  const rounds = args.number('serve', 20);
  const { acknowledged, wrong } = await serverKillRounds(seed, rounds, (done) =>
    showProgress(`${done} of ${rounds} servers killed`),
  );
  if (wrong !== undefined) return fail(wrong, `--serve ${rounds} --seed ${seed}`);
  endProgress();
  console.log(
    `${rounds} servers killed, none of ${acknowledged} acknowledged writes was lost (seed ${seed})`,
  );
}

async function cutDocuments(): Promise<void> {
  const cuts = args.number('documents', 1000);
  const result = await runDocumentCampaign({
    openStore: await engine(),
    cuts,
    seed,
    points: args.number('points', 12),
    onProgress: (done) => showProgress(`${done} of ${cuts} cuts, ${rate(done)}`),
  });
  const { found } = result;
  if (found !== undefined)
    return fail(
      `cut at call ${found.cut}, image ${found.image}: ${found.message}`,
      `--documents 1000 --seed ${found.seed}`,
    );
  endProgress();
  console.log(
    `${result.cuts} cuts of ${result.programs} programs survived, documents and indexes agree (seed ${seed}, ${rate(result.cuts)})`,
  );
}

/** Fails when a fault is found for fewer than nine seeds of ten. */
async function findPlanted(): Promise<void> {
  const seeds = args.number('planted', 20);
  for (const planted of plantedFaults(repairEngineLog)) {
    const cutsNeeded: number[] = [];
    for (let n = 0; n < seeds; n++) {
      showProgress(`${planted.name}: ${cutsNeeded.length} of ${n} seeds`);
      const { cuts, found } = await searchPlanted(await engine(), planted, seed + n);
      if (found !== undefined) cutsNeeded.push(cuts);
    }
    cutsNeeded.sort((a, b) => a - b);
    endProgress();
    const median = cutsNeeded[cutsNeeded.length >> 1] ?? 'none';
    console.log(
      `${planted.name}: found within ${planted.findableWithin} cuts for ${cutsNeeded.length} of ${seeds} seeds, the median after ${median}`,
    );
    if (cutsNeeded.length < seeds * 0.9) process.exitCode = 1;
  }
}

if (args.has('planted')) await findPlanted();
else if (args.has('serve')) await killServers();
else if (args.has('kill')) await killProcesses();
else if (args.has('faults')) await failCalls();
else if (args.has('documents')) await cutDocuments();
else await cutPower();
