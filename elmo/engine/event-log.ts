/** The newest lines of what happened, for `getLog`: each a JSON object, as tools for such logs read them. */

const MOST_LINES = 1024;

export class EventLog {
  /** Lines since the start, those that were dropped too. */
  written = 0;
  private readonly kept: string[] = [];

  constructor(private readonly wallMs: () => number) {}

  get lines(): readonly string[] {
    return this.kept;
  }

  /** @param component  'NETWORK', 'CONTROL', 'ACCESS' … */
  add(component: string, message: string, attributes?: Readonly<Record<string, unknown>>): void {
    this.written++;
    this.kept.push(
      JSON.stringify({
        t: { $date: new Date(this.wallMs()).toISOString() },
        s: 'I',
        c: component,
        ctx: 'elmo',
        msg: message,
        ...(attributes === undefined ? {} : { attr: attributes }),
      }),
    );
    if (this.kept.length > MOST_LINES) this.kept.shift();
  }
}
