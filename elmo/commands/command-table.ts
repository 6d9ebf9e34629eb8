/** The commands there are by each of their names, and the fields of a message by the rules of its command. */
import { documentValue } from '../bson/value.js';
import { ElmoError } from '../errors.js';
import {
  Arguments,
  checkSequence,
  makeFieldTable,
  parseByTable,
  type CommandMessage,
  type FieldTable,
} from './arguments.js';
import type { Command } from './command.js';
import { COMMON_FIELDS } from './common-fields.js';

/** A command under one of its names. */
export interface TableEntry {
  readonly command: Command;
  readonly fields: FieldTable;
}

const OWN_FIELD = { types: undefined, skipsNull: false, isRequired: false } as const;

/** Commands by each of their names. */
export class CommandTable {
  private readonly byName = new Map<string, Command>();
  /** Made when a command is first asked for. */
  private readonly entries = new Map<string, TableEntry>();

  constructor(readonly commands: readonly Command[]) {
    for (const command of commands)
      for (const name of [command.name, ...(command.aliases ?? [])]) this.byName.set(name, command);
  }

  get(name: string): Command | undefined {
    return this.byName.get(name);
  }

  entry(name: string): TableEntry | undefined {
    let entry = this.entries.get(name);
    if (entry === undefined) {
      const command = this.byName.get(name);
      if (command === undefined) return undefined;
      // what names the collection is judged by `checkTarget`
      const table =
        command.target === 'collection'
          ? makeFieldTable(COMMON_FIELDS, command.fields, { [name]: OWN_FIELD })
          : makeFieldTable(COMMON_FIELDS, { [name]: OWN_FIELD }, command.fields);
      this.entries.set(name, (entry = { command, fields: { ...table, own: name } }));
    }
    return entry;
  }
}

/** @throws ElmoError */
export function parseCommand({ command, fields }: TableEntry, message: CommandMessage): Arguments {
  const { sequences } = message;
  const values = parseByTable(
    documentValue(message.body),
    fields,
    command.name,
    command.name,
    sequences,
    command.ignoresUnknown,
  );
  if (sequences !== undefined)
    for (const [field, documents] of sequences) {
      const rule = Object.hasOwn(command.fields, field) ? command.fields[field] : undefined;
      if (rule === undefined)
        throw new ElmoError(40415, `BSON field '${command.name}.${field}' is an unknown field.`);
      if (values.has(field))
        throw new ElmoError(40413, `BSON field '${command.name}.${field}' is a duplicate field`);
      checkSequence(documents, rule, `${command.name}.${field}`, command.name);
    }
  return new Arguments(values, sequences);
}
