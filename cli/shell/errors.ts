/** Errors that people see in the shell, under the names they know from the official driver. */
import { codeNameOf, type Document } from '../../elmo/values.js';

/** An error with a name of its own. */
export class ShellError extends Error {
  override readonly name: string;
  code?: string | number;
  codeName?: string;

  constructor(name: string, message: string, code?: string | number) {
    super(message);
    this.name = name;
    if (code !== undefined) this.code = code;
  }
}

/** A use of the shell that cannot be right. */
export function invalid(message: string): ShellError {
  return new ShellError('MongoInvalidArgumentError', message);
}

/** What the database answered to a command that failed. */
export class ServerError extends ShellError {
  readonly errorLabels: readonly string[];

  /** @param reply  {ok: 0, errmsg, code, codeName, …} or an element of `writeErrors` */
  constructor(reply: Document, name = 'MongoServerError') {
    super(name, String(reply['errmsg'] ?? 'the command failed'));
    const { code, codeName, errorLabels } = reply as {
      code?: number;
      codeName?: string;
      errorLabels?: string[];
    };
    if (code !== undefined) {
      this.code = code;
      this.codeName = codeName ?? codeNameOf(code);
    }
    this.errorLabels = errorLabels ?? [];
    for (const field of ['keyPattern', 'keyValue', 'errInfo', 'writeErrors', 'result'])
      if (reply[field] !== undefined)
        Object.defineProperty(this, field, { value: reply[field], enumerable: true });
  }

  hasErrorLabel(label: string): boolean {
    return this.errorLabels.includes(label);
  }
}
