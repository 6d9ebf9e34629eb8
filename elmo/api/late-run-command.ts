/** Commands in this process, loaded when the first is run (docs/decisions/0015-loaded-late.md). */
import * as runCommand from './run-command.js';

export const lateRunCommand = (): typeof runCommand => runCommand;
