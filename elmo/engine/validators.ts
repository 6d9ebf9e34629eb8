/** Checks documents against the validators of their collections, which are compiled once per definition. */
import type { CollectionSpec } from '../catalog/collection-spec.js';
import { Validator, type ValidatorContext } from '../catalog/validator.js';
import { ElmoError } from '../errors.js';

export class Validators {
  private readonly compiled = new WeakMap<CollectionSpec, Validator>();

  constructor(
    private readonly nowMs: () => number,
    private readonly random: () => number,
  ) {}

  /** @throws ElmoError DocumentValidationFailure with the reasons in `errInfo` */
  check(spec: CollectionSpec, document: Uint8Array): void {
    if (spec.validator === undefined || spec.validationLevel === 'off' || spec.validationAction === 'warn')
      return;
    const errInfo = this.validatorOf(spec).check(document);
    if (errInfo !== undefined)
      throw new ElmoError('DocumentValidationFailure', 'Document failed validation', { errInfo });
  }

  /** With level 'moderate' a document that did not pass before need not pass now. */
  checkChange(spec: CollectionSpec, old: Uint8Array, oldAt: number, document: Uint8Array): void {
    if (spec.validator === undefined || spec.validationLevel === 'off') return;
    if (spec.validationLevel === 'moderate' && !this.validatorOf(spec).accepts(old, oldAt)) return;
    this.check(spec, document);
  }

  private validatorOf(spec: CollectionSpec): Validator {
    let validator = this.compiled.get(spec);
    if (validator === undefined) {
      const context: ValidatorContext = { nowMs: this.nowMs(), random: this.random };
      validator = new Validator(spec, context);
      this.compiled.set(spec, validator);
    }
    return validator;
  }
}
