/** A text that is shown as it is, and not as a value. */
export class PlainText {
  constructor(readonly text: string) {}
}
