/** Where typed code runs: a context of its own, whose variables live as long as the shell. */
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { types } from 'node:util';
import { createContext, runInContext, type Context } from 'node:vm';
import { ShellError } from './errors.js';
import { installDateNotation } from './print.js';
import { rewrite } from './rewrite.js';

/** Ctrl-C while code ran. */
export class Interrupted extends ShellError {
  constructor() {
    super('Interrupted', 'the command was interrupted');
  }
}

/** What code finds besides the language itself. */
const HOST_NAMES = [
  'AbortController',
  'Buffer',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'URLSearchParams',
  'atob',
  'btoa',
  'clearInterval',
  'clearTimeout',
  'fetch',
  'performance',
  'process',
  'queueMicrotask',
  'setInterval',
  'setTimeout',
  'structuredClone',
] as const;

/** What makes an object one of a class, whichever realm it comes from: documents are made outside of the context. */
const KINDS = {
  Array: (value: unknown) => Array.isArray(value),
  Date: types.isDate,
  Error: types.isNativeError,
  Map: types.isMap,
  Object: (value: unknown) => (typeof value === 'object' && value !== null) || typeof value === 'function',
  RegExp: types.isRegExp,
  Set: types.isSet,
  Uint8Array: types.isUint8Array,
} as const;

export class Evaluator {
  readonly context: Context;
  /** Scripts that have run: what their errors are placed in. */
  readonly files = new Set<string>();

  constructor(globals: object) {
    this.context = createContext(globals, { name: 'elmo' });
    const host = globalThis as unknown as Record<string, unknown>;
    for (const name of HOST_NAMES) this.context[name] = host[name];
    this.context['require'] = createRequire(join(process.cwd(), 'shell.js'));
    this.context['globalThis'] = runInContext('globalThis', this.context);
    for (const [name, isOne] of Object.entries(KINDS)) {
      const type = runInContext(name, this.context) as { readonly prototype: object };
      Object.defineProperty(type, Symbol.hasInstance, {
        value(this: unknown, value: unknown) {
          if (this === type && isOne(value)) return true;
          return Function.prototype[Symbol.hasInstance].call(this as () => void, value);
        },
      });
      if (name === 'Date') installDateNotation(type.prototype);
    }
  }

  /**
   * Evaluates, and waits for what is promised.
   * @param name  of the file, for errors
   * @throws Interrupted after Ctrl-C
   */
  async evaluate(code: string, name: string): Promise<unknown> {
    const value = this.run(code, name);
    return types.isPromise(value) ? orInterrupted(value) : value;
  }

  /** Evaluates; a promise is given back as it is. */
  run(code: string, name: string): unknown {
    const isFile = isAbsolute(name);
    if (isFile) this.files.add(name);
    const text = rewrite(code, isFile ? name : '');
    return interruptible(() =>
      runInContext(text, this.context, { filename: name, breakOnSigint: true, displayErrors: false }),
    );
  }

  /** Runs work of the shell itself, such as reading what is shown, so that Ctrl-C ends it. */
  runWork<T>(work: () => T): T {
    this.context[WORK] = work;
    try {
      return interruptible(
        () => runInContext(`${WORK}()`, this.context, { breakOnSigint: true, displayErrors: false }) as T,
      );
    } finally {
      delete this.context[WORK];
    }
  }
}

const WORK = '__work';

function interruptible<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
      throw new Interrupted();
    throw error;
  }
}

/** The promise, or the next Ctrl-C. */
function orInterrupted(promise: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = (): void => done(() => reject(new Interrupted()));
    const done = (settle: () => void): void => {
      process.off('SIGINT', stop);
      settle();
    };
    process.on('SIGINT', stop);
    promise.then(
      (value) => done(() => resolve(value)),
      (error: unknown) => done(() => reject(error as Error)),
    );
  });
}
