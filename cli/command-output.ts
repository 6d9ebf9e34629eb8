/** What the parser of arguments prints (help, and its own errors) goes where everything goes. */
import type { OutputConfiguration } from 'commander';
import type { Terminal } from './terminal.js';

/** Where commander prints help and its own errors. */
export function outputTo(terminal: Terminal): OutputConfiguration {
  const width = (): number => Math.min(terminal.columns, 110);
  return {
    writeOut: (text) => void terminal.write(text),
    writeErr: (text) => terminal.warn(text),
    getOutHelpWidth: width,
    getErrHelpWidth: width,
  };
}
