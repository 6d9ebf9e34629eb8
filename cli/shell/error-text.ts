/** Errors as people read them: MongoServerError[DuplicateKey]: …; the place in their script; stacks only on request. */
import { types } from 'node:util';
import { ServerError, ShellError } from './errors.js';
import { Interrupted } from './evaluate.js';
import { valueText, type PrintOptions } from './print.js';

const RED = '\x1b[31m';
const PLAIN = '\x1b[39m';

export interface ErrorTextOptions extends PrintOptions {
  readonly isVerbose: boolean;
  /** Scripts that have run. */
  readonly files: ReadonlySet<string>;
}

export function errorText(error: unknown, options: ErrorTextOptions): string {
  if (error instanceof Interrupted) return 'interrupted';
  if (!types.isNativeError(error)) return `${paint('thrown', options)}: ${valueText(error, options)}`;
  const lines = [`${paint(titleOf(error), options)}: ${error.message}${placeOf(error, options)}`];
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

/** The first call that stands in a script; a line that was typed is seen anyway. */
function placeOf({ stack = '', message }: Error, { files }: ErrorTextOptions): string {
  const calls = stack.slice(stack.indexOf(message) + message.length).split('\n');
  for (const call of calls) {
    const place = /(?:at |\()([^()]+):(\d+:\d+)\)?$/.exec(call);
    if (place !== null && files.has(place[1]!)) return `\n  at ${place[1]!}:${place[2]!}`;
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
