/** The options of `connect` as tables, from the declarations and the comments above them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { projectFolder } from '../support/source-tree.js';

export interface ConnectOption {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** What the options are declared in, and what the table is called. */
const SOURCES = [
  ['The file and its memory', 'lsm/options.ts', 'LsmOptions'],
  ['The engine', 'elmo/engine/engine-options.ts', 'EngineOptions'],
  ['The engine', 'elmo/engine/background.ts', 'BackgroundOptions'],
  ['The client', 'server-compat/client.ts', 'ElmoClientOptions'],
  ['The client', 'elmo/api/client.ts', 'ElmoClientOptions'],
  ['The client', 'elmo/api/types.ts', 'BSONSerializeOptions'],
] as const;

/** For those who build an engine, not taken by `connect`. */
const OF_BUILDERS = new Set(['host', 'leastLoaded', 'state']);

function membersOf(path: string, interfaceName: string): ConnectOption[] {
  const text = readFileSync(join(projectFolder(), path), 'utf8');
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const declared = file.statements.find(
    (node): node is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(node) && node.name.text === interfaceName,
  );
  /** Names of types that are told by what they are. */
  const aliases = new Map(
    file.statements.filter(ts.isTypeAliasDeclaration).map((node) => [node.name.text, node.type.getText()]),
  );
  const members = declared?.members.filter(ts.isPropertySignature) ?? [];
  return members.map((member) => ({
    name: member.name.getText(),
    type: aliases.get(member.type!.getText()) ?? member.type!.getText(),
    text: ts
      .getJSDocCommentsAndTags(member)
      .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
      .join(' ')
      .replace(/\s+/g, ' '),
  }));
}

/** By the name of their table, in the order of the page. */
export function connectOptions(): ReadonlyMap<string, readonly ConnectOption[]> {
  const tables = new Map<string, ConnectOption[]>();
  for (const [table, path, name] of SOURCES) {
    const options = membersOf(path, name).filter((option) => !OF_BUILDERS.has(option.name));
    tables.set(table, [...(tables.get(table) ?? []), ...options]);
  }
  return tables;
}

const inCell = (text: string): string => text.replaceAll('|', '\\|');

export function connectOptionTables(): string {
  const parts = [...connectOptions()].map(([table, options]) => {
    const rows = options.map(
      ({ name, type, text }) => `| \`${name}\` | \`${inCell(type)}\` | ${inCell(text)} |`,
    );
    return [`### ${table}`, '', '| option | type | |', '|---|---|---|', ...rows].join('\n');
  });
  return parts.join('\n\n');
}

const BEGIN = '<!-- generated: options of connect -->';
const END = '<!-- end of what is generated -->';

/** The page with its tables as they should be. @throws Error when it has no place for them */
export function withConnectOptions(page: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${connectOptionTables()}\n\n${page.slice(to)}`;
}
