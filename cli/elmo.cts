#!/usr/bin/env node
/**
 * The command `elmo`. Where the package is installed, its scripts are loaded with their compiled code, which is kept; and
 * `elmo serve` in its plain form starts from one script of its own.
 */
import fs = require('node:fs');
import path = require('node:path');
import KeptCode = require('./kept-code.cjs');
import type * as Start from './start.js';

const CHUNKS = path.join(__dirname, '..', 'chunks');
const START = path.join(CHUNKS, 'start.js');
/** main.ts, where the package is installed. */
const MAIN = path.join(CHUNKS, 'cli-main.js');

async function main([command, ...words]: readonly string[]): Promise<void> {
  if (!fs.existsSync(MAIN)) {
    await import('./main.js');
    return;
  }
  if (command === 'serve') {
    const { startServing } = new KeptCode(require, 'serve').load(START) as unknown as typeof Start;
    const exitCode = await startServing(words);
    if (exitCode !== undefined) {
      process.exitCode = exitCode;
      return;
    }
  }
  new KeptCode(require, 'command').load(MAIN);
}

void main(process.argv.slice(2));
