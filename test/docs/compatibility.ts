/** docs/COMPATIBILITY.md, as text, from the tables that the engine itself uses: what is in none of them is not there. */
import { accumulators } from '../../elmo/aggregate/accumulators/table.js';
import { stageOperators } from '../../elmo/aggregate/table.js';
import { PARAMETERS } from '../../elmo/commands/diagnostics/parameter-table.js';
import { elmoCommands } from '../../elmo/commands/table.js';
import { expressionOperators } from '../../elmo/expression/table.js';
import { fieldOperators, topOperators } from '../../elmo/query/operators/table.js';
import { helloCommands } from '../../server-compat/commands/hello.js';
import { loginCommands, type Logins } from '../../server-compat/commands/login.js';
import { userCommands } from '../../server-compat/commands/users.js';
import type { WireServer } from '../../server-compat/index.js';
import { updateOperators } from '../../elmo/update/operators/table.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { percentOf, type Score } from '../conformance/areas.js';
import { projectFolder } from '../support/source-tree.js';
import { KNOWN_NAMES, REFUSED_NAMES, type Family } from './known-names.js';

const logins = { users: {} } as unknown as Logins;
const commands = [
  ...elmoCommands,
  ...helloCommands({ options: {} } as unknown as WireServer, () => logins),
  ...loginCommands(logins),
  ...userCommands(logins.users),
];

/** Every name that is understood. */
export const UNDERSTOOD: Readonly<Record<Family, ReadonlySet<string>>> = {
  'Query operators': new Set([...Object.keys(fieldOperators), ...Object.keys(topOperators)]),
  'Update operators': new Set(Object.keys(updateOperators)),
  'Aggregation stages': new Set(Object.keys(stageOperators)),
  Accumulators: new Set(Object.keys(accumulators)),
  'Expression operators': new Set(Object.keys(expressionOperators)),
  Commands: new Set(commands.flatMap(({ name, aliases = [] }) => [name, ...aliases])),
};

export interface FamilyReport {
  readonly family: Family;
  readonly there: readonly string[];
  readonly refused: readonly string[];
  readonly missing: readonly string[];
}

export function familyReports(): FamilyReport[] {
  return (Object.keys(KNOWN_NAMES) as Family[]).map((family) => {
    const names = KNOWN_NAMES[family];
    const known = UNDERSTOOD[family];
    return {
      family,
      there: names.filter((name) => known.has(name) && !REFUSED_NAMES.has(name)),
      refused: names.filter((name) => known.has(name) && REFUSED_NAMES.has(name)),
      missing: names.filter((name) => !known.has(name)),
    };
  });
}

const listed = (names: readonly string[]): string =>
  names.length === 0 ? 'none' : names.map((name) => `\`${name}\``).join(' ');

/** Where `npm run conformance` keeps the scores of its last whole run. */
export const SCORES_FILE = 'docs/conformance.json';

function conformanceTable(): string {
  const scores = JSON.parse(readFileSync(join(projectFolder(), SCORES_FILE), 'utf8')) as Score[];
  const rows = scores.map(
    (score) => `| ${score.area} | ${score.passed} | ${score.executed} | ${percentOf(score)} |`,
  );
  return `| | passed | executed | score, % |
|---|--:|--:|--:|
${rows.join('\n')}`;
}

export function compatibilityPage(): string {
  const reports = familyReports();
  const rows = reports.map(
    ({ family, there, refused, missing }) =>
      `| ${family} | ${there.length} | ${refused.length} | ${missing.length} |`,
  );
  const sections = reports.map(({ family, there, refused, missing }) =>
    [
      `## ${family}\n`,
      `**There:** ${listed(there)}\n`,
      ...(refused.length === 0 ? [] : [`**Understood, and refused:** ${listed(refused)}\n`]),
      `**Not there:** ${listed(missing)}\n`,
    ].join('\n'),
  );
  return `# Compatibility

Written by \`npm run docs\` from the tables that the engine itself uses. A name that is not there gives the error code that MongoDB
gives for a name it does not know; nothing is ignored. "Understood, and refused" are names that need what is not there:
JavaScript in the server, a search service, shards, indexes of text and on the sphere.

| | there | refused | not there |
|---|--:|--:|--:|
${rows.join('\n')}

What differs beyond names stands in [the README](../README.md#what-works-and-what-differs).

## Conformance

The part of the public suite [documentdb/functional-tests](https://github.com/documentdb/functional-tests) that is at hand, run by
\`npm run conformance\` against \`elmo serve\`. It compares types of values strictly, and codes of errors. The score leaves out what a
server that does nothing passes.

${conformanceTable()}

${sections.join('\n')}
${parametersSection()}`;
}

function parametersSection(): string {
  const names = [...PARAMETERS.keys()];
  const isSettable = (name: string): boolean => PARAMETERS.get(name)!.apply !== undefined;
  return `## Parameters of the server

**Set by \`setParameter\`, and followed:** ${listed(names.filter(isSettable))}

**Told by \`getParameter\`:** ${listed(names.filter((name) => !isSettable(name)))}

All others are refused as unknown.
`;
}
