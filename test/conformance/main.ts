/**
 * The public conformance suite against our server; its scores go to docs/conformance.json and docs/COMPATIBILITY.md.
 *   npm run conformance                        every area
 *   npm run conformance -- --folder core/cursors    one folder: its scores are shown, and not written
 * The suite is not part of the project: its runner is looked for beside it, or where CONFORMANCE says.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openEngine } from '../../elmo/index.js';
import { serve } from '../../server-compat/index.js';
import { compatibilityPage, SCORES_FILE } from '../docs/compatibility.js';
import { Arguments } from '../support/arguments.js';
import { projectFolder } from '../support/source-tree.js';
import { AREAS, percentOf, scoresOf, type Score } from './areas.js';
import { outcomesOf, parseResults } from './results.js';

const root = projectFolder();
const runner = process.env.CONFORMANCE ?? join(root, '..', 'shared', 'conformance', 'run');

/** @returns what became of each case, and what a server that does nothing passes */
async function run(folders: readonly string[]): Promise<Score[]> {
  const engine = await openEngine(':memory:');
  const server = await serve(engine, { port: 0 });
  const place = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    const port = new URL(server.uri).port;
    const uri = `mongodb://127.0.0.1:${port}/?directConnection=true`;
    const child = spawn(runner, [uri, ...folders], { cwd: place, stdio: ['ignore', 'inherit', 'inherit'] });
    await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    const free = gunzipSync(readFileSync(join(dirname(runner), 'floor.tsv.gz'))).toString();
    const results = parseResults(readFileSync(join(place, 'results.tsv'), 'utf8'));
    return scoresOf(outcomesOf(results, parseResults(free)));
  } finally {
    await server.close();
    await engine.close();
    rmSync(place, { recursive: true });
  }
}

const args = new Arguments(process.argv.slice(2));
const folder = args.text('folder');
if (!existsSync(runner)) {
  console.log(`no suite at ${runner}: nothing was run (CONFORMANCE may name its runner)`);
} else {
  const folders = folder === undefined ? [...new Set(AREAS.flatMap((area) => area.folders))] : [folder];
  const scores = await run(folders);
  for (const score of scores)
    console.log(`${percentOf(score).padStart(6)} %  ${score.passed}/${score.executed}  ${score.area}`);
  if (folder === undefined) {
    writeFileSync(join(root, SCORES_FILE), `${JSON.stringify(scores, undefined, 2)}\n`);
    writeFileSync(join(root, 'docs', 'COMPATIBILITY.md'), compatibilityPage());
  }
}
