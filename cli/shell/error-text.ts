/** Errors as people read them: MongoServerError[DuplicateKey]: …; the place in their script; stacks only on request. */
import { types } from 'node:util';
import { ServerError, ShellError } from './errors.js';
import { Interrupted } from './evaluate.js';
import { valueText, type PrintOptions } from './print.js';

const RED = '\x1b[31m';
const PLAIN = '\x1b[39m';

export interface ErrorTextOptions extends PrintOptions {
  readonly isVerbose: boolean;
}

export function errorText(error: unknown, options: ErrorTextOptions): string {
  if (error instanceof Interrupted) return 'interrupted';
  if (!types.isNativeError(error)) return `${paint('thrown', options)}: ${valueText(error, options)}`;
  const lines = [`${paint(titleOf(error), options)}: ${error.message}${placeOf(error)}`];
  if (error instanceof ServerError) lines.push(...detailsOf(error, options));
  if (options.isVerbose && error.stack !== undefined) lines.push(error.stack);
  return lines.join('\n');
}

function paint(text: string, { hasColors }: PrintOptions): string {
  return hasColors ? RED + text + PLAIN : text;
}

function titleOf(error: Error): string {
  const { code, codeName } = error as { code?: unknown; codeName?: unknown };
  if (!(error instanceof ShellError)) return error.name;
  const label = codeName ?? code;
  return label === undefined ? error.name : `${error.name}[${String(label)}]`;
}

/** The first frame of a script: modules of this package are named by URLs. A line that was typed is seen anyway. */
function placeOf({ stack = '', message }: Error): string {
  const calls = stack.slice(stack.indexOf(message) + message.length);
  const frames = calls.split('\n').filter((line) => /^\s+at /.test(line) && !line.includes('node_modules'));
  for (const frame of frames) {
    const place = /(?:^\s+at |\()((?:\/|[A-Z]:\\)[^()\n]+:\d+:\d+)\)?$/.exec(frame);
    if (place !== null) return `\n  at ${place[1]!}`;
  }
  return '';
}

function detailsOf(error: ServerError, options: PrintOptions): string[] {
  const { writeErrors, result, errInfo } = error as {
    writeErrors?: unknown;
    result?: unknown;
    errInfo?: unknown;
  };
  return [
    ...(errInfo === undefined ? [] : [`errInfo: ${valueText(errInfo, options)}`]),
    ...(result === undefined ? [] : [`result: ${valueText(result, options)}`]),
    ...(writeErrors === undefined ? [] : [`writeErrors: ${valueText(writeErrors, options)}`]),
  ];
}
