/**
 * What is typed, made ready to be evaluated again and again in one context: declarations at the top may be repeated, an
 * object may stand alone, `await` may stand anywhere.
 */
import { parse, type Node, type Program, type Statement, type VariableDeclaration } from 'acorn';
import { ShellError } from './errors.js';

const OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowHashBang: true,
} as const;

interface ParseError extends SyntaxError {
  readonly pos: number;
  readonly raisedAt: number;
  readonly loc: { readonly line: number; readonly column: number };
}

/** Whether more has to be typed: a bracket, a template or a comment is open. */
export function isIncomplete(code: string): boolean {
  try {
    parse(code, OPTIONS);
    return false;
  } catch (error) {
    const { message, pos, raisedAt } = error as ParseError;
    if (/^Unterminated (template|comment)/.test(message)) return true;
    if (/^Unterminated string/.test(message)) return /\\\n?$/.test(code);
    if (standsAlone(code) !== undefined) return false;
    return raisedAt >= code.trimEnd().length && pos >= code.trimEnd().length;
  }
}

/**
 * @param file  where it stands, if not on the screen
 * @returns the code to run; its value is a promise if it awaits something at the top
 * @throws ShellError 'SyntaxError' that shows the place
 */
export function rewrite(code: string, file = ''): string {
  const alone = standsAlone(code);
  if (alone !== undefined) return alone;
  let program: Program;
  try {
    program = parse(code, OPTIONS);
  } catch (error) {
    throw syntaxError(code, error as ParseError, file);
  }
  if (program.body.some(awaits)) return asAsync(code, program);
  let text = code;
  for (const statement of [...program.body].reverse()) text = repeatable(text, statement);
  return text;
}

/** '{a: 1}' is a document, not a block. */
function standsAlone(code: string): string | undefined {
  const text = code.trim().replace(/;+$/, '');
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  try {
    const [statement] = parse(`(${text}\n)`, OPTIONS).body;
    if (statement?.type !== 'ExpressionStatement' || statement.expression.type !== 'ObjectExpression')
      return undefined;
    return awaits(statement) ? `(async () => (${text}\n))()` : `(${text}\n)`;
  } catch {
    return undefined;
  }
}

function repeatable(code: string, statement: Statement | Program['body'][number]): string {
  if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
    const end = statement.start + statement.kind.length;
    return code.slice(0, statement.start) + 'var'.padEnd(statement.kind.length) + code.slice(end);
  }
  if (statement.type === 'ClassDeclaration')
    return `${code.slice(0, statement.start)}var ${statement.id.name} = ${code.slice(statement.start)}`;
  return code;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Whether it awaits outside of functions. */
function awaits(node: Node): boolean {
  if (node.type === 'AwaitExpression') return true;
  if (node.type === 'ForOfStatement' && (node as unknown as { await: boolean }).await) return true;
  if (FUNCTIONS.has(node.type)) return false;
  return Object.values(node).some((inner: unknown) =>
    Array.isArray(inner)
      ? inner.some((each) => isNode(each) && awaits(each))
      : isNode(inner) && awaits(inner),
  );
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}

/** A function whose declarations are made outside of it, and which returns the value of its last statement. */
function asAsync(code: string, { body }: Program): string {
  const last = body.length - 1;
  const statements = body.map((statement, i) => {
    const text = code.slice(statement.start, statement.end);
    if (statement.type === 'VariableDeclaration') return assignments(code, statement);
    if (statement.type === 'ClassDeclaration' || statement.type === 'FunctionDeclaration')
      return `${statement.id.name} = ${text};`;
    if (statement.type === 'ExpressionStatement' && i === last)
      return `return (${code.slice(statement.expression.start, statement.expression.end)}\n);`;
    return text;
  });
  return `(async () => {\n${statements.join('\n')}\n})()`;
}

function assignments(code: string, { declarations }: VariableDeclaration): string {
  const parts = declarations.map(({ id, init }) => {
    const name = code.slice(id.start, id.end);
    return `(${name} = ${init ? code.slice(init.start, init.end) : 'undefined'})`;
  });
  return `${parts.join(', ')};`;
}

/** The line with a mark under the place. */
function syntaxError(code: string, { message, pos, loc }: ParseError, file: string): ShellError {
  const from = code.lastIndexOf('\n', pos - 1) + 1;
  const end = code.indexOf('\n', pos);
  const line = code.slice(from, end < 0 ? undefined : end);
  const what = message.replace(/ \(\d+:\d+\)$/, '');
  const place = file === '' ? '' : `\n  at ${file}:${loc.line}:${loc.column + 1}`;
  return new ShellError('SyntaxError', `${what}\n  ${line}\n  ${' '.repeat(pos - from)}^${place}`);
}
