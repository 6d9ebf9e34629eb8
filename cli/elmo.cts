#!/usr/bin/env node
/**
 * The command `elmo`. Where the package is installed, `elmo serve` starts from one script whose compiled code is kept; all
 * else, and all that its plain form does not say, is for `main.ts`.
 */
import fs = require('node:fs');
import path = require('node:path');
import KeptCode = require('./kept-code.cjs');
import type * as Start from './start.js';

const START = path.join(__dirname, '..', 'chunks', 'start.js');

async function main([command, ...words]: readonly string[]): Promise<void> {
  if (command === 'serve' && fs.existsSync(START)) {
    const { startServing } = new KeptCode(require).load(START) as unknown as typeof Start;
    const exitCode = await startServing(words);
    if (exitCode !== undefined) {
      process.exitCode = exitCode;
      return;
    }
  }
  await import('./main.js');
}

void main(process.argv.slice(2));
