/**
 * The options of `elmo serve`, once for the parser that knows everything, and for a start without it: the parser of arguments
 * and the help are a fifth of what is loaded before a server listens.
 */

/** As the parser gives them. */
export interface ServeFlags {
  readonly port: string;
  readonly bind: string;
  readonly advertise?: string;
  readonly unixSocket?: string;
  readonly auth?: boolean;
  readonly allowUnauthenticated?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly standalone?: boolean;
  readonly replicaSet?: string;
  readonly enableTestCommands?: boolean;
  readonly shared?: boolean;
}

interface ServeOption {
  /** '-p, --port <number>': a value follows where one stands in angle brackets. */
  readonly flags: string;
  readonly text: string;
  readonly default?: string;
}

export const SERVE_OPTIONS: readonly ServeOption[] = [
  { flags: '-p, --port <number>', text: 'TCP port; 0 takes a free one', default: '27017' },
  { flags: '--bind <address>', text: 'address to listen on', default: '127.0.0.1' },
  { flags: '--advertise <host:port>', text: 'where clients are told to find it' },
  { flags: '--unix-socket <path>', text: 'listen there as well' },
  { flags: '--auth', text: 'clients have to log in; the first user is made from this machine' },
  { flags: '--allow-unauthenticated', text: 'listen beyond this machine without logins' },
  { flags: '--tls-cert <file>', text: 'certificate (PEM)' },
  { flags: '--tls-key <file>', text: 'its key (PEM)' },
  { flags: '--tls-ca <file>', text: 'who signs the certificates of clients (PEM)' },
  { flags: '--standalone', text: 'be no replica set of one: no transactions for drivers' },
  {
    flags: '--enable-test-commands',
    text: 'commands that make others fail, for the tests of clients',
  },
  { flags: '--shared', text: 'programs on this machine may open the same file with { shared: true }' },
  { flags: '--replica-set <name>', text: 'name of the replica set of one', default: 'elmo' },
];

/** 'unix-socket' → 'unixSocket' */
const propertyOf = (option: string): string =>
  option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * Arguments in their plain form, each option by its long name or `-p`, its value in the next word.
 * @param words  behind 'serve'
 * @returns undefined for all else, be it right or wrong: the parser that knows everything is to read it
 */
export function plainServeFlags(words: readonly string[]): { file: string; flags: ServeFlags } | undefined {
  const flags: Record<string, string | boolean> = {};
  for (const option of SERVE_OPTIONS)
    if (option.default !== undefined) flags[propertyOf(nameOf(option))] = option.default;
  let file: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('-')) {
      if (file !== undefined) return undefined;
      file = word;
      continue;
    }
    const option = SERVE_OPTIONS.find((known) => known.flags.split(/[ ,]+/).includes(word));
    if (option === undefined) return undefined;
    if (option.flags.includes('<')) {
      const value = words[++i];
      if (value === undefined || value.startsWith('-')) return undefined;
      flags[propertyOf(nameOf(option))] = value;
    } else flags[propertyOf(nameOf(option))] = true;
  }
  return file === undefined ? undefined : { file, flags: flags as unknown as ServeFlags };
}

/** '-p, --port <number>' → 'port' */
const nameOf = ({ flags }: ServeOption): string => /--([\w-]+)/.exec(flags)![1]!;
